"""Injection: a log in, the same log with labelled sweeps out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sweepml.config.inject import InjectConfig, SweepsConfig
from sweepml.datasets.episodes import read_episodes, read_roles, read_scripts
from sweepml.errors import ConfigError
from sweepml.graph.hosts import DEFAULT_INTERNAL_NETWORKS
from sweepml.schema.connection import PROTOCOL_BY_NAME, Protocol, pack_service
from sweepml.simulation.inject import Injection
from sweepml.simulation.inject import inject as inject_sweeps
from sweepml.simulation.log_files import check_log_name
from sweepml.simulation.portrait import LogInput
from sweepml.simulation.sweeps import SweepOptions
from sweepml.simulation.truth import beside, write_episodes, write_origins_of

_UNKNOWN_ROLE: Final = "background"


@dataclass(frozen=True, slots=True)
class InjectedLog:
    """A finished injection.

    Attributes
    ----------
    log, episodes, roles
        The files that were written.
    injection
        What was done.
    """

    log: Path
    episodes: Path
    roles: Path
    injection: Injection


def inject(config: InjectConfig) -> InjectedLog:
    """Write a log again with sweeps in it, and beside it its episodes file and its roles file.

    The roles file says of which source of the input each source is a copy, so that no split parts the two.

    Raises
    ------
    ConfigError
        If a setting is out of range, or the output would overwrite the input.
    InputError, FormatError, LabelError
        If an input cannot be read. Nothing is written then.
    """
    if not config.input:
        raise ConfigError("no input: give input=LOG, a connection log of yours")
    output = check_log_name(config.output)
    if output.resolve() == Path(config.input).resolve():
        raise ConfigError(f"output={config.output} is the input")
    known = read_episodes(config.episodes) if config.episodes else ()
    roles = read_roles(config.roles) if config.roles else {}
    scripts = read_scripts(config.roles) if config.roles else {}
    options = sweep_options(config.sweeps, frozenset(episode.source for episode in known))
    if not config.sweeps.count:
        raise ConfigError("sweeps.count=0 would inject nothing")
    log = LogInput(config.input, config.origin, tuple(config.internal_networks) or DEFAULT_INTERNAL_NETWORKS)
    injection = inject_sweeps(log, output, config.sweeps.count, options, config.seed)
    episodes = beside(output, "episodes")
    write_episodes(episodes, (*known, *injection.episodes))
    roles_file = beside(output, "roles")
    name = Path(config.input).name
    write_origins_of(
        roles_file,
        {source: roles.get(source, _UNKNOWN_ROLE) for source in injection.sources},
        {source: scripts.get(source, f"{name}:{source}") for source in injection.sources},
    )
    return InjectedLog(output, episodes, roles_file, injection)


def sweep_options(config: SweepsConfig, excluded: frozenset[str] = frozenset()) -> SweepOptions:
    """Return what a configuration says of sweeps.

    Raises
    ------
    ConfigError
        If a port cannot be read, or a setting is out of range.
    """
    if config.count < 0:
        raise ConfigError(f"sweeps.count must not be negative, got {config.count}")
    return SweepOptions(
        scanners=tuple(config.scanners),
        services=tuple(parse_service(text) for text in config.ports),
        existing_share=config.existing_share,
        public_share=config.public_share,
        sizes=(config.size_min, config.size_max),
        excluded=excluded,
    )


def parse_service(text: str) -> int:
    """Return the service code of ``tcp/22`` or ``icmp``.

    >>> parse_service("tcp/22") == 6 << 16 | 22
    True

    Raises
    ------
    ConfigError
        If the text is neither.
    """
    name, _, port = text.lower().partition("/")
    if name == Protocol.ICMP.label and not port:
        return pack_service(Protocol.ICMP, 8)
    if name not in ("tcp", "udp") or not (port.isascii() and port.isdigit() and 0 < int(port) <= 0xFFFF):
        raise ConfigError(f"sweeps.ports: expected tcp/22, udp/161 or icmp, got {text!r}")
    return pack_service(PROTOCOL_BY_NAME[name], int(port))
