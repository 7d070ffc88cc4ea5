"""A network's traffic with sweeps on top, in the order of time and in bounded memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sweepml.datasets.capture import Episode
from sweepml.simulation.log_files import open_log
from sweepml.simulation.network import Network, NetworkPlan
from sweepml.simulation.records import Records
from sweepml.simulation.sweeps import SweepMaker, SweepOptions


@dataclass(frozen=True, slots=True)
class Simulation:
    """What was written.

    Attributes
    ----------
    records
        All of them, attacks included.
    episodes
        Of the sweeps, in order of their numbers.
    roles
        Address, role, whether it is benign, note.
    """

    records: int
    episodes: tuple[Episode, ...]
    roles: tuple[tuple[str, str, bool, str], ...]


def simulate(
    plan: NetworkPlan, output: str | os.PathLike[str], sweeps: int, options: SweepOptions | None = None
) -> Simulation:
    """Write the log of a made-up network.

    Parameters
    ----------
    plan
        The network, and the seed of all.
    output
        What to write, see `open_log`.
    sweeps
        How many; 0 is a network at peace.
    options
        What they are drawn from.

    Returns
    -------
    Simulation
        With episodes and roles; writing them down is the caller's.

    Raises
    ------
    ConfigError
        If the time is too short for the sweeps, or the output's name has no known ending.
    """
    network = Network(plan)
    traffic = Attacks(network, plan, sweeps, options or SweepOptions())
    count = 0
    with open_log(output) as writer:
        for records in in_slices(network, traffic):
            writer.write(records.to_batch())
            count += len(records)
    roles = {row[0]: row for row in network.roles()}
    for episode in traffic.episodes:  # an infected host keeps its role's name, but is not benign any more
        name = roles[episode.source][1] if episode.source in roles else "scanner"
        roles[episode.source] = (episode.source, name, False, f"sweeps with {episode.attributes['tool']}")
    return Simulation(count, traffic.episodes, tuple(roles.values()))


class Attacks:
    """Sweeps that are played when their time comes, and forgotten when it is over.

    Parameters
    ----------
    network
        Where they happen.
    plan
        Its plan.
    count
        How many.
    options
        What they are drawn from.

    Attributes
    ----------
    episodes
        Of all sweeps.
    """

    def __init__(self, network: Network, plan: NetworkPlan, count: int, options: SweepOptions) -> None:
        self._maker = SweepMaker(network.portrait(), options, plan.seed, repr(plan)) if count else None
        # Played twice: once to know when each begins, and again when it does.
        self.episodes = tuple(self._play(number)[0] for number in range(count))
        self._waiting = sorted(range(count), key=lambda number: -self.episodes[number].start_us)
        self._active: list[Records] = []

    def _play(self, number: int) -> tuple[Episode, Records]:
        assert self._maker is not None  # made where there is anything to play
        played = self._maker.play(number)
        return played.episode, played.records

    def until(self, end_us: int) -> list[Records]:
        """Return the records of sweeps before a time, each once; times must not go back."""
        while self._waiting and self.episodes[self._waiting[-1]].start_us < end_us:
            self._active.append(self._play(self._waiting.pop())[1])
        due = []
        for place, records in enumerate(self._active):
            cut = int(np.searchsorted(records.ts_us, end_us))
            due.append(records.take(slice(0, cut)))
            self._active[place] = records.take(slice(cut, None))
        self._active = [records for records in self._active if len(records)]
        return due


def in_slices(network: Network, attacks: Attacks) -> Iterator[Records]:
    """Yield all records in the order of their starts."""
    late = Records.concat([])
    for number in range(network.slices):
        _, end_us = network.span_us(number)
        made = Records.concat([late, network.records(number), *attacks.until(end_us)]).in_time_order()
        cut = int(np.searchsorted(made.ts_us, end_us))
        late = made.take(slice(cut, None))
        if cut:
            yield made.take(slice(0, cut))
    # What begins after the end is not seen any more.
    rest = Records.concat(attacks.until(int(np.iinfo(np.int64).max)))
    if len(rest):
        yield rest.in_time_order()
