"""What the README says of the detectors is what the committed benchmark found."""

from pathlib import Path

from sweepml.evaluation.benchmark_report.headline import has_headline
from sweepml.tasks.benchmark.run import kept_headline


def test_readme_says_what_the_committed_benchmark_found(repo_root: Path) -> None:
    headline = kept_headline(repo_root / "docs" / "benchmark")
    how = "run: python -m sweepml.cli.docs --benchmark outputs/benchmark"
    assert has_headline((repo_root / "README.md").read_text(encoding="utf-8"), headline), how
