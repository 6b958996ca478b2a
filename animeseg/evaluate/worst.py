"""The worst pictures of a system: what is right beside what it said."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from animeseg.export import overlay

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.evaluate.truth import Truth
    from animeseg.instances import Instances

_SIDE = 360
_GAP = 6


def side_by_side(truth: Truth, found: Instances) -> bytes:
    """The true and the found characters over the picture, left and right, as a WebP."""
    pair = [_drawn(truth.image, shown) for shown in (truth.instances, found)]
    gap = np.full((pair[0].shape[0], _GAP, 3), 255, np.uint8)
    stream = io.BytesIO()
    Image.fromarray(np.hstack([pair[0], gap, pair[1]])).save(stream, "WEBP", quality=80)
    return stream.getvalue()


def _drawn(image: NDArray[np.uint8], instances: Instances) -> NDArray[np.uint8]:
    drawn = overlay(image, instances)
    scale = min(1.0, _SIDE / max(drawn.shape[:2]))
    size = (max(1, round(drawn.shape[1] * scale)), max(1, round(drawn.shape[0] * scale)))
    return np.asarray(cv2.resize(drawn, size, interpolation=cv2.INTER_AREA), np.uint8)
