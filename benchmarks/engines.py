"""What the engines that the kernel is compared with have in common: what they get, and what they are asked for.

They get what the kernel gets: records with host codes, and what is known of a destination by itself (its address, its
place in the order of addresses, its network, whether it is public) as ready columns, which spares them the join.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from benchmarks.traffic import EPOCH_US, WINDOW_US, Traffic
from sweepml.features.relative import MIN_SOURCES
from sweepml.graph.hosts import HostKind
from sweepml.graph.windows import US_PER_S

KEY: Final = ("win", "src")
LENGTH_S: Final = WINDOW_US / US_PER_S
SLOT_US: Final = WINDOW_US // 60
TICK_US: Final = 64
REVISIT_US: Final = 10 * US_PER_S
ABOUT_DESTINATION: Final = ("rank", "high", "low", "net", "public")
"""Columns of `as_columns` that are the same in all records of a destination."""

Table = dict[str, np.ndarray]
"""Column name -> array of one row per (window, source), sorted by both; `win` and `src` among them."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A way to compute the features: `prepare` loads records, untimed, `compute` is what is measured."""

    name: str
    prepare: Callable[[dict[str, np.ndarray]], Any]
    compute: Callable[[Any], Table]


def as_columns(traffic: Traffic, rows: int | None = None) -> dict[str, np.ndarray]:
    """Return the records as the plain columns that all engines load; sizes -1 where missing."""
    c = traffic.connections.take(slice(0, rows))
    rank = traffic.hosts.rank
    net = traffic.hosts.net[rank]
    offset = c.ts_us - EPOCH_US
    return {
        "win": (offset // WINDOW_US).astype(np.int32),
        "at": (offset % WINDOW_US).astype(np.int32),
        "src": c.source,
        "dst": c.destination,
        "rank": rank[c.destination],
        # As signed integers, which all engines subtract; the made-up addresses have no topmost bits.
        "high": traffic.hosts.high_by_rank.view(np.int64)[rank][c.destination],
        "low": traffic.hosts.low_by_rank.view(np.int64)[rank][c.destination],
        "net": net[c.destination],
        "public": (traffic.hosts.kind == HostKind.PUBLIC)[c.destination],
        "service": c.service.astype(np.int32),
        "outcome": c.outcome,
        "duration": c.duration_us,
        "orig": c.orig_bytes,
        "resp": c.resp_bytes,
        "opkts": c.orig_packets,
        "rpkts": c.resp_packets,
    }


def finish(table: Table) -> Table:
    """Add the columns that are arithmetic on others, which no engine takes long over."""
    t = dict(table)
    with np.errstate(divide="ignore", invalid="ignore"):
        t["top_port_dst_ratio"] = t["top_port_dst_count"] / t["dst_count"]
        t["fan_ratio"] = t["top_port_dst_count"] / (t["top_port_dst_count"] + t["top_dst_port_count"])
        t["dst_per_port_mean"] = t["edge_count"] / t["port_count"]
        t["port_entropy_bits"] = np.log2(t["edge_count"]) - t.pop("port_clogc") / t["edge_count"]
        entropy = np.log2(t["connection_count"]) - t.pop("dst_clogc") / t["connection_count"]
        t["dst_evenness_ratio"] = np.where(t["dst_count"] > 1, entropy / np.log2(t["dst_count"]), 1.0)
        t["connections_per_edge"] = t["connection_count"] / t["edge_count"]
        t["single_contact_ratio"] = t.pop("single") / t["edge_count"]
        known = t.pop("known")
        for name in ("answered", "refused", "blocked", "unanswered"):
            t[f"{name}_ratio"] = t.pop(name) / known
        t["failed_dst_ratio"] = t["failed_dst_count"] / t.pop("known_dst")
        t["top_port_failed_ratio"] = t.pop("top_failed") / t.pop("top_known")
        t["internal_dst_count"] = t["dst_count"] - t["public_dst_count"]
        t["public_dst_ratio"] = t["public_dst_count"] / t["dst_count"]
        t["dst_per_net_mean"] = t["dst_count"] / t["net_count"]
        t["window_length_s"] = np.full(len(known), LENGTH_S)
        t["first_contact_rate_hz"] = t["edge_count"] / LENGTH_S
        t["first_contact_span_ratio"] = t.pop("span") / WINDOW_US
        t["gap_burstiness"] = _burstiness(t["edge_count"], t.pop("gap_squares"), t.pop("gap_sum"))
        t["revisited_ratio"] = t.pop("revisited") / t["edge_count"]
        t["active_slot_ratio"] = t.pop("active_slots") / 60
        t["peak_slot_ratio"] = t.pop("peak_slot") / t["edge_count"]
        sized, packeted, timed = t.pop("sized"), t.pop("packeted"), t.pop("timed")
        t["orig_bytes_mean"] = t.pop("orig_sum") / sized
        t["resp_bytes_mean"] = t.pop("resp_sum") / sized
        t["empty_ratio"] = t.pop("empty") / sized
        t["dialogue_ratio"] = t.pop("dialogue") / sized
        t["packets_mean"] = t.pop("packets") / packeted
        t["duration_mean_s"] = t.pop("duration_sum") / timed / US_PER_S
        _finish_order(t)
        _finish_walk(t)
        _finish_others(t)
    return t


def _finish_order(t: Table) -> None:
    steps = t["dst_count"] - 1
    # What differs between the lowest and the highest address, as four words of 32 bits.
    words = [t.pop(name) for name in ("differ_0", "differ_1", "differ_2", "differ_3")]
    lengths = [np.where(word > 0, np.frexp(word)[1] + 32 * i, 0) for i, word in enumerate(words)]
    t["cidr_host_bits"] = np.max(lengths, axis=0).astype(np.float64)
    t["cidr_fill_ratio"] = t["dst_count"] * np.exp2(-t["cidr_host_bits"])
    for name in ("adjacent_dst", "sequential_step", "ascending_step"):
        t[f"{name}_ratio"] = t.pop(name) / steps
    t["repeated_step_ratio"] = np.where(steps > 1, t.pop("repeated_step") / (steps - 1), np.nan)


def _finish_walk(t: Table) -> None:
    t["walk_nats"] = t.pop("walk") * np.log(4)
    t["walk_max_nats"] = np.maximum(t.pop("walk_max"), 0) * np.log(4)
    t["first_failed_ratio"] = t.pop("first_failed") / t.pop("first_known")


def _finish_others(t: Table) -> None:
    sources, source_count = t.pop("dst_sources"), t.pop("source_count")
    t["dst_popularity_mean"] = sources / t["dst_count"]
    t["exclusive_dst_ratio"] = t.pop("exclusive_dst") / t["dst_count"]
    t["silent_dst_ratio"] = t.pop("silent_dst") / t.pop("heard_dst")
    t["service_popularity_mean"] = t.pop("service_sources") / t["edge_count"]
    t["top_port_edge_share"] = t["top_port_dst_count"] / t.pop("top_port_edges")
    for name in (
        "dst_popularity_mean",
        "exclusive_dst_ratio",
        "service_popularity_mean",
        "source_in_degree",
        "top_port_source_count",
        "top_port_edge_share",
    ):
        t[name] = np.where(source_count < 2, np.nan, t[name])
    few = source_count < MIN_SOURCES
    t["dst_count_median_ratio"] = np.where(few, np.nan, t["dst_count"] / t.pop("dst_count_median"))
    for name in ("dst_count", "failed_dst_count", "top_port_dst_count"):
        smaller = t.pop(f"{name}_rank") - 1
        t[f"{name}_rank_ratio"] = np.where(few, np.nan, smaller / (source_count - 1))


def _burstiness(edges: np.ndarray, squares: np.ndarray, total: np.ndarray) -> np.ndarray:
    variation = np.sqrt(np.maximum((edges - 1) * squares / np.square(total, dtype=np.float64) - 1, 0))
    out = np.where(total > 0, (variation - 1) / (variation + 1), 0.0)
    return np.where(edges < 3, np.nan, out)
