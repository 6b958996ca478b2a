"""The unfinished file of a download: resumable, hashed while it grows, renamed when it is right."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from animeseg.errors import DiskFullError, OutputError

SUFFIX = ".incomplete"
"""Ending of unfinished downloads."""

_CHUNK = 2**22
_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


class Partial:
    """A file that is being fetched; what an earlier run left is kept and hashed first.

    Used as a context manager it stays for a later run, unless it is empty.

    Args:
        path: the unfinished file.
        fresh: throw away what an earlier run left.

    Attributes:
        size: bytes that are there.
    """

    def __init__(self, path: Path, *, fresh: bool = False) -> None:
        self.path = path
        self.size = 0
        self._digest = hashlib.sha256()
        self._file: BinaryIO
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("w+b" if fresh or not path.exists() else "r+b")
        except OSError as error:
            raise _explained(error, path) from error
        while chunk := self._file.read(_CHUNK):
            self._digest.update(chunk)
            self.size += len(chunk)

    def __enter__(self) -> Partial:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        if not self.size:
            self.path.unlink(missing_ok=True)

    @property
    def sha256(self) -> str:
        """Hash of the bytes that are there."""
        return self._digest.hexdigest()

    def append(self, chunk: bytes) -> None:
        """Writes further bytes.

        Raises:
            DiskFullError: no space left; the unfinished file was removed to give it back.
            OutputError: another failure; the file is kept.
        """
        try:
            self._file.write(chunk)
            self._file.flush()
        except OSError as error:
            if error.errno in _FULL:
                self.discard()
            raise _explained(error, self.path) from error
        self._digest.update(chunk)
        self.size += len(chunk)

    def restart(self) -> None:
        """Forgets the bytes that are there."""
        self._file.seek(0)
        self._file.truncate()
        self._digest = hashlib.sha256()
        self.size = 0

    def reserve(self, total: int) -> None:
        """Checks that the disk has room for a file of ``total`` bytes, before fetching it.

        Raises:
            DiskFullError: it has not.
        """
        missing = total - self.size
        free = shutil.disk_usage(self.path.parent).free
        if missing > free:
            self.discard()
            raise DiskFullError(
                f"{self.path.parent} has {free / 1e6:,.1f} MB free, {missing / 1e6:,.1f} MB are "
                "needed",
                "free some space, or set ANIMESEG_HOME to a folder on another disk",
            )

    def discard(self) -> None:
        """Removes the file."""
        try:
            self._file.close()
        finally:
            self.path.unlink(missing_ok=True)

    def finish(self, target: Path) -> None:
        """Gives the whole file its final name, in one step.

        Raises:
            OutputError: the folder does not allow it; the unfinished file is kept.
        """
        try:
            os.fsync(self._file.fileno())
            self._file.close()
            self.path.replace(target)
        except OSError as error:
            raise _explained(error, target) from error


def _explained(error: OSError, path: Path) -> OutputError | DiskFullError:
    cure = "set ANIMESEG_HOME to a folder on another disk"
    if error.errno in _FULL:
        return DiskFullError(
            f"the disk is full; {path.name} was removed", f"free some space, or {cure}"
        )
    return OutputError(
        f"{path} cannot be written ({error.strerror or error})",
        "make its folder writable, or set ANIMESEG_HOME to another one",
    )
