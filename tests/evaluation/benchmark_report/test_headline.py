"""The README's headline agrees with the tables, or it is said that it does not."""

import pytest

from sweepml.errors import InputError
from sweepml.evaluation.benchmark_report.headline import BEGIN, END, has_headline, render_headline, with_headline
from tests.evaluation.benchmark_report.handmade_results import make_results, make_tables

README = f"# Title\n\n{BEGIN}\nold\n{END}\n\nThe rest.\n"


def test_headline_stands_between_the_markers_and_nothing_else_changes() -> None:
    headline = render_headline(make_results())
    text = with_headline(README, headline)
    assert text == f"# Title\n\n{headline}\n\nThe rest.\n"
    assert with_headline(text, headline) == text


def test_headline_holds_who_competes_at_the_budget() -> None:
    lines = render_headline(make_results()).splitlines()
    assert lines[0] == BEGIN
    assert lines[-1] == END
    assert "Laboratory, at 10 false alerts per day per 1,000 sources:" in lines
    assert [line.split("|")[1].strip() for line in lines if "/2 |" in line] == ["**Forest**", "Walk"]


def test_headline_shows_the_best_rules_and_says_what_it_leaves_out() -> None:
    lines = render_headline(make_results(make_tables(more_rules=8))).splitlines()
    shown = [line.split("|")[1].strip() for line in lines if "/2 |" in line]
    assert shown == ["**Forest**", "Copy 0", "Copy 1", "Copy 2", "Copy 3", "Copy 4"]
    assert "4 weaker rules left out: at most 2/2 episodes." in lines


def test_readme_agrees_only_with_the_very_headline() -> None:
    headline = render_headline(make_results())
    text = with_headline(README, headline)
    assert has_headline(text, headline)
    assert not has_headline(text.replace("1/2", "2/2"), headline)
    assert not has_headline(README, headline)


@pytest.mark.parametrize("text", ["no markers", BEGIN, f"{END}\n{BEGIN}", f"{BEGIN}{END}{END}"])
def test_text_without_the_two_markers_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="once each and in this order"):
        has_headline(text, "any")


def test_headline_needs_a_contestant_at_the_budget() -> None:
    tables = make_tables()
    tables["contestants"] = tables["contestants"].assign(operating_point="shipped")
    with pytest.raises(InputError, match="there is no headline"):
        render_headline(make_results(tables))
