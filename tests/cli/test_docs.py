"""docs/features.md is the catalogue, written out, and docs/formats.md the declarations of the log formats."""

from pathlib import Path

import pytest

from sweepml.cli.docs import edges_page, features_page, main
from sweepml.cli.format_docs import formats_page
from sweepml.origins.registry import ORIGINS
from sweepml.schema.catalogue import CATALOGUE, FAMILIES, SCHEMA_HASH
from sweepml.schema.edge_catalogue import EDGE_NAMES


def test_page_in_the_repository_is_the_catalogues(repo_root: Path) -> None:
    written = (repo_root / "docs" / "features.md").read_text(encoding="utf-8")
    assert written == features_page(), "run: python -m sweepml.cli.docs"


def test_page_of_edges_is_the_edge_catalogues(repo_root: Path) -> None:
    written = (repo_root / "docs" / "edges.md").read_text(encoding="utf-8")
    assert written == edges_page(), "run: python -m sweepml.cli.docs"
    rows = [line.split("`")[1] for line in written.splitlines() if line.startswith("| `")]
    assert tuple(rows) == EDGE_NAMES


def test_every_column_stands_on_the_page_with_all_that_is_known() -> None:
    page = features_page()
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert len(rows) == len(CATALOGUE)
    for row, spec in zip(rows, CATALOGUE, strict=True):
        cells = [cell.strip() for cell in row.strip("|").replace("\\|", "/").split(" | ")]
        assert len(cells) == 6, row
        assert cells[0] == f"`{spec.name}`"
        assert cells[1] == spec.unit
        assert cells[3].replace("\\*", "*") == spec.definition.replace("|", "/")
        assert cells[5] == spec.reference.replace("|", "/")
        assert (cells[4] == "never") == (spec.missing is None)


def test_page_names_schema_families_and_words() -> None:
    page = features_page()
    assert f"`{SCHEMA_HASH}`" in page
    assert page.count("\n## ") == len(FAMILIES)
    assert "an *edge* is a distinct (protocol, port, destination)" in page


def test_ranges_are_readable() -> None:
    page = features_page()
    assert "| 0 to 1 |" in page
    assert "| 1 or more |" in page


def test_command_writes_all_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--docs", str(tmp_path)]) == 0
    written = capsys.readouterr().out.split()
    assert [Path(path).relative_to(tmp_path).as_posix() for path in written] == [
        "features.md",
        "edges.md",
        "formats.md",
        "conformance/connections.json",
        "conformance/features.json",
        "conformance/features.parquet",
    ]


def test_command_asks_for_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--docs", "nowhere"])
    assert "there is no folder nowhere; run this in the repository" in capsys.readouterr().err


def test_page_of_formats_in_the_repository_is_that_of_the_declarations(repo_root: Path) -> None:
    written = (repo_root / "docs" / "formats.md").read_text(encoding="utf-8")
    assert written == formats_page(), "run: python -m sweepml.cli.docs"


def test_every_format_stands_on_the_page_with_all_that_is_declared() -> None:
    page = formats_page()
    for origin, section in zip(ORIGINS.values(), page.split("\n## ")[1:], strict=True):
        assert section.startswith(origin.title)
        assert f"Reference: {origin.reference}." in section
        assert origin.direction
        assert origin.limits
        assert all(limit in section for limit in origin.limits)
        assert all(f"`{field}`" in section for fields in origin.fields.values() for field in fields)
        assert all(f"`{state}`" in section for state in origin.outcome.states)
        assert "- Outcome" in section or "- States" in section
