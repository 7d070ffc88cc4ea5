"""Mirai-like bots: random addresses of the whole Internet, Telnet ports, bursts at whole seconds."""

from __future__ import annotations

import ipaddress
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.schema.connection import Protocol, pack_service
from sweepml.simulation.addresses import Addresses
from sweepml.simulation.scanners.base import Assignment, Pairs, Scanner, Schedule
from sweepml.simulation.scanners.worm import random_hosts

_EXCLUDED: Final = tuple(
    ipaddress.ip_network(cidr)
    for cidr in (
        "3.0.0.0/8",  # General Electric
        "15.0.0.0/8",  # Hewlett-Packard, with the next
        "16.0.0.0/8",
        "56.0.0.0/8",  # US Postal Service
        "10.0.0.0/8",
        "192.168.0.0/16",
        "172.16.0.0/12",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "198.18.0.0/15",
        *(f"{octet}.0.0.0/8" for octet in (6, 7, 11, 21, 22, 26, 28, 29, 30, 33, 55, 214, 215)),  # US DoD
    )
)
"""Networks that Mirai leaves out, besides those that no host has (Antonakakis et al. 2017, and its published code)."""

_TELNET: Final = np.array([pack_service(Protocol.TCP, 23), pack_service(Protocol.TCP, 2323)], np.uint32)
_TELNET_SHARES: Final = (0.9, 0.1)
"""One probe in ten goes to 2323."""


class Mirai(Scanner):
    """Sends a burst of SYNs at the beginning of each second, up to 160, and never retries."""

    name = "mirai"
    rates_hz = (0.5, 160.0)
    own_targets = True
    ipv4_only = True
    ports = (23, 2323)

    def order(self, assignment: Assignment, rng: np.random.Generator) -> Pairs:
        """Return random public addresses, nine in ten on port 23."""
        drawn = random_hosts(assignment.count, rng)
        while (left_out := _is_excluded(drawn)).any():
            drawn[left_out] = random_hosts(int(left_out.sum()), rng)
        return Pairs(Addresses.from_ipv4(drawn), rng.choice(_TELNET, len(drawn), p=_TELNET_SHARES))

    def schedule(self, outcome: NDArray[np.uint8], rate_hz: float, rng: np.random.Generator) -> Schedule:
        """Return bursts with pauses between them; a pace below one a second is one probe at a time."""
        count = len(outcome)
        burst = max(1, round(rate_hz))
        # A burst leaves at the line's speed; about 50 us a packet on a small device (chosen, not tuned).
        period_s = burst / rate_hz
        offset_s = np.arange(count) // burst * period_s + np.arange(count) % burst * 50e-6
        return Schedule(offset_s + rng.uniform(0, 20e-6, count), np.arange(count))


def _is_excluded(values: NDArray[np.int64]) -> NDArray[np.bool_]:
    excluded = np.zeros(len(values), bool)
    for network in _EXCLUDED:
        excluded |= (values & int(network.netmask)) == int(network.network_address)
    return excluded
