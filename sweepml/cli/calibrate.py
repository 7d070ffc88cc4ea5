"""`sweepml calibrate`: a bundle and a site's own logs in, a bundle with thresholds for that site out."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sweepml.cli.progress import bars
from sweepml.cli.settings import split_settings
from sweepml.errors import ConfigError

EXIT_OVER_BUDGET: Final = 1

_HELP = """\
usage: sweepml calibrate BUNDLE LOG [LOG ...] [budget=1.0] [output=FILE.onnx] [origin=auto] [without=ADDRESS,...]

Choose the thresholds of a detector so that the traffic of your own network, which needs no labels, keeps an alert
budget, and write a bundle with them. Model and scores stay as they are. Every alert on this traffic is taken for a
false one; sources that look like a sweep all the same are named, to be reviewed first.

  budget         false alerts per day per 1,000 sources
  output         the new bundle; by default BUNDLE with -site before its suffix
  origin         log format, auto to tell it from the content
  without        sources that are known to sweep, to be left out: 10.0.0.5,10.0.0.9
  close_after_s  alerts of one source that follow each other within this time are one

exit status: 0, or 1 where no threshold keeps the budget; the bundle is written all the same

examples:
  sweepml calibrate outputs/default/detector.onnx /var/log/zeek/conn.*.log.gz
  sweepml calibrate detector.onnx last_week/ budget=5 output=office.onnx
"""


@dataclass(frozen=True, slots=True)
class _Settings:
    budget: float = 1.0
    output: str = ""
    origin: str = "auto"
    close_after_s: float = 1800.0
    without: str = ""


def run(arguments: list[str]) -> int:
    """Run the command; return the exit code."""
    if {"-h", "--help"} & set(arguments):
        sys.stdout.write(_HELP)
        return 0
    chosen, paths = split_settings(arguments, _Settings())
    if len(paths) < 2:
        raise ConfigError("usage: sweepml calibrate BUNDLE LOG [LOG ...] [budget=1.0]; see sweepml calibrate --help")
    bundle, *logs = paths
    output = chosen.output or str(Path(bundle).with_name(f"{Path(bundle).stem}-site.onnx"))
    # Imported only now: help needs none of it.
    from sweepml.evaluation.thresholds import AlertBudget
    from sweepml.tasks.calibrate import SiteSettings, calibrate_site, render_calibration

    budget = AlertBudget(chosen.budget, close_after_s=chosen.close_after_s)
    site = SiteSettings(chosen.origin, tuple(one for one in chosen.without.split(",") if one))
    with bars() as progress:
        result = calibrate_site(bundle, logs, output, budget, site, progress)
    sys.stdout.write(f"{render_calibration(result)}\nbundle {result.path} ({result.bundle_id})\n")
    return 0 if result.is_kept else EXIT_OVER_BUDGET
