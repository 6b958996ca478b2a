"""How alike two masks are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from animeseg.masks.morphology import window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

_BLOCK_BYTES = 2**25


def iou(a: Mask, b: Mask) -> float:
    """Intersection over union of two (H, W) bool masks; 0 when both are empty."""
    return _ratio(np.count_nonzero(a & b), np.count_nonzero(a | b))


def containment(a: Mask, b: Mask) -> float:
    """Share of ``a`` that lies inside ``b``, both (H, W) bool; 0 when ``a`` is empty."""
    return _ratio(np.count_nonzero(a & b), np.count_nonzero(a))


def pairwise_intersections(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Pixels shared by each of ``a`` (N, H, W) with each of ``b`` (M, H, W): (N, M) int64.

    A matrix product, taken block by block, so that besides the masks it needs about 32 MiB.
    """
    pixels = math.prod(a.shape[1:])
    rows_a, rows_b = a.reshape(len(a), pixels), b.reshape(len(b), pixels)
    result = np.zeros((len(a), len(b)), np.int64)
    # At most 2**20 pixels a block: sums of so many ones are exact in float32.
    block = max(1, min(2**20, _BLOCK_BYTES // (4 * max(len(a) + len(b), 1))))
    for start in range(0, pixels, block):
        part = slice(start, start + block)
        product = rows_a[:, part].astype(np.float32) @ rows_b[:, part].astype(np.float32).T
        result += product.astype(np.int64)
    return result


def pairwise_iou(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> NDArray[np.float64]:
    """IoU of each of ``a`` (N, H, W) with each of ``b`` (M, H, W): (N, M)."""
    shared = pairwise_intersections(a, b)
    return _ratios(shared, _areas(a)[:, None] + _areas(b)[None, :] - shared)


def pairwise_containment(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Share of each of ``a`` (N, H, W) inside each of ``b`` (M, H, W): (N, M)."""
    return _ratios(pairwise_intersections(a, b), np.repeat(_areas(a)[:, None], len(b), axis=1))


def boundary_iou(a: Mask, b: Mask, ratio: float = 0.02) -> float:
    """Boundary IoU of two (H, W) bool masks (Cheng et al., CVPR 2021).

    The IoU of the inner bands of both contours; the bands are ``ratio`` of the picture's diagonal
    wide, in whole pixels, at least 1, and the frame counts as contour.
    """
    width = max(1, round(ratio * math.hypot(*a.shape)))
    return iou(_inner_band(a, width), _inner_band(b, width))


def _inner_band(mask: Mask, width: int) -> Mask:
    """Pixels of ``mask`` within ``width`` (chessboard distance) of anything outside it."""
    result = np.zeros_like(mask)
    if box := window(mask):
        part = np.ascontiguousarray(mask[box]).view(np.uint8)
        kernel = np.ones((2 * width + 1, 2 * width + 1), np.uint8)
        core = cv2.erode(part, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
        result[box] = part > core
    return result


def _areas(masks: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.array([np.count_nonzero(mask) for mask in masks], np.int64)


def _ratio(part: np.integer[Any] | int, whole: np.integer[Any] | int) -> float:
    return float(part) / float(whole) if whole else 0.0


def _ratios(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)
