"""What is said about a run: one row per picture, totals, and a report file.

Rows are counted and written as they come and then forgotten, so a run of any length needs the same
memory.
"""

from __future__ import annotations

import errno
import json
import secrets
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from animeseg.__about__ import __version__
from animeseg.batch.naming import openable
from animeseg.errors import AnimesegError, DiskFullError, OutputError
from animeseg.files import PARTIAL_SUFFIX
from animeseg.instances import Note

_EXAMPLES = 5


@dataclass(frozen=True)
class Row:
    """What became of one picture.

    Attributes:
        source: path of the picture.
        status: ``done``, ``skipped`` (complete from an earlier run) or ``failed``.
        characters: how many were found; None if it failed.
        size: (height, width) in pixels, where the picture was decoded.
        seconds: time the networks took.
        outputs: files that were written, or are there from an earlier run.
        notes: weaker paths and rejections.
        error: why it failed.
    """

    source: Path
    status: str
    characters: int | None = None
    size: tuple[int, int] | None = None
    seconds: float = 0.0
    outputs: tuple[Path, ...] = ()
    notes: tuple[Note, ...] = ()
    error: AnimesegError | None = None

    def as_dict(self) -> dict[str, Any]:
        """The row, ready for JSON."""
        row: dict[str, Any] = {
            "source": str(self.source),
            "status": self.status,
            "characters": self.characters,
            "size": list(self.size) if self.size else None,
            "seconds": round(self.seconds, 4),
            "outputs": [str(path) for path in self.outputs],
            "notes": [
                {"code": note.code, "message": note.message, "cure": note.cure}
                for note in self.notes
            ],
        }
        if self.error is not None:
            row["error"] = {
                "code": self.error.code,
                "cause": self.error.cause,
                "cure": self.error.cure,
            }
        return row


@dataclass
class Totals:
    """Counts over a run.

    Attributes:
        pictures: rows by status.
        characters: found in all pictures that were done or skipped.
        empty: pictures without a character.
        failures: by code: how many, the first few sources, and the first cure.
        notes: by code: how many pictures, and the first note.
        stopped: why the run ended early (``interrupted`` or the error that ended it), or None.
    """

    pictures: Counter[str] = field(default_factory=Counter)
    characters: int = 0
    empty: int = 0
    failures: dict[str, Failure] = field(default_factory=dict)
    notes: dict[str, tuple[int, Note]] = field(default_factory=dict)
    stopped: str | AnimesegError | None = None

    def add(self, row: Row) -> None:
        """Counts ``row``."""
        self.pictures[row.status] += 1
        if row.characters is not None:
            self.characters += row.characters
            self.empty += row.characters == 0
        if row.error is not None:
            failure = self.failures.setdefault(row.error.code, Failure(row.error.cure))
            failure.count += 1
            if len(failure.examples) < _EXAMPLES:
                failure.examples.append(row.source)
        for code, note in {note.code: note for note in reversed(row.notes)}.items():
            count, first = self.notes.get(code, (0, note))
            self.notes[code] = (count + 1, first)

    @property
    def exit_code(self) -> int:
        """0: all pictures are fine; 1: some failed or the run ended early; 130: interrupted."""
        if self.stopped == "interrupted":
            return 130
        return 1 if self.pictures["failed"] or self.stopped is not None else 0

    def as_dict(self) -> dict[str, Any]:
        """The totals, ready for JSON."""
        stopped = self.stopped
        return {
            "version": __version__,
            "done": self.pictures["done"],
            "skipped": self.pictures["skipped"],
            "failed": self.pictures["failed"],
            "characters": self.characters,
            "without_characters": self.empty,
            "failures": {code: failure.count for code, failure in self.failures.items()},
            "notes": {code: count for code, (count, _) in self.notes.items()},
            "stopped": stopped.code if isinstance(stopped, AnimesegError) else stopped,
        }


@dataclass
class Failure:
    """One kind of failure: how often, where first, and what to do."""

    cure: str
    count: int = 0
    examples: list[Path] = field(default_factory=list)


class ReportFile:
    """Writes rows to a temporary file as they come and moves it to its name at the end.

    ``NAME.jsonl`` gets one JSON object per line, the totals last; any other name gets one JSON
    document with ``pictures`` and ``totals``. An earlier report of that name is replaced.

    Args:
        path: the final name.

    Raises:
        OutputError: it cannot be written.
        DiskFullError: no space.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines = path.suffix.lower() == ".jsonl"
        self._rows = 0
        self._partial = openable(path.with_name(f".{secrets.token_hex(4)}{PARTIAL_SUFFIX}"))
        self._stream: TextIO | None = None
        self._attempt(self._open)

    def _open(self) -> None:
        if self.path.is_dir():
            raise IsADirectoryError("a directory has this name")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._stream = self._partial.open("w", encoding="utf-8")
        self._stream.write("" if self._lines else '{"pictures": [')

    def add(self, row: Row) -> None:
        """Writes one row."""
        before = "" if self._lines else ",\n" if self._rows else "\n"
        after = "\n" if self._lines else ""
        self._write(before + json.dumps(row.as_dict()) + after)
        self._rows += 1

    def close(self, totals: Totals) -> None:
        """Writes the totals and gives the report its name."""
        counts = json.dumps(totals.as_dict())
        self._write(f'{{"totals": {counts}}}\n' if self._lines else f'\n], "totals": {counts}}}\n')
        self._attempt(self._finish)

    def _finish(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None
            self._partial.replace(openable(self.path))

    def _write(self, text: str) -> None:
        stream = self._stream
        if stream is not None:
            self._attempt(lambda: stream.write(text))

    def _attempt(self, action: Callable[[], object]) -> None:
        try:
            action()
        except OSError as error:
            self.discard()
            reason = error.strerror or str(error)
            kind = DiskFullError if error.errno == errno.ENOSPC else OutputError
            raise kind(
                f"cannot write the report {self.path}: {reason}", "give --report another place"
            ) from error

    def discard(self) -> None:
        """Removes what was written so far; nothing if the report is complete."""
        stream, self._stream = self._stream, None
        with suppress(OSError):  # flushing to a full disk fails again
            if stream is not None:
                stream.close()
        with suppress(OSError):  # where no file could be made, none can be removed
            self._partial.unlink(missing_ok=True)

    def __enter__(self) -> ReportFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.discard()
