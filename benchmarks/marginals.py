"""The simulator beside real logs: ``python -m benchmarks.marginals [--real FOLDER]``.

Draws docs/simulation-marginals.png and writes the tables of docs/simulation.md again, between its marks. Compared is
what a sweep detector looks at: per source and hour the connections and the distinct destinations, per source the share
of connections that fail, the gaps between a source's connections, and the ports. Sources are those of the network
itself: internal ones, and where a log has none, those that are contacted too; visitors are mostly scanners.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.pages import put_between_marks
from sweepml.datasets.encode import table_to_connections
from sweepml.datasets.reader import read_connections
from sweepml.graph.connections import Connections, is_contact
from sweepml.graph.hosts import HostKind, HostTable
from sweepml.schema.connection import protocol_label, unpack_service
from sweepml.schema.outcome import FAILURES, Outcome
from sweepml.simulation.network import NetworkPlan
from sweepml.simulation.simulate import simulate

REAL: Final = (
    ("office day (m57)", "m57_day.conn.log"),
    ("PC, one day (strato008)", "strato008_mixed.conn.log.labeled"),
    ("PC, one day (strato011)", "strato011_mixed.conn.log.labeled"),
    ("PC, browsing (idps2023)", "idps2023_benign.conn.log.labeled"),
    ("IoT devices (iot23 b1)", "iot23_benign_b1.conn.log"),
)
"""Name and file of the logs to compare with; benign, or with background that is."""

_MIN_CONTACTS: Final = 20
"""A source with fewer says little of itself."""
_BEGIN_US: Final = 1_767_571_200_000_000
_HOUR_US: Final = 3_600_000_000
_PLAN: Final = NetworkPlan(0, 300, _BEGIN_US, _BEGIN_US + 24 * _HOUR_US)
_SIMULATED: Final = "simulated, 300 clients, a day"
_CLIENTS: Final = "simulated, clients alone"
_QUANTILES: Final = (0.5, 0.9, 0.99)
_DOCS: Final = Path(__file__).resolve().parent.parent / "docs"


@dataclass(frozen=True, slots=True)
class Marginals:
    """What is compared, each as the values of all sources.

    Attributes
    ----------
    connections, destinations
        Per source and hour in which it did something.
    failed
        Share of connections that fail, per source, of those whose outcome is known.
    gaps_s
        Between connections of one source.
    ports
        Service as text -> share of all connections.
    """

    connections: NDArray[np.int64]
    destinations: NDArray[np.int64]
    failed: NDArray[np.float64]
    gaps_s: NDArray[np.float64]
    ports: dict[str, float]


def main(arguments: Sequence[str] | None = None) -> None:
    """Write figure and tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.marginals", description=__doc__)
    parser.add_argument("--real", type=Path, default=Path("../shared/data/real"))
    real = parser.parse_args(arguments).real / "zeek"
    found = {name: marginals(contacts(real / file)) for name, file in REAL}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "conn.log"
        roles = simulate(_PLAN, path, sweeps=0).roles
        connections, hosts = contacts(path)
    clients = {address for address, name, _, _ in roles if name == "workstation"}
    found[_SIMULATED] = marginals((connections, hosts))
    is_client = np.array([name in clients for name in hosts.names])
    found[_CLIENTS] = marginals((connections.take(is_client[connections.source]), hosts))
    draw(found, _DOCS / "simulation-marginals.png")
    put_between_marks(_DOCS / "simulation.md", "marginals", tables(found))
    sys.stdout.write(tables(found))


def contacts(path: Path) -> tuple[Connections, HostTable]:
    """Return a log's connections with a target."""
    hosts = HostTable()
    connections = table_to_connections(read_connections(path).read_all(), hosts)
    return connections.take(is_contact(connections, hosts)), hosts


def marginals(log: tuple[Connections, HostTable]) -> Marginals:
    """Compute what is compared, over sources with enough connections."""
    connections, hosts = log
    at_home = hosts.kind[connections.source] == HostKind.INTERNAL
    if not at_home.any():
        at_home = np.isin(connections.source, connections.destination)
    connections = connections.take(at_home)
    busy = np.bincount(connections.source)[connections.source] >= _MIN_CONTACTS
    connections = connections.take(busy)
    connections = connections.take(np.lexsort((connections.ts_us, connections.source)))
    source, ts_us = connections.source.astype(np.int64), connections.ts_us
    hour = ts_us // _HOUR_US
    unit = source << 32 | hour - hour.min()
    edge = np.unique(np.stack([unit, connections.destination.astype(np.int64)]), axis=1)
    known = connections.outcome != Outcome.UNKNOWN
    failing = np.isin(connections.outcome, FAILURES)
    tried = np.bincount(source[known])
    gaps_us = np.diff(ts_us)[np.diff(source) == 0]
    services, counts = np.unique(connections.service, return_counts=True)
    named = [f"{protocol_label(unpack_service(int(s))[0])}/{unpack_service(int(s))[1]}" for s in services]
    with_any = tried > 0
    return Marginals(
        connections=np.unique(unit, return_counts=True)[1],
        destinations=np.unique(edge[0], return_counts=True)[1],
        failed=np.bincount(source[failing], minlength=len(tried))[with_any] / tried[with_any],
        gaps_s=gaps_us / 1e6,
        ports=dict(zip(named, (counts / counts.sum()).tolist(), strict=True)),
    )


def tables(found: dict[str, Marginals]) -> str:
    """Return the tables as Markdown."""
    marks = ", ".join(f"{quantile:.0%}" for quantile in _QUANTILES)
    lines = [
        f"Quantiles ({marks}) over sources with at least {_MIN_CONTACTS} connections:",
        "",
        "| log | connections an hour | destinations an hour | failing share | gap, s |",
        "|---|---|---|---|---|",
    ]
    for name, one in found.items():
        cells = [
            " / ".join(f"{value:,.0f}" for value in np.quantile(values, _QUANTILES))
            for values in (one.connections, one.destinations)
        ]
        cells += [" / ".join(f"{value:.2f}" for value in np.quantile(v, _QUANTILES)) for v in (one.failed, one.gaps_s)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += ["", "Most frequent services:", "", "| log | services |", "|---|---|"]
    for name, one in found.items():
        top = sorted(one.ports.items(), key=lambda item: -item[1])[:6]
        lines.append(f"| {name} | {', '.join(f'{port} {share:.0%}' for port, share in top)} |")
    return "\n".join(lines) + "\n"


def draw(found: dict[str, Marginals], path: Path) -> None:
    """Draw the distributions: the share of values above each value, on logarithmic axes where that helps."""
    from matplotlib.figure import Figure  # without pyplot, hence without any global state or display

    figure = Figure(figsize=(11, 7), layout="constrained")
    axes = figure.subplots(2, 2).ravel()
    panels = (
        ("connections", "connections of a source in an hour", True),
        ("destinations", "distinct destinations of a source in an hour", True),
        ("failed", "share of a source's connections that fail", False),
        ("gaps_s", "gap between connections of a source, s", True),
    )
    for panel, (name, label, is_logarithmic) in zip(axes, panels, strict=True):
        for log, one in found.items():
            values = np.sort(getattr(one, name))
            is_simulated = log in (_SIMULATED, _CLIENTS)
            panel.plot(
                values,
                1 - np.arange(len(values)) / len(values),
                label=log,
                linewidth=2.2 if is_simulated else 1.0,
                linestyle="--" if log == _CLIENTS else "-",
                color="black" if is_simulated else None,
            )
        if is_logarithmic:
            panel.set_xscale("log")
            panel.set_xlim(left=1e-3 if name == "gaps_s" else 1)
        panel.set(xlabel=label, ylabel="share of values at least as large", ylim=(0, 1.02))
        panel.grid(alpha=0.3)
    axes[0].legend(fontsize=8)
    figure.savefig(path, dpi=110, metadata={"Software": None})


if __name__ == "__main__":
    main()
