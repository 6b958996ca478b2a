"""Moving the edge of a mask: by exact distances, by topology, by whole pixels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Window = tuple[slice, slice]

Pixel = TypeVar("Pixel", np.bool_, np.uint8)


def window(mask: NDArray[Any], margin: int = 0) -> Window | None:
    """Slices of the tight box of ``mask`` (H, W) bool or uint8, widened by ``margin`` pixels.

    None when the mask is empty. The slices stay inside the frame.
    """
    x, y, width, height = cv2.boundingRect(np.ascontiguousarray(mask).view(np.uint8))
    if not width:
        return None
    top, left = max(y - margin, 0), max(x - margin, 0)
    return slice(top, y + height + margin), slice(left, x + width + margin)


def grow(mask: Mask, radius: float) -> Mask:
    """All pixels within ``radius`` pixels of ``mask`` (H, W) bool; a negative one shrinks it."""
    if radius < 0:
        return shrink(mask, -radius)
    box = window(mask, math.ceil(radius))
    result: Mask = mask.copy()
    if box and radius >= 1:
        result[box] = _distance_outside(mask[box]) < _limit(radius)
    return result


def shrink(mask: Mask, radius: float) -> Mask:
    """Pixels of ``mask`` (H, W) bool farther than ``radius`` pixels from its background.

    The mirror image of `grow`: ``shrink(mask, r) == ~grow(~mask, r)``.
    """
    if radius < 0:
        return grow(mask, -radius)
    # One pixel of margin is enough: the nearest background beyond it has a nearer one inside it.
    box = window(mask, 1)
    result: Mask = mask.copy()
    if box and radius >= 1 and not mask[box].all():
        result[box] = _distance_inside(mask[box]) > _limit(radius)
    return result


def boundary(mask: Mask, radius: float) -> Mask:
    """The band of pixels within ``radius`` pixels of the other side of the mask's edge."""
    return grow(mask, radius) & ~shrink(mask, radius)


def feather(mask: Mask, width: float) -> NDArray[np.uint8]:
    """Softens the edge of ``mask`` (H, W) bool over ``width`` pixels, to uint8 0..255.

    The ramp is linear in the distance from the edge and symmetric around it: the inverse mask gives
    255 minus the result. To the width comes that of a pixel, so 0 keeps the edge hard, and any
    other width softens at least the two pixels that share the edge.
    """
    box = window(mask, math.ceil((width + 1) / 2))
    result: NDArray[np.uint8] = mask.astype(np.uint8) * np.uint8(255)
    if box is None or width <= 0 or mask[box].all():
        return result
    part = mask[box]
    # The edge runs between pixel centres, half a pixel before the first one of the other side.
    beyond = np.where(part, _distance_inside(part), _distance_outside(part)) - 0.5
    far = np.rint(255 * np.clip(0.5 + beyond / (width + 1), 0, 1)).astype(np.uint8)
    result[box] = np.where(part, far, 255 - far)
    return result


def fill_holes(mask: Mask, max_area: float) -> Mask:
    """Fills background regions of at most ``max_area`` pixels that do not reach the frame.

    Args:
        mask: (H, W) bool.
        max_area: in pixels; what a character's arm and the frame enclose is no hole.
    """
    box = window(mask, 1)
    result: Mask = mask.copy()
    if box is None or max_area < 1:
        return result
    part = mask[box]
    labels, stats = _components((~part).view(np.uint8), connectivity=4)
    left, top = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_TOP]
    inside = (left > 0) & (left + stats[:, cv2.CC_STAT_WIDTH] < part.shape[1])
    inside &= (top > 0) & (top + stats[:, cv2.CC_STAT_HEIGHT] < part.shape[0])
    filled = inside & (stats[:, cv2.CC_STAT_AREA] <= max_area)
    filled[0] = False
    if filled.any():
        result[box] |= filled[labels]
    return result


def drop_islands(mask: Mask, max_area: float) -> Mask:
    """Drops detached pieces of at most ``max_area`` pixels; the largest piece always stays.

    Args:
        mask: (H, W) bool.
        max_area: in pixels. Pieces as large as the largest stay as well.
    """
    box = window(mask)
    result: Mask = mask.copy()
    if box is None or max_area < 1:
        return result
    labels, stats = _components(mask[box].view(np.uint8), connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    kept = np.concatenate([[False], (areas > max_area) | (areas == areas.max())])
    if not kept[1:].all():
        result[box] = kept[labels]
    return result


def offset(mask: NDArray[Pixel], x: int, y: int) -> NDArray[Pixel]:
    """Moves ``mask`` (H, W) right by ``x`` and down by ``y`` pixels; what comes in is empty."""
    height, width = mask.shape
    result = np.zeros_like(mask)
    if abs(x) < width and abs(y) < height:
        result[max(y, 0) : height + min(y, 0), max(x, 0) : width + min(x, 0)] = mask[
            max(-y, 0) : height - max(y, 0), max(-x, 0) : width - max(x, 0)
        ]
    return result


def merge(
    masks: NDArray[np.bool_], how: Literal["union", "intersection", "difference"] = "union"
) -> Mask:
    """Joins ``masks`` (N, H, W) bool to one (H, W); of none, the empty mask.

    ``difference`` is the first without the others.
    """
    if not len(masks):
        return np.zeros(masks.shape[1:], np.bool_)
    if how == "union":
        return np.asarray(np.logical_or.reduce(masks), np.bool_)
    if how == "intersection":
        return np.asarray(np.logical_and.reduce(masks), np.bool_)
    return np.asarray(masks[0] & ~np.logical_or.reduce(masks[1:]), np.bool_)


def _distance_outside(mask: Mask) -> NDArray[np.float32]:
    """Distance of every pixel to the nearest one of the mask (exact; Felzenszwalb 2012)."""
    return _distance((~mask).view(np.uint8))


def _distance_inside(mask: Mask) -> NDArray[np.float32]:
    """Distance of every pixel to the nearest one of the background."""
    return _distance(np.ascontiguousarray(mask).view(np.uint8))


def _distance(mask: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.asarray(cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32)


def _limit(radius: float) -> float:
    """A bound between the squared distances that count and the next whole number.

    Squared distances between pixel centres are whole numbers, so the float32 square roots that
    OpenCV returns can be compared without rounding mattering.
    """
    return math.sqrt(math.floor(radius * radius + 1e-9) + 0.5)


def _components(
    image: NDArray[np.uint8], connectivity: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(image, connectivity=connectivity)
    return np.asarray(labels, np.int32), np.asarray(stats, np.int32)
