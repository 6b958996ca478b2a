"""The vote without the waste: the published idea, asked where characters are, one at a time.

What differs from `animeseg.refine.vote_report`:

* Prompts lie in and just around the detections, as dense as each character's size asks for. The
  encoder runs once for the picture, and once for a crop around characters too small in it.
* Proposals are filtered and voted on at the decoder's 256 x 256; one map of logits a character is
  scaled up, the maximum over its proposals, instead of every proposal.
* Each proposal votes for the one character it lies in most, so that characters stay apart; what
  no proposal covers is taken from the character's own detection.
* The detection is eroded and dilated at the published scale, but nothing is truncated and the
  network's padding plays no part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch

from animeseg.instances import Note, tight_boxes
from animeseg.refine import Refinement
from animeseg.refine.proposals import Proposals, grid_prompts, propose
from animeseg.refine.vote import interrupted
from animeseg.refine.vote_report import KERNEL, NETWORK_SIDE, scaled_down

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.instances import Instances
    from animeseg.refine import SegmentAnything
    from animeseg.refine.vote import VoteSettings, Watch

MARGIN = 0.1
"""Room left around a character in a crop, as a share of the crop's side."""


@dataclass(frozen=True)
class View:
    """A part of the picture that gets an encoder pass of its own.

    Attributes:
        box: left, top, right, bottom in pixels.
        rows: the instances that are refined in this view.
        zoom: how much larger than in the whole picture they are seen.
    """

    box: tuple[int, int, int, int]
    rows: tuple[int, ...]
    zoom: int = 1

    @property
    def window(self) -> tuple[slice, slice]:
        """Index of this part in an (H, W) array."""
        left, top, right, bottom = self.box
        return slice(top, bottom), slice(left, right)

    def cut(self, size: tuple[int, int]) -> tuple[bool, bool, bool, bool]:
        """Whether the left, upper, right, lower side lies within a picture of ``size``."""
        left, top, right, bottom = self.box
        return left > 0, top > 0, right < size[1], bottom < size[0]


def refine_fast(
    sam: SegmentAnything,
    image: NDArray[np.uint8],
    instances: Instances,
    settings: VoteSettings,
    watch: Watch,
) -> Refinement:
    """The fast vote; see `animeseg.refine.vote.VoteRefiner`."""
    picture = scaled_down(image, settings.max_side)
    size = picture.shape[0], picture.shape[1]
    masks = resized(instances.masks, size)
    detections = shaped(masks, erode=settings.erode, dilate=settings.dilate)
    views = plan_views(masks, settings.crop_layers)
    prompts = grid_prompts(masks, settings, _zooms(views, len(masks)))
    total, answered = sum(map(len, prompts)), 0
    undone, vacant = set(range(len(masks))), set()
    for view in views:
        points = np.concatenate([prompts[row] for row in view.rows])
        proposals = _proposals(sam, picture, view, points, settings, watch.part(answered, total))
        if proposals is None:
            break
        answered += len(points)
        watch.tell(answered, total)
        undone -= set(view.rows)
        for row, mask in elected(sam, proposals, detections, view, settings):
            vacant |= set() if mask.any() else {row}
            masks[row] = False
            masks[row][view.window] = mask
    settle(masks, detections, np.argsort(-instances.scores, kind="stable"))
    refined = resized(masks, instances.size)
    kept = sorted(undone | vacant)
    refined[kept] = instances.masks[kept]
    notes = (interrupted(len(undone), len(masks)),) if undone else ()
    return Refinement(instances.with_masks(refined), notes + tuple(map(_unelected, sorted(vacant))))


def plan_views(masks: NDArray[np.bool_], layers: int) -> list[View]:
    """Which parts of the picture are looked at, and which instances in which of them.

    A character smaller than half the side of the published crops of the last layer is looked at
    in such a crop, together with the others that lie in it; few crops cover many characters. The
    whole picture comes last, so that its embedding is the one that stays in the model's cache.

    Args:
        masks: (N, H, W) bool.
        layers: of crops; each halves the side. 0 looks at the whole picture only.
    """
    height, width = masks.shape[1:]
    side = max(height, width) / 2**layers
    boxes = tight_boxes(masks)
    extents = (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    small = [row for row in range(len(masks)) if layers and 0 < extents[row] < side / 2]
    windows = _windows(boxes[small], side, (height, width))
    limits = np.asarray([width, height, width, height], np.float32)
    roomy = boxes[small] + np.asarray([-1, -1, 1, 1], np.float32) * side * MARGIN
    roomy = np.clip(roomy, 0, limits)
    holds = (windows[:, None, :2] <= roomy[None, :, :2]).all(axis=2)
    holds &= (windows[:, None, 2:] >= roomy[None, :, 2:]).all(axis=2)
    views = []
    while holds.any():
        best = holds.sum(axis=1).argmax()
        inside = holds[best].copy()
        rows = tuple(small[index] for index in np.flatnonzero(inside))
        left, top, right, bottom = (int(edge) for edge in windows[best])
        views.append(View((left, top, right, bottom), rows, 2**layers))
        holds[:, inside] = False
    seen = {row for view in views for row in view.rows}
    rest = tuple(row for row in range(len(masks)) if row not in seen)
    return [*views, View((0, 0, width, height), rest)] if rest else views


def shaped(masks: NDArray[np.bool_], *, erode: int, dilate: int) -> NDArray[np.bool_]:
    """``masks`` (N, H, W) eroded, then dilated, at the published detector's scale.

    A mask too small to survive this is left as it is.
    """
    height, width = masks.shape[1:]
    scale = NETWORK_SIDE / max(height, width)
    small = resized(masks, (max(1, round(height * scale)), max(1, round(width * scale))))
    out: NDArray[np.bool_] = masks.copy()
    for row, mask in enumerate(small):
        pixels = cv2.erode(mask.astype(np.uint8), KERNEL, iterations=erode)
        pixels = cv2.dilate(pixels, KERNEL, iterations=dilate)
        if pixels.any():
            out[row] = resized(pixels[None] > 0, (height, width))[0]
    return out


def resized(masks: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """``masks`` (N, h, w) at ``size`` (height, width): pixels at least half covered; a copy."""
    out: NDArray[np.bool_] = np.empty((len(masks), *size), np.bool_)
    if masks.shape[1:] == size:
        out[:] = masks
        return out
    way = cv2.INTER_AREA if size[0] < masks.shape[1] else cv2.INTER_LINEAR
    for row, mask in enumerate(masks):
        out[row] = cv2.resize(mask.astype(np.float32), size[::-1], interpolation=way) >= 0.5
    return out


def ballot(
    proposals: torch.Tensor, detections: torch.Tensor, settings: VoteSettings
) -> torch.Tensor:
    """Which detection each proposal is taken for.

    Args:
        proposals: (P, h, w) bool, none empty.
        detections: (N, h, w) bool.
        settings: measure and threshold.

    Returns:
        (P,) int64: the detection that the proposal lies in most (of several, the one with the
        higher IoU), or -1 where its score is not strictly above the threshold.
    """
    asked, found = proposals.flatten(1).float(), detections.flatten(1).float()
    # Counts below 2**24 are exact in float32, the quotients below are the published ones.
    shared = (asked @ found.T).double()
    areas, sizes = asked.sum(1, keepdim=True).double(), found.sum(1).double()
    containment = shared / areas
    iou = shared / (areas + sizes - shared)
    most = containment == containment.amax(1, keepdim=True)
    owner = torch.where(most, iou, -1.0).argmax(1)
    score = (iou if settings.measure == "iou" else containment).gather(1, owner[:, None])[:, 0]
    return torch.where(score > settings.threshold, owner, -1)


def elected(
    sam: SegmentAnything,
    proposals: Proposals,
    detections: NDArray[np.bool_],
    view: View,
    settings: VoteSettings,
) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """The result of the vote in one view: its rows, each with a mask of the view's size.

    Args:
        sam: the model that made the proposals.
        proposals: of the view.
        detections: (N, H, W) bool of the whole picture, all instances; shaped.
        view: the part of the picture.
        settings: of the vote.
    """
    here = np.ascontiguousarray(detections[:, view.window[0], view.window[1]])
    found = torch.from_numpy(sam.shrink(proposals.embedding, here) > 0)
    voting = proposals.logits[proposals.voting]
    owner = ballot(voting > 0, found, settings)
    # Duplicates do not vote, but what they cover is covered.
    covered = _joined(sam, proposals, proposals.logits, here.shape[1:])
    for row in view.rows:
        mask = _joined(sam, proposals, voting[owner == row], here.shape[1:])
        mask |= ~covered & here[row]
        pixels = cv2.erode(mask.astype(np.uint8), KERNEL, iterations=settings.erode)
        yield row, cv2.dilate(pixels, KERNEL, iterations=settings.erode) > 0


def settle(
    masks: NDArray[np.bool_], detections: NDArray[np.bool_], order: NDArray[np.int64]
) -> None:
    """Settles pixels that several ``masks`` (N, H, W) claim, in place; the union stays.

    They stay with those whose own detection has them, or else with the first in ``order``.
    """
    contested = masks.sum(axis=0, dtype=np.uint16) > 1
    if not contested.any():
        return
    rightful = masks[:, contested] & detections[:, contested]
    claimed = masks[:, contested]
    first = order[claimed[order].argmax(axis=0)]
    alone = np.arange(len(masks))[:, None] == first
    masks[:, contested] = np.where(rightful.any(axis=0), rightful, alone)


def _proposals(
    sam: SegmentAnything,
    picture: NDArray[np.uint8],
    view: View,
    points: NDArray[np.float32],
    settings: VoteSettings,
    goes_on: Callable[[int], bool],
) -> Proposals | None:
    if not goes_on(0):
        return None
    size = picture.shape[0], picture.shape[1]
    embedding = sam.embed(np.ascontiguousarray(picture[view.window]))
    here = points - np.asarray(view.box[:2], np.float32)
    return propose(sam, embedding, here, settings, cut=view.cut(size), goes_on=goes_on)


def _joined(
    sam: SegmentAnything, proposals: Proposals, logits: torch.Tensor, size: tuple[int, ...]
) -> NDArray[np.bool_]:
    """(H, W) bool, what any of ``logits`` (P, 256, 256) covers, at the embedding's full size."""
    if not len(logits):
        return np.zeros(size, np.bool_)
    whole = sam.upscale(proposals.embedding, logits.amax(0)[None, None])
    return np.asarray((whole[0, 0] > 0).cpu().numpy(), np.bool_)


def _windows(boxes: NDArray[np.float32], side: float, size: tuple[int, int]) -> NDArray[np.float32]:
    """XYXY squares (N, 4) of ``side`` around ``boxes``, moved and cut to fit a picture."""
    limits = np.asarray(size[::-1], np.float32)
    extent = np.minimum(np.ceil(side), limits)
    corner = np.clip(np.floor((boxes[:, :2] + boxes[:, 2:] - extent) / 2), 0, limits - extent)
    return np.hstack([corner, corner + extent]).astype(np.float32)


def _zooms(views: list[View], count: int) -> NDArray[np.int64]:
    """(count,) the zoom at which each instance is seen."""
    zooms = np.ones(count, np.int64)
    for view in views:
        zooms[list(view.rows)] = view.zoom
    return zooms


def _unelected(row: int) -> Note:
    return Note(
        "vote_unelected",
        f"character {row + 1} keeps the detector's mask: every proposal was voted down",
    )
