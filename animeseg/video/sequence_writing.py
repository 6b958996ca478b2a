"""A directory with a PNG file for every frame, and a file that tells when each is shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from animeseg.files import write_file, write_png
from animeseg.instances import Note

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from animeseg.video.frames import Frame, Reader, Sound

TIMES_NAME = "timecodes.txt"
"""In the form of Matroska's tools (timestamp format v2): milliseconds, a line for each frame."""


class SequenceWriter:
    """Writes a directory; see `animeseg.video.writing.Writer`.

    Args:
        path: of the directory.
        reader: the video that the frames are of.
        audio: whether sound would be kept.
    """

    def __init__(self, path: Path, reader: Reader, *, audio: bool) -> None:
        self._path = path
        self._time_base = reader.clip.time_base
        self._times: list[str] = []
        self.notes: tuple[Note, ...] = ()
        if audio and reader.clip.sounds:
            self.notes = (no_sound("png"),)

    def frame(self, frame: Frame, pixels: NDArray[np.uint8]) -> None:
        """Writes a frame."""
        write_png(self._path / f"frame-{frame.number + 1:06}.png", pixels)
        self._times.append(f"{float(frame.time * self._time_base * 1000):.6f}")

    def sound(self, sound: Sound) -> None:
        """Leaves the sound; a note said so."""

    def finish(self) -> None:
        """Writes the times."""
        lines = ["# timestamp format v2", *self._times, ""]
        write_file(self._path / TIMES_NAME, "\n".join(lines).encode("ascii"))

    def close(self) -> None:
        """Does nothing: every file is closed already."""


def no_sound(name: str) -> Note:
    """The note of a format that has no sound."""
    return Note(
        "sound_left", f"{name} holds no sound; it was left out", "write mp4, webm or prores"
    )
