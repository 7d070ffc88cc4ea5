"""Sinks: where alerts go, and in what form."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Final, TextIO

from sweepml.errors import ConfigError, InputError, did_you_mean
from sweepml.runtime.alerts import Alert
from sweepml.runtime.ocsf import to_ocsf
from sweepml.runtime.text import to_text


def ocsf_line(alert: Alert) -> str:
    """Return an alert as one line of OCSF JSON; the same alert gives the same text."""
    return json.dumps(to_ocsf(alert), allow_nan=False, separators=(",", ":"))


ALERT_FORMATS: Final = MappingProxyType({"ocsf": ocsf_line, "text": to_text})
"""Name -> how one alert is written, without the line end. A further format is a function and a line here."""


def find_format(name: str) -> Callable[[Alert], str]:
    """Return an alert format by its name.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    try:
        return ALERT_FORMATS[name]
    except KeyError:
        raise ConfigError(f"unknown alert format {name!r}: {did_you_mean(name, ALERT_FORMATS)}") from None


class AlertSink:
    """Writes alerts to a file or to standard output, each of them out before the next.

    Parameters
    ----------
    path
        File to append to; None for standard output, which stays open.
    alert_format
        A name in `ALERT_FORMATS`.

    Raises
    ------
    ConfigError
        If the format is unknown.
    InputError
        If the file cannot be written.
    """

    def __init__(self, path: str | Path | None = None, alert_format: str = "ocsf") -> None:
        self._write = find_format(alert_format)
        self._path = path
        self._file: TextIO | None = None
        if path is not None:
            try:
                self._file = Path(path).open("a", encoding="utf-8")  # noqa: SIM115 (closed by `close`)
            except OSError as error:
                raise InputError(f"{path}: alerts cannot be written there: {error.strerror}") from None

    def __enter__(self) -> AlertSink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write(self, alerts: Iterable[Alert]) -> None:
        """Write alerts.

        Raises
        ------
        InputError
            If the file can no longer be written, for instance because the disk is full.
        """
        stream = sys.stdout if self._file is None else self._file
        for alert in alerts:
            try:
                stream.write(self._write(alert) + "\n")
                stream.flush()
            except BrokenPipeError:
                raise
            except OSError as error:
                where = self._path or "standard output"
                raise InputError(f"{where}: alerts cannot be written there: {error.strerror}") from None

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._file is not None:
            self._file.close()
