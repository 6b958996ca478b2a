"""What `animeseg segment` says about its pictures, while it runs and at the end."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from animeseg.batch.report import ReportFile, Row, Totals
from animeseg.cli.console import Console
from animeseg.errors import AnimesegError


class Teller:
    """Prints rows as they come and hands them to the report file.

    Args:
        console: where to print.
        report: the report file, or None.
        json_lines: print rows as JSON in place of paths.

    Attributes:
        failed: the report could not be written.
    """

    def __init__(self, console: Console, *, report: Path | None, json_lines: bool) -> None:
        self.console = console
        self.failed = False
        self._json_lines = json_lines
        self._files = ExitStack()
        self._report = self._files.enter_context(ReportFile(report)) if report else None

    def row(self, row: Row, totals: Totals) -> None:
        """Tells about one picture; ``totals`` count it already."""
        if row.error is not None:
            self.console.error(row.error, str(row.source))
        for note in row.notes:
            if totals.notes[note.code][0] == 1:  # told once, counted at the end
                self.console.say(f"[animeseg] {note.code}: {note}")
        if self._json_lines:
            self.console.result(json.dumps(row.as_dict()))
        elif row.status == "done":
            for path in row.outputs:
                self.console.result(str(path))
        self._with_report(lambda report: report.add(row))

    def end(self, totals: Totals, *, ignored: int, out: Path) -> None:
        """Tells the totals and completes the report."""
        self._with_report(lambda report: report.close(totals))
        if self._json_lines:
            self.console.result(json.dumps({"totals": totals.as_dict()}))
        for line in summary(totals, ignored=ignored, out=out):
            self.console.say(line)

    def _with_report(self, action: Callable[[ReportFile], None]) -> None:
        if self._report is None:
            return
        try:
            action(self._report)
        except AnimesegError as error:  # the pictures matter more than the report
            self.console.error(error)
            self._report = None
            self.failed = True

    def __enter__(self) -> Teller:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._files.close()


def summary(totals: Totals, *, ignored: int, out: Path) -> list[str]:
    """The lines that end a run."""
    lines = [_counts(totals)]
    if totals.pictures["done"] or totals.pictures["skipped"]:
        lines.append(f"results: {out}")
    if ignored:
        lines.append(f"left alone: {_many(ignored, 'file')} (no pictures, or earlier results)")
    lines += [
        f"note {code}: {_many(count, 'picture')}" for code, (count, _) in totals.notes.items()
    ]
    for code, failure in totals.failures.items():
        more = failure.count - len(failure.examples)
        names = ", ".join(map(str, failure.examples)) + (f" and {more} more" if more else "")
        lines.append(f"failed, {code} ({failure.count}): {names}")
        lines += [f"    {failure.cure}"] if failure.cure else []
    if isinstance(totals.stopped, AnimesegError):
        lines.append(f"stopped early by {totals.stopped.code}; go on with --resume")
    elif totals.stopped is not None:
        lines.append("interrupted; go on with --resume")
    return lines


def _counts(totals: Totals) -> str:
    counts = totals.pictures
    if not counts and totals.stopped is None:
        return "no pictures found"
    parts = [f"{counts['done']} done"]
    parts += [f"{counts['skipped']} skipped, complete already"] if counts["skipped"] else []
    parts += [f"{counts['failed']} failed"] if counts["failed"] else []
    line = f"{_many(sum(counts.values()), 'picture')}: {', '.join(parts)}"
    if counts["done"] or counts["skipped"]:
        line += f"; {_many(totals.characters, 'character')} found"
    if totals.empty:
        line += f", none in {_many(totals.empty, 'picture')}"
    return line


def _many(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
