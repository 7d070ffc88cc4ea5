"""The catalogue's features in DuckDB."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import duckdb
import numpy as np
import pyarrow as pa

from benchmarks.engines import ABOUT_DESTINATION, REVISIT_US, SLOT_US, TICK_US, Engine, Table, finish

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
  select *, first_key // 8 "first" from (
    select win, src, service, dst, count(*) n, min(outcome) best, min("at" * 8 + outcome) first_key, max("at") "last",
      {", ".join(f"any_value({name}) {name}" for name in ABOUT_DESTINATION)}
    from records group by win, src, service, dst)),
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
ports as materialized (
  select win, src, service, count(*) d, count(*) filter (best < 4) known,
    count(*) filter (best between 1 and 3) failed
  from edges group by win, src, service),
per_port as (
  select win, src, count(*) port_count, max(d) top_port_dst_count, sum(d * log2(d)) port_clogc,
    arg_max(known, d * 16777216 - service) top_known, arg_max(failed, d * 16777216 - service) top_failed,
    arg_max(service, d * 16777216 - service) service
  from ports group by win, src),
on_port as (
  select win, service, count(*) top_port_source_count, sum(d) top_port_edges from ports group by win, service),
destinations as materialized (
  select win, src, dst, count(*) p, sum(n) c, bool_or(best < 4) known, bool_or(best = 0) answered,
    min(first_key) first_key, {", ".join(f"any_value({name}) {name}" for name in ABOUT_DESTINATION)}
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
  from edges group by win, src),
per_space as (
  select win, src, count(*) filter (high = high_before and low - low_before = 1) adjacent_dst,
    xor(min(high), max(high)) high, xor(arg_min(low, rank), arg_max(low, rank)) low
  from (
    select win, src, rank, high, low, lag(high) over by_address high_before, lag(low) over by_address low_before
    from destinations window by_address as (partition by win, src order by rank))
  group by win, src),
visits as (
  select win, src, rank, first_key, high - lag(high) over visit by_high, low - lag(low) over visit by_low,
    lag(rank) over visit rank_before, step, sum(step) over visit "position"
  from (
    select *, case first_key % 8 when 0 then -1 when 4 then 0 else 1 end step from destinations)
  window visit as (partition by win, src order by first_key // 8, rank)),
per_visit as (
  select win, src, count(*) filter (by_high = 0 and by_low = 1) sequential_step,
    count(*) filter (rank > rank_before) ascending_step,
    count(*) filter (by_high = high_before and by_low = low_before) repeated_step,
    count(*) filter (step > 0) first_failed, count(*) filter (step != 0) first_known,
    sum(step) walk, max("position") walk_max
  from (
    select *, lag(by_high) over visit high_before, lag(by_low) over visit low_before
    from visits window visit as (partition by win, src order by first_key // 8, rank))
  group by win, src),
contacted as materialized (
  select win, dst, count(*) dst_sources, bool_or(known) heard, bool_or(answered) answered
  from destinations group by win, dst),
popularity as (
  select d.win, d.src, sum(dst_sources) dst_sources, count(*) filter (dst_sources = 1) exclusive_dst,
    count(*) filter (heard) heard_dst, count(*) filter (heard and not c.answered) silent_dst
  from destinations d join contacted c using (win, dst) group by d.win, d.src),
services as (
  select win, service, dst, count(*) service_sources from edges group by win, service, dst),
service_popularity as (
  select win, src, sum(service_sources) service_sources
  from edges join services using (win, service, dst) group by win, src)
select * exclude (service, high, low, in_degree), coalesce(in_degree, 0) source_in_degree,
  low & 4294967295 differ_0, low >> 32 differ_1, high & 4294967295 differ_2, high >> 32 differ_3,
  count(*) over (partition by win) source_count, median(dst_count) over (partition by win) dst_count_median,
  rank() over (partition by win order by dst_count) dst_count_rank,
  rank() over (partition by win order by failed_dst_count) failed_dst_count_rank,
  rank() over (partition by win order by top_port_dst_count) top_port_dst_count_rank
from volume join per_edge using (win, src) join gaps using (win, src) join per_port using (win, src)
  join per_destination using (win, src) join peak using (win, src) join active using (win, src)
  join per_space using (win, src) join per_visit using (win, src) join popularity p using (win, src)
  join service_popularity using (win, src) join on_port using (win, service)
  left join (select win, dst src, dst_sources in_degree from contacted) using (win, src)
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


DUCKDB: Final = Engine("duckdb", _duckdb_prepare(None), _duckdb_compute)
DUCKDB_1: Final = Engine("duckdb, 1 thread", _duckdb_prepare(1), _duckdb_compute)
