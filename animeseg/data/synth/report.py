"""What both generators of the published report do alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from PIL import Image

from animeseg.data.entries import Annotation
from animeseg.data.polygons import INSET, mask_to_polygon, polygon_to_mask
from animeseg.data.synth.pixels import resize_rgba
from animeseg.data.yolo import TOLERANCE, polygon_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Points = NDArray[np.float64]

INSIDE = 128
"""Alpha from which a pixel belongs to a character, where ``grey-mask`` is mended."""


def mask_of(rgba: Pixels) -> Image.Image:
    """The report's mask: 255 wherever there is any alpha."""
    return Image.fromarray(np.where(rgba[..., 3] > 0, 255, 0).astype(np.uint8))


def inside(mask: Pixels, alpha: Pixels, fixes: frozenset[str]) -> NDArray[np.bool_]:
    """(H, W) bool: what counts as the character after everything was resampled."""
    return alpha >= INSIDE if "grey-mask" in fixes else mask > 0


def scaled_inputs(
    background: Pixels, cutouts: Iterable[Pixels], size: int
) -> tuple[Image.Image, list[Pixels]]:
    """Background and characters scaled alike, so that the background's longer side is ``size``.

    The report took its files as they were, which 0 does; only a larger background is scaled.
    """
    scale = min(1.0, size / max(background.shape[:2])) if size else 1.0
    if scale == 1.0:
        return Image.fromarray(background), list(cutouts)
    wide = max(1, round(background.shape[1] * scale)), max(1, round(background.shape[0] * scale))
    small = cv2.resize(background, wide, interpolation=cv2.INTER_AREA)
    return Image.fromarray(small), [resize_rgba(rgba, scale) for rgba in cutouts]


def traced(mask: NDArray[np.bool_], mode: int) -> list[Points]:
    """Contours (N, 2) with every pixel of the border, in OpenCV's order."""
    image = np.ascontiguousarray(mask).view(np.uint8)
    found, _ = cv2.findContours(image, mode, cv2.CHAIN_APPROX_NONE)
    return [loop.reshape(-1, 2).astype(np.float64) for loop in found]


def dense_line(contour: Points, size: tuple[int, int]) -> str:
    """The report's label line: every point of the contour, and the blank it left at the end."""
    return polygon_line(0, contour, size) + " "


def sparse_line(mask: NDArray[np.bool_], holes: bool) -> str:
    """A label line with few points; holes are bridged or filled."""
    polygon = mask_to_polygon(mask, tolerance=TOLERANCE, smallest_part=4, holes=holes)
    assert polygon is not None  # noqa: S101 - callers give no empty mask
    return polygon_line(0, polygon + INSET, (mask.shape[0], mask.shape[1]))


def as_labelled(contour: Points, size: tuple[int, int], **more: Any) -> Annotation:
    """What a contour's label means: the filled polygon."""
    return Annotation.of_mask(polygon_to_mask(contour, size), **more)


def filled(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask without holes."""
    result = np.zeros(mask.shape, np.uint8)
    image = np.ascontiguousarray(mask).view(np.uint8)
    loops, _ = cv2.findContours(image, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(result, loops, -1, 1, cv2.FILLED)
    return result.view(np.bool_)
