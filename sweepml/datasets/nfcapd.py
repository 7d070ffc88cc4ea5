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


class NfcapdReader(ConnectionReader):
    """Reads a binary flow file as batches, as often as it is iterated; the program runs each time.

    Parameters
    ----------
    path
        File or its URL.
    batch_rows
        Largest number of rows in a batch.

    Raises
    ------
    InputError
        If nfdump is not installed, or cannot read the file.
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
    """What nfdump writes of a file, as an open file; whatever is wrong is said at its end."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)
        self._stack = ExitStack()
        file = self._stack.enter_context(plain_file(path))
        self._complaints = self._stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 (the stack closes it)
        # Times are written in the local zone, which must be UTC here.
        environment = os.environ | {"TZ": "UTC"}
        command = [PROGRAM, "-r", os.fspath(file), "-o", "csv"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._complaints, env=environment
        )

    def read1(self, size: int) -> bytes:
        """Return up to `size` bytes, as soon as there are any; empty at the end, if the program was content."""
        assert self._process.stdout is not None  # it was asked for
        content = cast("BinaryIO", self._process.stdout).read(size)
        if not content and self._process.wait() != 0:
            self._complaints.seek(0)
            said = self._complaints.read().decode("utf-8", "replace").split("\n")[0].strip()
            raise InputError(f"{self._path}: nfdump cannot read it: {said or f'status {self._process.returncode}'}")
        return content

    read = read1

    def close(self) -> None:
        """Stop the program if it still runs, and forget its output."""
        assert self._process.stdout is not None  # it was asked for
        self._process.stdout.close()
        self._process.terminate()
        self._process.wait()
        self._stack.close()
