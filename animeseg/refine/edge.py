"""Refinement along the picture's edges, without Segment Anything.

GrabCut (Rother et al. 2004, from OpenCV) may move each mask's boundary within a narrow band; what
lies deeper inside or outside is settled by the detection. It works on a reduced copy in CIE Lab,
where distances are closer to what the eye sees, and cores of other characters are background.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import cv2
import numpy as np

from animeseg.masks import grow, shrink
from animeseg.masks.morphology import window as tight_window
from animeseg.refine import Refinement
from animeseg.refine.agreement import (
    agreement,
    box_mask,
    interrupted,
    is_shapeless,
    rejected,
)
from animeseg.refine.overlaps import Claim, settle
from animeseg.watch import Watch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.instances import Instances, ModelInfo, Note
    from animeseg.options import Options

    Mask = NDArray[np.bool_]
    Window = tuple[slice, slice]

WORKING_SIDE = 448
"""Longer side, in pixels, of the reduced copy of a character and its surroundings."""

THREADS = 4
"""Characters refined at once; each takes a few MB."""

_MARGIN = 8
_CORE_SHARE = 0.6
_CORE_ELLIPSE = 0.5
_LIKELY_ELLIPSE = 0.9
_ROUNDS = {False: 1, True: 3}


class EdgeRefiner:
    """Moves the boundaries of detected masks to the edges of the picture nearby.

    Args:
        band: half width of the band in which a boundary may move, in % of the character's height.
        min_agreement: a refined mask whose IoU with the detection is lower is rejected, the
            detection's mask is kept, and a note says so.
        watch: progress and interruption. An interrupted refinement returns what is complete,
            keeps the other detections as they are, and says so in a note.
    """

    def __init__(
        self, *, band: float = 2.5, min_agreement: float = 0.5, watch: Watch | None = None
    ) -> None:
        self.info: ModelInfo | None = None
        self.watch = watch or Watch()
        self.band = band
        self.min_agreement = min_agreement

    @classmethod
    def from_options(cls, options: Options, watch: Watch | None = None) -> EdgeRefiner:
        """A refiner with the values of ``options``."""
        return cls(band=options.edge_band, min_agreement=options.min_agreement, watch=watch)

    def refine(self, image: NDArray[np.uint8], instances: Instances) -> Refinement:
        """Refines the masks of ``instances`` on ``image`` (H, W, 3) uint8 RGB.

        Raises:
            ValueError: when ``image`` and ``instances`` differ in size.
        """
        if image.shape[:2] != instances.size:
            raise ValueError(f"image is {image.shape[:2]}, instances are {instances.size}")
        cores = self._cores(instances)
        masks = instances.masks.copy()
        notes: list[Note] = []
        left = 0

        def work(row: int) -> Mask | None:
            if self.watch.stops():
                return None
            return self._refined(image, instances.masks[row], instances.boxes[row], cores)

        # Threads of its own: GrabCut draws from OpenCV's random numbers, which each thread has to
        # itself; seeded here, they are the same every time, and the caller's stay untouched.
        with ThreadPoolExecutor(THREADS) as pool:
            for row, refined in enumerate(pool.map(work, range(len(instances)))):
                self.watch.tell(row + 1, len(instances))
                if refined is None:
                    left += 1
                    continue
                detected, box = instances.masks[row], instances.boxes[row]
                shapeless = is_shapeless(detected, box)
                found = agreement(refined, detected, shapeless=shapeless)
                if found >= self.min_agreement and refined.any():
                    masks[row] = refined
                elif detected.any():
                    notes.append(rejected(row, found, self.min_agreement, "the edge refinement"))
        if left:
            notes.append(interrupted("edge", left, len(instances)))
        settle(masks, [_claim(mask, old) for mask, old in zip(masks, instances.masks, strict=True)])
        return Refinement(instances.with_masks(masks), tuple(notes))

    def _cores(self, instances: Instances) -> NDArray[np.uint16]:
        """(H, W) how many instances have their core, which no refinement touches, at a pixel."""
        cores = np.zeros(instances.size, np.uint16)
        for mask, box in zip(instances.masks, instances.boxes, strict=True):
            if not is_shapeless(mask, box):
                cores += shrink(mask, self._reach(mask))
        return cores

    def _reach(self, mask: Mask) -> float:
        """Half width of the band in pixels; less where the mask is too thin to keep a core."""
        box = tight_window(mask)
        if box is None:
            return 0.0
        padded = np.pad(mask[box].view(np.uint8), 1, mode="edge")
        deepest = float(cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE).max())
        height = box[0].stop - box[0].start
        return float(min(max(1.5, self.band / 100 * height), _CORE_SHARE * deepest))

    def _refined(
        self,
        image: NDArray[np.uint8],
        mask: Mask,
        box: NDArray[np.float32],
        cores: NDArray[np.uint16],
    ) -> Mask:
        """``mask`` with its boundary moved; as it is where there is nothing to tell it from."""
        shapeless = is_shapeless(mask, box)
        reach = 0.05 * float((box[2:] - box[:2]).max()) if shapeless else self._reach(mask)
        start = box_mask(box, mask.shape) if shapeless else mask
        window = tight_window(start, int(1.5 * reach) + _MARGIN)
        if window is None:
            return mask
        part, colours = start[window], np.ascontiguousarray(image[window])
        if shapeless:
            core, likely, outer = (
                _ellipse(part, _CORE_ELLIPSE),
                _ellipse(part, _LIKELY_ELLIPSE),
                part,
            )
            others = cores[window] > 0
        else:
            core, likely, outer = shrink(part, reach), part, grow(part, reach)
            others = cores[window] > core
        cut = _grab_cut(colours, core, likely, outer & ~(others & ~core), _ROUNDS[shapeless])
        if cut is None:
            return mask
        refined = np.zeros_like(mask)
        refined[window] = core | (cut & outer)
        return refined


def _grab_cut(
    colours: NDArray[np.uint8], core: Mask, likely: Mask, outer: Mask, rounds: int
) -> Mask | None:
    """GrabCut's foreground at full size, or None where either side has no pixels to learn from.

    Args:
        colours: (h, w, 3) uint8 RGB.
        core: (h, w) bool, foreground for certain.
        likely: (h, w) bool, foreground to begin with.
        outer: (h, w) bool, outside of which is background for certain.
        rounds: iterations.
    """
    height, width = likely.shape
    scale = min(1.0, WORKING_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))

    def reduced(mask: Mask) -> Mask:
        small = cv2.resize(mask.view(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        return np.asarray(small, np.bool_)

    labels = np.where(reduced(likely), cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[~reduced(outer)] = cv2.GC_BGD
    labels[reduced(core)] = cv2.GC_FGD
    inside = labels & 1
    if inside.all() or not inside.any():
        return None
    lab = cv2.cvtColor(cv2.resize(colours, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2LAB)
    cv2.setRNGSeed(0)
    models = np.zeros((2, 1, 65))
    cv2.grabCut(lab, labels, None, models[0], models[1], rounds, cv2.GC_INIT_WITH_MASK)
    found = (labels & 1).astype(np.float32)
    whole = cv2.resize(found, (width, height), interpolation=cv2.INTER_LINEAR)
    cut: Mask = whole > 0.5
    return cut


def _ellipse(box: Mask, share: float) -> Mask:
    """(h, w) bool: the ellipse in the filled box ``box``, its axes shortened to ``share``."""
    rows, columns = tight_window(box) or (slice(0, 0), slice(0, 0))
    centre = ((columns.start + columns.stop - 1) / 2, (rows.start + rows.stop - 1) / 2)
    axes = (share * (columns.stop - columns.start), share * (rows.stop - rows.start))
    canvas = np.zeros(box.shape, np.uint8)
    cv2.ellipse(canvas, (centre, axes, 0.0), 1, thickness=-1)
    return canvas > 0


def _claim(mask: Mask, detected: Mask) -> Claim:
    """How deep each pixel of ``mask`` lies within what was detected, in pixels."""
    window = tight_window(mask) or (slice(0, 0), slice(0, 0))
    part = np.ascontiguousarray(detected[window]).view(np.uint8)
    if not part.size:
        return Claim(window, np.zeros(part.shape, np.float16))
    padded = np.pad(part, 1, mode="edge")
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    return Claim(window, np.minimum(depth, np.finfo(np.float16).max).astype(np.float16))
