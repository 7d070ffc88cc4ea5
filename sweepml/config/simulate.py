"""What `sweepml simulate` can be told. Each key of conf/simulate.yaml has its place here."""

from __future__ import annotations

from dataclasses import dataclass, field

from sweepml.config.inject import SweepsConfig


@dataclass
class SimulateConfig:
    """The whole configuration of a simulated network.

    Attributes
    ----------
    output
        Log to write: ``.log`` or ``.log.gz`` for a Zeek conn.log, ``.parquet`` for the canonical table. Its episodes
        and roles files stand beside it: ``conn.log.gz`` has ``conn.episodes.csv`` and ``conn.roles.csv``.
    seed
        The same configuration and seed give the same bytes.
    hosts
        Clients of the network, 100 to 100,000; servers and devices come on top.
    hours
        How long it is watched.
    start
        When that begins, RFC 3339.
    dual_stack
        Share of connections over IPv6 where both ends have it, 0 to 1; 1 leaves out IPv4 altogether.
    sweeps
        Attacks on top; a `count` of 0 is a network at peace.
    """

    output: str = "data/simulated/conn.log.gz"
    seed: int = 0
    hosts: int = 300
    hours: float = 8.0
    start: str = "2026-01-05T08:00:00Z"
    dual_stack: float = 0.25
    sweeps: SweepsConfig = field(default_factory=SweepsConfig)
