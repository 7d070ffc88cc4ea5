"""One record of one direction at a time, for the formats whose records are paired into connections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sweepml.origins.exchange import Flow
from sweepml.origins.origin import ECHO_REQUEST
from sweepml.origins.report import RejectReason, RowError
from sweepml.origins.rows import ValueParser
from sweepml.origins.values import tcp_flag_bits
from sweepml.schema.connection import MISSING, Protocol


def flow_of(values: Mapping[str, Any], reader: ValueParser) -> Flow:
    """Return the flow that a record describes.

    Parameters
    ----------
    values
        Input -> value; `orig_bytes` and `orig_packets` count what this record's sender sent.
    reader
        Reads single values.

    Raises
    ------
    RowError
        If a value cannot be used.
    """
    get, origin = values.get, reader.origin
    if "kind" in values and not reader.is_connection(get("kind")):
        raise RowError(RejectReason.OTHER_RECORD)
    ts_us = reader.time(get("ts_us"))
    if "duration_us" in values:
        span_us = reader.duration(get("duration_us"))
    else:
        span_us = reader.duration_until(get("end_us"), ts_us)
    src, dst = reader.address(get("src")), reader.address(get("dst"))
    protocol = reader.protocol(get("protocol"))
    if protocol == Protocol.ICMP and ":" in dst:
        protocol = int(Protocol.ICMP6)  # as for connections
    is_icmp = protocol in ECHO_REQUEST
    icmp_type = MISSING
    if is_icmp and not reader.is_unset(get("icmp_type")):
        icmp_type = reader.icmp_type(get("icmp_type"))
    src_port, dst_port = (
        MISSING if is_icmp or reader.is_unset(get(name)) else reader.port(get(name))
        for name in ("src_port", "dst_port")
    )
    has_label = "label" in values or "label_detail" in values
    return Flow(
        ts_us,
        ts_us + max(span_us, 0),
        src,
        dst,
        protocol,
        src_port,
        dst_port,
        icmp_type,
        tcp_flag_bits(get("tcp_flags")) if protocol == Protocol.TCP else MISSING,
        origin.directions.get(reader.text(get("direction")), 0) if origin.directions else 0,
        bool(origin.blocked) and reader.text(get("blocked")) in origin.blocked,
        reader.count("orig_bytes", get("orig_bytes")),
        reader.count("orig_packets", get("orig_packets")),
        reader.label_kind(get("label"), get("label_detail")) if has_label else "",
        reader.text(values["identity"]) if "identity" in values else "",
        max(reader.count("sampling", values["sampling"]), 1) if "sampling" in values else 1,
    )
