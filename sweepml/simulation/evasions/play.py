"""Evasive sweeps as labelled captures: campaigns of one evasion, played on benign background."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.datasets.capture import EVASION, Capture, Episode
from sweepml.datasets.encode import table_to_connections
from sweepml.graph.connections import SWEEP_LABEL, Connections
from sweepml.graph.hosts import HostTable
from sweepml.simulation.background import repeated
from sweepml.simulation.episodes import SweepFacts, episode_of
from sweepml.simulation.evasions.base import Evasion, Limits, Plan, Stage
from sweepml.simulation.portrait import Portrait, portrait_of
from sweepml.simulation.records import Records

_NAME_BITS: Final = 63


@dataclass(frozen=True, slots=True)
class _Campaign:
    """One played plan: its records in order of time, who sent each, and what is known of it."""

    records: Records
    sender: NDArray[np.int64]
    plan: Plan


def evasive_capture(background: Capture, evasion: Evasion, limits: Limits, seed: int = 0) -> Capture:
    """Return a capture in which one evasion is played on benign background.

    Parameters
    ----------
    background
        Without attacks (`without_attacks`); not changed. It is repeated where the evasion needs more time.
    evasion
        How the sweeps evade.
    limits
        What the attacker knows of the detectors.
    seed
        Same arguments, same capture. Every campaign is drawn from a generator of its own, keyed by seed, evasion and
        number, and changes the ordinary sweep of that number, which is the same before every evasion.

    Returns
    -------
    Capture
        Called ``<background>~<evasion>``, with episodes ``EV-00``, ``EV-01``, ... A campaign of several sources is a
        distributed sweep, one episode with a part for each source. The attribute `EVASION` names the evasion; forged
        sources are not judged.

    Raises
    ------
    ConfigError, InputError
        If the background does not show what the evasion needs.
    """
    background = repeated(background, evasion.span_s(limits))
    portrait = portrait_of(background.connections, background.hosts, background.name)
    stage = Stage(portrait, limits)
    hosts = HostTable(portrait.internal)
    recorded = _encoded_anew(background, hosts)
    parts, episodes, decoys = [recorded], [], set[str]()
    for number in range(evasion.campaigns(limits)):
        played = _play(stage, evasion, number, seed)
        episodes += _episodes(played, evasion, number, portrait)
        parts.append(_connections(played, hosts))
        decoys |= {played.plan.senders.texts()[place] for place in played.plan.decoys}
    connections = Connections.concat(parts)
    judged = frozenset(set(hosts.names) - decoys) if decoys else background.judged
    return replace(
        background,
        name=f"{background.name}~{evasion.name}",
        connections=connections.take(np.argsort(connections.ts_us, kind="stable")),
        hosts=hosts,
        episodes=tuple(episodes),
        judged=judged,
    )


def _play(stage: Stage, evasion: Evasion, number: int, seed: int) -> _Campaign:
    ordinary = stage.ordinary(_generator(seed, "ordinary", number))
    rng = _generator(seed, evasion.name, number)
    plan = evasion.apply(ordinary, stage, number, rng)
    plan = plan.take(np.argsort(plan.offset_us, kind="stable"))
    begin_us = _begin_us(plan, stage.portrait, rng) if plan.begin_us is None else plan.begin_us
    records = Records(
        ts_us=begin_us + plan.offset_us,
        src=plan.senders.take(plan.sender),
        dst=plan.dst,
        service=plan.service,
        outcome=plan.outcome,
        sizes=stage.portrait.bank.draw(plan.service, plan.outcome, rng),
    )
    return _Campaign(records, plan.sender, plan)


def _begin_us(plan: Plan, portrait: Portrait, rng: np.random.Generator) -> int:
    room_us = portrait.end_us - portrait.begin_us - int(plan.offset_us[-1])
    return portrait.begin_us + int(rng.uniform(0, max(0, room_us)))


def _generator(seed: int, purpose: str, number: int) -> np.random.Generator:
    name = int.from_bytes(hashlib.sha256(purpose.encode()).digest()[:8], "big") >> (64 - _NAME_BITS)
    return np.random.Generator(np.random.Philox(key=[seed % (1 << 64), (name + number) % (1 << 64)]))


def _episodes(played: _Campaign, evasion: Evasion, number: int, portrait: Portrait) -> list[Episode]:
    """Return one episode for every true source; those of several have one id."""
    plan = played.plan
    facts = SweepFacts(f"EV-{number:02d}", "", plan.note, names_targets=True)
    if plan.identity:
        made = [replace(episode_of(played.records, facts, portrait.internal), source=plan.identity)]
    else:
        true = [place for place in np.unique(played.sender).tolist() if place not in plan.decoys]
        made = [episode_of(played.records.take(played.sender == place), facts, portrait.internal) for place in true]
    kind = "sweep" if len(made) == 1 else "distributed_sweep"
    return [
        replace(
            one,
            kind=kind,
            attributes={name: text for name, text in one.attributes.items() if text} | {EVASION: evasion.name},
        )
        for one in made
    ]


def _connections(played: _Campaign, hosts: HostTable) -> Connections:
    connections = table_to_connections(played.records.to_batch(), hosts)
    forged = np.isin(played.sender, list(played.plan.decoys))
    identity = np.full(len(connections), -1, np.int32)
    if played.plan.identity:
        identity[:] = hosts.encode_identity(played.plan.identity)
    label = np.where(forged, 0, SWEEP_LABEL).astype(np.uint8)
    return replace(connections, label=label, identity=identity)


def _encoded_anew(capture: Capture, hosts: HostTable) -> Connections:
    """Return a capture's connections in the codes of another host table, so that its own takes no new hosts."""
    used = np.zeros(len(capture.hosts), bool)
    capture.connections.mark_hosts(used)
    mapping = np.full(len(used), -1, np.int32)
    is_identity = np.zeros(len(used), bool)
    is_identity[capture.connections.identity[capture.connections.identity >= 0]] = True
    for code in np.flatnonzero(used).tolist():
        name = capture.hosts.name(code)
        mapping[code] = hosts.encode_identity(name) if is_identity[code] else hosts.encode(name)
    return capture.connections.recode(mapping)
