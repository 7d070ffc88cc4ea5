"""What the episodes file says of a sweep that was played: told from its records, as one would of a capture."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final

import numpy as np

from sweepml.datasets.capture import Episode
from sweepml.graph.hosts import HostKind, InternalNetworks
from sweepml.schema.outcome import Outcome
from sweepml.simulation.addresses import Addresses
from sweepml.simulation.portrait import service_keys
from sweepml.simulation.records import Records

_MOST_HOSTS: Final = 64
"""So many targets are listed one by one."""
_MOST_NETWORKS: Final = 512
"""A list longer than this helps nobody; the episode then has any targets."""


@dataclass(frozen=True, slots=True)
class SweepFacts:
    """What records do not say of a sweep.

    Attributes
    ----------
    episode_id, tool, note
        As the episodes file has them.
    names_targets
        Whether the targets' networks tell its records from others; those of a worm lie anywhere.
    """

    episode_id: str
    tool: str
    note: str
    names_targets: bool


def episode_of(records: Records, facts: SweepFacts, internal: InternalNetworks) -> Episode:
    """Return the episode of one source's records, at least one, in time order."""
    pairs = service_keys(records.dst, records.service)
    pair_count = len(np.unique(pairs))
    open_count = len(np.unique(pairs[records.outcome == Outcome.ANSWERED]))
    seconds = max(1e-6, (records.ts_us[-1] - records.ts_us[0]) / 1e6)
    internal_share = float(np.mean(internal.classify(records.dst.high, records.dst.low) == HostKind.INTERNAL))
    services = np.unique(records.service)
    return Episode(
        episode_id=facts.episode_id,
        source=records.src.take(slice(0, 1)).texts()[0],
        start_us=int(records.ts_us[0]),
        end_us=int(records.ts_us[-1]),
        kind="sweep",
        protocols=tuple(np.unique(services >> 16).tolist()),
        ports=tuple((port, port) for port in np.unique(services & 0xFFFF).tolist()),
        targets=covering_networks(records.dst) if facts.names_targets else (),
        attributes={
            "target_scope": {0.0: "public", 1.0: "internal"}.get(internal_share, "mixed"),
            "tool": facts.tool,
            "probes_sent": str(len(records)),
            "note": facts.note,
            "targets_probed": str(len(np.unique(records.dst.hash64))),
            "pairs_probed": str(pair_count),
            "pairs_open": str(open_count),
            "probe_rate_per_s": f"{len(records) / seconds:.6g}",
            "new_pair_rate_per_s": f"{pair_count / seconds:.6g}",
        },
    )


def covering_networks(targets: Addresses) -> tuple[str, ...]:
    """Return networks that hold all targets: hosts where they are few, else /24 (IPv4) and /64 (IPv6), joined.

    Empty, which means any, where it would take more than 512 networks.
    """
    texts = targets.to_arrow().dictionary.to_pylist()
    if len(texts) > _MOST_HOSTS:
        texts = [f"{text}/{64 if ':' in text else 24}" for text in texts]
    networks = {ipaddress.ip_network(text, strict=False) for text in texts}
    joined = [
        *ipaddress.collapse_addresses(one for one in networks if isinstance(one, ipaddress.IPv4Network)),
        *ipaddress.collapse_addresses(one for one in networks if isinstance(one, ipaddress.IPv6Network)),
    ]
    return tuple(map(str, joined)) if len(joined) <= _MOST_NETWORKS else ()
