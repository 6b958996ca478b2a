"""From a decoded Pillow image of any mode to upright RGB uint8 arrays and a separate alpha."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from animeseg.instances import Note

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Turn = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]

_ORIENTATION_TAG = 0x0112

# What each EXIF orientation needs so that the first row is the visual top (EXIF 2.32, table 4.6.4).
_UPRIGHT: dict[int, Turn] = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a[::-1].swapaxes(0, 1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: a[:, ::-1].swapaxes(0, 1),
}

# Number ranges a picture of more than 8 bits can have; the smallest that holds all values is taken.
_FLOAT_SPANS = (1.0, 255.0, 65535.0)


def upright_arrays(
    image: Image.Image, orientation: int = 1
) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None, tuple[Note, ...]]:
    """Converts a decoded image.

    - 1, L, P, RGB, YCbCr, CMYK, LAB, HSV: to RGB by Pillow. Colour profiles are not applied.
    - LA, PA, RGBA, or any mode with a transparent colour: colour stays straight (not multiplied),
      alpha goes beside. La and RGBa (premultiplied) are divided back.
    - I;16 and I: 16-bit values, divided by 257 and rounded; I is clipped to 0..65535 first.
    - F: scaled from the first of 0..1, 0..255, 0..65535 that holds all values, the rest clipped;
      NaN counts as 0.

    Args:
        image: a loaded image.
        orientation: its EXIF orientation, 1 to 8.

    Returns:
        RGB (H, W, 3) uint8, alpha (H, W) uint8 or None, and notes about what was lost.
    """
    notes: tuple[Note, ...] = ()
    alpha: NDArray[np.uint8] | None = None
    if image.mode.startswith(("I", "F")):
        values = np.asarray(image)
        grey = _eight_bits(values)
        rgb = np.repeat(grey[:, :, None], 3, axis=2)
        transparent = image.info.get("transparency")
        if isinstance(transparent, int):
            alpha = np.where(values == transparent, 0, 255).astype(np.uint8)
        notes = (Note("depth_reduced", f"{image.mode} values were reduced to 8 bits"),)
    elif _has_alpha(image):
        straight = image.convert("LA") if image.mode == "La" else image
        rgba = np.array(straight.convert("RGBA"))
        rgb, alpha = rgba[:, :, :3], rgba[:, :, 3]
    else:
        rgb = np.array(image.convert("RGB"))
    if turn := _UPRIGHT.get(orientation):
        rgb, alpha = turn(rgb), None if alpha is None else turn(alpha)
    return np.ascontiguousarray(rgb), None if alpha is None else np.ascontiguousarray(alpha), notes


def orientation_of(image: Image.Image) -> int:
    """EXIF orientation of a loaded image, 1 when absent or not a number from 1 to 8.

    Always 1 for TIFF: Pillow turns its pages itself while loading, and before version 10 leaves the
    tag as it was.
    """
    if image.format == "TIFF":
        return 1
    value = image.getexif().get(_ORIENTATION_TAG, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def rgb_profile_of(image: Image.Image) -> bytes | None:
    """The embedded ICC profile if it describes RGB, so that it can be written out again."""
    profile = image.info.get("icc_profile")
    if isinstance(profile, bytes) and profile[16:20] == b"RGB " and image.mode not in ("L", "LA"):
        return profile
    return None


def _has_alpha(image: Image.Image) -> bool:
    if image.mode in ("LA", "PA", "La", "RGBA", "RGBa"):
        return True
    return "transparency" in image.info and image.mode in ("1", "L", "P", "RGB")


def _eight_bits(values: NDArray[Any]) -> NDArray[np.uint8]:
    if values.dtype.kind == "f":
        finite = np.nan_to_num(values, nan=0.0, posinf=np.inf, neginf=0.0)
        top = float(finite.max(initial=0.0))
        span = next((span for span in _FLOAT_SPANS if top <= span), _FLOAT_SPANS[-1])
        scaled = np.rint(np.clip(finite, 0.0, span) * (255.0 / span))
    else:
        scaled = (np.clip(values, 0, 65535).astype(np.uint32) + 128) // 257
    return np.asarray(scaled, np.uint8)
