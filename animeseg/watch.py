"""Who is told how far long work is, and who may end it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Watch:
    """Handed through the pipeline; every stage asks it between two pieces of work.

    Work that is ended gives back what is complete, and says so in a note: it never raises.

    Attributes:
        should_stop: asked before each piece (a batch of prompts, a view, a character); True ends
            the work.
        progress: told the pieces done so far and the pieces in all.
    """

    should_stop: Callable[[], bool] | None = None
    progress: Callable[[int, int], None] | None = None

    def stops(self) -> bool:
        """Whether the work has to end now."""
        return self.should_stop is not None and self.should_stop()

    def tell(self, done: int, total: int) -> None:
        """Reports ``done`` of ``total`` pieces."""
        if self.progress is not None:
            self.progress(done, total)

    def part(self, before: int, total: int) -> Callable[[int], bool]:
        """For a part of the work that follows ``before`` of ``total`` pieces.

        Returns:
            A function that is told the pieces done in this part and says whether to go on.
        """

        def goes_on(done: int) -> bool:
            self.tell(before + done, total)
            return not self.stops()

        return goes_on
