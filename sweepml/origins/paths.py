"""Which files a path, a folder or a glob pattern stands for."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable
from pathlib import Path

from sweepml.errors import InputMissingError
from sweepml.origins.files import STDIN


def expand_path(text: str) -> list[str]:
    """Return the files that a path names.

    Parameters
    ----------
    text
        A file; a folder, for all files in it and below; a glob pattern, in which ``**`` stands for any folders; or
        ``-`` for standard input. What exists is taken at its word, also if it looks like a pattern. Hidden files and
        folders are left out unless the pattern names them.

    Returns
    -------
    list of str
        In the order of `natural_order`.

    Raises
    ------
    InputMissingError
        If there is no such file, a pattern matches none, or a folder has none.
    """
    if not text:
        raise InputMissingError("expected a path, got an empty text")
    path = Path(text)
    if text == STDIN or path.is_file():
        return [text]
    if path.is_dir():
        found = [str(one) for one in path.rglob("*") if not is_hidden(one.relative_to(path).parts) and one.is_file()]
        if not found:
            raise InputMissingError(f"{text}: the folder holds no files")
    elif path.exists():  # a named pipe
        return [text]
    elif glob.has_magic(text):
        # Path.glob takes no absolute patterns.
        found = [one for one in glob.glob(text, recursive=True) if not Path(one).is_dir()]  # noqa: PTH207
        if not found:
            raise InputMissingError(f"{text}: no file matches; relative patterns start in {Path.cwd()}")
    else:
        raise InputMissingError(f"{text}: no such file")
    return natural_order(found)


def is_hidden(parts: Iterable[str]) -> bool:
    """Whether one of a path's parts begins with a dot."""
    return any(part.startswith(".") for part in parts)


def natural_order(paths: Iterable[str]) -> list[str]:
    """Return paths sorted by name, where a number counts as one.

    >>> natural_order(["conn.10.log", "conn.9.log"])
    ['conn.9.log', 'conn.10.log']
    """
    return sorted(paths, key=_natural)


def _natural(path: str) -> tuple[tuple[int, int, str], ...]:
    parts = re.split(r"(\d+)", path)
    return tuple((1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts)
