"""The connections of any input: text with the base install, everything else where the extras are installed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sweepml.cli.origins import log_origin
from sweepml.errors import MissingExtraError
from sweepml.graph.connections import Connections
from sweepml.graph.hosts import HostTable
from sweepml.origins.files import STDIN, LogFile
from sweepml.origins.paths import expand_path
from sweepml.origins.registry import AUTO
from sweepml.origins.report import ReadReport
from sweepml.runtime.lines import BATCH_ROWS, LineReader

BINARY_FORMATS: Final = ("pcap", "nfcapd")
"""Names in `sweepml.datasets.sources`, which cannot be imported without its extra."""

_HEAD_BYTES: Final = 1 << 10
"""Looked at to tell text from binary files, which hold a zero byte early."""

_PARQUET: Final = b"PAR1"


def check_format(name: str) -> None:
    """Refuse a format that is neither known nor a mapping of the user's.

    Raises
    ------
    ConfigError, MissingExtraError
        As `log_origin`.
    """
    if name not in BINARY_FORMATS:
        log_origin(name)


def expand(text: str) -> list[str]:
    """Return the files that a path, folder, pattern or URL names.

    Raises
    ------
    InputError
        If it names none.
    MissingExtraError
        If it is a URL and the extra for these is not installed.
    """
    if not _is_url(text):
        return expand_path(text)
    try:
        from sweepml.datasets.paths import expand_input
    except ModuleNotFoundError as error:
        raise _missing(error, f"{text} is a URL") from None
    return expand_input(text)


def open_reader(
    path: str, hosts: HostTable, log_format: str = AUTO, batch_rows: int = BATCH_ROWS
) -> LineReader | BulkReader:
    """Return a reader of one input's connections, encoded into `hosts`.

    Raises
    ------
    InputError, ConfigError
        If the input cannot be opened; text is opened only when it is iterated.
    MissingExtraError
        If the input is no local text and the extra for it is not installed.
    """
    if _is_text(path, log_format):
        return LineReader(path, hosts, log_origin(log_format), batch_rows=batch_rows)
    return BulkReader(path, hosts, log_format)


class BulkReader:
    """The connections of an input that the bulk readers know; see `open_reader`."""

    def __init__(self, path: str, hosts: HostTable, log_format: str) -> None:
        try:
            from sweepml.datasets.encode import table_to_connections
            from sweepml.datasets.reader import read_connections
        except ModuleNotFoundError as error:
            raise _missing(error, f"{path} is no local text") from None
        self._reader = read_connections(path, log_format)
        self._to_connections = table_to_connections
        self._hosts = hosts

    @property
    def report(self) -> ReadReport:
        """What was seen so far."""
        return self._reader.report

    def __iter__(self) -> Iterator[Connections]:
        """Yield connections in the order of the input."""
        return (self._to_connections(batch, self._hosts) for batch in self._reader)


def _is_text(path: str, log_format: str) -> bool:
    """Whether the line reader can be asked; what it cannot read it says itself."""
    if path == STDIN:
        return True
    if _is_url(path) or log_format in BINARY_FORMATS:
        return False
    log = LogFile(path)
    try:
        head = log.read(_HEAD_BYTES)
    finally:
        log.close()
    return not head.startswith(_PARQUET) and b"\0" not in head


def _is_url(path: str) -> bool:
    return "://" in path


def _missing(error: ModuleNotFoundError, why: str) -> Exception:
    package = (error.name or "").partition(".")[0]
    if package == "sweepml":
        return error  # not an extra: ours is broken
    return MissingExtraError(f"{why}; {package}, which helps to read it,", "train")
