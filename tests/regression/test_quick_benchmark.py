"""A change that costs recall is seen when it is made: the quick benchmark beside the committed result.

Where a change is meant, write the new result with::

    sweepml benchmark quick=true name=quick && cp outputs/quick/results.json tests/regression/quick_results.json
"""

from pathlib import Path

import pytest

from sweepml.cli.benchmark import QUICK_PARAMS
from sweepml.cli.compose import compose_benchmark
from sweepml.evaluation.comparison import render_comparison
from sweepml.tasks.benchmark.run import benchmark, compare_results

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


def test_nothing_is_worse_than_the_committed_result(repo_root: Path, tmp_path: Path) -> None:
    root = f"data.root={repo_root / 'data'}"
    config = compose_benchmark([*QUICK_PARAMS, "quick=true", "probes=false", root, f"output_root={tmp_path}"])
    result = benchmark(config)
    comparison = compare_results(repo_root / "tests" / "regression" / "quick_results.json", result.folder)
    assert not comparison.is_worse, render_comparison(comparison)
