"""Inputs of the bulk reader: local files, and whatever fsspec can reach (``s3://``, ``gs://``, ``https://``, ...)."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from sweepml.errors import ConfigError, InputError, InputMissingError, MissingExtraError
from sweepml.origins.files import STDIN, LogFile, open_binary
from sweepml.origins.paths import expand_path, is_hidden, natural_order

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")

_COPY_BYTES: Final = 1 << 20


def is_url(path: str | os.PathLike[str]) -> bool:
    """Whether a path names a file system before its ``://``."""
    return _URL.match(os.fspath(path)) is not None


def expand_input(text: str) -> list[str]:
    """Return the files that a path, folder, glob pattern or URL of one of them names.

    As `sweepml.origins.paths.expand_path`; of a URL that names a file system, folders and patterns are those of
    that file system.

    Raises
    ------
    InputMissingError
        If it names no file.
    InputError
        If its file system cannot be reached, or needs a package that is not installed.
    """
    if not is_url(text):
        return expand_path(text)
    with _file_system(text) as (file_system, path):
        if file_system.isfile(path):
            return [text]
        if file_system.isdir(path):
            root = path.rstrip("/") + "/"
            found = [one for one in file_system.find(path) if not is_hidden(one.removeprefix(root).split("/"))]
        else:
            found = [one for one in file_system.glob(path) if file_system.isfile(one)]
        urls = natural_order(file_system.unstrip_protocol(one) for one in found)
    if not urls:
        raise InputMissingError(f"{text}: no such file, and no file matches")
    return urls


def expand_stored(text: str) -> list[str]:
    """Return the files that an input names, as `expand_input`, for whoever reads them more than once.

    Raises
    ------
    ConfigError
        If it is standard input.
    InputError
        As `expand_input`.
    """
    if text == STDIN:
        raise ConfigError("standard input can be read only once, and this needs its input twice: name a file instead")
    return expand_input(text)


def open_input(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file or URL for reading its bytes.

    Raises
    ------
    InputMissingError
        If there is no such file.
    InputError
        If it is a directory, cannot be read, or its file system needs a package that is not installed.
    """
    if not is_url(path):
        return open_binary(path)
    with _file_system(os.fspath(path)) as (file_system, inner):
        return cast("BinaryIO", file_system.open(inner, "rb"))


def open_log(path: str | os.PathLike[str]) -> LogFile:
    """Open a log, plain or compressed, wherever it is; see `open_input`."""
    return LogFile(path, open_input)


@contextmanager
def plain_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a local file with the uncompressed bytes of an input, for programs that read nothing else.

    What is no such file is copied to a temporary one.

    Raises
    ------
    InputError
        As `open_input`; or if the compressed content is damaged.
    """
    log = open_log(path)
    try:
        if not (log.is_compressed or log.is_stdin or is_url(path)):
            yield Path(path)
            return
        with tempfile.NamedTemporaryFile() as copy:
            while block := log.read(_COPY_BYTES):
                copy.write(block)
            copy.flush()
            if log.damage is not None:
                raise InputError(f"{log.path}: {log.damage}")
            yield Path(copy.name)
    finally:
        log.close()


def input_bytes(path: str | os.PathLike[str]) -> int:
    """Return the size of a file or URL as it stands there.

    Raises
    ------
    InputError
        As `open_input`.
    """
    if not is_url(path):
        return Path(path).stat().st_size
    with _file_system(os.fspath(path)) as (file_system, inner):
        return int(file_system.size(inner) or 0)


def absolute_input(path: str) -> str:
    """Return the one path of a file that means the same in every folder; URLs mean it already."""
    return path if is_url(path) else str(Path(path).resolve())


@contextmanager
def _file_system(url: str) -> Iterator[tuple[Any, str]]:
    """Give a URL's file system and the path in it; turn what goes wrong there into one sentence."""
    try:
        import fsspec.core
    except ModuleNotFoundError:
        raise MissingExtraError(f"{url} needs fsspec, which", "train") from None
    try:
        yield fsspec.core.url_to_fs(url)
    except FileNotFoundError:
        raise InputMissingError(f"{url}: no such file") from None
    except ImportError as error:
        raise InputError(f"{url}: its file system needs a package that is not installed: {error}") from None
    # Each file system has errors of its own, of any class: none of them is ours, all mean the same here.
    except Exception as error:
        raise InputError(f"{url}: cannot be read: {error or type(error).__name__}") from error
