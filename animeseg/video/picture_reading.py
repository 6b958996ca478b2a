"""Animated GIF, WebP and PNG as videos, read by Pillow."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageFile

from animeseg.errors import BadVideoError
from animeseg.images import read_image
from animeseg.video.frames import Clip, Frame, Sound

if TYPE_CHECKING:
    from animeseg.images import ImageLimits

_STARTS = {b"GIF8": "GIF", b"\x89PNG": "PNG", b"RIFF": "WEBP"}
_DEFAULT_MS = 100
"""What browsers make of durations that are not given."""

# What Pillow's decoders raise on damaged data.
_FAULTS = (OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, RuntimeError)


def is_picture(head: bytes) -> bool:
    """Whether a file that begins like this is for Pillow."""
    if head[:4] == b"RIFF":  # also AVI
        return head[8:12] == b"WEBP"
    return head[:4] in _STARTS


class PictureReader:
    """Reads an animated picture; see `animeseg.video.frames.Reader`.

    Args:
        path: of the file.
        accept: limits of the frames.
    """

    def __init__(self, path: Path, accept: ImageLimits) -> None:
        self._accept = accept
        self._path = path
        with path.open("rb") as stream:
            kind = _STARTS[stream.read(4)]
        try:
            accept.check_bytes(path.stat().st_size)
            self._image = Image.open(path, formats=[kind])
            accept.check_size(*self._image.size)
            self._count = int(getattr(self._image, "n_frames", 1))
            milliseconds = self._milliseconds()
        except _FAULTS as error:
            raise _damaged(path, error) from error
        if self._count < 2:
            raise BadVideoError(
                f"{path} holds a single picture", "use `animeseg segment` for pictures"
            )
        width, height = self._image.size
        self.clip = Clip(
            size=(height, width),
            time_base=Fraction(1, 1000),
            rate=Fraction(1000, milliseconds),
            frames=self._count,
            loops=int(self._image.info.get("loop", 1 if kind == "GIF" else 0)),
        )

    def __iter__(self) -> Iterator[Frame | Sound]:
        """The frames, each complete and for itself, whatever the file holds of it."""
        time = 0
        for number in range(self._count):
            try:
                self._image.seek(number)
                milliseconds = self._milliseconds()
                whole = self._image.convert("RGBA")
            except _FAULTS as error:
                raise _damaged(self._path, error) from error
            opaque = whole.getchannel("A").getextrema() == (255, 255)
            picture = read_image(whole.convert("RGB") if opaque else whole, accept=self._accept)
            yield Frame(number, time, milliseconds, picture)
            time += milliseconds

    def close(self) -> None:
        """Closes the file."""
        self._image.close()

    def _milliseconds(self) -> int:
        if isinstance(self._image, ImageFile.ImageFile):
            self._image.load()  # WebP tells the duration of a frame once it is decoded
        return round(self._image.info.get("duration", 0)) or _DEFAULT_MS


def _damaged(path: Path, error: Exception) -> BadVideoError:
    return BadVideoError(f"{path} cannot be read: {error}", "save it again in an editor")
