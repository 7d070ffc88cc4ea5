"""`sweepml ablate`: Hydra overrides in, a page that says what each feature family is worth out."""

from __future__ import annotations

import sys
from typing import Final

from sweepml.cli.answer import composed_or_answered
from sweepml.cli.compose import compose_ablation
from sweepml.cli.progress import bars

QUICK: Final = ("model.params.n_bags=1", "model.params.max_iter=60")
"""Half the trees once instead of all of them three times: what is compared is features."""

_HELP = """\
usage: sweepml ablate [output=ablation.md] [KEY=VALUE ...] [--show]

Leave out each feature family in turn, cross-validate on the same folds, and write a Markdown page with the change of
episodes caught, window average precision and false alerts. Takes minutes with the quick model that is the default.

examples:
  sweepml ablate output=docs/ablation.md
  sweepml ablate seeds=[0]                             once instead of three times
  sweepml ablate data=field variants=slower model.params.n_bags=3 model.params.max_iter=120

groups (GROUP=OPTION picks a file of conf/):
{groups}

--show prints the composed configuration, every key of which can be overridden, and runs nothing.
"""


def run(arguments: list[str]) -> int:
    """Run the command; return the exit code."""
    # Before the user's, which win; another model has other parameters.
    quick = () if any(argument.startswith("model=") for argument in arguments) else QUICK
    config = composed_or_answered([*quick, *arguments], _HELP, compose_ablation)
    if config is None:
        return 0
    # Imported only now: help and configuration need no scikit-learn.
    from sweepml.tasks.ablation import ablate

    with bars() as progress:
        result = ablate(config, progress)
    sys.stdout.write(f"{result.page}\nwritten to {result.path}\n")
    return 0
