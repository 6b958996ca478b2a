"""How well the pixels of one picture were told apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from animeseg import masks

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TOLERANCE = 10
_KERNEL = np.ones((5, 5), np.uint8)


@dataclass(frozen=True)
class PixelScores:
    """Scores of one picture.

    Attributes:
        iou: of all predicted against all true foreground, 0..1; 1 where both are empty.
        boundary_iou: the same for the bands along the contours (`animeseg.masks.boundary_iou`).
        mae: mean absolute error of alpha, 0..1.
        sad: sum of absolute differences of alpha, in thousands of pixels.
        pixel_accuracy: as ToonOut defines it (`pixel_accuracy`); None without true foreground.
    """

    iou: float
    boundary_iou: float
    mae: float
    sad: float
    pixel_accuracy: float | None


def pixel_scores(
    predicted: NDArray[np.bool_],
    predicted_alpha: NDArray[np.uint8],
    true: NDArray[np.bool_],
    true_alpha: NDArray[np.uint8],
    ignore: NDArray[np.bool_],
) -> PixelScores:
    """Scores of a picture; pixels of ``ignore`` are left out of all of them.

    Args:
        predicted: (H, W) bool foreground.
        predicted_alpha: (H, W) uint8.
        true: (H, W) bool foreground.
        true_alpha: (H, W) uint8; 255 times ``true`` where no alpha is known.
        ignore: (H, W) bool.
    """
    counted = ~ignore
    ours, theirs = predicted & counted, true & counted
    difference = cv2.absdiff(predicted_alpha, true_alpha)
    difference[ignore] = 0
    total = float(difference.sum(dtype=np.int64)) / 255
    empty = not ours.any() and not theirs.any()
    return PixelScores(
        iou=1.0 if empty else masks.iou(ours, theirs),
        boundary_iou=1.0 if empty else masks.boundary_iou(ours, theirs),
        mae=total / max(int(counted.sum()), 1),
        sad=total / 1000,
        pixel_accuracy=pixel_accuracy(difference, int(theirs.sum())),
    )


def pixel_accuracy(difference: NDArray[np.uint8], foreground: int) -> float | None:
    """ToonOut's "pixel accuracy" (arXiv 2509.06839).

    A pixel is wrong when its alpha is off by more than 10 of 255; the wrong pixels are eroded by
    5 x 5, so that errors as thin as a hair vanish; their share of the foreground is taken from 1,
    and the rest is squared. It says little about edges: read it beside boundary IoU and SAD.

    Args:
        difference: (H, W) uint8 absolute difference of alpha.
        foreground: number of true foreground pixels.

    Returns:
        0..1, or None for a picture without foreground.
    """
    if not foreground:
        return None
    wrong = (difference > _TOLERANCE).astype(np.uint8)
    left = int(cv2.erode(wrong, _KERNEL).sum())
    return max(0.0, 1.0 - left / foreground) ** 2
