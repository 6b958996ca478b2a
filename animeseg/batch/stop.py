"""Ending a run early without losing what is being written."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class Stop:
    """A request to end a run.

    Attributes:
        requests: how often it was asked for. After the first, what is being written is finished;
            after the second, only files that are already half written are.
        code: exit code that tells the reason.
    """

    def __init__(self) -> None:
        self.requests = 0
        self.code = 130
        self._leaving = False

    def request(self) -> None:
        """Asks for the end; may be called from any thread."""
        self.requests += 1

    @contextmanager
    def leaving_at_once(self) -> Iterator[None]:
        """A block that a signal may leave by `KeyboardInterrupt`, since nothing is lost in it."""
        self._leaving = True
        try:
            if self.requests:
                raise KeyboardInterrupt
            yield
        finally:
            self._leaving = False

    @contextmanager
    def on_signals(
        self, told: Callable[[int], None], *, ends_process: bool = False
    ) -> Iterator[None]:
        """Turns Ctrl-C and the end signals of the system into requests, within the block.

        Outside the main thread, where signals cannot be caught, nothing changes.

        Args:
            told: called with the number of requests so far, for a message.
            ends_process: whether the process ends soon after the block. After a request the
                signals are then ignored for good: one more press, while the interpreter shuts
                down, would otherwise kill it and take the exit code with it.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def handle(number: int, frame: FrameType | None) -> None:
            self.request()
            self.code = 128 + number
            told(self.requests)
            if self._leaving and self.requests == 1:
                raise KeyboardInterrupt

        # SIGBREAK is Ctrl-Break on Windows.
        names = ("SIGINT", "SIGTERM", "SIGBREAK")
        numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
        before = {number: signal.signal(number, handle) for number in numbers}
        try:
            yield
        finally:
            deaf = ends_process and self.requests > 0
            for number, handler in before.items():
                signal.signal(number, signal.SIG_IGN if deaf else handler)
