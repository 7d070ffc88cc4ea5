"""`sweepml simulate`: Hydra overrides in, the log of a made-up network out."""

from __future__ import annotations

import sys

from sweepml.cli.answer import composed_or_answered
from sweepml.cli.compose import compose_simulate
from sweepml.cli.text import amount

_HELP = """\
usage: sweepml simulate [output=data/simulated/conn.log.gz] [hosts=300] [hours=8] [KEY=VALUE ...] [--show]

Make up a network and write its log: people, servers, monitoring and the Internet around them, with the roles that look
like sweeps and are none, in a daily rhythm, over IPv4 and IPv6, and sweeps on top. Beside the log stand the episodes
file and the roles file. Memory does not grow with the hours. Records only: no packet is sent.

examples:
  sweepml simulate                                        then: sweepml train data=lab_simulated
  sweepml simulate hosts=20000 hours=168 output=week.parquet seed=3
  sweepml simulate hours=24 sweeps.count=0 output=peace.log
  sweepml simulate dual_stack=1 output=ipv6.log           a network without IPv4

--show prints the composed configuration, every key of which can be overridden, and writes nothing.
"""


def run(arguments: list[str]) -> int:
    """Run the command; return the exit code."""
    config = composed_or_answered(arguments, _HELP, compose_simulate)
    if config is None:
        return 0
    # Imported only now: help and configuration need no pyarrow.
    from sweepml.tasks.simulate import simulate

    made = simulate(config)
    done = made.simulation
    sys.stdout.write(
        f"{made.log}: {amount(done.records, 'connection')}, {amount(len(done.episodes), 'sweep')} among them\n"
        f"{made.episodes}: which they are\n"
        f"{made.roles}: what the others do\n"
    )
    return 0
