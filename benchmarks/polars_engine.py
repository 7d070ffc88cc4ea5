"""The catalogue's features in Polars."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from benchmarks.engines import ABOUT_DESTINATION, KEY, REVISIT_US, SLOT_US, TICK_US, Engine, Table, finish


def _polars_compute(frame: pl.DataFrame) -> Table:
    # Masks become columns first, gaps and top ports are sorts and joins: sums, extremes and counts of plain
    # columns are what Polars aggregates fast, three times faster than sort, filter or arg_max inside a group.
    col, key = pl.col, list(KEY)
    records = frame.lazy()
    edges = records.group_by([*key, "service", "dst"]).agg(
        *(col(name).first() for name in ABOUT_DESTINATION),
        n=pl.len(),
        best=col("outcome").min(),
        first_key=(col("at") * 8 + col("outcome")).min(),
        last=col("at").max(),
    )
    edges = edges.with_columns(first=col("first_key") // 8)
    edges = edges.with_columns(
        known=col("best") < 4,
        answered=col("best") == 0,
        failed=col("best").is_between(1, 3),
        slot=col("first") // SLOT_US,
        last_slot=col("last") // SLOT_US,
    )
    ports, destinations = _ports_of(edges), _destinations_of(edges)
    result = _polars_volume(records)
    for part in (
        _polars_edges(edges),
        _polars_gaps(edges),
        _polars_ports(ports),
        _polars_destinations(destinations),
        _polars_space(destinations),
        _polars_visits(destinations),
        _polars_services(edges),
        edges.group_by([*key, "slot"]).agg(k=pl.len()).group_by(key).agg(peak_slot=col("k").max()),
        pl.concat([edges.select(*key, "slot"), edges.select(*key, slot=col("last_slot"))])
        .unique()
        .group_by(key)
        .agg(active_slots=pl.len()),
    ):
        result = result.join(part, on=key)
    out = _polars_standing(_polars_popularity(result, destinations)).sort(key).collect()
    return finish({name: out[name].to_numpy().astype(np.float64) for name in out.columns})


def _polars_volume(records: pl.LazyFrame) -> pl.LazyFrame:
    col, key = pl.col, list(KEY)
    sized = (col("orig") >= 0) & (col("resp") >= 0)
    packeted = (col("opkts") >= 0) & (col("rpkts") >= 0)
    timed = col("duration") >= 0
    columns = records.select(
        *key,
        sized=sized,
        orig_sum=pl.when(sized).then("orig").otherwise(0),
        resp_sum=pl.when(sized).then("resp").otherwise(0),
        empty=(col("orig") == 0) & (col("resp") == 0),
        dialogue=(col("orig") > 0) & (col("resp") > 0),
        packeted=packeted,
        packets=pl.when(packeted).then(col("opkts") + col("rpkts")).otherwise(0),
        timed=timed,
        duration_sum=pl.when(timed).then("duration").otherwise(0),
    )
    return columns.group_by(key).agg(pl.len().alias("connection_count"), pl.all().sum())


def _polars_edges(edges: pl.LazyFrame) -> pl.LazyFrame:
    col, key = pl.col, list(KEY)
    columns = edges.select(
        *key,
        "known",
        "answered",
        "first",
        single=col("n") == 1,
        refused=col("best") == 1,
        blocked=col("best") == 2,
        unanswered=col("best") == 3,
        revisited=col("last") - col("first") > REVISIT_US,
    )
    summed = ("single", "known", "answered", "refused", "blocked", "unanswered", "revisited")
    return columns.group_by(key).agg(
        pl.len().alias("edge_count"), col(summed).sum(), span=col("first").max() - col("first").min()
    )


def _polars_gaps(edges: pl.LazyFrame) -> pl.LazyFrame:
    col, key = pl.col, list(KEY)
    ticks = edges.select(*key, tick=(col("first") // TICK_US).cast(pl.Int64)).sort([*key, "tick"])
    same = (col("win") == col("win").shift()) & (col("src") == col("src").shift())
    gaps = ticks.with_columns(gap=pl.when(same).then(col("tick").diff()).otherwise(0))
    squares = gaps.with_columns(square=col("gap") * col("gap"))
    return squares.group_by(key).agg(gap_sum=col("gap").sum(), gap_squares=col("square").sum())


def _ports_of(edges: pl.LazyFrame) -> pl.LazyFrame:
    col, key = pl.col, list(KEY)
    ports = edges.group_by([*key, "service"]).agg(
        d=pl.len(), top_known=col("known").sum(), top_failed=col("failed").sum()
    )
    return ports.with_columns(
        order=col("d").cast(pl.Int64) * (1 << 24) - col("service"), clogc=col("d") * col("d").log(2)
    )


def _polars_ports(ports: pl.LazyFrame) -> pl.LazyFrame:
    col, key = pl.col, list(KEY)
    rows = ports.group_by(key).agg(
        port_count=pl.len(),
        top_port_dst_count=col("d").max(),
        port_clogc=col("clogc").sum(),
        order=col("order").max(),
    )
    top = ports.select(*key, "service", "order", "top_known", "top_failed")
    others = ports.group_by("win", "service").agg(
        pl.len().alias("top_port_source_count"), col("d").sum().alias("top_port_edges")
    )
    return rows.join(top, on=[*key, "order"]).join(others, on=["win", "service"]).drop("order", "service")


def _destinations_of(edges: pl.LazyFrame) -> pl.LazyFrame:
    col, key = pl.col, list(KEY)
    destinations = edges.group_by([*key, "dst"]).agg(
        *(col(name).first() for name in ABOUT_DESTINATION),
        p=pl.len(),
        c=col("n").sum(),
        known_dst=col("known").max(),
        answered=col("answered").max(),
        first_key=col("first_key").min(),
    )
    return destinations.with_columns(
        failed_dst_count=col("known_dst") & ~col("answered"), dst_clogc=col("c") * col("c").log(2)
    )


def _polars_destinations(destinations: pl.LazyFrame) -> pl.LazyFrame:
    col, key = pl.col, list(KEY)
    summed = ("dst_clogc", "known_dst", "failed_dst_count")
    rows = destinations.group_by(key).agg(
        pl.len().alias("dst_count"),
        col("p").max().alias("top_dst_port_count"),
        col(summed).sum(),
        public_dst_count=col("public").sum(),
    )
    nets = destinations.select(*key, "net").unique().group_by(key).agg(net_count=pl.len())
    return rows.join(nets, on=key)


def _polars_space(destinations: pl.LazyFrame) -> pl.LazyFrame:
    col, key = pl.col, list(KEY)
    ordered = destinations.select(*key, "rank", "high", "low").sort([*key, "rank"])
    rows = ordered.with_columns(adjacent_dst=_is_in_row() & _is_one()).group_by(key)
    differ = rows.agg(
        col("adjacent_dst").sum(),
        high=col("high").first() ^ col("high").last(),
        low=col("low").first() ^ col("low").last(),
    )
    words = (col("low") % 2**32, col("low") // 2**32, col("high") % 2**32, col("high") // 2**32)
    return differ.select(*key, "adjacent_dst", *(word.alias(f"differ_{i}") for i, word in enumerate(words)))


def _polars_visits(destinations: pl.LazyFrame) -> pl.LazyFrame:
    col, key = pl.col, list(KEY)
    ordered = destinations.select(*key, "rank", "high", "low", "first_key", at=col("first_key") // 8)
    visits = ordered.sort([*key, "at", "rank"]).with_columns(
        inside=_is_in_row(),
        by_high=col("high") - col("high").shift(),
        by_low=col("low") - col("low").shift(),
        step=(col("first_key") % 8).replace_strict({0: -1, 1: 1, 2: 1, 3: 1, 4: 0}, return_dtype=pl.Int64),
    )
    visits = visits.with_columns(
        sequential_step=col("inside") & _is_one(),
        ascending_step=col("inside") & (col("rank") > col("rank").shift()),
        repeated_step=col("inside")
        & col("inside").shift()
        & (col("by_high") == col("by_high").shift())
        & (col("by_low") == col("by_low").shift()),
        first_failed=col("step") > 0,
        first_known=col("step") != 0,
        position=col("step").cum_sum(),
    )
    summed = ("sequential_step", "ascending_step", "repeated_step", "first_failed", "first_known")
    return visits.group_by(key).agg(
        col(summed).sum(),
        walk=col("step").sum(),
        walk_max=col("position").max() - col("position").first() + col("step").first(),
    )


def _is_in_row() -> pl.Expr:
    return (pl.col("win") == pl.col("win").shift()) & (pl.col("src") == pl.col("src").shift())


def _is_one() -> pl.Expr:
    return (pl.col("high") == pl.col("high").shift()) & (pl.col("low") - pl.col("low").shift() == 1)


def _polars_services(edges: pl.LazyFrame) -> pl.LazyFrame:
    service = ["win", "service", "dst"]
    sources = edges.group_by(service).agg(service_sources=pl.len())
    shared = edges.select(*KEY, "service", "dst").join(sources, on=service)
    return shared.group_by(list(KEY)).agg(pl.col("service_sources").sum())


def _polars_popularity(rows: pl.LazyFrame, destinations: pl.LazyFrame) -> pl.LazyFrame:
    col, key = pl.col, list(KEY)
    contacted = destinations.group_by("win", "dst").agg(
        dst_sources=pl.len(), heard_dst=col("known_dst").max(), answered=col("answered").max()
    )
    seen = destinations.select(*key, "dst").join(contacted, on=["win", "dst"])
    seen = seen.with_columns(exclusive_dst=col("dst_sources") == 1, silent_dst=col("heard_dst") & ~col("answered"))
    summed = ("dst_sources", "heard_dst", "exclusive_dst", "silent_dst")
    in_degree = contacted.select("win", src="dst", source_in_degree="dst_sources")
    rows = rows.join(seen.group_by(key).agg(col(summed).sum()), on=key)
    return rows.join(in_degree, on=key, how="left").with_columns(col("source_in_degree").fill_null(0))


def _polars_standing(rows: pl.LazyFrame) -> pl.LazyFrame:
    col = pl.col
    names = ("dst_count", "failed_dst_count", "top_port_dst_count")
    return rows.with_columns(
        source_count=pl.len().over("win"),
        dst_count_median=col("dst_count").median().over("win"),
    ).with_columns(col(name).rank("min").over("win").alias(f"{name}_rank") for name in names)


POLARS: Final = Engine("polars", pl.DataFrame, _polars_compute)
