"""Binary files of nfcapd (nfdump's collector), through the ``nfdump`` program: it alone knows all their versions."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import ExitStack
from typing import BinaryIO, Final, cast

from sweepml.datasets.batches import BATCH_ROWS
from sweepml.datasets.paths import plain_file
from sweepml.datasets.reader import ConnectionReader
from sweepml.errors import InputError
from sweepml.origins.files import LogFile

PROGRAM: Final = "nfdump"

COLUMNS: Final = ("ts", "te", "td", "sa", "da", "sp", "dp", "pr", "flg", "ipkt", "ibyt")
"""Columns asked of nfdump, by the names that its own CSV gives them (nfdump(1), "Output formats")."""

_OPTIONS: Final = ("-q", "-N", "-6")
"""No header and no statistics, plain numbers, whole IPv6 addresses."""


class NfcapdReader(ConnectionReader):
    """Reads a binary flow file as batches, as often as it is iterated; the program runs each time.

    nfdump's own CSV cuts times to seconds in some versions; a format of our own keeps their milliseconds.

    Parameters
    ----------
    path
        File or its URL.
    batch_rows
        Largest number of rows in a batch.

    Raises
    ------
    InputError
        If nfdump is not installed; or at the end of the iteration, if it complains about the file.
    """

    def __init__(self, path: str | os.PathLike[str], batch_rows: int = BATCH_ROWS) -> None:
        if shutil.which(PROGRAM) is None:
            raise InputError(
                f"{os.fspath(path)}: is a binary file of nfcapd, which only nfdump can read, and that is not "
                "installed; install it, or let it write text elsewhere: nfdump -r FILE -o csv"
            )
        super().__init__(path, PROGRAM, batch_rows)

    def _open(self) -> LogFile:
        return LogFile(self.path, lambda path: cast("BinaryIO", _Output(path)))

    def _tell(self, log: LogFile) -> int:
        return 0  # the program does not say how far it is


class _Output:
    """What nfdump writes of a file, under a header line, as an open file; its complaints are raised at the end."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)
        self._header = (",".join(COLUMNS) + "\n").encode()
        self._stack = ExitStack()
        file = self._stack.enter_context(plain_file(path))
        self._complaints = self._stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 (the stack closes it)
        command = [PROGRAM, *_OPTIONS, "-r", os.fspath(file), "-o", "fmt:" + ",".join(f"%{name}" for name in COLUMNS)]
        # Times are written in the local zone, which must be UTC here.
        environment = os.environ | {"TZ": "UTC"}
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._complaints, env=environment
        )

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes; empty at the end, if the program was content."""
        if self._header:
            content, self._header = self._header[:size], self._header[size:]
            return content
        assert self._process.stdout is not None  # it was asked for
        content = self._process.stdout.read(size)
        if not content:
            self._refuse_complaints()
        return content

    def close(self) -> None:
        """Stop the program if it still runs, and forget its output."""
        assert self._process.stdout is not None  # it was asked for
        self._process.stdout.close()
        self._process.terminate()
        self._process.wait()
        self._stack.close()

    def _refuse_complaints(self) -> None:
        # It exits with 0 also where a file ends too early, and then only says so.
        status = self._process.wait()
        self._complaints.seek(0)
        said = self._complaints.read().decode("utf-8", "replace").strip().partition("\n")[0]
        if status != 0 or said:
            raise InputError(f"{self._path}: nfdump cannot read it: {said or f'it ended with status {status}'}")
