"""Picture files of a set: which they are, how large, copied or encoded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from animeseg.errors import BadImageError
from animeseg.pixels import orientation_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"})
"""What counts as a picture, by its ending in lower case."""

JPEG_QUALITY = 95


def pictures_in(folder: Path) -> Iterator[Path]:
    """All pictures below a folder, in the order of their paths; hidden ones are left out."""
    found = (
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    return iter(sorted(found, key=lambda path: path.relative_to(folder).as_posix()))


def picture_size(path: Path) -> tuple[int, int]:
    """(height, width) of a picture as it is shown, from its header.

    Raises:
        BadImageError: missing or not a picture.
    """
    from PIL import Image

    try:
        with Image.open(path) as image:
            width, height = image.size
            if orientation_of(image) >= 5:  # a quarter turn
                width, height = height, width
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BadImageError(f"{path} is missing or damaged ({error})", "replace it") from error
    return height, width


def encode_jpeg(rgb: NDArray[np.uint8], quality: int = JPEG_QUALITY) -> bytes:
    """JPEG bytes of (H, W, 3) uint8 RGB."""
    done, data = cv2.imencode(
        ".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    return _encoded(done, data)


def encode_grey(grey: NDArray[np.uint8]) -> bytes:
    """PNG bytes of (H, W) uint8, packed fast."""
    done, data = cv2.imencode(".png", grey, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return _encoded(done, data)


def _encoded(done: bool, data: NDArray[np.uint8]) -> bytes:
    if not done:
        raise BadImageError("the picture cannot be encoded", "its sides must be at most 65,500")
    return data.tobytes()
