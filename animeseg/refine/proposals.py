"""Mask proposals of Segment Anything: where to ask, and which answers to trust.

The filters are those of the package ``segment_anything``'s automatic mask generator (Kirillov et
al. 2023), taken on the decoder's own 256 x 256 logits, before anything is scaled up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch

from animeseg.instances import tight_boxes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.refine import Embedding, SegmentAnything
    from animeseg.refine.vote import VoteSettings

STEPS_PER_CHARACTER = 1 / 3
"""Prompts along a character's longer side, as a share of ``points_per_side``."""

FEWEST_STEPS = 4
"""Prompts along the longer side of a character, however small."""

PROMPTS_PER_PICTURE = 1 / 4
"""Most prompts of a picture, as a share of ``points_per_side`` squared."""

PUBLISHED_CROPS = 1.5
"""The published grid of the first layer of crops is this much finer than that of the picture."""

NMS_IOU = 0.7
"""Of two proposals whose boxes overlap more than this, the one with the lower rating goes."""

EDGE_CELLS = 5
"""A proposal that ends this near to a cut through the picture was cut itself (20 of 1024 px)."""

OUTSIDE = -32.0
"""Logit where nothing is proposed."""


@dataclass(frozen=True, eq=False)
class Proposals:
    """What Segment Anything proposes for one embedding, all of it trustworthy.

    Attributes:
        embedding: what they were asked of.
        logits: (P, 256, 256) float32 in the network's square; negative where it is padded.
        voting: (P,) bool, the proposals that may vote: no duplicates, none cut off by a crop.
    """

    embedding: Embedding
    logits: torch.Tensor
    voting: torch.Tensor


def grid_prompts(
    masks: NDArray[np.bool_], settings: VoteSettings, zooms: NDArray[np.float64]
) -> list[NDArray[np.float32]]:
    """Points at which to ask about each of ``masks``.

    A square grid over each mask and a ring of half a step around it. The step follows the size of
    the character, is never finer than that of the published grid of crops, and grows when there
    are so many characters that the prompts would become too many.

    Args:
        masks: (N, H, W) bool.
        settings: for ``points_per_side``.
        zooms: (N,) how much larger than in the whole picture each character is looked at.

    Returns:
        For each mask the (K, 2) float32 XY of its points, at least one where it is not empty.
    """
    boxes = tight_boxes(masks)
    sides = (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    finest = max(masks.shape[1:]) / (PUBLISHED_CROPS * settings.points_per_side) / zooms
    steps = np.maximum(sides / (settings.points_per_side * STEPS_PER_CHARACTER), finest)
    steps = np.maximum(np.minimum(steps, sides / FEWEST_STEPS), 1.0)
    near = [_surroundings(*each) for each in zip(masks, boxes, strict=True)]
    most = settings.points_per_side**2 * PROMPTS_PER_PICTURE
    while True:
        points = [_grid(*each) for each in zip(near, boxes, steps, strict=True)]
        # With a step as long as the character there is one point left of its grid.
        if sum(map(len, points)) <= most or (steps > sides).all():
            return points
        steps *= 1.25


def propose(
    sam: SegmentAnything,
    embedding: Embedding,
    points: NDArray[np.float32],
    settings: VoteSettings,
    *,
    cut: tuple[bool, bool, bool, bool] = (False, False, False, False),
    goes_on: Callable[[int], bool] = lambda _done: True,
) -> Proposals | None:
    """Asks at ``points`` and filters the answers by rating, stability and non-maximum suppression.

    Args:
        sam: the model.
        embedding: of the picture or crop.
        points: (K, 2) XY in its pixels.
        settings: thresholds and batch size.
        cut: whether its left, upper, right, lower side is a cut through the picture.
        goes_on: asked before each batch, given the number of prompts answered.

    Returns:
        The proposals, best rated first, or None when ``goes_on`` said no.
    """
    height, width = (-(-side // 4) for side in embedding.input_size)
    kept: list[torch.Tensor] = [torch.zeros(0, 256, 256)]
    ratings: list[torch.Tensor] = [torch.zeros(0)]
    for start in range(0, len(points), settings.points_per_batch):
        if not goes_on(start):
            return None
        batch = points[start : start + settings.points_per_batch, None]
        answer = sam.decode(
            embedding, points=batch, point_labels=np.ones(batch.shape[:2], np.int64)
        )
        logits, rating = answer.logits.flatten(0, 1).cpu(), answer.iou.flatten().cpu()
        good = rating > settings.pred_iou
        logits, rating = logits[good], rating[good]
        logits[:, height:] = OUTSIDE
        logits[:, :, width:] = OUTSIDE
        good = _stability(logits) >= settings.stability
        kept.append(logits[good])
        ratings.append(rating[good])
    order = torch.cat(ratings).argsort(descending=True, stable=True)
    logits, rating = torch.cat(kept)[order], torch.cat(ratings)[order]
    return Proposals(embedding, logits, _voting(logits, rating, cut, (height, width)))


def _voting(
    logits: torch.Tensor,
    rating: torch.Tensor,
    cut: tuple[bool, bool, bool, bool],
    size: tuple[int, int],
) -> torch.Tensor:
    """(P,) bool: not a duplicate of a better rated proposal and not cut off."""
    from torchvision.ops import masks_to_boxes, nms

    voting = torch.zeros(len(logits), dtype=torch.bool)
    if not len(logits):
        return voting
    boxes = masks_to_boxes(logits > 0)
    boxes[:, 2:] += 1
    voting[nms(boxes, rating, NMS_IOU)] = True
    gaps = torch.stack(
        [boxes[:, 0], boxes[:, 1], size[1] - boxes[:, 2], size[0] - boxes[:, 3]], dim=1
    )
    voting &= ~((gaps <= EDGE_CELLS) & torch.tensor(cut)).any(dim=1)
    return voting


def _stability(logits: torch.Tensor) -> torch.Tensor:
    """(P,) IoU of the masks at cut-offs 1 and -1; 0 for empty ones."""
    inner = (logits > 1).flatten(1).sum(1)
    # The inner mask lies inside the outer one; an empty inner one is no proposal.
    return inner / (logits > -1).flatten(1).sum(1).clamp(min=1)


@dataclass(frozen=True, eq=False)
class _Surroundings:
    """A mask seen from each pixel of its box and half its longer side around.

    Attributes:
        corner: (2,) XY of the first pixel.
        distance: (h, w) float32, pixels to the mask, 0 inside.
        heart: (2,) XY of the mask's innermost point.
    """

    corner: NDArray[np.float32]
    distance: NDArray[np.float32]
    heart: NDArray[np.float32]


def _surroundings(mask: NDArray[np.bool_], box: NDArray[np.float32]) -> _Surroundings:
    left, top, right, bottom = box.astype(int)
    reach = max(right - left, bottom - top) // 2 + 2
    x, y = max(0, left - reach), max(0, top - reach)
    part = mask[y : bottom + reach, x : right + reach].astype(np.uint8)
    distance = cv2.distanceTransform(1 - part, cv2.DIST_L2, 5)
    # The frame of the picture counts as an edge here, or the heart could lie on it.
    depth = cv2.distanceTransform(np.pad(part, 1), cv2.DIST_L2, 5)
    row, column = np.unravel_index(depth.argmax(), depth.shape)
    heart = np.asarray([x + column - 0.5, y + row - 0.5], np.float32)
    return _Surroundings(np.asarray([x, y], np.float32), distance, heart)


def _grid(near: _Surroundings, box: NDArray[np.float32], step: float) -> NDArray[np.float32]:
    """Points (K, 2) of a grid centred on ``box``, inside the mask or half a step around it."""
    if box[2] <= box[0]:
        return np.zeros((0, 2), np.float32)
    centre, extent = (box[:2] + box[2:]) / 2, box[2:] - box[:2]
    axes = []
    for axis, size in ((0, near.distance.shape[1]), (1, near.distance.shape[0])):
        reach = np.ceil(extent[axis] / 2 / step + 0.5)
        line = centre[axis] + step * np.arange(-reach, reach + 1) - near.corner[axis]
        axes.append(line[(line >= 0) & (line < size)])
    x, y = (axis.ravel() for axis in np.meshgrid(*axes))
    close = near.distance[y.astype(int), x.astype(int)] <= step / 2
    grid = np.stack([x[close], y[close]], axis=1) + near.corner
    # A thin character may lie between the lines of the grid; its heart does not.
    return np.vstack([grid, near.heart]).astype(np.float32)
