"""What Segment Anything's answers and the detection together say about a character."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
from torch import Tensor

from animeseg.masks.morphology import window as tight_window
from animeseg.refine.crops import NETWORK_SIDE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.refine import Decoded, Embedding

VOICE = 0.2
"""Weight of the detection's own voice beside the averaged answers, which reach 1: it decides where
the answers are of two minds."""

VOICE_REACH = 0.1
"""Distance from the detection's boundary, as a share of its extent, at which its voice is sure."""


def choose(embedding: Embedding, answer: Decoded, wanted: Tensor, shapeless: Tensor) -> Tensor:
    """The candidate of each answer that agrees best with what was detected.

    Agreement, an IoU, is weighed with the square of the network's own estimate. Candidates with
    numbers that are not finite come last.

    Args:
        embedding: of the picture.
        answer: B answers of C candidates.
        wanted: (B, 256, 256) bool, the detection in the network's square.
        shapeless: (B,) bool: compare the extent only.

    Returns:
        (B, 256, 256) logits.
    """
    logits, estimate = answer.logits.cpu(), answer.iou.cpu()
    height, width = (-(-side * logits.shape[-1] // NETWORK_SIDE) for side in embedding.input_size)
    inside = logits[..., :height, :width] > 0
    inside = torch.where(shapeless.view(-1, 1, 1, 1), _extent(inside), inside)
    target = wanted[:, None, :height, :width]
    shared = (inside & target).sum(dim=(2, 3))
    agreement = shared / (inside | target).sum(dim=(2, 3)).clamp(min=1)
    finite = logits.isfinite().all(dim=3).all(dim=2) & estimate.isfinite()
    # Never all zero, so that the estimate decides between candidates that agree with nothing.
    score = (agreement + 1e-3) * estimate.clamp(0, 1) ** 2
    best = torch.where(finite, score, -1.0).argmax(dim=1)
    return logits[torch.arange(len(best)), best]


def voices(prior: NDArray[np.float32], shapeless: NDArray[np.bool_]) -> NDArray[np.float32]:
    """What the detections themselves say: the deeper inside or outside, the surer.

    Args:
        prior: (B, 256, 256) detections as logits.
        shapeless: (B,) bool, which of them have nothing to say.

    Returns:
        (B, 256, 256) float32, -`VOICE` to `VOICE`.
    """
    said = np.zeros(prior.shape, np.float32)
    for row in np.flatnonzero(~shapeless):
        inside = (prior[row] > 0).view(np.uint8)
        window = tight_window(inside)
        if window is None:
            continue
        extent = max(edge.stop - edge.start for edge in window)
        depth = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        depth -= cv2.distanceTransform(1 - inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        said[row] = VOICE * np.tanh(depth / (VOICE_REACH * extent))
    return said


def _extent(masks: Tensor) -> Tensor:
    """``masks`` (..., h, w) bool with all rows and columns filled that hold anything."""
    return masks.any(dim=-1, keepdim=True) & masks.any(dim=-2, keepdim=True)
