"""Masks as single polygons, and back.

A line of a YOLO label is one polygon without holes. Parts and holes of a mask are therefore joined
by *bridges*: the outline runs to the nearest point of the next part or hole, once around it, and
back on the same way. Filled by parity, as OpenCV does for one polygon, holes stay open; what a
bridge leaves behind is a line of one pixel at most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Points = NDArray[np.float64]

INSET = 0.25
"""Where in its pixel a corner is written. Readers that cut off (ultralytics) and readers that round
(supervision) then both find the pixel it came from."""

SMALLEST = 3
"""Points that a polygon needs."""


def mask_to_polygon(
    mask: Mask, *, tolerance: float = 0.0, smallest_part: float = 0.0, holes: bool = True
) -> Points | None:
    """One polygon of a mask.

    Args:
        mask: (H, W) bool.
        tolerance: the outline may be off by this many pixels, to save points; 0 keeps every corner.
        smallest_part: parts and holes of less area, in pixels, are left out, but never the largest.
        holes: keep holes; otherwise they are filled.

    Returns:
        (N, 2) corners in pixels, or None for a mask that has none.
    """
    outer, inner = _contours(mask, holes)
    outer.sort(key=_area, reverse=True)
    # A part of one pixel or a line has no area, and still is a part: it is kept where asked for.
    kept = outer[:1] + [loop for loop in outer[1:] if _area(loop) >= smallest_part]
    kept += [loop for loop in inner if _area(loop) >= max(smallest_part, 1.0)]
    loops = [_simple(loop, tolerance) for loop in kept]
    if not loops:
        return None
    polygon = bridge(loops)
    while len(polygon) < SMALLEST:
        polygon = np.concatenate([polygon, polygon[-1:]])
    return polygon


def bridge(loops: Sequence[Points]) -> Points:
    """Joins closed loops (N, 2) into one, each linked to the nearest point of those before it."""
    joined = np.asarray(loops[0], np.float64)
    rest = [np.asarray(loop, np.float64) for loop in loops[1:]]
    while rest:
        gaps = [_nearest(joined, loop) for loop in rest]
        best = min(range(len(rest)), key=lambda row: gaps[row][0])
        _, here, there = gaps[best]
        loop = rest.pop(best)
        around = np.concatenate([loop[there:], loop[: there + 1]])
        joined = np.concatenate([joined[: here + 1], around, joined[here:]])
    return joined


def polygon_to_mask(polygon: Points, size: tuple[int, int]) -> Mask:
    """The mask (H, W) bool of a polygon (N, 2) in pixels, cut off at the frame.

    Corners are cut off to whole pixels and the outline belongs to the mask, as in ultralytics.
    """
    filled = np.zeros(size, np.uint8)
    limit = 2**15  # OpenCV overflows far outside the frame
    corners = np.clip(np.floor(np.asarray(polygon, np.float64)), -limit, limit).astype(np.int32)
    cv2.fillPoly(filled, [corners], 1)
    return filled.view(np.bool_)


def _contours(mask: Mask, holes: bool) -> tuple[list[Points], list[Points]]:
    """Outer and inner loops; an inner one runs along the hole's own pixels' inner side."""
    image = np.ascontiguousarray(mask).view(np.uint8)
    outer, _ = cv2.findContours(image, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    outside = [loop.reshape(-1, 2).astype(np.float64) for loop in outer]
    if not holes:
        return outside, []
    # Every part, also one that lies in the hole of another, and the loops around the holes.
    every, tree = cv2.findContours(image, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    parents = tree[0, :, 3] if tree is not None else []
    flat = [loop.reshape(-1, 2).astype(np.float64) for loop in every]
    return (
        [loop for loop, parent in zip(flat, parents, strict=True) if parent < 0],
        [loop for loop, parent in zip(flat, parents, strict=True) if parent >= 0],
    )


def _simple(loop: Points, tolerance: float) -> Points:
    if tolerance <= 0 or len(loop) < 4:
        return loop
    fewer = cv2.approxPolyDP(loop.astype(np.float32), tolerance, True).reshape(-1, 2)
    return fewer.astype(np.float64) if len(fewer) >= SMALLEST else loop


def _nearest(a: Points, b: Points) -> tuple[float, int, int]:
    """Squared distance and rows of the nearest points of two loops, exact up to 4 M pairs."""
    step = max(1, len(a) * len(b) // 4_000_000)
    gaps = ((a[::step, None, :] - b[None, :, :]) ** 2).sum(axis=2)
    row, column = np.unravel_index(int(gaps.argmin()), gaps.shape)
    return float(gaps[row, column]), int(row) * step, int(column)


def _area(loop: Points) -> float:
    return float(abs(cv2.contourArea(loop.astype(np.float32))))
