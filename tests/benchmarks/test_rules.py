"""The page about the public rules."""

from pathlib import Path

import pytest

from benchmarks.rules import main, rule_table
from sweepml.baselines.registry import RULES


def test_page_in_the_repository_lists_the_rules_as_they_are(repo_root: Path) -> None:
    assert rule_table() in (repo_root / "docs" / "rules.md").read_text(encoding="utf-8")


def test_table_says_of_each_rule_what_it_counts() -> None:
    lines = rule_table().splitlines()[2:]
    assert len(lines) == len(RULES)
    assert all(len(line.split("|")[3].split()) > 3 for line in lines)


def test_missing_captures_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "rules.md"
    assert main(["--lab", str(tmp_path), "--output", str(page)]) == 2
    assert "--lab and --shared name the folders" in capsys.readouterr().err
    assert not page.exists()
