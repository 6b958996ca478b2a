"""The pipeline as the host's hooks call it: interruptible, its progress shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from animeseg.watch import Watch
from animeseg.webui import host

if TYPE_CHECKING:
    from animeseg.images import Picture
    from animeseg.instances import Segmentation
    from animeseg.options import Options


def ends() -> bool:
    """Whether the user pressed Interrupt or Skip."""
    return host.stopping() or host.skipping()


def find(picture: Picture, options: Options) -> Segmentation:
    """The characters of ``picture``; an interruption leaves a note in the result.

    Raises:
        AnimesegError: a model cannot be loaded, or memory ran out.
    """
    from animeseg.webui.service import service  # with torch behind it

    def told(done: int, total: int) -> None:
        host.show_progress(f"animeseg: {done} of {total}")

    host.show_progress("animeseg")
    try:
        return service().segment(picture, options, watch=Watch(should_stop=ends, progress=told))
    finally:
        host.show_progress("")
