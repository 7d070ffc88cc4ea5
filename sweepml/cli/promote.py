"""`sweepml promote`: a bundle becomes the champion if a benchmark of both says that nothing gets worse."""

from __future__ import annotations

import sys
from typing import Final

from sweepml.cli.answer import composed_or_answered
from sweepml.cli.compose import compose_benchmark
from sweepml.cli.progress import bars
from sweepml.cli.settings import take_option
from sweepml.errors import ConfigError

_RESULTS: Final = "--results"
_ALIAS: Final = "--alias"
_EXIT_REFUSED: Final = 1

BENCHMARK: Final = ("name=promote", "quick=true", "models=[]", "rules=[]", "arenas=[lab]", "probes=false")
"""Before the user's: the two detectors alone, on the own captures."""

_HELP = """\
usage: sweepml promote CANDIDATE [KEY=VALUE ...] [--alias champion] [--results BASE HEAD]

Let the alias of the registered model name another version, if nothing gets worse by it: champion and candidate are
judged in one benchmark on the same captures, and compared as `sweepml benchmark compare` does. What got worse is
listed, and the champion stays (exit status 1). The first champion has nobody to be compared with.

  CANDIDATE            a run's id, models:/NAME/VERSION, models:/NAME@ALIAS, or a bundle that sweepml train wrote
  KEY=VALUE            of `sweepml benchmark`: data, arenas, published, tracking.uri, output_root, ...
  --results BASE HEAD  results.json in which the champion and the candidate were judged, or the folders that hold
                       them, instead of running the benchmark; one file may hold both
  --alias NAME         another alias

examples:
  sweepml promote outputs/default/detector.onnx
  sweepml promote models:/sweepml/7 data=office                  on captures that neither was trained on
  sweepml promote models:/sweepml/7 quick=false arenas=null      with the published captures
  sweepml promote models:/sweepml/7 --results last_month/ today/

--show prints the composed configuration of the benchmark, and does nothing.
"""


def run(arguments: list[str]) -> int:
    """Run the command; return the exit code."""
    results, rest = take_option(arguments, _RESULTS, 2)
    alias, rest = take_option(rest, _ALIAS, 1)
    is_words = bool({"-h", "--help"} & set(rest))
    candidates = [one for one in rest if "=" not in one and not one.startswith(("-", "~"))]
    if not is_words and len(candidates) != 1:
        raise ConfigError("usage: sweepml promote CANDIDATE [KEY=VALUE ...]; see sweepml promote --help")
    overrides = [one for one in rest if one not in candidates]
    config = composed_or_answered([*BENCHMARK, *overrides], _HELP, compose_benchmark)
    if config is None:
        return 0
    # Imported only now: help and configuration need no MLflow.
    from sweepml.tasks.promote import promote, render_promotion
    from sweepml.tracking.registry import CHAMPION

    pair = (results[0], results[1]) if results else None
    with bars() as progress:
        made = promote(candidates[0], config, pair, alias[0] if alias else CHAMPION, progress)
    sys.stdout.write(f"{render_promotion(made)}\n")
    return 0 if made.is_promoted else _EXIT_REFUSED
