"""Which files make which capture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sweepml.datasets.paths import absolute_input, expand_stored, input_bytes
from sweepml.errors import ConfigError


@dataclass(frozen=True, slots=True)
class CaptureFiles:
    """The logs of one capture.

    Attributes
    ----------
    name
        Unique in a run.
    paths
        Log files, plain or compressed, in the order in which their records arrived; together they are one stream.
    """

    name: str
    paths: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes on the disk."""
        return sum(map(input_bytes, self.paths))


def resolve_inputs(given: object) -> tuple[CaptureFiles, ...]:
    """Return the captures that an input setting names.

    Parameters
    ----------
    given
        A path, folder, glob pattern or URL (`sweepml.datasets.paths`); or a list of them, each a capture by itself,
        named as it is written; or a mapping of a capture's name to one of them or a list.

    Returns
    -------
    tuple of CaptureFiles
        In the order given. The files of a folder or pattern are one capture, in the order of their names, where a
        number counts as one: ``conn.9.log`` comes before ``conn.10.log``. Where rotation numbers files the other way
        round, list them in a mapping.

    Raises
    ------
    ConfigError
        If nothing is given, a name or a file occurs twice, or standard input is named.
    InputMissingError
        If a file is not there, a pattern matches none or a folder is empty.
    InputError
        If a URL's file system cannot be reached.
    """
    captures = tuple(CaptureFiles(name, tuple(_files(texts))) for name, texts in _named(given))
    if not captures:
        raise ConfigError("no input: give input=conn.log, input='logs/conn.*.log.gz' or input=[a.log,b.log]")
    _refuse_twice("name", [capture.name for capture in captures])
    _refuse_twice("file", [absolute_input(path) for capture in captures for path in capture.paths])
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
        yield from expand_stored(text)


def _refuse_twice(what: str, texts: Sequence[str]) -> None:
    seen: set[str] = set()
    for text in texts:
        if text in seen:
            raise ConfigError(f"the {what} {text} occurs twice among the inputs; each capture is read once")
        seen.add(text)
