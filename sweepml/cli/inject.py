"""`sweepml inject`: Hydra overrides in, a log with labelled sweeps out."""

from __future__ import annotations

import sys

from sweepml.cli.answer import composed_or_answered
from sweepml.cli.compose import compose_inject
from sweepml.cli.text import amount

_HELP = """\
usage: sweepml inject input=LOG [output=data/injected/conn.log.gz] [KEY=VALUE ...] [--show]

Write a log again with port sweeps in it, and beside it the episodes file that says which they are. The sweeps
are ordered and paced as real scanners do it; what answers them is what the log shows to be alive, and each injected
record has the sizes of a real one with the same outcome. Records only: no packet is sent. The log may be larger than
the memory.

examples:
  sweepml inject input=conn.log                         then: sweepml train data=lab_injected
  sweepml inject input=conn.log output=mixed.parquet sweeps.count=100 seed=1
  sweepml inject input=conn.log 'sweeps.scanners=[nmap_t2,mirai]' 'sweeps.ports=[tcp/22,tcp/445]'

scanners: nmap_t1 nmap_t2 nmap_t3 nmap_t4 nmap_t5 masscan zmap connect_loop worm_codered2 worm_nimda mirai

--show prints the composed configuration, every key of which can be overridden, and writes nothing.
"""


def run(arguments: list[str]) -> int:
    """Run the command; return the exit code."""
    config = composed_or_answered(arguments, _HELP, compose_inject)
    if config is None:
        return 0
    # Imported only now: help and configuration need no pyarrow.
    from sweepml.tasks.inject import inject

    made = inject(config)
    done = made.injection
    sys.stdout.write(
        f"{made.log}: {done.read.rows:,} connections ({sum(done.read.rejects.values()):,} lines left out) and "
        f"{amount(done.injected, 'record')} of {amount(len(done.episodes), 'sweep')}\n"
        f"{made.episodes}: which they are\n"
        f"{made.roles}: whose copies the other sources are\n"
    )
    if done.blocked and made.log.suffix != ".parquet":
        blocked = amount(done.blocked, "blocked connection")
        sys.stdout.write(f"{blocked} of the input now read as refused: Zeek has no state for them\n")
    return 0
