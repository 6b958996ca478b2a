"""What the routes need of the program around them, as plain callables.

The WebUI and ``animeseg app`` each fill in a `Backend`; the routes know neither.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from animeseg.images import Picture
    from animeseg.instances import Segmentation
    from animeseg.options import Options

    Segment = Callable[[Picture, Options], Segmentation]


def _no_job(title: str) -> AbstractContextManager[object]:
    return nullcontext()


@dataclass(frozen=True)
class Backend:
    """Where requests are worked on.

    Attributes:
        segment: the pipeline; called in a worker thread, inside ``queue`` and ``job``.
        queue: makes the lock that lets one job run at a time, the program's own among them.
        job: makes the block in which the program shows that work is done, given its title.
        stopping: whether the user of the program asked for the end of what is running.
        model_dirs: further folders in which weights are looked for.
        program: name and version of the program around the routes, for ``version``.
    """

    segment: Segment
    queue: Callable[[], AbstractContextManager[object]] = nullcontext
    job: Callable[[str], AbstractContextManager[object]] = _no_job
    stopping: Callable[[], bool] = bool
    model_dirs: Callable[[], Sequence[Path]] = tuple
    program: str = ""
