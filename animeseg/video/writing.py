"""Frames become a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from animeseg.files import whole_path
from animeseg.video.sequence_writing import SequenceWriter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from animeseg.instances import Note
    from animeseg.video.formats import VideoFormat
    from animeseg.video.frames import Frame, Reader, Sound


class Writer(Protocol):
    """A file that is being written."""

    notes: tuple[Note, ...]

    def frame(self, frame: Frame, pixels: NDArray[np.uint8]) -> None:
        """Writes a frame: (H, W, 3) RGB, or (H, W, 4) RGBA where alpha was announced."""
        ...

    def sound(self, sound: Sound) -> None:
        """Writes a piece of a sound track."""
        ...

    def finish(self) -> None:
        """Writes what is still held back; the file is complete."""
        ...

    def close(self) -> None:
        """Closes the file, complete or not."""
        ...


@contextmanager
def new_video(
    target: Path,
    form: VideoFormat,
    reader: Reader,
    *,
    transparent: bool,
    quality: int,
    audio: bool,
    overwrite: bool,
) -> Iterator[Writer]:
    """A file that gets its name when the block ends well, and is not there otherwise.

    Args:
        target: its name.
        form: what it is.
        reader: the video that the frames are of.
        transparent: whether frames come with alpha.
        quality: 1 to 100.
        audio: whether sound is kept.
        overwrite: replace a file of that name.

    Raises:
        OutputExistsError: there is a file of that name.
        OutputError: it cannot be written.
        MissingDependencyError: PyAV is needed and is not installed.
    """
    with whole_path(target, overwrite=overwrite) as partial:
        writer: Writer
        if form.container:
            from animeseg.video.av_writing import AvWriter

            writer = AvWriter(
                partial, form, reader, transparent=transparent, quality=quality, audio=audio
            )
        else:
            writer = SequenceWriter(partial, reader, audio=audio)
        try:
            yield writer
            writer.finish()
        finally:
            writer.close()
