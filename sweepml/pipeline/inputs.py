"""Which files make which capture."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweepml.errors import ConfigError, InputError, InputMissingError


@dataclass(frozen=True, slots=True)
class CaptureFiles:
    """The logs of one capture.

    Attributes
    ----------
    name
        Unique in a run.
    paths
        Log files, plain or gzip, in the order in which their records arrived; together they are one stream.
    """

    name: str
    paths: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes on the disk."""
        return sum(Path(path).stat().st_size for path in self.paths)


def resolve_inputs(given: object) -> tuple[CaptureFiles, ...]:
    """Return the captures that an input setting names.

    Parameters
    ----------
    given
        A path or glob pattern; or a list of them, each a capture by itself, named as it is written; or a
        mapping of a capture's name to its path, pattern or list of both.

    Returns
    -------
    tuple of CaptureFiles
        In the order given. The files of a pattern are one capture, in the order of their names, where a number counts
        as one: ``conn.9.log`` comes before ``conn.10.log``. Where rotation numbers files the other way round,
        list them in a mapping.

    Raises
    ------
    ConfigError
        If nothing is given, or a name or a file occurs twice.
    InputMissingError
        If a file is not there or a pattern matches none.
    InputError
        If a path is a directory.
    """
    captures = tuple(CaptureFiles(name, tuple(_files(texts))) for name, texts in _named(given))
    if not captures:
        raise ConfigError("no input: give input=conn.log, input='logs/conn.*.log.gz' or input=[a.log,b.log]")
    _refuse_twice("name", [capture.name for capture in captures])
    _refuse_twice("file", [str(Path(path).resolve()) for capture in captures for path in capture.paths])
    return captures


def _named(given: object) -> Iterator[tuple[str, Sequence[object]]]:
    if isinstance(given, Mapping):
        for name, one in given.items():
            yield str(name), one if isinstance(one, list | tuple) else [one]
    elif isinstance(given, list | tuple):
        for one in given:
            yield str(one), [one]
    elif given is not None:
        yield str(given), [given]


def _files(texts: Sequence[object]) -> Iterator[str]:
    for text in texts:
        if not isinstance(text, str) or not text:
            raise ConfigError(f"expected a path or a glob pattern as input, got {text!r}")
        # A file may be called conn[1].log: what exists is taken at its word.
        is_pattern = glob.has_magic(text) and not Path(text).exists()
        found = sorted(glob.glob(text), key=_natural) if is_pattern else [text]  # noqa: PTH207 (Path.glob is relative)
        if not found:
            raise InputMissingError(f"{text}: no file matches; relative patterns start in {Path.cwd()}")
        for path in found:
            if Path(path).is_dir():
                raise InputError(f"{path}: is a directory, expected a log file; write {path}/*.log for what is in it")
            if not Path(path).exists():
                raise InputMissingError(f"{path}: no such file")
            yield path


def _natural(path: str) -> tuple[tuple[int, int, str], ...]:
    parts = re.split(r"(\d+)", path)
    return tuple((1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts)


def _refuse_twice(what: str, texts: Sequence[str]) -> None:
    seen: set[str] = set()
    for text in texts:
        if text in seen:
            raise ConfigError(f"the {what} {text} occurs twice among the inputs; each capture is read once")
        seen.add(text)
