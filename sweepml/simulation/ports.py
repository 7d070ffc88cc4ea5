"""Ports under other numbers: whoever goes by "445 is an attack" does not find his way there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sweepml.datasets.capture import Capture
from sweepml.graph.connections import Connections
from sweepml.schema.connection import Protocol


def permute_ports(connections: Connections, seed: int) -> Connections:
    """Return the connections with each TCP and UDP port under another number, the same one wherever it occurs.

    Parameters
    ----------
    connections
        Not changed. ICMP types stay, since they say whether a record is a contact at all.
    seed
        Of the permutation, a bijection of 0 to 65535.
    """
    number = np.random.default_rng(seed).permutation(1 << 16).astype(np.uint32)
    protocol, port = connections.service >> np.uint32(16), connections.service & np.uint32(0xFFFF)
    has_port = np.isin(protocol, (Protocol.TCP, Protocol.UDP))
    service = protocol << np.uint32(16) | np.where(has_port, number.take(port), port)
    return replace(connections, service=service.astype(np.uint32))


def with_permuted_ports(capture: Capture, seed: int) -> Capture:
    """Return a capture with other port numbers, under the name ``<name>~ports``; its episodes name no ports."""
    return replace(
        capture,
        name=f"{capture.name}~ports",
        connections=permute_ports(capture.connections, seed),
        episodes=tuple(replace(episode, ports=()) for episode in capture.episodes),
    )
