"""Masks of instances out of prototypes and coefficients (YOLACT, Bolya et al. 2019)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from animeseg.detect.letterbox import touched

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from animeseg.detect.letterbox import Letterbox

MASK_MARGIN = 0.04
"""Masks may leave their box by this part of its width and height, on every side.

Boxes cut hair and finger tips more often than prototypes spill over: with the bundled detector the
margin gains 0.007 mean foreground IoU on the development illustrations, 0.003 on composites.
"""

_LOGITS_AT_ONCE = 8_000_000
"""Most mask logits, in cells of the prototypes' grid, that are held at once."""


def draw(
    masks: NDArray[np.bool_],
    coefficients: Tensor,
    prototypes: Tensor,
    boxes: NDArray[np.float32],
    box: Letterbox,
) -> NDArray[np.bool_]:
    """Writes the masks of N instances, as many at a time as memory allows.

    Args:
        masks: (N, H, W) bool, all false.
        coefficients: (N, C) float32.
        prototypes: (C, h, w) float32 over the whole input.
        boxes: (N, 4) XYXY in pixels of the picture.
        box: how the picture lies in the input.

    Returns:
        (N,) bool: whether a mask has any pixel.
    """
    there = np.zeros(len(masks), np.bool_)
    flat, margin = prototypes.flatten(1), MASK_MARGIN * (boxes[:, 2:] - boxes[:, :2])
    limits = np.array([*box.size[::-1]] * 2, np.float32)
    wide = np.clip(boxes + np.concatenate([-margin, margin], axis=1), 0, limits)
    step = max(_LOGITS_AT_ONCE // flat.shape[1], 1)
    for start in range(0, len(masks), step):
        part = slice(start, start + step)
        logits = (coefficients[part] @ flat).view(-1, *prototypes.shape[1:])
        there[part] = box.masks_back(logits.cpu().numpy(), wide[part], masks[part])
    return there


def fill(masks: NDArray[np.bool_], boxes: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Fills the pixels of ``masks`` (N, H, W) that ``boxes`` (N, 4) touch; as `draw` otherwise."""
    edges = touched(boxes)
    for mask, (left, top, right, bottom) in zip(masks, edges, strict=True):
        mask[top:bottom, left:right] = True
    filled: NDArray[np.bool_] = np.all(edges[:, :2] < edges[:, 2:], axis=1)
    return filled
