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

# Up to this radius a disc is quicker than the distance transform, whatever the size of the mask.
_DISC_RADIUS = 12
# Up to this reach a ramp has few enough steps to take them one by one.
_STEPS_REACH = 3
# For radii whose square should be a whole number and is not quite.
_ROUNDING = 1e-9

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
        result[box] = _near(mask[box], radius)
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
    if box and radius >= 1:
        result[box] = ~_near(~mask[box], radius)
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
    if box is None or width <= 0:
        return result
    part = mask[box]
    result[box] = np.where(part, 255 - _ramp(~part, width), _ramp(part, width))
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
    labels, areas = _components(~mask[box], connectivity=4)
    small = areas <= max_area
    # Background around the character reaches the frame or this margin, which leads there.
    for side in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        small[side] = False
    small[0] = False
    if small.any():
        result[box] |= small[labels]
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
    labels, areas = _components(mask[box], connectivity=8)
    kept = (areas > max_area) | (areas == areas[1:].max())
    kept[0] = False
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


def disc(radius: float) -> NDArray[np.uint8]:
    """Structuring element of all pixels within ``radius`` of the middle one."""
    reach = int(radius + _ROUNDING)
    y, x = np.ogrid[-reach : reach + 1, -reach : reach + 1]
    return np.asarray(x * x + y * y <= radius * radius + _ROUNDING, np.uint8)


def _near(mask: Mask, radius: float) -> Mask:
    """Pixels within ``radius`` of ``mask``, by whichever exact way is quicker."""
    if radius <= _DISC_RADIUS:
        image = np.ascontiguousarray(mask).view(np.uint8)
        return np.asarray(cv2.dilate(image, disc(radius)), np.uint8).view(np.bool_)
    if not mask.any():
        return np.zeros_like(mask)
    # Squared distances are whole numbers: a limit halfway to the next one is safe from the
    # rounding of the float32 roots.
    limit = math.sqrt(math.floor(radius * radius + _ROUNDING) + 0.5)
    return np.asarray(_distance(mask) < limit, np.bool_)


def _ramp(side: Mask, width: float) -> NDArray[np.uint8]:
    """How far ``side`` fades over its edge into the other side; see `feather`.

    The edge runs between pixel centres, half a pixel before the first one of the other side.
    """
    reach = width / 2 + 1
    if not side.any():
        return np.zeros(side.shape, np.uint8)
    if reach > _STEPS_REACH:
        fade = 127.5 - (_distance(side) - 0.5) * (255 / (width + 1))
        return np.asarray(np.rint(np.maximum(fade, 0)), np.uint8)
    image = np.ascontiguousarray(side).view(np.uint8)
    result = np.zeros(side.shape, np.uint8)
    for square in sorted({x * x + y * y for x in range(4) for y in range(4)} - {0}):
        distance = math.sqrt(square)
        value = round(127.5 - (distance - 0.5) * (255 / (width + 1)))
        if distance < reach and value > 0:
            step = cv2.dilate(image * np.uint8(value), disc(distance))
            result = np.asarray(cv2.max(result, step), np.uint8)
    return result


def _distance(mask: Mask) -> NDArray[np.float32]:
    """Distance of every pixel to the nearest one of ``mask`` (exact; Felzenszwalb 2012)."""
    rest = (~mask).view(np.uint8)
    return np.asarray(cv2.distanceTransform(rest, cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32)


def _components(mask: Mask, connectivity: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Connected components of ``mask``, 0 being the rest, and their areas in pixels."""
    image = np.ascontiguousarray(mask).view(np.uint8)
    count, labels = cv2.connectedComponents(image, connectivity=connectivity)
    return np.asarray(labels, np.int32), np.bincount(labels.ravel(), minlength=count)
