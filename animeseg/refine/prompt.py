"""Prompted refinement: Segment Anything is asked about each detected character.

Each character is asked for in three ways: by its box, by its box with points inside, and by its box
with the detection's mask. Of each answer's candidates the one is taken that agrees best with the
detection, weighed with the network's own estimate; the three are then averaged. That is steadier
than any single way of asking: a box alone ignores the detection's shape, a mask alone repeats its
mistakes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from animeseg.masks.morphology import window as tight_window
from animeseg.refine import Refinement
from animeseg.refine.agreement import (
    agreement,
    box_mask,
    interrupted,
    is_shapeless,
    rejected,
)
from animeseg.refine.crops import NETWORK_SIDE, View, plan_views
from animeseg.refine.overlaps import Claim, settle
from animeseg.refine.points import sample_points
from animeseg.watch import Watch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.instances import Instances, Note
    from animeseg.options import Options
    from animeseg.refine import Decoded, Embedding, SegmentAnything

BOX_GROWTH = 0.02
"""Boxes are widened by this share of their sides: detectors cut hair and finger tips."""

SURE = 4.0
"""Logit from which an answer counts as sure; answers are averaged as ``tanh(logit / SURE)``."""

KEPT_STRENGTH = 0.5
"""How strongly a mask that was not refined claims its pixels; refined ones reach 1."""


@dataclass(frozen=True, eq=False)
class _Asked:
    """B instances in the coordinates of one view.

    Attributes:
        rows: their indices in the picture.
        boxes: (B, 4) float32, widened.
        masks: B masks (h, w) bool; a box model's, or an empty one, fills its box.
        shapeless: (B,) bool, whose mask says no more than its box.
        crowd: (h, w) how many instances claim each pixel.
    """

    rows: tuple[int, ...]
    boxes: NDArray[np.float32]
    masks: Sequence[NDArray[np.bool_]]
    shapeless: NDArray[np.bool_]
    crowd: NDArray[np.uint16]


class PromptRefiner:
    """Refines masks by asking a Segment Anything model about each instance.

    One encoder pass a picture, and one for each group of small characters in a large picture;
    three decoder passes for each of these.

    Args:
        sam: the loaded model.
        positive: points inside each character.
        negative: points in its box, outside of it. With no points at all, this way of asking is
            left out.
        use_mask: whether the detection's mask is given as well.
        min_agreement: a refined mask whose IoU with the detection is lower is rejected, the
            detection's mask is kept, and a note says so.
        crop_below: a character whose longer side is below this share of the picture's gets a crop
            and an encoder pass of its own (shared with its neighbours); 0 never crops.
        watch: progress and interruption. An interrupted refinement returns what is complete,
            keeps the other detections as they are, and says so in a note.
    """

    def __init__(
        self,
        sam: SegmentAnything,
        *,
        positive: int = 1,
        negative: int = 0,
        use_mask: bool = True,
        min_agreement: float = 0.5,
        crop_below: float = 0.25,
        watch: Watch | None = None,
    ) -> None:
        self.sam = sam
        self.info = sam.info
        self.positive = positive
        self.negative = negative
        self.use_mask = use_mask
        self.min_agreement = min_agreement
        self.crop_below = crop_below
        self.watch = watch or Watch()

    @classmethod
    def from_options(
        cls, sam: SegmentAnything, options: Options, watch: Watch | None = None
    ) -> PromptRefiner:
        """A refiner with the values of ``options``."""
        return cls(
            sam,
            positive=options.prompt_positive,
            negative=options.prompt_negative,
            use_mask=options.prompt_mask,
            min_agreement=options.min_agreement,
            crop_below=options.crop_below,
            watch=watch,
        )

    def refine(self, image: NDArray[np.uint8], instances: Instances) -> Refinement:
        """Refines the masks of ``instances`` on ``image`` (H, W, 3) uint8 RGB.

        Raises:
            ValueError: when ``image`` and ``instances`` differ in size.
        """
        if image.shape[:2] != instances.size:
            raise ValueError(f"image is {image.shape[:2]}, instances are {instances.size}")
        masks = instances.masks.copy()
        claims = [_claim(mask, None) for mask in masks]
        notes: dict[int, Note] = {}
        done = 0
        for view in plan_views(instances.boxes, instances.size, self.crop_below):
            asked = _asked(instances, view)
            strengths = self._strengths(image[view.window], asked)
            if strengths is None:
                break
            for index, strength in enumerate(strengths):
                row, mask = asked.rows[index], strength > 0
                found = agreement(mask, asked.masks[index], shapeless=bool(asked.shapeless[index]))
                if found < self.min_agreement or not mask.any():
                    notes[row] = rejected(row, found, self.min_agreement, "Segment Anything")
                else:
                    masks[row] = False
                    masks[row][view.window] = mask
                    claims[row] = _claim(masks[row], strength, view)
            done += len(view.rows)
            self.watch.tell(done, len(instances))
        settle(masks, claims)
        told = [notes[row] for row in sorted(notes)]
        if done < len(instances):
            told.append(interrupted("prompt", len(instances) - done, len(instances)))
        return Refinement(instances.with_masks(masks), tuple(told))

    def _strengths(
        self, part: NDArray[np.uint8], asked: _Asked
    ) -> Iterable[NDArray[np.float32]] | None:
        """(h, w) averaged answer for each instance of a view, made as it is asked for.

        Args:
            part: (h, w, 3) uint8 RGB, the view.
            asked: its instances.

        Returns:
            None when the work has to end.
        """
        if not asked.rows:
            return ()
        if self.watch.stops():
            return None
        embedding = self.sam.embed(np.ascontiguousarray(part))
        answers = self._answers(embedding, asked)
        if answers is None:
            return None
        upscale = self.sam.upscale
        return (upscale(embedding, one[None, None])[0, 0].cpu().numpy() for one in answers)

    def _answers(self, embedding: Embedding, asked: _Asked) -> Tensor | None:
        """(B, 256, 256) averaged answers, -1 to 1; NaN where the network gave none.

        None when the work has to end.
        """
        prior = np.concatenate([self.sam.shrink(embedding, mask[None]) for mask in asked.masks])
        wanted, shapeless = torch.from_numpy(prior) > 0, torch.from_numpy(asked.shapeless)
        total, count = torch.zeros(prior.shape), torch.zeros(len(prior), 1, 1)
        for answer, valid in self._ways(embedding, asked, prior):
            if self.watch.stops():
                return None
            best = choose(embedding, answer, wanted, shapeless)
            usable = valid & best.isfinite().flatten(1).all(dim=1).view(-1, 1, 1)
            total += torch.where(usable, torch.tanh(best / SURE), 0.0)
            count += usable
        return total / count

    def _ways(
        self, embedding: Embedding, asked: _Asked, prior: NDArray[np.float32]
    ) -> Iterator[tuple[Decoded, Tensor]]:
        """The answer to each way of asking, and (B, 1, 1) bool which of them count."""
        boxes = asked.boxes
        yield self.sam.decode(embedding, boxes=boxes), torch.ones(len(prior), 1, 1) > 0
        if asked.shapeless.all():
            return
        # Of a mask that only repeats the box there is nothing more to say.
        shaped = ~torch.from_numpy(asked.shapeless).view(-1, 1, 1)
        if self.positive or self.negative:
            points, labels = sample_points(
                asked.masks, asked.crowd, boxes, self.positive, self.negative
            )
            yield (
                self.sam.decode(embedding, boxes=boxes, points=points, point_labels=labels),
                shaped,
            )
        if self.use_mask:
            yield self.sam.decode(embedding, boxes=boxes, mask_logits=prior), shaped


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


def _asked(instances: Instances, view: View) -> _Asked:
    """The instances of ``view`` that have an extent, as prompts in its coordinates."""
    left, top, right, bottom = view.box
    corner = np.array([left, top, left, top], np.float32)
    limits = np.array([right, bottom, right, bottom], np.float32) - corner
    rows, boxes, masks, shapeless = [], [], [], []
    for row in view.rows:
        box = np.clip(instances.boxes[row] - corner, 0, limits)
        extent = box[2:] - box[:2]
        if not (extent > 0).all():
            continue
        mask = instances.masks[row][view.window]
        shapeless.append(is_shapeless(mask, box))
        if not mask.any():
            mask = box_mask(box, mask.shape)
        growth = np.tile(extent, 2) * np.array([-1, -1, 1, 1], np.float32) * BOX_GROWTH
        rows.append(row)
        boxes.append(np.clip(box + growth, 0, limits).astype(np.float32))
        masks.append(mask)
    crowd = instances.masks[:, top:bottom, left:right].sum(axis=0, dtype=np.uint16)
    return _Asked(
        tuple(rows), np.reshape(boxes, (-1, 4)), masks, np.asarray(shapeless, np.bool_), crowd
    )


def _extent(masks: Tensor) -> Tensor:
    """``masks`` (..., h, w) bool with all rows and columns filled that hold anything."""
    return masks.any(dim=-1, keepdim=True) & masks.any(dim=-2, keepdim=True)


def _claim(
    mask: NDArray[np.bool_], strength: NDArray[np.float32] | None, view: View | None = None
) -> Claim:
    """The claim of ``mask`` (H, W): that of its answer in ``view``, or a constant one."""
    window = tight_window(mask) or (slice(0, 0), slice(0, 0))
    if strength is None or view is None:
        size = [edge.stop - edge.start for edge in window]
        return Claim(window, np.full(size, KEPT_STRENGTH, np.float16))
    rows, columns = (
        slice(edge.start - base.start, edge.stop - base.start)
        for edge, base in zip(window, view.window, strict=True)
    )
    return Claim(window, strength[rows, columns].astype(np.float16))
