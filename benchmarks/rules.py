"""What the public rules do: ``python -m benchmarks.rules`` writes docs/rules.md.

Run in the repository, with the published captures and Snort's reference in the folder that ``--shared`` names. All
judgement is the evaluation package's.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.snort_reference import Agreement, compare
from sweepml.baselines.registry import RULES, make_rule
from sweepml.datasets.capture import Capture
from sweepml.datasets.load import CaptureSource, load_capture
from sweepml.errors import InputMissingError, SweepmlError
from sweepml.evaluation.episodes import EpisodeReport, evaluate_alerts
from sweepml.evaluation.report import align, render_table
from sweepml.evaluation.rule_thresholds import tune_rule
from sweepml.evaluation.thresholds import AlertBudget
from sweepml.features.plan import FeaturePlan
from sweepml.schema.alert import AlertRow

LAB: Final = ("train", "train2")
APART: Final = "zeroaccess_p2p"
"""Peers of a botnet: shaped like a sweep and not one. Reported apart, as its ground truth asks."""
NAMED_SOURCES_ONLY: Final = "strato"
"""One sensor's captures, in which sources outside may be scanners: only the sources of the ground truth are judged."""
BUDGET: Final = 1000.0
"""False alerts per day per 1,000 sources. Chosen because the laboratory captures can tell it: it allows one false alert
on one, three on the other. A bearable budget is a thousandth of it."""

TITLES: Final = {name: rule.title for name, rule in RULES.items()}

INTRODUCTION: Final = """\
# Public rules

<!-- Written by `python -m benchmarks.rules`: change that file, or the rules' docstrings. -->

Rules that others ship or published, with their defaults, on connection logs. Each is one file in `sweepml/baselines/`,
whose docstring says what the rule counts, what was chosen here, and what a connection log cannot show of it.

A rule gives a *trajectory*, every rise of its statistic, from which its alerts at any threshold follow:

    rule = make_rule("zeek_scan")
    trajectory = rule.trajectory(capture.connections, capture.hosts)
    alerts = rule.with_threshold(10).alerts_of(trajectory, capture.hosts, capture.name)

The score of an alert is the largest statistic of its state (the counter of a source and port in a window, say).
`tune_rule` of `sweepml.evaluation.rule_thresholds` finds the lowest threshold that keeps an alert budget.

An episode is caught if a source of it has an alert whose evidence overlaps the sweep; a source is false if an alert on
it is about no sweep. Seconds and targets to detect are medians over the caught episodes alone: read them with the
recall. Records count as known when they start; a scheduled search knows when it runs, or when its bin is over.
"""

SNORT_NOTES: Final = """\
The rules read the log of the packets that Snort 3.11.1 read. *Lag* is from Snort's first alert on a source to the
rule's, quartiles over the sources of both. Where they differ, the log does not hold what Snort saw:

- refusals by ICMP (unreachable, prohibited) are rows of their own in a Zeek-style log, and the attempt is unanswered:
  sweeps that are refused this way are filtered sweeps here, and none at the low level;
- a SYN scan of open ports resets each connection before it is established: in the log it is answered, and taken off;
- Snort alerts on a few workstations none of whose connections was refused: it seems to count resets at the end of
  answered connections, too;
- repeated echo requests of one pair are one row, so that a monitor's later rounds are not seen again (Snort raises an
  alert in most windows, the rule in the first).

The medium level's limits of 7 refusals and 7 changes of address are those that fit: with 5 of each, sources would be
reported here on which Snort is silent.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write docs/rules.md; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rules", description=__doc__)
    parser.add_argument("--lab", type=Path, default=Path("data/lab"), help="folder of the laboratory captures")
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"), help="folder with real/ and reference/")
    parser.add_argument("--output", type=Path, default=Path("docs/rules.md"))
    options = parser.parse_args(arguments)
    try:
        page = "\n".join(sections(options.lab, options.shared))
    except SweepmlError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    options.output.write_text(page, encoding="utf-8")
    sys.stdout.write(f"{options.output}\n")
    return 0


def sections(lab: Path, shared: Path) -> Iterator[str]:
    """Yield the page, section by section."""
    laboratory = [load_lab(lab, name) for name in LAB]
    published = load_published(shared / "real")
    yield INTRODUCTION
    yield "## The rules\n"
    yield rule_table()
    for capture in laboratory:
        yield f"## As shipped: {capture.name}\n"
        yield block(render_table(reports([capture]), TITLES))
    yield "## As shipped: who raises false alerts in the laboratory\n"
    yield false_by_role(reports(laboratory))
    yield "## As shipped: published captures\n"
    headline = [capture for capture in published if capture.name != APART]
    sources = sum(len(judged_sources(capture)) for capture in headline)
    yield (
        f"{len(headline)} Zeek logs with {sources} sources that are judged; in the {NAMED_SOURCES_ONLY} files only\n"
        f"those that the ground truth names. `{APART}` is left out here and stands in the next table.\n"
    )
    yield block(render_table(reports(headline), TITLES))
    yield "Capture by capture, where there is a sweep or a false alert: caught/sweeps, and false sources after +.\n"
    yield by_capture(published)
    yield "## Tuned to one alert budget\n"
    yield (
        f"Each rule's threshold is the lowest that keeps {BUDGET:,.0f} false alerts per day per 1,000 sources on one\n"
        "laboratory capture; it is frozen and tested on the other. The shipped threshold stands in brackets. Captures\n"
        "as short as these cannot vouch for a lower budget.\n"
    )
    for chosen_on, tested_on in (laboratory, laboratory[::-1]):
        yield f"### Chosen on {chosen_on.name}, tested on {tested_on.name}\n"
        yield tuned_table(chosen_on, tested_on)
    yield f"## Snort beside its rules: {laboratory[0].name}\n"
    yield agreement_table(
        [
            compare(make_rule(f"snort_portsweep_{level}"), snort_file(shared, level), laboratory[0])
            for level in ("low", "medium", "high")
        ]
    )
    yield SNORT_NOTES


def load_lab(folder: Path, name: str) -> Capture:
    """Return a laboratory capture."""
    here = folder / name
    return load(f"lab_{name}", here / "conn.log.gz", here / "truth.csv", roles=here / "roles.csv")


def load_published(real: Path) -> list[Capture]:
    """Return the published Zeek logs with their ground truth, by name."""
    truth = existing(real / "ground_truth.csv")
    with truth.open(newline="", encoding="utf-8") as file:
        known = {row["file"] for row in csv.DictReader(file)}
    captures = []
    for log in sorted((real / "zeek").iterdir()):
        file_name = f"zeek/{log.name}"
        captures.append(load(log.name.split(".")[0], log, truth if file_name in known else None, file_name))
    return captures


def load(
    name: str, log: Path, episodes: Path | None, episodes_file: str | None = None, roles: Path | None = None
) -> Capture:
    """Return a capture; the rows of the episodes file may be picked by the log's name in it."""
    source = CaptureSource(
        name=name,
        log=str(existing(log)),
        episodes=str(existing(episodes)) if episodes else None,
        roles=str(existing(roles)) if roles else None,
        episodes_file=episodes_file if episodes else None,
    )
    return load_capture(source, FeaturePlan())[0]


def existing(path: Path) -> Path:
    """Return a path that exists.

    Raises
    ------
    InputMissingError
        If it does not.
    """
    if not path.exists():
        raise InputMissingError(f"no file {path}; --lab and --shared name the folders")
    return path


def snort_file(shared: Path, level: str) -> Path:
    """Return the reference of a level."""
    return existing(shared / "reference" / f"snort3_{level}_lab_train.csv")


def judged_sources(capture: Capture) -> set[str]:
    """Return the sources of a capture that are judged."""
    if capture.name.startswith(NAMED_SOURCES_ONLY):
        return {episode.source for episode in capture.episodes}
    return {capture.hosts.name(code) for code in capture.source_codes.tolist()}


def judged_part(capture: Capture) -> Capture:
    """Return a capture with the connections of the sources that are judged: of the others nothing is known."""
    codes = [capture.hosts.encode(source) for source in judged_sources(capture)]
    own = capture.connections.take(np.isin(capture.connections.source, codes))
    return replace(capture, connections=own)


def reports(captures: Sequence[Capture]) -> list[EpisodeReport]:
    """Return how each rule does on some captures, as shipped."""
    judged = [judged_part(capture) for capture in captures]
    return [
        evaluate_alerts(judged, [alert for capture in captures for alert in alerts(name, capture)], detector=name)
        for name in RULES
    ]


def alerts(name: str, capture: Capture) -> list[AlertRow]:
    """Return a rule's alerts on a whole capture, of the sources that are judged."""
    sources = judged_sources(capture)
    found = make_rule(name).alerts(capture.connections, capture.hosts, capture.name)
    return [alert for alert in found if alert.source in sources]


def rule_table() -> str:
    """Return what each rule is, from its docstring."""
    lines = ["| rule | name | what it counts | fires at |", "|---|---|---|---|"]
    for name, rule in RULES.items():
        summary = (rule.__doc__ or "").split("\n")[0].removesuffix(".")
        lines.append(f"| {rule.title} | `{name}` | {summary} | {rule.as_shipped():.4g} |")
    return "\n".join(lines) + "\n"


def false_by_role(found: Sequence[EpisodeReport]) -> str:
    """Return how many false alerts each rule raised on hosts of each role."""
    lines = ["| rule | false alerts by role of the source |", "|---|---|"]
    for report in found:
        roles = ", ".join(f"{role} {count}" for role, count in report.false_by_role.items())
        lines.append(f"| {TITLES[report.detector]} | {roles or 'none'} |")
    return "\n".join(lines) + "\n"


def by_capture(captures: Sequence[Capture]) -> str:
    """Return what each rule caught and raised in each capture."""
    lines = [("capture", *RULES)]
    for capture in captures:
        cells = [cell(report) for report in reports([capture])]
        if set(cells) != {"."}:
            lines.append((capture.name, *cells))
    return block(align([tuple(column) for column in zip(*lines, strict=True)]))


def cell(report: EpisodeReport) -> str:
    """Return caught/sweeps and false sources; a dot where there is neither."""
    parts = [f"{len(report.caught)}/{report.episode_count}"] if report.episode_count else []
    parts += [f"+{len(report.false_sources)}"] if report.false_sources else []
    return " ".join(parts) or "."


def tuned_table(chosen_on: Capture, tested_on: Capture) -> str:
    """Return how each rule does with a threshold chosen on another capture."""
    found, titles = [], {}
    for name in RULES:
        rule = tune_rule(make_rule(name), [chosen_on], AlertBudget(BUDGET)).rule
        raised = rule.alerts(tested_on.connections, tested_on.hosts, tested_on.name)
        found.append(evaluate_alerts([tested_on], raised, detector=name))
        titles[name] = f"{rule.title} at {rule.threshold:.3g} ({rule.as_shipped():.3g})"
    return block(render_table(found, titles))


def agreement_table(found: Sequence[Agreement]) -> str:
    """Return how far the Snort rules agree with Snort."""
    lines = ["| rule | alerts of Snort | of the rule | sources of both | of Snort only | of the rule only | lag, s |"]
    lines.append("|---" * 7 + "|")
    for one in found:
        lag = " / ".join(f"{value:.0f}" for value in one.lag_s)
        counts = (one.snort_alerts, one.rule_alerts, len(one.both), len(one.only_snort), len(one.only_rule))
        lines.append(f"| {one.rule.title} | {' | '.join(map(str, counts))} | {lag} |")
    return "\n".join(lines) + "\n"


def block(text: str) -> str:
    """Return text as a block that keeps its columns."""
    return f"```\n{text}\n```\n"


if __name__ == "__main__":
    sys.exit(main())
