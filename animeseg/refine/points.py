"""Point prompts out of a detection: sampled without chance, far from every edge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from animeseg.masks.morphology import grow

if TYPE_CHECKING:
    from numpy.typing import NDArray

CLEARANCE = 0.02
"""Negative points keep this distance from the mask, as a share of the box's longer side."""


def sample_points(
    masks: Sequence[NDArray[np.bool_]],
    crowd: NDArray[np.uint16],
    boxes: NDArray[np.float32],
    positive: int,
    negative: int,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Points inside and outside of each of B instances.

    Positive points lie where the mask is widest, away from other instances. Negative points lie
    in the box, outside of the mask; the first of them on another instance if one reaches in.

    Args:
        masks: B masks (H, W) bool.
        crowd: (H, W), how many instances claim each pixel.
        boxes: (B, 4) XYXY in pixels.
        positive: points inside, at most.
        negative: points outside, at most.

    Returns:
        (B, K, 2) float32 XY and (B, K) labels: 1 inside, 0 outside, -1 padding.
    """
    points = np.zeros((len(masks), positive + negative, 2), np.float32)
    labels = np.full(points.shape[:2], -1, np.int64)
    for row, (mask, box) in enumerate(zip(masks, boxes, strict=True)):
        window = _window(box, mask.shape)
        mine, others = mask[window], crowd[window] > mask[window]
        inside = peaks(mine & ~others, positive) or peaks(mine, positive)
        outside = _negatives(mine, others, negative)
        found = inside + outside
        if found:
            corner = (window[1].start, window[0].start)
            points[row, : len(found)] = np.add(found, corner)
            labels[row, : len(found)] = [1] * len(inside) + [0] * len(outside)
    return points, labels


def peaks(region: NDArray[np.bool_], count: int) -> list[tuple[int, int]]:
    """Up to ``count`` XY points of ``region`` (H, W) bool, each farthest from its edges.

    Each next point keeps out of the largest disc around the points before it.
    """
    left = np.ascontiguousarray(np.pad(region, 1).view(np.uint8))
    found: list[tuple[int, int]] = []
    while len(found) < count and left.any():
        distance = cv2.distanceTransform(left, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        y, x = divmod(int(distance.argmax()), left.shape[1])
        found.append((x - 1, y - 1))
        cv2.circle(left, (x, y), max(1, int(distance[y, x])), 0, thickness=-1)
    return found


def _negatives(
    mine: NDArray[np.bool_], others: NDArray[np.bool_], count: int
) -> list[tuple[int, int]]:
    if not count:
        return []
    outside = ~grow(mine, max(1.0, CLEARANCE * max(mine.shape)))
    first = peaks(outside & others, 1)
    return first + peaks(outside & ~others, count - len(first))


def _window(box: NDArray[np.float32], size: tuple[int, ...]) -> tuple[slice, slice]:
    left, top = np.floor(box[:2]).clip(0).astype(int).tolist()
    right, bottom = np.ceil(box[2:]).astype(int).tolist()
    return slice(top, min(bottom, size[0])), slice(left, min(right, size[1]))
