"""A change that costs recall is seen when it is made: the quick benchmark beside the committed result.

Where a change is meant, write the new result with::

    sweepml benchmark quick=true name=quick && cp outputs/quick/results.json tests/regression/quick_results.json
"""

from pathlib import Path

import pytest

from sweepml.cli.benchmark import QUICK_PARAMS
from sweepml.cli.compose import compose_benchmark
from sweepml.evaluation.comparison import render_comparison
from sweepml.simulation.evasions.registry import EVASIONS
from sweepml.tasks.benchmark.run import BenchmarkResult, benchmark, compare_results

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


@pytest.fixture(scope="module")
def result(repo_root: Path, tmp_path_factory: pytest.TempPathFactory) -> BenchmarkResult:
    root, out = f"data.root={repo_root / 'data'}", tmp_path_factory.mktemp("quick")
    return benchmark(compose_benchmark([*QUICK_PARAMS, "quick=true", "probes=false", root, f"output_root={out}"]))


def test_nothing_is_worse_than_the_committed_result(repo_root: Path, result: BenchmarkResult) -> None:
    comparison = compare_results(repo_root / "tests" / "regression" / "quick_results.json", result.folder)
    assert not comparison.is_worse, render_comparison(comparison)


def test_every_evasion_has_its_recall_in_the_report(result: BenchmarkResult) -> None:
    strata = result.tables["strata"]
    assert set(strata["stratum"][strata["dimension"] == "evasion"]) == set(EVASIONS)
    assert "| **plain** | " in (result.folder / "report.md").read_text()
