"""What both generators of the published report do alike."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from PIL import Image

from animeseg.data.entries import Annotation
from animeseg.data.polygons import INSET, mask_to_polygon, polygon_to_mask
from animeseg.data.synth.pixels import Cache, premultiplied, resize_rgba, straight
from animeseg.data.yolo import TOLERANCE, polygon_line

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.data.synth.material import Characters, Row

    Pixels = NDArray[np.uint8]
    Points = NDArray[np.float64]

INSIDE = 128
"""Alpha from which a pixel belongs to a character, where ``grey-mask`` is mended."""


def mask_of(rgba: Pixels) -> Image.Image:
    """The report's mask: 255 wherever there is any alpha."""
    return Image.fromarray(np.where(rgba[..., 3] > 0, 255, 0).astype(np.uint8))


def turned(image: Image.Image, degrees: int) -> Image.Image:
    """An RGBA or L picture turned bicubically on a canvas that holds all of it.

    What Pillow's ``rotate`` with ``expand`` does, in a quarter of the time: most of the time of the
    enhanced recipe is spent here.
    """
    array = np.asarray(image)
    if array.ndim == 3:
        array = premultiplied(array)
    height, width = array.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = math.ceil(width * cos + height * sin), math.ceil(width * sin + height * cos)
    matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    result = cv2.warpAffine(array, matrix, size, flags=cv2.INTER_CUBIC)
    return Image.fromarray(straight(result) if array.ndim == 3 else result)


def inside(mask: Pixels, alpha: Pixels, fixes: frozenset[str]) -> NDArray[np.bool_]:
    """(H, W) bool: what counts as the character after everything was resampled."""
    return alpha >= INSIDE if "grey-mask" in fixes else mask > 0


class Inputs:
    """Backgrounds and characters scaled alike, so that a background's longer side is ``size``.

    The report took its files as they were, which a size of 0 does; smaller backgrounds are left as
    they are too.
    """

    def __init__(self, characters: Characters, size: int) -> None:
        self._characters = characters
        self._size = size
        self._cache = Cache()

    def background(self, rgb: Pixels) -> tuple[Image.Image, float]:
        """The background as a picture to paste on, and the scale that it was given."""
        scale = min(1.0, self._size / max(rgb.shape[:2])) if self._size else 1.0
        if scale == 1.0:
            return Image.fromarray(rgb), scale
        wide = max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale))
        return Image.fromarray(cv2.resize(rgb, wide, interpolation=cv2.INTER_AREA)), scale

    def character(self, row: Row, scale: float) -> Pixels:
        """(H, W, 4) uint8 straight RGBA at a scale; not to be changed."""
        rgba = self._characters.pixels(row)
        if scale == 1.0:
            return rgba
        return self._cache.get((row.name, scale), lambda: resize_rgba(rgba, scale))


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
