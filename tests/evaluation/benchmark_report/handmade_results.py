"""A small benchmark worked out by hand, and pages taken apart.

Two sweeps in one capture and a crawler. The model catches E1; the rule, tuned, catches both and raises a false alert on
the crawler; the rule as shipped catches nothing.
"""

from collections.abc import Mapping
from datetime import date
from functools import cache
from html.parser import HTMLParser

import pandas as pd

from sweepml.evaluation.allowlist import AllowlistEntry
from sweepml.evaluation.arena import Arena
from sweepml.evaluation.benchmark_report.results import CaptureFacts, Measurement, Results
from sweepml.evaluation.benchmark_tables import CALIBRATION, CONTESTANTS, PROBES, WINDOWS, join_tables
from sweepml.evaluation.judged_tables import Judging, judged_tables
from sweepml.graph.connections import SWEEP_LABEL
from sweepml.schema.alert import AlertRow
from sweepml.schema.outcome import Outcome
from tests.evaluation.handmade import US, Contact, episode, to_capture

ANCHORS = (
    "measured",
    "headline",
    "seeds",
    "complement",
    "precision-recall",
    "survival",
    "budget",
    "calibration",
    "transfer",
    "strata",
    "evasions",
    "exporters",
    "roles",
    "windows",
    "probes",
    "allowlist",
    "missed",
    "false-alerts",
)
FIRST, SECOND, CRAWLER = "10.0.0.1", "10.0.0.2", "10.0.0.9"
DAY_S = 86_400
MODEL, RULE, SHIPPED = "forest@budget", "walk@budget", "walk"


def _watched(source: str) -> list[Contact]:
    return [Contact(at, source, "10.1.0.1", Outcome.ANSWERED) for at in (0, DAY_S)]


_CRAWL = [Contact(100 + i, CRAWLER, f"10.3.0.{i + 1}", Outcome.ANSWERED, port=80) for i in range(15)]
LAB = to_capture(
    "lab",
    [
        *(Contact(10 + i, FIRST, f"10.1.0.{i + 1}", label=SWEEP_LABEL) for i in range(20)),
        *(Contact(50 + i, SECOND, f"10.2.0.{i + 1}", Outcome.REFUSED, port=22, label=SWEEP_LABEL) for i in range(12)),
        *_CRAWL,
        *(contact for source in (FIRST, SECOND, CRAWLER) for contact in _watched(source)),
    ],
    [episode("E1", FIRST, 10, 29), episode("E2", SECOND, 50, 61)],
    {CRAWLER: "crawler"},
)
QUIET = to_capture("quiet", [*_CRAWL, *_watched(CRAWLER)], roles={CRAWLER: "crawler"})
ARENAS = (
    Arena("tools", [LAB], "Laboratory", "tools held out"),
    Arena("lab>lab2", [LAB], "lab to lab2", "trained on lab, tested on lab2"),
    Arena("controls", [QUIET], "Quiet", "as for the laboratory"),
)
MEASUREMENT = Measurement(
    created="2026-11-25T04:30:00Z",
    command="sweepml benchmark",
    commit="0123abc",
    versions={"sweepml": "0.1.0"},
    budget_per_day_per_1000=10.0,
    captures=[CaptureFacts("lab", "f" * 64, "two sweeps"), CaptureFacts("quiet", "e" * 64)],
    headline_arenas=("tools",),
    caveats=("One laboratory is no proof.",),
)


def raised(capture: str, source: str, detected_s: float, since_s: float, score: float) -> AlertRow:
    """Return an alert; times in seconds."""
    return AlertRow(capture, source, round(detected_s * US), round(since_s * US), score, 60, "any")


def alerts_of(contestant: str, capture: str) -> list[AlertRow]:
    """Return what a contestant raises on a capture."""
    on_first = raised("lab", FIRST, 20, 10, 0.9)
    on_second = raised("lab", SECOND, 58, 50, 0.8)
    on_crawler = raised(capture, CRAWLER, 114, 100, 0.7)
    raises = {MODEL: [on_first], RULE: [on_first, on_second, on_crawler]}.get(contestant, [])
    return [one for one in raises if one.capture == capture]


def make_tables(*, model: bool = True, more_rules: int = 0) -> dict[str, pd.DataFrame]:
    """Return all tables, with or without the model, and with more rules like the tuned one; not to be written into."""
    return dict(_tables(model, more_rules))


@cache
def _tables(model: bool, more_rules: int) -> dict[str, pd.DataFrame]:
    rows = [
        (MODEL, "Forest", "model", "budget"),
        (RULE, "Walk", "rule", "budget"),
        (SHIPPED, "Walk", "rule", "shipped"),
    ][0 if model else 1 :]
    copies = [(f"copy{i}@budget", f"Copy {i}", "rule", "budget") for i in range(more_rules)]
    names = ("contestant", "title", "kind", "operating_point", "threshold", "note")
    judging = Judging(allowlist=[AllowlistEntry("old hosts", date(2027, 1, 1), source=FIRST)], as_of=date(2026, 11, 25))
    parts = [
        {
            "contestants": CONTESTANTS.make(
                dict(zip(names, (*row, "0.5", "a note"), strict=True)) for row in rows + copies
            )
        }
    ]
    for arena in ARENAS:
        parts.append({"arenas": arena.table()})
        for contestant, *_ in rows + copies:
            like = RULE if contestant.startswith("copy") else contestant
            alerts = alerts_of(like, arena.captures[0].name)
            parts.append(judged_tables(arena, contestant, alerts, judging))
    if model:
        parts.append({"calibration": CALIBRATION.make([calibration_row(0), calibration_row(9)])})
        parts.append({"windows": WINDOWS.make([window_row(0), window_row(60)])})
    parts.append({"probes": PROBES.make([probe_row("ports", is_chance=True)])})
    return join_tables(parts)


def calibration_row(number: int) -> dict[str, object]:
    """Return one bin of the model's scores."""
    low = number / 10
    middle = low + 0.05
    return {
        **{"arena": "tools", "contestant": MODEL, "bin_low": low, "bin_high": low + 0.1, "mean_score": middle},
        **{"observed": middle, "observed_low": low, "observed_high": low + 0.1, "count": 7},
    }


def window_row(horizon_s: int) -> dict[str, object]:
    """Return the windows of one horizon."""
    return {
        **{"arena": "tools", "contestant": MODEL, "horizon_s": horizon_s, "positives": 4, "negatives": 1000},
        **{"precision": 0.75, "recall": 0.5, "average_precision": 0.625, "false_positive_ratio": 0.001},
    }


def probe_row(probe: str, *, is_chance: bool) -> dict[str, object]:
    """Return a probe of average precision 0.25 at a base rate of 0.2."""
    return {
        **{"arena": "tools", "probe": probe, "row_count": 100, "group_count": 10, "base_rate": 0.2},
        **{"average_precision": 0.25, "average_precision_low": 0.1, "average_precision_high": 0.4},
        **{"chance_low": 0.1, "chance_high": 0.3, "is_chance": is_chance},
    }


def make_results(tables: Mapping[str, pd.DataFrame] | None = None) -> Results:
    """Return the results of the tables, by default of all of them."""
    return Results(make_tables() if tables is None else tables, MEASUREMENT)


class Page(HTMLParser):
    """A page taken apart.

    Attributes
    ----------
    tags
        Names of the elements, in order.
    attributes
        (element, attribute, value), in order.
    sections
        Anchor -> all text in the section, white space squeezed.
    rows
        Anchor -> texts of the cells, a list a row, headings too.
    """

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.sections: dict[str, str] = {}
        self.rows: dict[str, list[list[str]]] = {}
        self._anchor = ""
        self._in_cell = False
        self.feed(html)
        self.close()
        self.sections = {anchor: " ".join(text.split()) for anchor, text in self.sections.items()}
        self.rows = {
            anchor: [[" ".join(cell.split()) for cell in row] for row in rows] for anchor, rows in self.rows.items()
        }

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag == "section":
            self._anchor = dict(attrs)["id"] or ""
            self.sections[self._anchor] = ""
            self.rows[self._anchor] = []
        elif tag == "tr":
            self.rows[self._anchor].append([])
        elif tag in ("td", "th"):
            self.rows[self._anchor][-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "section":
            self._anchor = ""
        elif tag in ("td", "th"):
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._anchor:
            self.sections[self._anchor] += f"{data} "
        if self._in_cell:
            self.rows[self._anchor][-1][-1] += f"{data} "
