"""What comes of a probe: what the log shows of the service, else what its network does with strangers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.graph.hosts import mix_bits
from sweepml.schema.outcome import Outcome
from sweepml.simulation.addresses import Addresses
from sweepml.simulation.portrait import Services, service_keys

_DARK_SHARE: Final = 0.6
_FULL_SHARE: Final = 0.15
"""Of the ranges that a log says nothing of, how many hold no service and how many hold nothing else. Between the two a
share is drawn. The laboratory's ranges are of all three kinds; the shares are chosen, not tuned."""

_TWO_64: Final = 2.0**64


@dataclass(frozen=True, slots=True)
class Strangers:
    """How hosts behave of which the log does not show the service that is probed.

    Attributes
    ----------
    answering_share
        Share of hosts that the log does not show at all, and that answer on the probed ports.
    refusing_share
        Of the other unseen ones the share that refuses; the rest stays silent. Where the log shows failures in their
        network, their share of refusals takes its place.
    closed_refuses
        Share of hosts that the log does show that refuse on other ports; the rest has a firewall that drops.
    """

    answering_share: float
    refusing_share: float
    closed_refuses: float


def draw_strangers(rng: np.random.Generator) -> Strangers:
    """Draw how the hosts of a range behave; see `_DARK_SHARE`."""
    kind = rng.random()
    answering = 0.0 if kind < _DARK_SHARE else 1.0 if kind > 1 - _FULL_SHARE else float(rng.uniform(0.02, 0.98))
    # A network drops or rejects as a whole more often than it mixes.
    refusing = float(rng.choice([0.0, rng.uniform(0, 0.5), 1.0], p=[0.55, 0.3, 0.15]))
    return Strangers(answering, refusing, float(rng.choice([1.0, 0.5, 0.0], p=[0.5, 0.3, 0.2])))


class Answers:
    """Knows the services that a log shows.

    Parameters
    ----------
    services
        All that were contacted.
    """

    def __init__(self, services: Services) -> None:
        keys = service_keys(services.hosts, services.service)
        order = np.argsort(keys)
        self._keys, self._outcomes = keys[order], services.outcomes[order]
        self._alive_hosts = np.unique(services.hosts.hash64[services.alive])
        refused = (services.outcomes & (1 << Outcome.REFUSED)) > 0
        failed = ~services.alive & (refused | ((services.outcomes & (1 << Outcome.UNANSWERED)) > 0))
        # A /24 (or /64) as a whole drops or rejects: what the log shows of it holds for its other hosts.
        networks = services.hosts.take(failed).networks.hash64
        self._networks, place, count = np.unique(networks, return_inverse=True, return_counts=True)
        self._network_refuses = np.bincount(place, weights=refused[failed], minlength=len(count)) / count

    def to(self, targets: Addresses, service: NDArray[np.uint32], strangers: Strangers, salt: int) -> NDArray[np.uint8]:
        """Return the outcome of probes, uint8, shape (n,); the same probe gets the same answer.

        A service that answered in the log answers, one that only refused refuses, one that only stayed silent stays
        silent. A host that answers on other ports refuses or drops; of hosts that the log does not show `strangers`
        decides by a hash of the address and `salt`.
        """
        chance = mix_bits(targets.hash64 ^ mix_bits(np.array([salt % (1 << 64)], np.uint64))) / _TWO_64
        spread = mix_bits(targets.hash64 + np.uint64(salt % (1 << 63))) / _TWO_64
        alive = _member(targets.hash64, self._alive_hosts)
        outcome = np.where(spread < self._refusing(targets, strangers), Outcome.REFUSED, Outcome.UNANSWERED)
        outcome = np.where(chance < strangers.answering_share, Outcome.ANSWERED, outcome)
        closed = np.where(chance < strangers.closed_refuses, Outcome.REFUSED, Outcome.UNANSWERED)
        outcome = np.where(alive, closed, outcome)
        if not len(self._keys):
            return outcome.astype(np.uint8)
        keys = service_keys(targets, service)
        place = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        bits = np.where(self._keys[place] == keys, self._outcomes[place], 0)
        # In the order of precedence: a service that answered once is an answering service.
        known = [(bits >> code) & 1 == 1 for code in (Outcome.ANSWERED, Outcome.REFUSED, Outcome.UNANSWERED)]
        return np.select(known, [Outcome.ANSWERED, Outcome.REFUSED, Outcome.UNANSWERED], outcome).astype(np.uint8)

    def _refusing(self, targets: Addresses, strangers: Strangers) -> NDArray[np.float64]:
        """Return how likely each target refuses if nothing is known of the host itself, shape (n,)."""
        networks = targets.networks.hash64
        shown = _member(networks, self._networks)
        share = np.full(len(targets), strangers.refusing_share)
        share[shown] = self._network_refuses[np.searchsorted(self._networks, networks[shown])]
        return share


def _member(values: NDArray[np.uint64], among: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Return which values occur in a sorted array."""
    if not len(among):
        return np.zeros(len(values), bool)
    return among[np.minimum(np.searchsorted(among, values), len(among) - 1)] == values
