"""One capture in the formats of several tools: ``python -m benchmarks.formats [--lab FOLDER] [--page FILE]``.

The laboratory capture lab/train exists as Zeek, Suricata, Argus, nfdump and nfstream records of the same packets, and
as the packets themselves. Per source, over one window that holds the whole capture, each format's features are
compared with those of the Zeek log. The table says how many sources agree exactly, and how far the others are off.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.datasets.encode import table_to_connections
from sweepml.datasets.reader import read_connections
from sweepml.features.plan import FeaturePlan
from sweepml.features.stream import FeatureStream
from sweepml.graph.windows import WindowSpec
from sweepml.origins.report import ReadReport
from sweepml.schema.catalogue import CATALOGUE

REFERENCE: Final = "zeek"

FILES: Final = {
    REFERENCE: "conn.log.gz",
    "suricata": "eve.json.gz",
    "argus": "argus.csv.gz",
    "nfdump": "nfdump.csv.gz",
    "nfstream": "nfstream.csv.gz",
    "pcap": "capture.pcap.gz",
}
"""Format -> file of the capture in it."""

FEATURES: Final = (
    "dst_count",
    "port_count",
    "edge_count",
    "top_port_dst_count",
    "top_dst_port_count",
    "internal_dst_count",
    "public_dst_count",
    "net_count",
    "failed_dst_count",
    "answered_ratio",
    "walk_max_nats",
    "connection_count",
)

MIN_DST_COUNT: Final = 5
"""Sources with fewer destinations in the reference are not judged by detectors, and not compared."""

FAN_OUT_TOLERANCE: Final = (0.99, 0.005)
"""At least this share of the sources has exactly the reference's fan-out, and none is further from it than this."""

OUTCOME_EXACT: Final = 0.98
"""At least this share of the sources has exactly the reference's `failed_dst_count`."""

NO_ICMP_TYPES: Final = frozenset({"nfstream"})
"""Formats that do not tell ICMP types, whose services therefore cannot agree."""

_MARK: Final = "<!-- tables: python -m benchmarks.formats --page docs/format-comparison.md -->\n"
"""Everything below this line of the page is the command's."""

_WINDOW: Final = WindowSpec(3600, 3600)


@dataclass(frozen=True, slots=True)
class FormatView:
    """What one format says of the capture.

    Attributes
    ----------
    report
        What was read and left out.
    values
        Source -> its features, float32, shape (len(FEATURES),).
    """

    report: ReadReport
    values: dict[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far one feature of one format is from the reference, over the compared sources.

    Attributes
    ----------
    exact
        Share of sources with exactly the reference's value.
    worst
        Largest difference to the reference, relative to it where that is above 1; infinite if one of them is missing.
    worst_source
        Where.
    found, expected
        The two values there.
    """

    exact: float
    worst: float
    worst_source: str
    found: float
    expected: float


def view(path: Path) -> FormatView:
    """Read a file and compute the features of its sources."""
    plan = FeaturePlan(windows=(_WINDOW,), milestones=(), min_dst_count=1)
    hosts = plan.new_hosts()
    stream = FeatureStream(plan, hosts)
    reader = read_connections(path)
    parts = [stream.push(table_to_connections(batch, hosts)) for batch in reader]
    places = [[spec.name for spec in CATALOGUE].index(name) for name in FEATURES]
    values = {}
    for rows in (*parts, stream.flush()):
        for code, row in zip(rows.source.tolist(), rows.values, strict=True):
            values[hosts.name(code)] = row[places]
    return FormatView(reader.report, values)


def compared_sources(reference: FormatView) -> list[str]:
    """Return the sources with enough destinations to be compared."""
    place = FEATURES.index("dst_count")
    return sorted(source for source, row in reference.values.items() if row[place] >= MIN_DST_COUNT)


def agreements(view: FormatView, reference: FormatView) -> dict[str, Agreement]:
    """Return feature -> how far a format is from the reference; a source that it lacks has zeros."""
    sources = compared_sources(reference)
    nothing = np.zeros(len(FEATURES), np.float32)
    found = np.array([view.values.get(source, nothing) for source in sources], np.float64)
    expected = np.array([reference.values[source] for source in sources], np.float64)
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    off = np.where(same, 0.0, np.abs(found - expected) / np.maximum(np.abs(expected), 1.0))
    off = np.where(np.isnan(off), np.inf, off)  # missing on one side only
    agreed = {}
    for i, name in enumerate(FEATURES):
        worst = int(off[:, i].argmax())
        values = float(off[worst, i]), sources[worst], float(found[worst, i]), float(expected[worst, i])
        agreed[name] = Agreement(float(same[:, i].mean()), *values)
    return agreed


def largest_stranger(view: FormatView, reference: FormatView) -> tuple[str, int]:
    """Return the source with most destinations of those that the reference has too few of to compare, and their number.

    A server that a format takes for a client would stand here.
    """
    place = FEATURES.index("dst_count")
    strangers = set(view.values) - set(compared_sources(reference))
    largest = max(strangers, key=lambda source: (view.values[source][place], source))
    return largest, int(view.values[largest][place])


def page(views: dict[str, FormatView]) -> str:
    """Return the tables, in Markdown."""
    reference = views[REFERENCE]
    lines = [
        "| format | rows | left out | sources | largest source beside the compared ones | who started it, by |",
        "|---|---|---|---|---|---|",
    ]
    for name, one in views.items():
        source, count = largest_stranger(one, reference)
        left_out = ", ".join(f"{number:,} {reason}" for reason, number in one.report.rejects.items()) or "none"
        decided = [f"{rule} {number:,}" for rule, number in one.report.initiator_rules.items() if number]
        cells = (name, f"{one.report.rows:,}", left_out, f"{len(one.values):,}", f"{source}: {count}")
        lines.append(f"| {' | '.join(cells)} | {', '.join(decided) or 'the record'} |")
    names = [name for name in views if name != REFERENCE]
    lines += [
        "",
        f"{len(compared_sources(reference))} sources have at least {MIN_DST_COUNT} destinations in the Zeek log. "
        "Share of them with exactly its value, and the value that is furthest from it, relative to it:",
        "",
        "| feature | " + " | ".join(names) + " |",
        "|---" * (len(names) + 1) + "|",
    ]
    by_format = {name: agreements(views[name], reference) for name in names}
    for feature in FEATURES:
        agreed = (_cell(by_format[name][feature]) for name in names)
        lines.append(f"| `{feature}` | " + " | ".join(agreed) + " |")
    return "\n".join(lines)


def _cell(agreement: Agreement) -> str:
    if agreement.worst == 0:
        return "all"
    found, expected = (f"{value:.4g}" for value in (agreement.found, agreement.expected))
    return f"{agreement.exact:.1%}; {found} for {expected} ({agreement.worst_source})"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the comparison, or write it to a page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lab", type=Path, default=Path("../shared/data/lab/train"))
    parser.add_argument("--page", type=Path, help="replace the tables of this page instead of printing them")
    options = parser.parse_args(arguments)
    tables = page({name: view(options.lab / file) for name, file in FILES.items()}) + "\n"
    if options.page is None:
        sys.stdout.write(tables)
    else:
        words, mark, _ = options.page.read_text(encoding="utf-8").partition(_MARK)
        options.page.write_text(words + mark + "\n" + tables, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
