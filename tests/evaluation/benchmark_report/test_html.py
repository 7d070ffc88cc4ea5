"""The page: its sections, that it needs nothing from outside, and that no text becomes markup."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from sweepml.evaluation.benchmark_report.html import render_html
from sweepml.evaluation.benchmark_report.results import CaptureFacts, Results
from sweepml.evaluation.benchmark_tables import TABLES
from tests.evaluation.benchmark_report.handmade_results import ANCHORS, MEASUREMENT, Page, make_results, make_tables

HOSTILE = """</td></script><script>alert(1)</script><img src=x onerror=alert(1)>"'>{{ 7 * 7 }}&lt;"""
UNTOUCHED = {"arena", "axis", "operating_point"}
"""Columns whose words mean something to the report."""


@pytest.fixture(scope="module")
def html() -> str:
    return render_html(make_results())


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def with_text(change: Callable[[str], str]) -> Results:
    """Return the results with all text that comes from outside changed."""
    tables = {}
    for name, frame in make_tables().items():
        changed = frame.copy()
        for column in TABLES[name].columns:
            if (
                column.dtype == "string"
                and column.name not in UNTOUCHED
                and (name, column.name) != ("contestants", "kind")
            ):
                changed[column.name] = pd.Series([change(text) for text in frame[column.name]], dtype="str")
        tables[name] = changed
    measurement = replace(
        MEASUREMENT,
        created=change(MEASUREMENT.created),
        command=change(MEASUREMENT.command),
        commit=change(MEASUREMENT.commit),
        versions={change(name): change(version) for name, version in MEASUREMENT.versions.items()},
        captures=[
            CaptureFacts(change(one.name), change(one.fingerprint), change(one.note)) for one in MEASUREMENT.captures
        ],
        caveats=[change(text) for text in MEASUREMENT.caveats],
    )
    return Results(tables, measurement)


def test_sections_stand_in_the_order_in_which_a_reader_needs_them(page: Page) -> None:
    assert tuple(page.sections) == ANCHORS


def test_page_links_to_each_of_its_sections(page: Page) -> None:
    links = [value for tag, name, value in page.attributes if (tag, name) == ("a", "href")]
    assert links == [f"#{anchor}" for anchor in ANCHORS]


def test_page_asks_for_nothing_from_outside(html: str, page: Page) -> None:
    asking = {"src", "srcset", "href", "xlink:href", "action", "data", "poster", "background", "ping", "formaction"}
    assert all(value.startswith("#") for _, name, value in page.attributes if name in asking)
    assert not {"link", "iframe", "object", "embed", "base", "img", "form"} & set(page.tags)
    assert re.findall(r"url\((?!#)|@import|https?:|fetch|XMLHttpRequest|WebSocket|[\"'(]//", html) == []


def test_page_forbids_requests_and_foreign_scripts(page: Page) -> None:
    (policy,) = [value for tag, name, value in page.attributes if tag == "meta" and "default-src" in value]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-")


def test_ids_are_unique_and_every_reference_has_its_target(html: str, page: Page) -> None:
    ids = Counter(value for _, name, value in page.attributes if name == "id")
    assert [name for name, count in ids.items() if count > 1] == []
    wanted = {value[1:] for _, name, value in page.attributes if name == "href"} | set(
        re.findall(r"url\(#([^)]+)", html)
    )
    assert wanted <= set(ids)


def test_no_text_from_outside_becomes_markup(page: Page) -> None:
    hostile, harmless = (
        Page(render_html(with_text(change))) for change in (lambda text: text + HOSTILE, lambda text: f"{text}x")
    )
    assert hostile.tags == harmless.tags
    assert [one[:2] for one in hostile.attributes] == [one[:2] for one in harmless.attributes]
    assert hostile.tags.count("script") == page.tags.count("script") == 1
    assert HOSTILE in hostile.sections["headline"]
    assert HOSTILE in hostile.sections["false-alerts"]


def test_page_is_the_same_on_every_run(html: str) -> None:
    assert render_html(make_results()) == html


def test_every_plot_follows_the_colours_of_the_page(html: str) -> None:
    plots = re.findall(r'<div class="plot"[^>]*>(.*?)</div>', html, flags=re.DOTALL)
    assert len(plots) == 6
    for plot in plots:
        assert re.findall(r"#[0-9a-fA-F]{6}\b", plot) == []
        assert "var(--series-0)" in plot
        assert "currentColor" in plot


@pytest.mark.parametrize(
    "tables", [{}, {name: schema.make([]) for name, schema in TABLES.items()}], ids=["absent", "empty"]
)
def test_section_without_rows_is_one_sentence(tables: dict[str, pd.DataFrame]) -> None:
    page = Page(render_html(make_results(tables)))
    assert tuple(page.sections) == ANCHORS
    for anchor in ANCHORS[1:]:
        assert page.rows[anchor] == []
        assert page.sections[anchor].endswith(".")
        assert page.sections[anchor].count(".") == 1
    assert "0123abc" in page.sections["measured"]


@pytest.mark.parametrize("name", sorted(TABLES.keys() - {"contestants", "arenas"}))
def test_any_one_table_may_be_absent_but_those_that_others_refer_to(name: str) -> None:
    tables = make_tables()
    del tables[name]
    assert tuple(Page(render_html(make_results(tables))).sections) == ANCHORS


def test_wide_tables_scroll_in_their_own_box(page: Page) -> None:
    boxes = [value for tag, name, value in page.attributes if (tag, name, value) == ("div", "class", "box")]
    assert len(boxes) == page.tags.count("table")
