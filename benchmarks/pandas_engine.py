"""The catalogue's features in pandas."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from benchmarks.engines import ABOUT_DESTINATION, KEY, REVISIT_US, SLOT_US, TICK_US, Engine, Table, finish


def _pandas_compute(frame: pd.DataFrame) -> Table:
    key = list(KEY)
    sized = (frame.orig >= 0) & (frame.resp >= 0)
    packeted = (frame.opkts >= 0) & (frame.rpkts >= 0)
    timed = frame.duration >= 0
    volume = (
        frame[key]
        .assign(
            connection_count=1,
            sized=sized,
            orig_sum=frame.orig.where(sized, 0),
            resp_sum=frame.resp.where(sized, 0),
            empty=sized & (frame.orig == 0) & (frame.resp == 0),
            dialogue=(frame.orig > 0) & (frame.resp > 0),
            packeted=packeted,
            packets=(frame.opkts + frame.rpkts).where(packeted, 0),
            timed=timed,
            duration_sum=frame.duration.where(timed, 0),
        )
        .groupby(key)
        .sum()
    )
    edges = (
        frame.assign(first_key=frame["at"] * 8 + frame.outcome)
        .groupby([*key, "service", "dst"])
        .agg(
            n=("at", "size"),
            best=("outcome", "min"),
            first_key=("first_key", "min"),
            last=("at", "max"),
            **{name: (name, "first") for name in ABOUT_DESTINATION},
        )
        .reset_index()
    )
    edges["first"] = edges.first_key // 8
    edges["known"], edges["failed"] = edges.best < 4, edges.best.between(1, 3)
    by_time = edges.sort_values([*key, "first"])
    by_time["tick"] = by_time["first"] // TICK_US
    gap = by_time.groupby(key).tick.diff().fillna(0).astype(np.int64)
    per_edge = (
        edges[[*key, "known"]]
        .assign(
            edge_count=1,
            single=edges.n == 1,
            answered=edges.best == 0,
            refused=edges.best == 1,
            blocked=edges.best == 2,
            unanswered=edges.best == 3,
            revisited=edges["last"] - edges["first"] > REVISIT_US,
            gap_sum=gap,
            gap_squares=gap * gap,
        )
        .groupby(key)
        .sum()
    )
    first = edges.groupby(key)["first"]
    per_edge["span"] = first.max() - first.min()
    ports = edges.groupby([*key, "service"]).agg(d=("n", "size"), known=("known", "sum"), failed=("failed", "sum"))
    ports["clogc"] = ports.d * np.log2(ports.d)
    per_port = ports.groupby(key).agg(
        port_count=("d", "size"), top_port_dst_count=("d", "max"), port_clogc=("clogc", "sum")
    )
    top = ports.sort_values("d", ascending=False, kind="stable").groupby(key).head(1).reset_index("service")
    on_port = ports.groupby(["win", "service"]).agg(top_port_source_count=("d", "size"), top_port_edges=("d", "sum"))
    top = top.reset_index().merge(on_port.reset_index(), on=["win", "service"]).set_index(key)
    per_port["top_known"], per_port["top_failed"] = top.known, top.failed
    per_port["top_port_source_count"], per_port["top_port_edges"] = top.top_port_source_count, top.top_port_edges
    destinations = (
        edges.assign(answered=edges.best == 0)
        .groupby([*key, "dst"])
        .agg(
            p=("n", "size"),
            c=("n", "sum"),
            known_dst=("known", "max"),
            answered=("answered", "max"),
            first_key=("first_key", "min"),
            **{name: (name, "first") for name in ABOUT_DESTINATION},
        )
    )
    destinations["failed_dst_count"] = destinations.known_dst & ~destinations.answered
    destinations["dst_clogc"] = destinations.c * np.log2(destinations.c)
    by_row = destinations.groupby(key)
    per_destination = by_row[["known_dst", "failed_dst_count", "dst_clogc"]].sum()
    per_destination["public_dst_count"] = by_row.public.sum()
    per_destination["dst_count"] = by_row.size()
    per_destination["top_dst_port_count"] = by_row.p.max()
    per_destination["net_count"] = by_row.net.nunique()
    slots = edges[key].assign(slot=edges["first"] // SLOT_US)
    peak = slots.groupby([*key, "slot"]).size().groupby(key).max().rename("peak_slot")
    both = pd.concat([slots, edges[key].assign(slot=edges["last"] // SLOT_US)])
    active = both.drop_duplicates().groupby(key).size().rename("active_slots")
    by_dst = destinations.reset_index()
    parts = [per_edge, per_port, per_destination, peak, active, _space(by_dst), _visits(by_dst), _services(edges)]
    out = _standing(_popularity(volume.join(parts), by_dst).reset_index())
    return finish({name: out[name].to_numpy(np.float64) for name in out.columns})


def _space(destinations: pd.DataFrame) -> pd.DataFrame:
    key = list(KEY)
    ordered = destinations.sort_values([*key, "rank"])
    by_row = ordered.groupby(key)
    ordered["adjacent_dst"] = (by_row.high.diff() == 0) & (by_row.low.diff() == 1)
    out = by_row[["adjacent_dst"]].sum()
    high, low = (by_row[name].first() ^ by_row[name].last() for name in ("high", "low"))
    words = (low % 2**32, low // 2**32, high % 2**32, high // 2**32)
    return out.assign(**{f"differ_{i}": word for i, word in enumerate(words)})


def _visits(destinations: pd.DataFrame) -> pd.DataFrame:
    key = list(KEY)
    visits = destinations.assign(at=destinations.first_key // 8).sort_values([*key, "at", "rank"])
    visits["step"] = np.array([-1, 1, 1, 1, 0])[visits.first_key % 8]
    inside = visits.groupby(key).cumcount() > 0
    by_high, by_low = visits.high - visits.high.shift(fill_value=0), visits.low - visits.low.shift(fill_value=0)
    again = (by_high == by_high.shift()) & (by_low == by_low.shift())
    visits["position"] = visits.groupby(key).step.cumsum()
    by_row = visits.assign(
        sequential_step=inside & (by_high == 0) & (by_low == 1),
        ascending_step=inside & (visits["rank"] > visits["rank"].shift()),
        repeated_step=inside & inside.shift(fill_value=False) & again,
        first_failed=visits.step > 0,
        first_known=visits.step != 0,
    ).groupby(key)
    summed = ["sequential_step", "ascending_step", "repeated_step", "first_failed", "first_known"]
    return by_row[summed].sum().assign(walk=by_row.step.sum(), walk_max=by_row.position.max())


def _services(edges: pd.DataFrame) -> pd.Series:
    sources = edges.groupby(["win", "service", "dst"]).n.transform("size")
    return edges[list(KEY)].assign(service_sources=sources).groupby(list(KEY)).service_sources.sum()


def _popularity(rows: pd.DataFrame, destinations: pd.DataFrame) -> pd.DataFrame:
    key = list(KEY)
    contacts = destinations.groupby(["win", "dst"])
    heard, answered = contacts.known_dst.transform("max"), contacts.answered.transform("max")
    sources = contacts.p.transform("size")
    seen = destinations[key].assign(
        dst_sources=sources, exclusive_dst=sources == 1, heard_dst=heard, silent_dst=heard & ~answered
    )
    in_degree = contacts.size().rename("source_in_degree").rename_axis(key)
    rows = rows.join(seen.groupby(key).sum()).join(in_degree)
    return rows.fillna({"source_in_degree": 0})


def _standing(rows: pd.DataFrame) -> pd.DataFrame:
    by_window = rows.groupby("win")
    names = ("dst_count", "failed_dst_count", "top_port_dst_count")
    return rows.assign(
        source_count=by_window.src.transform("size"),
        dst_count_median=by_window.dst_count.transform("median"),
        **{f"{name}_rank": by_window[name].rank(method="min") for name in names},
    )


PANDAS: Final = Engine("pandas", pd.DataFrame, _pandas_compute)
