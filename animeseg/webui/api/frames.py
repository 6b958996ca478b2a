"""How many frames a GIF has, found without decoding any: a picture of a request is cheap to refuse.

Pillow seeks through all frames to count them, which a file made for it turns into minutes.
"""

from __future__ import annotations

from animeseg.errors import ImageTooLargeError, UnsupportedImageError

_EXTENSION, _IMAGE = 0x21, 0x2C
_MOST_BLOCKS = 1_000_000
"""A block holds up to 255 bytes; encoders fill them."""


def check_animation(data: bytes, most: int) -> None:
    """Refuses animations and files of several pages that take long to look through.

    Damaged files pass: the decoder says what is wrong with them.

    Args:
        data: the encoded picture.
        most: frames that are accepted.

    Raises:
        ImageTooLargeError: a GIF of more frames.
        UnsupportedImageError: a TIFF, whose pages cannot be bounded.
    """
    if data[:4] in (b"II*\0", b"II+\0", b"MM\0*", b"MM\0+"):
        raise UnsupportedImageError("TIFF is not accepted in requests", "save it as PNG first")
    if data[:4] == b"GIF8" and _gif_frames(data, most) > most:
        raise ImageTooLargeError(
            f"the animation has more than {most:,} frames", "send the first frame alone"
        )


def _gif_frames(data: bytes, most: int) -> int:
    """The frames of a GIF89a, counted up to one more than ``most``."""
    frames = blocks = 0
    at = 13 + _table_size(data, 10)
    while at < len(data) and frames <= most:
        kind = data[at]
        if kind == _IMAGE:
            frames += 1
            at += 11 + _table_size(data, at + 9)  # descriptor, colours, code size
        elif kind == _EXTENSION:
            at += 2
        else:
            break  # the trailer, or damage
        while at < len(data) and data[at]:
            at += 1 + data[at]
            blocks += 1
            if blocks > _MOST_BLOCKS:
                return most + 1
        at += 1
    return frames


def _table_size(data: bytes, flags_at: int) -> int:
    """Bytes of the colour table that the flags at a place announce."""
    flags = data[flags_at] if flags_at < len(data) else 0
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0
