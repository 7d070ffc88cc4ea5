"""Packet captures as connections, through nfstream (https://www.nfstream.org, the extra ``pcap``)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from sweepml.datasets.batches import BATCH_ROWS, BatchReader
from sweepml.datasets.canonical import batch_of_rows
from sweepml.datasets.frames import FrameCounts, count_frames
from sweepml.datasets.paths import plain_file
from sweepml.datasets.sources import PCAPNG_MAGIC
from sweepml.errors import InputError, MissingExtraError
from sweepml.origins.exchange import ACK, FIN, PSH, RST, SYN
from sweepml.origins.pairing import Flow, Pairer
from sweepml.origins.report import ReadReport, RejectReason
from sweepml.origins.rows import Row
from sweepml.schema.connection import MISSING, Protocol

IDLE_TIMEOUT_S: Final = 120
"""Silence after which nfstream ends a flow: its own default, and that of the laboratory's records."""

ACTIVE_TIMEOUT_S: Final = 1800
"""Age at which nfstream cuts a flow: its own default. The pieces are joined again."""

_FLAGS: Final = {"fin": FIN, "syn": SYN, "rst": RST, "psh": PSH, "ack": ACK}
_DIRECTIONS: Final = ("src2dst", "dst2src")
_EXTENSION_HEADERS: Final = frozenset({0, 43, 60})
"""IPv6 hop-by-hop options, routing and destination options, which all have the same form (RFC 8200)."""


class PacketReader(BatchReader):
    """Reads a pcap or pcapng file as batches, as often as it is iterated.

    nfstream makes flows of the packets; both directions of each go through the `Pairer`, which decides who started it
    and what came of it. Bytes are payload. Times have milliseconds, which is what nfstream keeps.

    Parameters
    ----------
    path
        File or its URL, plain or compressed; what is no plain local file is first copied to a temporary one.
    batch_rows
        Largest number of rows in a batch.

    Attributes
    ----------
    report
        Its reject `NOT_IP` counts the frames without IP, such as those of an ARP sweep: they have no transport and
        make no connections.

    Raises
    ------
    MissingExtraError
        If nfstream is not installed.
    InputError
        At the end of the iteration, if the file is damaged; the connections before the damage were given.
    """

    def __init__(self, path: str | os.PathLike[str], batch_rows: int = BATCH_ROWS) -> None:
        super().__init__(path, batch_rows)
        try:
            import nfstream  # noqa: F401 (only whether it is there)
        except ModuleNotFoundError:
            raise MissingExtraError("nfstream, which reads packet captures,", "pcap") from None

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Read the capture from its beginning."""
        self.report = report = ReadReport(self.path, origin="pcap")
        self.bytes_read = 0
        with plain_file(self.path) as path:
            with path.open("rb") as file:
                report.encoding = "pcapng" if file.read(4) == PCAPNG_MAGIC else "pcap"
                file.seek(0)
                counts = count_frames(file)
            _count_other(report, counts)
            try:
                yield from self._bounded(map(batch_of_rows, _chunks(_rows(path, report), self.batch_rows)))
                self.bytes_read = path.stat().st_size
            finally:
                report.log()
        if counts.damage is not None:
            raise InputError(f"{self.path}: is damaged: {counts.damage}; {report.rows} rows were read before that")


def _count_other(report: ReadReport, counts: FrameCounts) -> None:
    for carried, number in counts.other.items():
        report.reject(RejectReason.NOT_IP, counts.first_other[carried], carried.encode())
        report.count_rejects(RejectReason.NOT_IP, number - 1)


def _rows(path: Path, report: ReadReport) -> Iterator[Row]:
    pairer = Pairer(counts_payload=True)
    report.initiator_rules = pairer.rules
    for flow in _nfstream_flows(path):
        yield from pairer.push(_directions(flow))
    yield from pairer.flush()


def _chunks(rows: Iterator[Row], size: int) -> Iterator[list[Row]]:
    while chunk := list(islice(rows, size)):
        yield chunk


def _nfstream_flows(path: Path) -> Iterator[Any]:
    from nfstream import NFStreamer

    streamer = NFStreamer(
        source=str(path),
        statistical_analysis=True,  # for the TCP flags
        n_dissections=0,  # no application layer
        accounting_mode=3,  # payload
        idle_timeout=IDLE_TIMEOUT_S,
        active_timeout=ACTIVE_TIMEOUT_S,
        n_meters=1,  # several would give the flows in another order every time
        udps=_icmp_plugin(),
    )
    yield from streamer


def _icmp_plugin() -> Any:
    """Return a plugin that notes the ICMP messages of a flow; nfstream keeps all those between two hosts in one."""
    from nfstream import NFPlugin

    class IcmpMessages(NFPlugin):
        """``flow.udps.icmp``: (direction, type) -> first and last time in ms, packets, payload bytes."""

        def on_init(self, packet: Any, flow: Any) -> None:
            flow.udps.icmp = {} if packet.protocol in (Protocol.ICMP, Protocol.ICMP6) else None
            self.on_update(packet, flow)

        def on_update(self, packet: Any, flow: Any) -> None:
            if flow.udps.icmp is None:
                return
            message = icmp_message(packet.ip_packet)
            if message is not None:
                kind, size = message
                first, _, packets, payload = flow.udps.icmp.get((packet.direction, kind), (packet.time, 0, 0, 0))
                flow.udps.icmp[packet.direction, kind] = (first, packet.time, packets + 1, payload + size)

    return IcmpMessages()


def icmp_message(packet: bytes) -> tuple[int, int] | None:
    """Return the type of an IP packet's ICMP message and the bytes after its eight-byte header, as far as captured.

    None for a fragment that is not the first, and for a packet that was cut before its ICMP header.
    """
    if packet[:1] and packet[0] >> 4 == 4:
        start = (packet[0] & 0x0F) * 4
        if len(packet) <= start or int.from_bytes(packet[6:8], "big") & 0x1FFF:
            return None
        size = int.from_bytes(packet[2:4], "big") - start
    else:
        start = 40
        following = packet[6] if len(packet) > 6 else 0
        while following in _EXTENSION_HEADERS and len(packet) > start + 1:
            following, start = packet[start], start + (packet[start + 1] + 1) * 8
        if len(packet) <= start or following != Protocol.ICMP6:
            return None
        size = int.from_bytes(packet[4:6], "big") + 40 - start
    return packet[start], max(size - 8, 0)


def _directions(flow: Any) -> Iterator[Flow]:
    """Yield what each side of nfstream's flow sent, the side that was seen first first."""
    if flow.udps.icmp is not None:
        for (direction, kind), (first_ms, last_ms, packets, payload) in flow.udps.icmp.items():
            yield _flow(flow, direction, first_ms, last_ms, icmp_type=kind, bytes=payload, packets=packets)
        return
    for direction, name in enumerate(_DIRECTIONS):
        packets = getattr(flow, f"{name}_packets")
        if packets:
            flags = sum(bit for word, bit in _FLAGS.items() if getattr(flow, f"{name}_{word}_packets"))
            yield _flow(
                flow,
                direction,
                getattr(flow, f"{name}_first_seen_ms"),
                getattr(flow, f"{name}_last_seen_ms"),
                src_port=flow.dst_port if direction else flow.src_port,
                dst_port=flow.src_port if direction else flow.dst_port,
                tcp_flags=flags if flow.protocol == Protocol.TCP else MISSING,
                bytes=getattr(flow, f"{name}_bytes"),
                packets=packets,
            )


def _flow(flow: Any, direction: int, first_ms: int, last_ms: int, **values: Any) -> Flow:
    hosts = (flow.src_ip, flow.dst_ip)
    # nfstream knows who was seen first also within one millisecond.
    start_us = first_ms * 1000 + direction
    end_us = max(last_ms * 1000, start_us)
    return Flow(start_us, end_us, hosts[direction], hosts[1 - direction], flow.protocol, **values)
