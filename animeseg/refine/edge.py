"""Edge-aware refinement for machines without Segment Anything weights.

Inside a narrow band around each detection's boundary, GrabCut (Rother, Kolmogorov and Blake 2004,
OpenCV's implementation) decides anew which pixels belong to the character, from the colours on
both sides; outside of the band the detection holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from animeseg.instances import Note
from animeseg.masks import grow, iou, shrink
from animeseg.masks.morphology import window
from animeseg.refine import Refinement

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.instances import Instances, ModelInfo
    from animeseg.options import Options

    Mask = NDArray[np.bool_]

WORKING_SIDE = 448
"""Longer side, in pixels, at which GrabCut sees a character; its time grows with the area."""

SURROUNDINGS = 1.5
"""How far around the mask the background's colours are learnt, in band widths."""

CORE_SHARE = 0.6
"""The band never takes more than this of the mask's thickness, so that a core remains."""

LEAST_AREA = 64
"""Smaller masks, in pixels, hold too few colours to learn from and are left alone."""


class EdgeRefiner:
    """Refines masks along the picture's edges; needs no weights.

    Args:
        band: half width of the band, in % of the character's height.
        min_agreement: a refined mask whose IoU with the detection is lower is rejected, the
            detection's mask is kept, and a note says so.
    """

    info: ModelInfo | None = None

    def __init__(self, band: float = 2.5, min_agreement: float = 0.5) -> None:
        self.band = band
        self.min_agreement = min_agreement

    @classmethod
    def from_options(cls, options: Options) -> EdgeRefiner:
        """A refiner with the values of ``options``."""
        return cls(options.edge_band, options.min_agreement)

    def refine(self, image: NDArray[np.uint8], instances: Instances) -> Refinement:
        """Refines the masks of ``instances`` on ``image`` (H, W, 3) uint8 RGB.

        Raises:
            ValueError: when ``image`` and ``instances`` differ in size.
        """
        if image.shape[:2] != instances.size:
            raise ValueError(f"image is {image.shape[:2]}, instances are {instances.size}")
        masks = instances.masks.copy()
        notes: list[Note] = []
        for row, mask in enumerate(instances.masks):
            rivals = instances.masks.sum(axis=0, dtype=np.uint16) > mask
            refined = snap(image, mask, rivals & ~mask, self.band)
            agreement = iou(refined, mask)
            if agreement >= self.min_agreement:
                masks[row] = refined
            else:
                notes.append(_rejected(row, agreement, self.min_agreement))
        return Refinement(instances.with_masks(masks), tuple(notes))


def snap(image: NDArray[np.uint8], mask: Mask, rivals: Mask, band: float) -> Mask:
    """Moves the boundary of ``mask`` to the picture's edges.

    Args:
        image: (H, W, 3) uint8 RGB.
        mask: (H, W) bool.
        rivals: (H, W) bool, pixels of other characters only; they stay outside.
        band: half width of the band, in % of the mask's height.

    Returns:
        (H, W) bool; ``mask`` itself where there is nothing to learn colours from.
    """
    tight = window(mask)
    if tight is None or np.count_nonzero(mask) < LEAST_AREA:
        return mask
    height = tight[0].stop - tight[0].start
    radius = max(1.0, band / 100 * height)
    around = window(mask, int(np.ceil(radius * (1 + SURROUNDINGS))) + 2) or tight
    inside = mask[around]
    depth = cv2.distanceTransform(inside.view(np.uint8), cv2.DIST_L2, 3).max()
    core = shrink(inside, min(radius, CORE_SHARE * float(depth)))
    reach = grow(inside, radius) & ~rivals[around]
    if not core.any() or reach.all():
        return mask
    decided = _grab(image[around], inside, core, reach)
    result = np.zeros_like(mask)
    result[around] = core | (decided & reach)
    return result


def _grab(image: NDArray[np.uint8], inside: Mask, core: Mask, reach: Mask) -> Mask:
    """GrabCut's answer (h, w) bool for a crop, worked out at `WORKING_SIDE`."""
    height, width = inside.shape
    scale = min(1.0, WORKING_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    colours = cv2.cvtColor(cv2.resize(image, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2LAB)

    def small(region: Mask) -> Mask:
        scaled = cv2.resize(region.view(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        return np.asarray(scaled, np.uint8) > 0

    labels = np.where(small(inside), cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[small(core)] = cv2.GC_FGD
    labels[~small(reach)] = cv2.GC_BGD
    if not np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).any() or not (labels == cv2.GC_BGD).any():
        return inside
    cv2.setRNGSeed(0)  # its colour clusters start at random; the same picture gives the same mask
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(colours, labels, None, *models, 1, cv2.GC_INIT_WITH_MASK)
    answer = (labels & 1).astype(np.float32)
    return cv2.resize(answer, (width, height), interpolation=cv2.INTER_LINEAR) > 0.5  # type: ignore[no-any-return]


def _rejected(row: int, agreement: float, least: float) -> Note:
    return Note(
        "refinement_rejected",
        f"character {row + 1} keeps the detector's mask: the one along the edges agrees with it "
        f"by IoU {agreement:.2f}, less than {least:.2f}",
        "narrow edge_band, or lower min_agreement to take it all the same",
    )
