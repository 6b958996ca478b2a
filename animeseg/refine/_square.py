"""Between the picture and the square that the networks look at.

The picture lies in the square's upper left corner, scaled so that its longer side fills it (or
stretched in both directions); the rest is padding. Logits come as a grid over the whole square.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE = 1024
"""Side of the square, in pixels."""

CELLS = 256
"""Side of the grid of logits; it covers the whole square, padding included."""

MASK_LOGIT = 8.0
"""Magnitude of the logits that stand for a given mask: what the decoder itself says when sure."""

_STEP = SIDE // CELLS


def fit(height: int, width: int) -> tuple[int, int]:
    """(height, width) of the scaled picture whose longer side fills the square."""
    scale = SIDE / max(height, width)
    return max(1, int(height * scale + 0.5)), max(1, int(width * scale + 0.5))


def upscale(logits: Tensor, size: tuple[int, int], inner: tuple[int, int]) -> Tensor:
    """Logits of the square's grid at the resolution of the picture.

    Bilinear, between the centres of the cells that the picture covers; cells of padding take no
    part, and a cell that is only partly covered keeps its place.

    Args:
        logits: (B, C, 256, 256).
        size: (height, width) of the picture.
        inner: (height, width) of the scaled picture within the square.

    Returns:
        (B, C, height, width).
    """
    with torch.inference_mode():
        for axis in (0, 1):
            low, high, weight = _neighbours(size[axis], inner[axis], logits.device)
            weight = weight.view(-1, 1) if axis == 0 else weight
            near = logits.index_select(axis + 2, low)
            logits = torch.lerp(near, logits.index_select(axis + 2, high), weight)
        return logits


def shrink(masks: NDArray[np.bool_], inner: tuple[int, int]) -> NDArray[np.float32]:
    """Masks of the picture as logits of the square's grid.

    A cell's logit follows from how much of it the mask covers; padding counts as outside.

    Args:
        masks: (B, H, W) bool.
        inner: (height, width) of the scaled picture within the square.

    Returns:
        (B, 256, 256) float32.
    """
    height, width = inner
    logits = np.empty((len(masks), CELLS, CELLS), np.float32)
    padded = np.zeros((SIDE, SIDE), np.float32)
    for row, mask in enumerate(masks):
        smaller = height < mask.shape[0]
        way = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        padded[:height, :width] = cv2.resize(
            mask.astype(np.float32), (width, height), interpolation=way
        )
        cover = padded.reshape(CELLS, _STEP, CELLS, _STEP).mean(axis=(1, 3))
        logits[row] = (2 * cover - 1) * MASK_LOGIT
    return logits


def _neighbours(size: int, inner: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """For each of ``size`` pixels the two cells around it and the weight of the second."""
    centres = (torch.arange(size, dtype=torch.float64) + 0.5) * (inner / size / _STEP) - 0.5
    last = -(-inner // _STEP) - 1
    centres = centres.clamp(0, last)
    low = centres.floor().long()
    high = (low + 1).clamp(max=last)
    return low.to(device), high.to(device), (centres - low).float().to(device)
