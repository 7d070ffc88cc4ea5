"""The catalogue's features in Polars, DuckDB and pandas, each in its own idiom, to compare the kernel with.

They get what the kernel gets: records with host codes, and what is known of a destination by itself (its
network and whether it is public) as ready columns, which spares them the join.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

from benchmarks.traffic import EPOCH_US, WINDOW_US, Traffic
from sweepml.graph.hosts import HostKind
from sweepml.graph.windows import US_PER_S

KEY: Final = ("win", "src")
LENGTH_S: Final = WINDOW_US / US_PER_S
SLOT_US: Final = WINDOW_US // 60
TICK_US: Final = 64
REVISIT_US: Final = 10 * US_PER_S

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
    net = traffic.hosts.net[traffic.hosts.rank]
    offset = c.ts_us - EPOCH_US
    return {
        "win": (offset // WINDOW_US).astype(np.int32),
        "at": (offset % WINDOW_US).astype(np.int32),
        "src": c.source,
        "dst": c.destination,
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
    return t


def _burstiness(edges: np.ndarray, squares: np.ndarray, total: np.ndarray) -> np.ndarray:
    variation = np.sqrt(np.maximum((edges - 1) * squares / np.square(total, dtype=np.float64) - 1, 0))
    out = np.where(total > 0, (variation - 1) / (variation + 1), 0.0)
    return np.where(edges < 3, np.nan, out)


# -------------------- Polars --------------------


def _polars_compute(frame: pl.DataFrame) -> Table:
    # Masks become columns first, gaps and top ports are sorts and joins: sums, extremes and counts of plain
    # columns are what Polars aggregates fast, three times faster than sort, filter or arg_max inside a group.
    col, key = pl.col, list(KEY)
    records = frame.lazy()
    edges = records.group_by([*key, "service", "dst"]).agg(
        n=pl.len(),
        best=col("outcome").min(),
        first=col("at").min(),
        last=col("at").max(),
        net=col("net").first(),
        public=col("public").first(),
    )
    edges = edges.with_columns(
        known=col("best") < 4,
        answered=col("best") == 0,
        failed=col("best").is_between(1, 3),
        slot=col("first") // SLOT_US,
        last_slot=col("last") // SLOT_US,
    )
    result = _polars_volume(records)
    for part in (
        _polars_edges(edges),
        _polars_gaps(edges),
        _polars_ports(edges),
        _polars_destinations(edges),
        edges.group_by([*key, "slot"]).agg(k=pl.len()).group_by(key).agg(peak_slot=col("k").max()),
        pl.concat([edges.select(*key, "slot"), edges.select(*key, slot=col("last_slot"))])
        .unique()
        .group_by(key)
        .agg(active_slots=pl.len()),
    ):
        result = result.join(part, on=key)
    out = result.sort(key).collect()
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


def _polars_ports(edges: pl.LazyFrame) -> pl.LazyFrame:
    col, key = pl.col, list(KEY)
    ports = edges.group_by([*key, "service"]).agg(
        d=pl.len(), top_known=col("known").sum(), top_failed=col("failed").sum()
    )
    ports = ports.with_columns(
        order=col("d").cast(pl.Int64) * (1 << 24) - col("service"), clogc=col("d") * col("d").log(2)
    )
    rows = ports.group_by(key).agg(
        port_count=pl.len(),
        top_port_dst_count=col("d").max(),
        port_clogc=col("clogc").sum(),
        order=col("order").max(),
    )
    top = ports.select(*key, "order", "top_known", "top_failed")
    return rows.join(top, on=[*key, "order"]).drop("order")


def _polars_destinations(edges: pl.LazyFrame) -> pl.LazyFrame:
    col, key = pl.col, list(KEY)
    destinations = edges.group_by([*key, "dst"]).agg(
        p=pl.len(),
        c=col("n").sum(),
        known_dst=col("known").max(),
        answered=col("answered").max(),
        net=col("net").first(),
        public_dst_count=col("public").first(),
    )
    destinations = destinations.with_columns(
        failed_dst_count=col("known_dst") & ~col("answered"), dst_clogc=col("c") * col("c").log(2)
    )
    summed = ("dst_clogc", "known_dst", "failed_dst_count", "public_dst_count")
    rows = destinations.group_by(key).agg(
        pl.len().alias("dst_count"), col("p").max().alias("top_dst_port_count"), col(summed).sum()
    )
    nets = destinations.select(*key, "net").unique().group_by(key).agg(net_count=pl.len())
    return rows.join(nets, on=key)


# -------------------- DuckDB --------------------

_SQL = f"""
with volume as (
  select win, src, count(*) connection_count,
    count(*) filter (orig >= 0 and resp >= 0) sized,
    sum(orig) filter (orig >= 0 and resp >= 0) orig_sum, sum(resp) filter (orig >= 0 and resp >= 0) resp_sum,
    count(*) filter (orig = 0 and resp = 0) empty, count(*) filter (orig > 0 and resp > 0) dialogue,
    count(*) filter (opkts >= 0 and rpkts >= 0) packeted,
    sum(opkts + rpkts) filter (opkts >= 0 and rpkts >= 0) packets,
    count(*) filter (duration >= 0) timed, sum(duration) filter (duration >= 0) duration_sum
  from records group by win, src),
edges as materialized (
  select win, src, service, dst, count(*) n, min(outcome) best, min("at") "first", max("at") "last",
    any_value(net) net, any_value(public) public
  from records group by win, src, service, dst),
per_edge as (
  select win, src, count(*) edge_count, count(*) filter (n = 1) single, count(*) filter (best < 4) known,
    count(*) filter (best = 0) answered, count(*) filter (best = 1) refused,
    count(*) filter (best = 2) blocked,
    count(*) filter (best = 3) unanswered, max("first") - min("first") span,
    count(*) filter ("last" - "first" > {REVISIT_US}) revisited
  from edges group by win, src),
gaps as (
  select win, src, sum(gap::bigint * gap) gap_squares, sum(gap) gap_sum from (
    select win, src, "first" // {TICK_US} - lag("first" // {TICK_US}, 1, "first" // {TICK_US})
      over (partition by win, src order by "first") gap from edges)
  group by win, src),
ports as (
  select win, src, service, count(*) d, count(*) filter (best < 4) known,
    count(*) filter (best between 1 and 3) failed
  from edges group by win, src, service),
per_port as (
  select win, src, count(*) port_count, max(d) top_port_dst_count, sum(d * log2(d)) port_clogc,
    arg_max(known, d * 16777216 - service) top_known, arg_max(failed, d * 16777216 - service) top_failed
  from ports group by win, src),
destinations as (
  select win, src, dst, count(*) p, sum(n) c, bool_or(best < 4) known, bool_or(best = 0) answered,
    any_value(net) net, any_value(public) public
  from edges group by win, src, dst),
per_destination as (
  select win, src, count(*) dst_count, max(p) top_dst_port_count, sum(c * log2(c)) dst_clogc,
    count(*) filter (known) known_dst, count(*) filter (known and not answered) failed_dst_count,
    count(distinct net) net_count, count(*) filter (public) public_dst_count
  from destinations group by win, src),
peak as (
  select win, src, max(k) peak_slot from (
    select win, src, "first" // {SLOT_US} slot, count(*) k from edges group by win, src, slot)
  group by win, src),
active as (
  select win, src,
    bit_count(bit_or((1::bigint << ("first" // {SLOT_US})) | (1::bigint << ("last" // {SLOT_US}))))
    active_slots
  from edges group by win, src)
select * from volume join per_edge using (win, src) join gaps using (win, src) join per_port using (win, src)
  join per_destination using (win, src) join peak using (win, src) join active using (win, src)
order by win, src
"""


def _duckdb_prepare(threads: int | None) -> Callable[[dict[str, np.ndarray]], duckdb.DuckDBPyConnection]:
    def prepare(columns: dict[str, np.ndarray]) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(config={} if threads is None else {"threads": threads})
        connection.register("arrow_records", pa.table(columns))
        connection.execute("create table records as select * from arrow_records")
        return connection

    return prepare


def _duckdb_compute(connection: duckdb.DuckDBPyConnection) -> Table:
    out = connection.execute(_SQL).fetchnumpy()
    return finish({name: np.ma.filled(np.ma.asarray(v).astype(np.float64), 0.0) for name, v in out.items()})


# -------------------- pandas --------------------


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
        frame.groupby([*key, "service", "dst"])
        .agg(
            n=("at", "size"),
            best=("outcome", "min"),
            first=("at", "min"),
            last=("at", "max"),
            net=("net", "first"),
            public=("public", "first"),
        )
        .reset_index()
    )
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
    top = ports.sort_values("d", ascending=False, kind="stable").groupby(key).head(1).droplevel("service")
    per_port["top_known"], per_port["top_failed"] = top.known, top.failed
    destinations = (
        edges.assign(answered=edges.best == 0)
        .groupby([*key, "dst"])
        .agg(
            p=("n", "size"),
            c=("n", "sum"),
            known_dst=("known", "max"),
            answered=("answered", "max"),
            net=("net", "first"),
            public_dst_count=("public", "first"),
        )
    )
    destinations["failed_dst_count"] = destinations.known_dst & ~destinations.answered
    destinations["dst_clogc"] = destinations.c * np.log2(destinations.c)
    by_row = destinations.groupby(key)
    per_destination = by_row[["known_dst", "failed_dst_count", "dst_clogc", "public_dst_count"]].sum()
    per_destination["dst_count"] = by_row.size()
    per_destination["top_dst_port_count"] = by_row.p.max()
    per_destination["net_count"] = by_row.net.nunique()
    slots = edges[key].assign(slot=edges["first"] // SLOT_US)
    peak = slots.groupby([*key, "slot"]).size().groupby(key).max().rename("peak_slot")
    both = pd.concat([slots, edges[key].assign(slot=edges["last"] // SLOT_US)])
    active = both.drop_duplicates().groupby(key).size().rename("active_slots")
    out = volume.join([per_edge, per_port, per_destination, peak, active]).reset_index()
    return finish({name: out[name].to_numpy(np.float64) for name in out.columns})


POLARS: Final = Engine("polars", pl.DataFrame, _polars_compute)
DUCKDB: Final = Engine("duckdb", _duckdb_prepare(None), _duckdb_compute)
DUCKDB_1: Final = Engine("duckdb, 1 thread", _duckdb_prepare(1), _duckdb_compute)
PANDAS: Final = Engine("pandas", pd.DataFrame, _pandas_compute)
