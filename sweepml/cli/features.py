"""`sweepml features`: Hydra overrides in, a table of feature rows out."""

from __future__ import annotations

import sys

from sweepml.cli.answer import composed_or_answered
from sweepml.cli.compose import compose_features
from sweepml.cli.progress import bars

_HELP = """\
usage: sweepml features input=LOG [output=features.parquet] [KEY=VALUE ...] [--show]

Compute the features of every source in every window and write them as one Parquet file: capture, source,
window, then a float32 column per feature (docs/features.md). Logs may be larger than the memory.

examples:
  sweepml features input=conn.log output=features.parquet
  sweepml features 'input=logs/conn.*.log.gz'                 one capture of many files, in order of their names
  sweepml features input=[monday.log,tuesday.log]             two captures, side by side on all cores
  sweepml features 'input={office: [conn.log.1, conn.log]}'   a name, and files in the order given
  sweepml features input=conn.log features.min_dst_count=1 'features.windows=[{length_s: 60, stride_s: 10}]'
  sweepml features 'input=[a.log,b.log]' features.engine=dask scheduler=tcp://10.0.0.1:8786

An interrupted run goes on where it stopped: finished captures stand in OUTPUT.parts/ until the table is complete.
keep_parts=true leaves them there, so that a run with one more capture computes that one only.

--show prints the composed configuration, every key of which can be overridden, and computes nothing.
"""


def run(arguments: list[str]) -> int:
    """Run the command; return the exit code."""
    config = composed_or_answered(arguments, _HELP, compose_features)
    if config is None:
        return 0
    # Imported only now: help and configuration need no pyarrow.
    from sweepml.tasks.features import features

    with bars() as progress:
        result = features(config, progress)
    inputs = result.stamp.inputs
    found = len(inputs) - len(result.computed)
    already = f"; {_count(found, 'capture')} already finished" if found else ""
    sys.stdout.write(
        f"{result.path}: {result.rows:,} rows of {_count(len(inputs), 'capture')}, "
        f"from {sum(one.connections for one in inputs):,} connections "
        f"({sum(one.rejected for one in inputs):,} lines left out)"
        f"{already}\n"
    )
    return 0


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
