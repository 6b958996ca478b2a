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
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch

from animeseg.instances import Note, tight_boxes
from animeseg.masks.morphology import window as tight_window
from animeseg.refine import Refinement
from animeseg.refine.agreement import interrupted
from animeseg.refine.crops import View, plan_views
from animeseg.refine.overlaps import Claim, settle
from animeseg.refine.proposals import OUTSIDE, Proposals, grid_prompts, propose
from animeseg.refine.vote_report import KERNEL, NETWORK_SIDE, scaled_down

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.instances import Instances
    from animeseg.refine import SegmentAnything
    from animeseg.refine.vote import VoteSettings
    from animeseg.watch import Watch

CROP_BELOW = 0.25
"""A character whose longer side is below this share of the picture's is looked at in a crop."""


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
    views = plan_views(tight_boxes(masks), size, CROP_BELOW if settings.crop_layers else 0.0)
    prompts = grid_prompts(masks, settings, _zooms(views, len(masks), max(size)))
    total, answered = sum(map(len, prompts)), 0
    claims: dict[int, Claim | None] = {}
    for view in views:
        points = np.concatenate([prompts[row] for row in view.rows])
        proposals = _proposals(sam, picture, view, points, settings, watch.part(answered, total))
        if proposals is None:
            break
        answered += len(points)
        watch.tell(answered, total)
        for row, mask, strength in elected(sam, proposals, detections, view, settings):
            masks[row] = False
            masks[row][view.window] = mask
            claims[row] = _claim(masks[row], strength, view)
    won = {row: claim for row, claim in claims.items() if claim is not None}
    settled = masks[list(won)]
    settle(settled, list(won.values()))
    refined = instances.masks.copy()
    refined[list(won)] = resized(settled, instances.size)
    notes = [_unelected(row) for row in sorted(claims.keys() - won.keys())]
    if len(claims) < len(masks):
        notes.append(interrupted("vote", len(masks) - len(claims), len(masks)))
    return Refinement(instances.with_masks(refined), tuple(notes))


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
) -> Iterator[tuple[int, NDArray[np.bool_], NDArray[np.float32]]]:
    """The result of the vote in one view.

    Args:
        sam: the model that made the proposals.
        proposals: of the view.
        detections: (N, H, W) bool of the whole picture, all instances; shaped.
        view: the part of the picture.
        settings: of the vote.

    Yields:
        For each row of the view its number, its mask (h, w), and (h, w) the highest logit of the
        proposals it was given, both of the view's size.
    """
    here = np.ascontiguousarray(detections[:, view.window[0], view.window[1]])
    size = here.shape[1:]
    found = torch.from_numpy(sam.shrink(proposals.embedding, here) > 0)
    voting = proposals.logits[proposals.voting]
    owner = ballot(voting > 0, found, settings)
    # Duplicates do not vote, but what they cover is covered.
    uncovered = _highest(sam, proposals, proposals.logits, size) <= 0
    for row in view.rows:
        strength = _highest(sam, proposals, voting[owner == row], size)
        mask = (strength > 0) | (uncovered & here[row])
        pixels = cv2.erode(mask.astype(np.uint8), KERNEL, iterations=settings.erode)
        opened = cv2.dilate(pixels, KERNEL, iterations=settings.erode)
        yield row, np.asarray(opened, np.bool_), strength


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
    embedding = sam.embed(np.ascontiguousarray(picture[view.window]))
    left, top, right, bottom = view.box
    here = points - np.asarray([left, top], np.float32)
    cut = (left > 0, top > 0, right < picture.shape[1], bottom < picture.shape[0])
    return propose(sam, embedding, here, settings, cut=cut, goes_on=goes_on)


def _highest(
    sam: SegmentAnything, proposals: Proposals, logits: torch.Tensor, size: tuple[int, ...]
) -> NDArray[np.float32]:
    """(H, W) the highest of ``logits`` (P, 256, 256) at the embedding's full size."""
    if not len(logits):
        return np.full(size, OUTSIDE, np.float32)
    whole = sam.upscale(proposals.embedding, logits.amax(0)[None, None])
    return np.asarray(whole[0, 0].cpu().numpy(), np.float32)


def _claim(mask: NDArray[np.bool_], strength: NDArray[np.float32], view: View) -> Claim | None:
    """The claim of ``mask`` (H, W), whose ``strength`` is that of the view; None without mask."""
    window = tight_window(mask)
    if window is None:
        return None
    rows, columns = (
        slice(edge.start - base.start, edge.stop - base.start)
        for edge, base in zip(window, view.window, strict=True)
    )
    return Claim(window, strength[rows, columns].astype(np.float16))


def _zooms(views: list[View], count: int, longest: int) -> NDArray[np.float64]:
    """(count,) how much larger than in the whole picture each instance is seen."""
    zooms = np.ones(count)
    for view in views:
        left, top, right, bottom = view.box
        zooms[list(view.rows)] = longest / max(right - left, bottom - top)
    return zooms


def _unelected(row: int) -> Note:
    return Note(
        "vote_unelected",
        f"character {row + 1} keeps the detector's mask: every proposal was voted down",
    )
