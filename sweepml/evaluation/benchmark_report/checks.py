"""Sections that check the benchmark itself: leakage probes, and what an allowlist hides."""

from __future__ import annotations

from sweepml.evaluation.benchmark_report.blocks import Cell, Column, Prose, Section, Table, without_rows
from sweepml.evaluation.benchmark_report.numbers import DASH, count, interval, share, share_cell
from sweepml.evaluation.benchmark_report.results import Results, named_rows


def probes_section(results: Results) -> Section:
    """Return what models learn that see only addresses, ports or times."""
    title = "Leakage probes"
    probes = results.table("probes")
    if probes.empty:
        return without_rows("probes", title, "No leakage probe was run.")
    rows = tuple(
        (
            Cell(results.arena_title(row.arena)),
            Cell(row.probe),
            share_cell(row.average_precision, row.average_precision_low, row.average_precision_high),
            Cell(interval(row.chance_low, row.chance_high, is_share=True)),
            Cell(share(row.base_rate)),
            Cell(count(row.row_count)),
            Cell(count(row.group_count)),
            Cell("at chance" if row.is_chance else "above chance"),
        )
        for row in named_rows(probes)
    )
    columns = (
        Column("arena", is_number=False),
        Column("sees only", is_number=False),
        Column("average precision"),
        Column("what chance gives"),
        Column("base rate"),
        Column("rows"),
        Column("groups of sources"),
        Column("verdict", is_number=False),
    )
    above = int((~probes.is_chance).sum())
    verdict = (
        "Every probe scores at chance: addresses, ports and times alone do not tell a sweep in these splits."
        if above == 0
        else f"{above} of {len(probes)} probes score above chance: what they see tells sweeps apart in these captures, "
        "and a model that could see it would look better than it is."
    )
    return Section("probes", title, (Prose(verdict), Table("Probes", columns, rows)))


def allowlist_section(results: Results) -> Section:
    """Return what each entry of the allowlist suppressed and which sweeps it would have hidden."""
    title = "Allowlist"
    entries = results.table("allowlist")
    if entries.empty:
        return without_rows("allowlist", title, "No allowlist was given.")
    rows = tuple(
        (
            Cell(row.entry, row.reason),
            Cell(row.expires, "expired" if row.is_expired else ""),
            Cell(results.arena_title(row.arena)),
            Cell(results.label(row.contestant)),
            Cell(count(row.suppressed)),
            Cell(count(row.false_suppressed)),
            Cell(row.hidden or DASH),
            Cell(row.covered or DASH),
        )
        for row in named_rows(entries)
    )
    columns = (
        Column("entry", is_number=False),
        Column("expires", is_number=False),
        Column("arena", is_number=False),
        Column("contestant", is_number=False),
        Column("alerts suppressed"),
        Column("of them wrong"),
        Column("caught sweeps that it hides", is_number=False),
        Column("sweeps wholly within it", is_number=False),
    )
    caption = "Each entry by itself. The other sections are without any allowlist"
    return Section("allowlist", title, (Table(caption, columns, rows, has_filter=True),))
