"""The arena of evasions: what attackers know of the public rules, and on which background they evade."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from sweepml.baselines.elastic_network_sweep import ElasticNetworkSweep
from sweepml.baselines.nemea_haddrscan import NemeaHaddrscan
from sweepml.baselines.random_walk import ThresholdRandomWalk
from sweepml.baselines.scan_ng_address import ScanNgAddress
from sweepml.baselines.scan_ng_knockknock import ScanNgKnockKnock
from sweepml.baselines.sentinel_port_sweep import SentinelPortSweep
from sweepml.baselines.slips_horizontal import SlipsHorizontal
from sweepml.baselines.snort_portsweep import (
    SnortPortsweep,
    SnortPortsweepHigh,
    SnortPortsweepLow,
    SnortPortsweepMedium,
)
from sweepml.baselines.splunk_horizontal_scan import SplunkHorizontalScan
from sweepml.baselines.zeek_scan import ZeekScan
from sweepml.baselines.zeek_simple_scan import ZeekSimpleScan
from sweepml.datasets.capture import Capture
from sweepml.evaluation.arena import Arena
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import Outcome
from sweepml.simulation.background import without_attacks
from sweepml.simulation.evasions.base import CountLimit, Limits, Walk
from sweepml.simulation.evasions.play import evasive_capture
from sweepml.simulation.evasions.registry import EVASIONS, make_evasion
from sweepml.tasks.benchmark.rounds import Round, not_replayed

EVASION: Final = "evasion"

_SPAN_S: Final = 6 * 3600
"""A published capture is background if it lasts so long: the slowest campaign takes two hours and a half."""
_LIVE_HOSTS: Final = 100
"""And if it shows so many hosts that answer: interleaving and discovery live on them. Chosen, not tuned."""


def rule_limits() -> Limits:
    """Return what an attacker knows of the public rules as shipped, from the rules themselves."""
    walk = ThresholdRandomWalk()
    simple = ZeekSimpleScan()
    elastic = ElasticNetworkSweep()
    counts = [
        CountLimit(rule.name, int(rule.threshold), rule.horizon_s, tumbles=True)
        for rule in (SlipsHorizontal(), ZeekScan(), SplunkHorizontalScan(), SentinelPortSweep())
    ]
    counts += [_snort(rule) for rule in (SnortPortsweepLow(), SnortPortsweepMedium(), SnortPortsweepHigh())]
    # The lowest limit that may hold for a source: an attacker cannot know which does.
    fewest = min(simple.local_pairs, simple.local_pairs_dark, simple.remote_pairs, simple.remote_on_one_port)
    counts += [
        CountLimit(elastic.name, int(elastic.threshold), elastic.window_s),
        CountLimit(simple.name, fewest),
        CountLimit(NemeaHaddrscan.name, int(NemeaHaddrscan().threshold)),
        CountLimit(ScanNgAddress.name, int(ScanNgAddress().threshold)),
        CountLimit(ScanNgKnockKnock.name, ScanNgKnockKnock().low),
    ]
    return Limits(Walk(walk.failure_step, -walk.success_step), tuple(counts))


def evasion_round(own: Sequence[Capture], published: Sequence[Capture], seed: int) -> Round:
    """Return the round in which every evasion is played.

    Parameters
    ----------
    own
        Captures that may be trained on.
    published
        Captures of other networks. Those without attacks that are long and lively enough, and that the own do not
        replay, are the background; where there is none, it is the benign sources of the own capture that lasts longest.
    seed
        Of the campaigns.

    Raises
    ------
    ConfigError, InputError
        If the background does not show what an evasion needs.
    """
    backgrounds = [one for one in not_replayed(published, own) if _is_background(one)]
    if backgrounds:
        said = "published captures that nobody was trained on"
    else:
        backgrounds = [without_attacks(max(own, key=lambda one: one.span_s))]
        said = "benign sources that were trained on, so that recall counts here and false alerts do not"
    limits = rule_limits()
    captures = [
        evasive_capture(background, make_evasion(name), limits, seed) for background in backgrounds for name in EVASIONS
    ]
    names = ", ".join(background.name for background in backgrounds)
    arena = Arena(
        EVASION,
        captures,
        "evasions",
        f"trained on the own captures, thresholds chosen there; sweeps of our making, each in {len(EVASIONS)} ways, on "
        f"the background of {names}: {said}",
    )
    return Round(arena, tuple(own))


def _snort(rule: SnortPortsweep) -> CountLimit:
    tcp = rule.limits[int(Protocol.TCP)]
    return CountLimit(rule.name, min(tcp.rejects, tcp.scans or tcp.rejects), rule.horizon_s, tumbles=True)


def _is_background(capture: Capture) -> bool:
    if capture.episodes or capture.judged is not None or capture.span_s < _SPAN_S:
        return False
    answered = capture.connections.destination[capture.connections.outcome == Outcome.ANSWERED]
    return len(np.unique(answered)) >= _LIVE_HOSTS
