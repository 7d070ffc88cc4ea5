"""One JSON document of many records, cut into one record a line, whatever the chunks in which it arrives."""

from __future__ import annotations

import re
from typing import Final

_TOKEN: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]]|"', re.DOTALL)
_MAX_DEPTH: Final = 2
"""Records stand in an array at the top, or in an array in the object at the top."""


class DocumentSplitter:
    """Cuts a document into blocks of lines, each of which is one record.

    Records are the objects in an array at the top, or in an array of the object at the top
    (``{"records": [{...}, {...}]}``). Line ends within records become blanks, as they mean nothing there.
    What follows a document is cut as the next one.
    """

    def __init__(self, max_bytes: int = 1 << 24) -> None:
        self._max_bytes = max_bytes
        self._rest = b""
        self._scanned = 0
        self._open: list[int] = []
        """The brackets that are open, outermost first."""
        self._record_depth = 0
        """How many brackets are open around the record that is being read; 0 between records."""

    def feed(self, chunk: bytes) -> bytes:
        """Take more bytes; return the records that are complete by now, one a line."""
        text = self._rest + chunk
        records: list[bytes] = []
        start, place = 0, self._scanned
        while True:
            match = _TOKEN.search(text, place)
            if match is None:
                place = len(text)
                break
            token = match[0]
            if token == b'"':  # a string that is not complete yet
                place = match.start()
                break
            place = match.end()
            if token in b"{[":
                if token == b"{" and not self._record_depth and self._is_array_of_records():
                    self._record_depth = len(self._open) + 1
                    start = match.start()
                self._open.append(token[0])
            elif token in b"}]" and self._open:
                self._open.pop()
                if self._record_depth and len(self._open) < self._record_depth:
                    records.append(text[start:place].replace(b"\r", b" ").replace(b"\n", b" "))
                    self._record_depth, start = 0, place
        keep = start if self._record_depth else place
        self._rest, self._scanned = text[keep:], place - keep
        if len(self._rest) > self._max_bytes:
            records.append(self.flush().removesuffix(b"\n"))
        return b"".join(record + b"\n" for record in records)

    def flush(self) -> bytes:
        """Return what is left of a record that has no end, as a line, and forget it."""
        rest = self._rest.replace(b"\r", b" ").replace(b"\n", b" ").strip()
        self._rest, self._scanned, self._open, self._record_depth = b"", 0, [], 0
        return rest + b"\n" if rest else b""

    def _is_array_of_records(self) -> bool:
        return 0 < len(self._open) <= _MAX_DEPTH and self._open[-1] == ord("[")
