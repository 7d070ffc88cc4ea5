"""Writes what docs/ says of features and log formats: ``python -m sweepml.cli.docs``, run in the repository."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from sweepml.cli.format_docs import formats_page
from sweepml.schema import catalogue, edge_catalogue
from sweepml.schema.catalogue import FAMILIES, FEATURE_NAMES, SCHEMA_HASH
from sweepml.schema.edge_catalogue import EDGE_CATALOGUE, EDGE_NAMES, EDGE_SCHEMA_HASH
from sweepml.schema.feature import FeatureSpec

FEATURES_FILE: Final = "features.md"
EDGES_FILE: Final = "edges.md"
FORMATS_FILE: Final = "formats.md"
CONFORMANCE_FOLDER: Final = "conformance"
BENCHMARK_FOLDER: Final = "benchmark"
BENCHMARK_TABLES: Final = ("contestants", "arenas", "summary", "episodes")

_HEADINGS: Final = ("feature", "unit", "range", "definition", "missing where", "reference")


def features_page() -> str:
    """Return docs/features.md."""
    introduction, words, notes = _words()
    lines = [
        "# Features",
        "",
        "<!-- Written by `python -m sweepml.cli.docs` from sweepml/schema/catalogue.py: change that file. -->",
        "",
        f"{len(FEATURE_NAMES)} float32 columns in {len(FAMILIES)} families, in the order of the feature matrix; schema "
        f"hash `{SCHEMA_HASH}`. A detector works only with the schema that it was trained on.",
        "",
        introduction,
        "",
        *words,
        "",
        *notes,
        "A missing value is NaN.",
    ]
    for family, specs in FAMILIES.items():
        lines += ["", f"## {family.replace('_', ' ').capitalize()}", "", *_table(specs)]
    return "\n".join(lines) + "\n"


def edges_page() -> str:
    """Return docs/edges.md."""
    paragraphs = (edge_catalogue.__doc__ or "").split("\n\n")[1:]
    lines = [
        "# Edges",
        "",
        "<!-- Written by `python -m sweepml.cli.docs` from sweepml/schema/edge_catalogue.py: change that file. -->",
        "",
        f"{len(EDGE_NAMES)} float32 columns that models with message passing read for each edge of a row, in the order "
        f"of the matrix; schema hash `{EDGE_SCHEMA_HASH}`. No value is ever missing.",
        "",
        *(line for paragraph in paragraphs for line in (" ".join(paragraph.split()), "")),
    ]
    titles = {"own": "The source itself", "dst": "Others at the destination", "srv": "Others on the service"}
    for family, title in titles.items():
        lines += [f"## {title}", "", *_table([spec for spec in EDGE_CATALOGUE if spec.family == family]), ""]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write docs/features.md, docs/edges.md, docs/formats.md and docs/conformance; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sweepml.cli.docs", description=__doc__)
    parser.add_argument("--docs", type=Path, default=Path("docs"), help="folder to write into (default: docs)")
    parser.add_argument(
        "--benchmark",
        type=Path,
        help="folder of a benchmark: keep its summary and results in docs/benchmark, put its headline into README.md",
    )
    options = parser.parse_args(arguments)
    docs = options.docs
    if not docs.is_dir():
        parser.error(f"there is no folder {docs}; run this in the repository")
    (docs / FEATURES_FILE).write_text(features_page(), encoding="utf-8")
    (docs / EDGES_FILE).write_text(edges_page(), encoding="utf-8")
    (docs / FORMATS_FILE).write_text(formats_page(), encoding="utf-8")
    from sweepml.tasks.conformance import write_conformance

    if options.benchmark is not None:
        keep_benchmark(options.benchmark, docs / BENCHMARK_FOLDER, docs.parent / "README.md")
    written = [
        docs / FEATURES_FILE,
        docs / EDGES_FILE,
        docs / FORMATS_FILE,
        *write_conformance(docs / CONFORMANCE_FOLDER),
    ]
    print(*written, sep="\n")
    return 0


def keep_benchmark(folder: Path, kept: Path, readme: Path) -> None:
    """Keep a benchmark's summary, results and the tables of its headline, and write the headline into the README."""
    from sweepml.evaluation.benchmark_report.headline import with_headline
    from sweepml.tasks.benchmark.run import RESULTS_FILE, SUMMARY_FILE, TABLES_FOLDER, kept_headline

    (kept / TABLES_FOLDER).mkdir(parents=True, exist_ok=True)
    for name in (RESULTS_FILE, SUMMARY_FILE, *(f"{TABLES_FOLDER}/{table}.parquet" for table in BENCHMARK_TABLES)):
        shutil.copyfile(folder / name, kept / name)
    readme.write_text(with_headline(readme.read_text(encoding="utf-8"), kept_headline(kept)), encoding="utf-8")


def _words() -> tuple[str, list[str], list[str]]:
    """Return the introduction, the definitions of words, and what follows them in the catalogue's docstring."""
    paragraphs = (catalogue.__doc__ or "").split("\n\n")
    introduction, words = paragraphs[1], paragraphs[2]
    assert words.startswith("* "), "the catalogue's third paragraph defines its words"
    defined = [f"- {' '.join(word.split())}" for word in words.removeprefix("* ").split("\n* ")]
    notes = [line for paragraph in paragraphs[3:] for line in (" ".join(paragraph.split()), "")]
    return introduction, defined, notes


def _table(specs: Sequence[FeatureSpec]) -> Iterator[str]:
    yield "| " + " | ".join(_HEADINGS) + " |"
    yield "|---" * len(_HEADINGS) + "|"
    for spec in specs:
        cells = (f"`{spec.name}`", spec.unit, _range(spec), spec.definition, spec.missing or "never", spec.reference)
        yield "| " + " | ".join(cell.replace("|", "\\|").replace("*", "\\*") for cell in cells) + " |"


def _range(spec: FeatureSpec) -> str:
    low = "" if spec.low is None else f"{spec.low:g}"
    high = "" if spec.high is None else f"{spec.high:g}"
    if low and high:
        return f"{low} to {high}"
    return f"{low} or more" if low else f"{high} or less" if high else "any"


if __name__ == "__main__":
    sys.exit(main())
