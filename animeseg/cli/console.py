"""What the command line prints: results on stdout, everything else on stderr."""

from __future__ import annotations

import io
import os
import sys
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO

from animeseg.errors import AnimesegError

if TYPE_CHECKING:
    from tqdm import tqdm


class Console:
    """The two streams of the command line, and the progress bar between them.

    Args:
        quiet: messages are left out; results and errors are not.
        debug: errors come with their traceback.
    """

    def __init__(self, *, quiet: bool = False, debug: bool = False) -> None:
        self.quiet = quiet
        self.debug = debug
        self._bar: tqdm[Any] | None = None
        self._stdout_closed = False
        for stream in (sys.stdout, sys.stderr):
            make_safe(stream)

    def result(self, text: str) -> None:
        """Prints a line of the result."""
        if self._stdout_closed:
            return
        try:
            self._print(one_line(text) if sys.stdout.isatty() else text, sys.stdout)
        except BrokenPipeError:  # `| head`: the reader has enough, the work goes on
            self._stdout_closed = True

    def lines(self, text: str) -> None:
        """Prints a result of several lines."""
        for line in text.split("\n"):
            self.result(line)

    def say(self, text: str) -> None:
        """Prints a message unless it is to be quiet."""
        if not self.quiet:
            self.warn(text)

    def warn(self, text: str) -> None:
        """Prints a message that is never left out."""
        self._print("\n".join(map(one_line, text.split("\n"))), sys.stderr)

    def interject(self, text: str) -> None:
        """Prints a message from inside a signal handler, where streams may be in use already."""
        if not self.quiet:
            with suppress(OSError):
                os.write(2, f"\n{text}\n".encode())

    def error(self, error: AnimesegError, subject: str = "") -> None:
        """Prints the one line of an error, ``subject`` being the file it is about."""
        about = f"{subject}: " if subject else ""
        self.warn(one_line(f"[animeseg] {error.code}: {about}{error}"))
        if self.debug:
            self.warn("".join(traceback.format_exception(error)).rstrip())

    def progress(self, shown: bool | None, unit: str, title: str | None = None) -> tqdm[Any]:
        """A progress bar on stderr, made the one that messages make room for.

        Args:
            shown: whether to show it; None shows it on a terminal, unless quiet.
            unit: what is counted; ``B`` for bytes.
            title: shown before the bar.
        """
        from tqdm import tqdm

        visible = (sys.stderr.isatty() and not self.quiet) if shown is None else shown
        self._bar = tqdm(
            desc=title,
            unit=unit if unit == "B" else f" {unit}",
            unit_scale=unit == "B",
            file=sys.stderr,
            disable=not visible,
            dynamic_ncols=True,
        )
        return self._bar

    def flush(self) -> None:
        """Flushes stdout; a reader that is gone is no error."""
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            self._stdout_closed = True
        if self._stdout_closed:
            # Python flushes stdout once more when it exits, and would complain.
            sys.stdout = io.StringIO()

    def _print(self, text: str, stream: TextIO) -> None:
        if self._bar is None or self._bar.disable:
            stream.write(text + "\n")
            stream.flush()
        else:
            self._bar.write(text, file=stream)


def make_safe(stream: TextIO) -> None:
    """Lets ``stream`` print any file name, whatever the terminal's encoding.

    A UTF-8 stream gives names that are not valid Unicode (possible on Linux) byte for byte, so that
    they can be piped on; elsewhere what cannot be printed is shown as an escape.
    """
    if isinstance(stream, io.TextIOWrapper):
        exact = stream.encoding.lower().replace("-", "") == "utf8" and sys.platform != "win32"
        stream.reconfigure(errors="surrogateescape" if exact else "backslashreplace")


def one_line(text: str) -> str:
    """``text`` with control characters escaped: a file name must not steer the terminal."""
    # Surrogates stand for bytes that are not valid Unicode; the stream knows what to do with them.
    return "".join(
        char if char.isprintable() or "\ud800" <= char <= "\udfff" else repr(char)[1:-1]
        for char in text
    )
