"""Reading the pictures of a pack or of a composed set."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np


def read_picture(path: Path, flags: int = cv2.IMREAD_UNCHANGED) -> np.ndarray:
    """Decode a picture file.

    Args:
        path: file of our own making or of a pack, trusted.
        flags: of `cv2.imread`.

    Returns:
        (H, W) or (H, W, C) uint8, channels in OpenCV's order, BGR or BGRA.

    Raises:
        ValueError: the file is missing or is not a picture.
    """
    picture: np.ndarray | None = cv2.imread(str(path), flags)
    if picture is None:
        raise ValueError(f"{path} is missing or is not a picture")
    return picture
