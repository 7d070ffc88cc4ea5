"""What `sweepml inject` can be told. Each key of conf/inject.yaml has its place here."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class SweepsConfig:
    """What sweeps are drawn from.

    Attributes
    ----------
    count
        How many.
    scanners
        Profiles, drawn evenly; empty for all.
    ports
        ``tcp/22``, ``udp/161``, ``icmp`` to sweep for; empty for what the network shows alive and what is usually
        looked for.
    existing_share
        Share of sweeps by hosts that also do other things.
    public_share
        Share of sweeps through public ranges.
    size_min, size_max
        (target, port) pairs of a sweep, drawn evenly on a logarithmic scale.
    """

    count: int = 20
    scanners: list[str] = field(default_factory=list)
    ports: list[str] = field(default_factory=list)
    existing_share: float = 0.35
    public_share: float = 0.3
    size_min: int = 10
    size_max: int = 4096


@dataclass
class InjectConfig:
    """The whole configuration of an injection.

    Attributes
    ----------
    input
        Connection log, plain or gzip, in any format that sweepml reads.
    output
        Log to write: ``.log`` or ``.log.gz`` for a Zeek conn.log, ``.parquet`` for the canonical table. Its episodes
        and roles files stand beside it: ``conn.log.gz`` has ``conn.episodes.csv`` and ``conn.roles.csv``.
    episodes
        Episodes file of the input, if it has attacks already: they are written down again beside the injected ones, and
        their sources are given no more.
    roles
        Roles file of the input, if it has one: what it says is written down again.
    origin
        Log format, ``auto`` to tell it from the content.
    seed
        The same input, configuration and seed give the same bytes.
    internal_networks
        What counts as internal; empty for the default.
    """

    input: str = ""
    output: str = "data/injected/conn.log.gz"
    episodes: str | None = None
    roles: str | None = None
    origin: str = "auto"
    seed: int = 0
    internal_networks: list[str] = field(default_factory=list)
    sweeps: SweepsConfig = field(default_factory=SweepsConfig)
