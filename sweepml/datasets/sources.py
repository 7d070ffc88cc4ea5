"""Sources of connections that are no text: packets, and the binary files of flow collectors. Told by first bytes."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sweepml.datasets.batches import BatchReader
from sweepml.datasets.paths import open_log
from sweepml.origins.files import STDIN
from sweepml.origins.registry import AUTO


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of input that has a reader of its own.

    Attributes
    ----------
    name
        How configuration and the command line call it, beside the names of log formats.
    title
        How messages call it.
    magics
        First bytes, one of which every such file begins with.
    open_reader
        Returns the reader of a path; what it needs is imported then.
    """

    name: str
    title: str
    magics: tuple[bytes, ...]
    open_reader: Callable[[str | os.PathLike[str], int], BatchReader]


def _packets(path: str | os.PathLike[str], batch_rows: int) -> BatchReader:
    from sweepml.datasets.packets import PacketReader

    return PacketReader(path, batch_rows)


def _nfcapd(path: str | os.PathLike[str], batch_rows: int) -> BatchReader:
    from sweepml.datasets.nfcapd import NfcapdReader

    return NfcapdReader(path, batch_rows)


PCAP_MAGICS: Final = (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d")
"""libpcap's files with microseconds or nanoseconds, in either byte order (pcap-savefile, "File Header")."""

PCAPNG_MAGIC: Final = b"\x0a\x0d\x0d\x0a"
"""Section header block of a pcapng file (draft-ietf-opsawg-pcapng, "Section Header Block")."""

SOURCES: Final = (
    Source("pcap", "a packet capture (pcap or pcapng)", (*PCAP_MAGICS, PCAPNG_MAGIC), _packets),
    Source("nfcapd", "a binary file of nfcapd", (b"\x0c\xa5", b"\xa5\x0c"), _nfcapd),
)
"""All kinds; nfcapd's magic number is 0xA50C in the byte order of the collector (nfdump's nffile.h)."""

_MAGIC_BYTES: Final = max(len(magic) for source in SOURCES for magic in source.magics)


def find_source(path: str | os.PathLike[str], origin: str = AUTO) -> Source | None:
    """Return the kind of source that an input is, None for a log that is text.

    Parameters
    ----------
    path
        File or URL, plain or compressed. Standard input is taken for text: what was read of it would be lost.
    origin
        Name of a source or log format, or ``auto`` to look at the content.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    if origin != AUTO:
        return next((source for source in SOURCES if source.name == origin), None)
    start = read_start(path)
    return next((source for source in SOURCES if start.startswith(source.magics)), None)


def read_start(path: str | os.PathLike[str]) -> bytes:
    """Return the first bytes of an input; none of standard input, for they would be lost.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    if os.fspath(path) == STDIN:
        return b""
    log = open_log(path)
    try:
        return log.read(_MAGIC_BYTES)
    finally:
        log.close()
