"""Out of memory is no end: the same work again with less, one rung at a time, down to the CPU.

The order is that of what it costs: nothing, then time, then the host's speed, then much time. No
rung changes the answer: networks see the picture at the same size on all of them.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from animeseg.errors import OutOfMemoryError
from animeseg.instances import Note
from animeseg.loading import is_out_of_memory

Result = TypeVar("Result")


@dataclass(frozen=True)
class Rung:
    """One way to need less memory.

    Attributes:
        code: of the note that says it was taken.
        done: what is done, in the past tense, for that note.
        prepare: does it; called with nothing of the failed attempt alive.
        cure: how not to need it; empty if there is nothing to do.
    """

    code: str
    done: str
    prepare: Callable[[], object]
    cure: str = ""

    @property
    def note(self) -> Note:
        """What the reader of the result is told."""
        return Note(self.code, f"memory ran out: {self.done}", self.cure)


def climb(attempt: Callable[[], Result], rungs: Iterable[Rung]) -> tuple[Result, tuple[Note, ...]]:
    """Calls ``attempt`` until it has the memory it needs.

    Args:
        attempt: the work; called again from the start, so it may have no lasting effects.
        rungs: what to try, in order.

    Returns:
        What ``attempt`` gave, and a note for every rung that was taken.

    Raises:
        OutOfMemoryError: there was not enough on the last rung either.
    """
    notes: list[Note] = []
    left = iter(rungs)
    while True:
        outcome = _tried(attempt)
        if not isinstance(outcome, _Failed):
            return outcome, tuple(notes)
        rung = next(left, None)
        if rung is None:
            raise OutOfMemoryError(
                f"there is not enough memory, not even after all else was tried ({outcome.cause})",
                "use a smaller picture or Segment Anything model, or close other programs",
            )
        gc.collect()  # frames of the failed attempt hold on to tensors
        rung.prepare()
        notes.append(rung.note)
        print(f"[animeseg] {rung.code}: {rung.note}")  # noqa: T201 - the host's console


@dataclass(frozen=True)
class _Failed:
    cause: str


def _tried(attempt: Callable[[], Result]) -> Result | _Failed:
    """The error itself is let go: its traceback would keep everything of the attempt alive."""
    try:
        return attempt()
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        return _Failed((str(error).splitlines() or [type(error).__name__])[0][:200])
