"""Models beside each other: over seeds, and by what each finds that the others miss."""

import pandas as pd
import pytest

from sweepml.evaluation.benchmark_report.html import render_html
from sweepml.evaluation.benchmark_tables import CONTESTANTS, SEEDS, join_tables
from sweepml.evaluation.judged_tables import judged_tables
from tests.evaluation.benchmark_report.handmade_results import (
    ARENAS,
    MODEL,
    RULE,
    Page,
    alerts_of,
    make_results,
    make_tables,
)

OTHER = "net@budget"


def _seed(contestant: str, seed: int, *missed: str, false_sources: int = 0) -> dict[str, object]:
    return {
        **{"arena": "tools", "contestant": contestant, "seed": seed, "episode_count": 2, "caught": 2 - len(missed)},
        **{"recall": (2 - len(missed)) / 2, "false_alerts": 2 * false_sources, "false_sources": false_sources},
        "missed": ", ".join(missed),
    }


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    """Return the handmade tables with a second model, which catches what the tuned rule does, and three seeds."""
    arena = ARENAS[0]
    names = ("contestant", "title", "kind", "operating_point", "threshold", "note")
    second = CONTESTANTS.make([dict(zip(names, (OTHER, "Net", "model", "budget", "0.5", ""), strict=True))])
    judged = judged_tables(arena, OTHER, alerts_of(RULE, "lab"))
    seeds = SEEDS.make(
        [
            _seed(MODEL, 0, "lab/E2"),
            _seed(MODEL, 1, "lab/E1", "lab/E2"),
            _seed(MODEL, 2, "lab/E2", false_sources=3),
            *(_seed(OTHER, seed) for seed in range(3)),
        ]
    )
    return join_tables([make_tables(), {"contestants": second}, judged, {"seeds": seeds}])


@pytest.fixture(scope="module")
def page(tables: dict[str, pd.DataFrame]) -> Page:
    return Page(render_html(make_results(tables)))


def _rows(page: Page, anchor: str, first: str) -> list[list[str]]:
    return [cells for cells in page.rows[anchor] if cells[0] == first]


def test_recall_is_averaged_over_seeds_with_an_interval_over_episodes(page: Page) -> None:
    (cells,) = _rows(page, "seeds", "Forest")
    # E1 with two of three seeds, E2 with none: a bootstrap of two episodes draws one of them twice
    assert cells[1] == "0.33 0.00-0.67"
    assert cells[2] == "0 to 1 of 2"


def test_episodes_are_counted_that_every_seed_or_none_catches(page: Page) -> None:
    assert _rows(page, "seeds", "Forest")[0][3:5] == ["0", "1"]
    assert _rows(page, "seeds", "Net")[0][3:5] == ["2", "0"]


def test_false_sources_and_alerts_have_a_range_over_seeds(page: Page) -> None:
    assert _rows(page, "seeds", "Forest")[0][5:7] == ["1 0-3", "2 0-6"]


def test_an_episode_stands_with_how_many_seeds_catch_it_hardest_first(page: Page) -> None:
    (hard,), (easier,) = _rows(page, "seeds", "lab/E2"), _rows(page, "seeds", "lab/E1")
    assert hard[2:] == ["0/3", "3/3"]
    assert easier[2:] == ["2/3", "3/3"]
    assert page.rows["seeds"].index(hard) < page.rows["seeds"].index(easier)


def test_what_one_model_alone_catches_and_alone_misses_is_named(page: Page) -> None:
    assert ["Net", "2", "lab/E2", "-"] in page.rows["complement"]
    assert ["Forest", "1", "-", "lab/E2"] in page.rows["complement"]
    assert "Of 2 episodes every model catches 1, and none catches 0." in page.sections["complement"]


def test_episodes_are_grouped_by_the_models_that_catch_them(page: Page) -> None:
    assert ["Net", "1", "lab/E2"] in page.rows["complement"]


def test_one_model_has_nobody_to_be_compared_with() -> None:
    alone = Page(render_html(make_results()))
    assert "Fewer than two models were judged" in alone.sections["complement"]
    assert "judged with one seed: seeds=5" in alone.sections["seeds"]
