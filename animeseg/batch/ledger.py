"""What an output directory remembers: which files were made, from which bytes and how.

One SQLite file per output directory. It survives a kill at any moment (SQLite rolls a torn
transaction back), two runs can share it, and its size does not count against memory. Before a
picture's files are written the ledger says so, afterwards it confirms them with their sizes: files
of an interrupted picture are known as ours and may be replaced, while a file that the ledger does
not know, or that was changed since, belongs to the user.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from animeseg.batch.naming import openable
from animeseg.errors import DiskFullError, OutputError

LEDGER_NAME = ".animeseg.sqlite"
"""File of the ledger in an output directory; its presence tells that results are in there."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS made (
    key BLOB NOT NULL, kind TEXT NOT NULL, source BLOB NOT NULL, sha256 TEXT NOT NULL,
    recipe TEXT NOT NULL, characters INTEGER,
    PRIMARY KEY (key, kind)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS files (
    path BLOB NOT NULL PRIMARY KEY, key BLOB NOT NULL, kind TEXT NOT NULL,
    bytes INTEGER) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS files_of ON files (key, kind);
"""


@dataclass(frozen=True)
class Origin:
    """What results are made from.

    Attributes:
        key: the picture's stem with its mirrored directories.
        source: absolute path of the picture.
        sha256: hash of the picture's bytes.
        recipe: hash of the options and models.
    """

    key: str
    source: str
    sha256: str
    recipe: str


@dataclass(frozen=True)
class Made:
    """What the ledger knows about one kind of output of a picture.

    Attributes:
        origin: what it was made from.
        characters: how many were found; None while it is not finished.
        files: paths relative to the output directory, and their sizes in bytes (None: unknown,
            since the run was stopped before it could say).
    """

    origin: Origin
    characters: int | None
    files: dict[str, int | None]

    @property
    def done(self) -> bool:
        """Whether all files were written."""
        return self.characters is not None


class Ledger:
    """The ledger of one output directory; safe to use from several threads.

    Args:
        out: the output directory; the ledger is made there if it has none.
        writing: whether anything will be written; without it a read-only directory will do.

    Raises:
        OutputError: the file cannot be made, or is not a ledger.
        DiskFullError: no space for it.
    """

    def __init__(self, out: Path, *, writing: bool = True) -> None:
        self.out = out
        self._writing = writing
        self._path = openable(out / LEDGER_NAME)
        self._lock = threading.Lock()
        with self._explained():
            # Two runs that share a directory wait for each other's commits.
            self._database = sqlite3.connect(self._path, timeout=30.0, check_same_thread=False)
            if writing:
                self._prepare()

    def _prepare(self) -> None:
        try:
            # A log ahead needs no wait for the disk at every commit, and a power cut costs the last
            # commits at most. Where it is not possible, commits are slow but as safe.
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._database.executescript(_SCHEMA)
        except sqlite3.Error:
            self._database.close()
            raise

    def begin(self, origin: Origin, files: Mapping[str, Sequence[Path]]) -> None:
        """Announces that ``files`` (by kind) of a picture are about to be written."""
        key, source = _blob(origin.key), _blob(origin.source)
        with self._transaction() as database:
            for kind, paths in files.items():
                database.execute(
                    "INSERT OR REPLACE INTO made VALUES (?, ?, ?, ?, ?, NULL)",
                    (key, kind, source, origin.sha256, origin.recipe),
                )
                database.executemany(
                    "INSERT OR REPLACE INTO files VALUES (?, ?, ?, NULL)",
                    [(self._relative(path), key, kind) for path in paths],
                )

    def finish(self, origin: Origin, files: Mapping[str, Sequence[Path]], characters: int) -> None:
        """Confirms that ``files`` are complete.

        Files of the same kinds that an earlier run made for this picture and this one did not (it
        found fewer characters) are removed, unless they were changed since.
        """
        key = _blob(origin.key)
        for kind, paths in files.items():
            kept = {self._relative(path) for path in paths}
            for name, size in self._files(key, kind):
                if name not in kept:
                    self._remove_stale(name, size)
        with self._transaction() as database:
            for kind, paths in files.items():
                database.execute("DELETE FROM files WHERE key = ? AND kind = ?", (key, kind))
                database.executemany(
                    "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)",
                    [(self._relative(p), key, kind, openable(p).stat().st_size) for p in paths],
                )
                database.execute(
                    "UPDATE made SET characters = ? WHERE key = ? AND kind = ?",
                    (characters, key, kind),
                )

    def made(self, key: str, kind: str) -> Made | None:
        """What is known about one kind of output of a picture."""
        blob = _blob(key)
        with self._lock, self._explained():
            row = self._database.execute(
                "SELECT source, sha256, recipe, characters FROM made WHERE key = ? AND kind = ?",
                (blob, kind),
            ).fetchone()
        if row is None:
            return None
        files = {_text(name): size for name, size in self._files(blob, kind)}
        return Made(Origin(key, _text(row[0]), row[1], row[2]), row[3], files)

    def lists(self, path: Path) -> bool:
        """Whether ``path`` (below the output directory) is a result."""
        with self._lock, self._explained():
            found = self._database.execute(
                "SELECT 1 FROM files WHERE path = ?", (self._relative(path),)
            ).fetchone()
        return found is not None

    def close(self) -> None:
        """Closes the file; the ledger cannot be used afterwards."""
        with self._lock, suppress(sqlite3.Error):
            if self._writing:
                # At rest it is one plain file, readable on read-only media; if another run uses
                # it, that one will see to it.
                self._database.execute("PRAGMA busy_timeout = 0")
                self._database.execute("PRAGMA journal_mode = DELETE")
        self._database.close()

    def _files(self, key: bytes, kind: str) -> list[tuple[bytes, int | None]]:
        with self._lock, self._explained():
            rows = self._database.execute(
                "SELECT path, bytes FROM files WHERE key = ? AND kind = ?", (key, kind)
            )
            return list(rows)

    def _remove_stale(self, name: bytes, size: int | None) -> None:
        path = openable(self.out / _text(name))
        if size is None or (path.is_file() and path.stat().st_size == size):
            path.unlink(missing_ok=True)

    def _relative(self, path: Path) -> bytes:
        return _blob(path.relative_to(self.out).as_posix())

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._explained(), self._database:
            yield self._database

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _explain(error, self._path) from error


def read_ledger(directory: Path) -> Ledger | None:
    """The ledger of ``directory``, or None if it has none."""
    there = openable(directory / LEDGER_NAME).is_file()
    return Ledger(directory, writing=False) if there else None


def _explain(error: sqlite3.Error, path: Path) -> OutputError | DiskFullError:
    reason = str(error)
    if "full" in reason:
        return DiskFullError(f"no space left for {path}", "free some space or choose another disk")
    if isinstance(error, sqlite3.OperationalError):
        return OutputError(
            f"cannot use {path}: {reason}",
            "check the folder's permissions, or choose another --out",
        )
    return OutputError(
        f"{path} is damaged: {reason}",
        "delete it; results that are already there then count as files of yours",
    )


def _blob(text: str) -> bytes:
    # Names need not be valid Unicode (Linux: any bytes; Windows: lone surrogates).
    return text.encode("utf-8", "surrogatepass")


def _text(blob: bytes) -> str:
    return blob.decode("utf-8", "surrogatepass")
