"""The frontier's page and summary: what is caught, at which cost, and how it was measured."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sweepml.evaluation.benchmark_report.blocks import (
    Block,
    Bullets,
    Cell,
    Column,
    Facts,
    Fold,
    Heading,
    Plot,
    Prose,
    Section,
    Table,
)
from sweepml.evaluation.benchmark_report.html import render_page
from sweepml.evaluation.benchmark_report.markdown import markdown_page
from sweepml.evaluation.benchmark_report.numbers import DASH, count, interval, quantity
from sweepml.evaluation.benchmark_report.results import named_rows
from sweepml.evaluation.benchmark_report.svg import to_svg
from sweepml.evaluation.frontier import LEVELS
from sweepml.evaluation.frontier_report.figures import frontier_figure, surface_figure
from sweepml.evaluation.frontier_report.results import TRAINED_ON, FrontierResults
from sweepml.evaluation.frontier_report.words import answered, legend_of, span
from sweepml.evaluation.intervals import poisson_upper

TITLE: Final = "How slow and how small a sweep is caught"

_READING: Final = (
    "A line is the smallest sweep that is caught at a rate: from that size on at least half of the sweeps are. "
    "Thick lines are models, thin ones rules, each at the better of its shipped and its tuned threshold that keep the "
    "budget here; crosses mark who keeps it at neither. The band is the best model's 95 % interval. "
    "The grey corner holds no sweep: it has more targets than the horizon has room for."
)


def render_html(results: FrontierResults) -> str:
    """Return the page, which opens offline."""
    return render_page(TITLE, results.measurement.created, make_sections(results))


def render_markdown(results: FrontierResults, page: str, picture: str) -> str:
    """Return the summary: the tables, and one picture in the place of the plots, which are on a page.

    Parameters
    ----------
    results
        What to report.
    page, picture
        Names of the files that hold the page and the picture.
    """
    head, _, rest = markdown_page(TITLE, make_sections(results), page).partition("\n\n")
    return f"{head}\n\n![{TITLE}]({picture})\n\n{rest}"


def make_sections(results: FrontierResults) -> list[Section]:
    """Return all sections, in the order in which a reader needs them."""
    return [
        _lines_section(results),
        _slowest_section(results),
        _smallest_section(results),
        *_surface_sections(results),
        _false_alerts_section(results),
        _measured_section(results),
    ]


def _lines_section(results: FrontierResults) -> Section:
    legend = legend_of(results)
    blocks: list[Block] = [Prose(_READING)]
    for i, share in enumerate(results.shares):
        svg = to_svg(frontier_figure(results, share), f"frontier-{i}")
        blocks.append(Plot(f"Smallest sweep caught at each rate where {answered(share)}", svg, legend))
    silent = results.without_a_catch
    if silent:
        names = ", ".join(results.label(one) for one in silent)
        blocks.append(Prose(f"Without a line, since they catch half of the sweeps in no cell: {names}."))
    return Section("frontier", "The frontier", tuple(blocks))


def _slowest_section(results: FrontierResults) -> Section:
    within = span(results.horizon_s)
    rows = tuple(
        (_name(results, one), *(_slowest_cell(results, one, share) for share in results.shares))
        for one in results.ranked
    )
    columns = (Column("contestant", is_number=False), *(Column(answered(share)) for share in results.shares))
    table = Table(
        f"Targets an hour from which on half of the sweeps of full size are caught in {within} (below: nine in ten)",
        columns,
        rows,
        strong_rows=_models(results),
    )
    text = (
        f"Full size is what a rate has room for within {within}, at most {count(results.sizes[-1])} targets. "
        "A dash: not even the fastest."
    )
    return Section("slowest", "The slowest sweep", (Prose(text), table, *_details(results)))


def _details(results: FrontierResults) -> Iterable[Block]:
    """Give the cells at full size of every model: counts, intervals and times."""
    for one in results.ranked:
        if not results.is_model(one):
            continue
        rows = []
        for share in results.shares:
            surface = results.surface(one, share)
            for rate in surface.rates:
                cell = surface.at_rate(rate).to_dict("records")[-1]
                rows.append(
                    (
                        Cell(answered(share)),
                        Cell(quantity(rate)),
                        Cell(count(cell["size"])),
                        Cell(
                            f"{cell['caught']}/{cell['trials']}",
                            interval(cell["recall_low"], cell["recall_high"], is_share=True),
                            cell["recall"],
                        ),
                        Cell(span(cell["median_delay_s"]) if cell["caught"] else DASH),
                        Cell(quantity(cell["median_targets"])),
                    )
                )
        titles = ("targets an hour", "targets", "caught", "median time to detect", "median targets to detect")
        columns = (Column("success", is_number=False), *(Column(title) for title in titles))
        yield Heading(f"{results.label(one)}, sweeps of full size")
        yield Table("Caught sweeps of full size; medians are over the caught", columns, tuple(rows))


def _smallest_section(results: FrontierResults) -> Section:
    blocks: list[Block] = []
    for share in results.shares:
        rows = []
        for one in results.ranked:
            surface = results.surface(one, share)
            cells = [_levels_cell([surface.smallest(rate, level) for level in LEVELS]) for rate in results.rates]
            rows.append((_name(results, one), *cells))
        columns = (Column("contestant", is_number=False), *(Column(f"{quantity(rate)}/h") for rate in results.rates))
        caption = (
            f"Smallest size from which on half of the sweeps are caught (and nine in ten), where {answered(share)}"
        )
        blocks.append(Table(caption, columns, tuple(rows), strong_rows=_models(results)))
    return Section("smallest", "The smallest sweep at each rate", tuple(blocks))


def _surface_sections(results: FrontierResults) -> Iterable[Section]:
    for place, one in enumerate(results.drawn):
        if not results.is_model(one):
            continue
        label = results.label(one)
        blocks: list[Block] = [
            Prose(
                "Caught sweeps of each cell. Of a size that the horizon has no room for as many targets were probed as "
                "there is room for, as the cell says."
            )
        ]
        for i, share in enumerate(results.shares):
            svg = to_svg(surface_figure(results, one, share), f"surface-{place}-{i}")
            blocks.append(Plot(f"{label}, where {answered(share)}", svg))
        yield Section(f"surface-{place}", f"The surface of {label}", tuple(blocks))


def _false_alerts_section(results: FrontierResults) -> Section:
    budget = results.measurement.budget_per_day_per_1000
    rows = []
    for one in results.ranked:
        false = results.false_alerts(one)
        mark = "above the budget" if results.is_over_budget(one) else "none seen"
        rows.append(
            (
                Cell(results.label(one)),
                Cell(mark),
                Cell(count(false.count)),
                Cell(count(false.sources)),
                Cell(quantity(false.rate), f"up to {quantity(false.rate_high)}"),
            )
        )
    days = results.false_alerts(results.ranked[0]).source_days
    text = (
        f"Every capture below was watched by everybody without any sweep in it: {quantity(days)} source-days in all. "
        f"Without a single false alert {quantity(poisson_upper(0) * 1000 / days)} per day per 1,000 sources remain "
        f"possible: here a budget of {quantity(budget)} can be seen to be broken, and never to be kept."
    )
    columns = (
        Column("contestant", is_number=False),
        Column(f"budget of {quantity(budget)}", is_number=False),
        Column("false alerts"),
        Column("sources with any"),
        Column("per day per 1,000 sources"),
    )
    captures = results.tables["false_alerts"].drop_duplicates("capture")
    notes = {one.name: Cell(one.note) for one in results.measurement.captures}
    seen = tuple(
        (Cell(one.capture), Cell(count(one.source_count)), Cell(quantity(one.source_days)), notes[one.capture])
        for one in named_rows(captures)
    )
    heads = (Column("capture", is_number=False), Column("judged sources"), Column("source-days"))
    return Section(
        "false-alerts",
        "What it costs: false alerts on the same logs",
        (
            Prose(text),
            Table("False alerts", columns, tuple(rows), strong_rows=_models(results)),
            Table("Captures without sweeps", (*heads, Column("what it is", is_number=False, is_wide=True)), seen),
        ),
    )


def _measured_section(results: FrontierResults) -> Section:
    made = results.measurement
    trials = results.tables["trials"]
    sweeps = len(trials.drop_duplicates("episode_id"))
    backgrounds = ", ".join(sorted(trials.background.unique().tolist()))
    sources = {"new": "a new internal address", "existing": "a host that the background shows"}[results.source]
    method = (
        f"{count(sweeps)} sweeps, put into {backgrounds}: one TCP port, every target probed once, by {sources}, "
        f"{results.pace} pace, through internal and public ranges by turns; connection sizes are the background's own.",
        "A sweep is caught when an alert on its source, whose evidence overlaps it, comes within "
        f"{span(results.horizon_s)} of its first probe. An alert that is raised without the sweep does not count.",
        f"Up to {results.company} sweeps stand in a background together, each with a source, port and range of its "
        "own; short ones follow each other. A cell does not depend on which other cells are tried.",
        "Records stand by start, and everybody sees one when it starts.",
        "Of a sweep that the horizon cuts, the targets that it has room for are tried, once for all larger sizes.",
        "Intervals are 95 % Wilson intervals over the sweeps of a cell. Sweeps in one background are no networks of "
        "their own: how another network does, no interval here says.",
        "At the budget means: tuned on the training captures to the alert budget. As shipped means: as its authors "
        "give it.",
    )
    facts = Facts(
        (
            ("Made", made.created),
            ("Command", made.command),
            ("Commit", made.commit),
            ("Versions", ", ".join(f"{name} {version}" for name, version in made.versions.items())),
        )
    )
    titles = ("contestant", "operating point", "threshold", "note")
    rows = tuple(
        (
            _name(results, one),
            Cell("at the budget" if results.fact(one, "operating_point") == "budget" else "as it comes"),
            Cell(results.fact(one, "threshold")),
            Cell(results.fact(one, "note")),
        )
        for one in results.ranked
    )
    contestants = Table("Contestants", tuple(Column(title, is_number=False) for title in titles), rows)
    notes = {one: results.fact(one, "note") for one in results.ranked}
    known = [f"{results.label(one)} {note}." for one, note in notes.items() if note.startswith(TRAINED_ON)]
    blocks: list[Block] = [facts, Bullets(method), Fold("Contestants and their thresholds", (contestants,))]
    if known or made.caveats:
        blocks.append(Bullets((*known, *made.caveats)))
    return Section("measured", "How it was measured", tuple(blocks))


def _name(results: FrontierResults, contestant: str) -> Cell:
    mark = "above the budget" if results.is_over_budget(contestant) else ""
    return Cell(results.label(contestant), mark)


def _models(results: FrontierResults) -> frozenset[int]:
    return frozenset(i for i, one in enumerate(results.ranked) if results.is_model(one))


def _slowest_cell(results: FrontierResults, contestant: str, share: float) -> Cell:
    surface = results.surface(contestant, share)
    return _levels_cell([surface.slowest(level) for level in LEVELS])


def _levels_cell(values: list[float | None] | list[int | None]) -> Cell:
    first, second = (DASH if value is None else quantity(value) for value in values)
    return Cell(first, "" if second == first else second)
