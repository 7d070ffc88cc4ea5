"""Trains the detector that comes with sweepml: ``python -m sweepml.cli.default_detector``, run in the repository."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sweepml.cli.compose import compose_train
from sweepml.cli.progress import bars
from sweepml.runtime.default_detector import DEFAULT_DETECTOR

CARD: Final = DEFAULT_DETECTOR.with_name("README.md")

# False alarms on ordinary networks matter most: no verdict on less than 49 to 1, whatever the budget would allow.
_SETTINGS: Final = ["data=lab", "alerts.threshold_floor=0.98"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, and put bundle and card into the package unless captures were left out; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sweepml.cli.default_detector", description=__doc__)
    parser.add_argument(
        "--published",
        type=Path,
        default=Path("../shared/data/real"),
        help="folder of published captures with ground_truth.csv (default: ../shared/data/real)",
    )
    parser.add_argument(
        "--without",
        nargs="+",
        default=[],
        metavar="CAPTURE",
        help="leave published captures out, to test on them; the package's detector stays as it is",
    )
    options = parser.parse_args(arguments)
    from sweepml.tasks.default_detector import Material, make_default_detector
    from sweepml.tasks.model_card import render_card

    name = "default_held_out" if options.without else "default_detector"
    config = compose_train([f"name={name}", *_SETTINGS])
    material = Material(options.published, Path(config.output_root) / name / "prepared", options.without)
    with bars() as progress:
        result = make_default_detector(config, material, progress)
    sys.stdout.write(f"{result.table}\n\nbundle {result.bundle_path} ({result.bundle_id})\n")
    if not options.without:
        shutil.copyfile(result.bundle_path, DEFAULT_DETECTOR)
        CARD.write_text(render_card(result), encoding="utf-8")
        sys.stdout.write(f"{DEFAULT_DETECTOR.name} and {CARD.name} are in the package\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
