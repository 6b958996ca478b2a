"""A file becomes frames."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

from animeseg.errors import BadVideoError
from animeseg.images import DEFAULT_LIMITS, ImageLimits
from animeseg.video.frames import Reader
from animeseg.video.picture_reading import PictureReader, is_picture

__all__ = ["open_video"]


@contextmanager
def open_video(
    source: str | PathLike[str], *, accept: ImageLimits = DEFAULT_LIMITS
) -> Iterator[Reader]:
    """Opens a video or an animated picture, closed at the end of the block.

    Args:
        source: path of a file on this machine; never a URL.
        accept: limits of the frames; those on bytes do not hold for videos.

    Raises:
        BadVideoError: no such file, damaged, or nothing that moves.
        MissingDependencyError: a video, and PyAV is not installed.
    """
    path = Path(source)
    try:
        with path.open("rb") as stream:
            head = stream.read(32)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadVideoError(f"cannot open {path}: {reason}", "check the path") from error
    reader: Reader
    if is_picture(head):
        reader = PictureReader(path, accept)
    else:
        from animeseg.video.av_reading import AvReader

        reader = AvReader(path, accept)
    try:
        yield reader
    finally:
        reader.close()
