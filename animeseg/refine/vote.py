"""The vote: masks that Segment Anything proposes are put to the vote of the detections.

Two presets share the parameters: ``report`` is the published method to the letter
(`animeseg.refine.vote_report`), ``fast`` the same idea without the waste
(`animeseg.refine.vote_fast`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from animeseg.errors import OptionError
from animeseg.refine import Refinement
from animeseg.watch import Watch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from animeseg.instances import Instances
    from animeseg.options import Options
    from animeseg.refine import SegmentAnything

PRESETS = ("fast", "report")


@dataclass(frozen=True)
class VoteSettings:
    """Parameters of the vote; the defaults are the published ones.

    Attributes:
        measure: ``containment``, the share of a proposal that lies inside the detection (the
            report calls it IoU), or ``iou``, the true intersection over union.
        threshold: proposals that score strictly higher are taken.
        points_per_side: prompts along each side of the grid; ``fast`` puts a third as many along
            the longer side of each character.
        points_per_batch: prompts answered at once.
        pred_iou: proposals must be rated strictly higher by Segment Anything itself.
        stability: least stability of a proposal against a shift of the cut-off by 1.
        crop_layers: layers of crops looked at besides the whole picture; ``fast`` looks at crops
            around small characters unless it is 0.
        crop_downscale: the grid gets coarser by this factor with each layer (``report`` only).
        erode: iterations of a 3x3 erosion of the detection, and of the final opening.
        dilate: iterations of the 3x3 dilation of the detection that follows the erosion.
        max_side: a longer side above this, in pixels, is scaled down to it.
    """

    measure: str = "containment"
    threshold: float = 0.3
    points_per_side: int = 32
    points_per_batch: int = 64
    pred_iou: float = 0.6
    stability: float = 0.8
    crop_layers: int = 1
    crop_downscale: int = 1
    erode: int = 3
    dilate: int = 2
    max_side: int = 1920

    @classmethod
    def from_options(cls, options: Options) -> VoteSettings:
        """The ``vote_*`` options."""
        return cls(**{name: getattr(options, f"vote_{name}") for name in cls.__annotations__})


class VoteRefiner:
    """Refines detections by a vote over the masks Segment Anything proposes.

    ``report`` asks ``points_per_side`` squared prompts of the whole picture and of four crops,
    and yields one mask for all characters, which is then shared out among them: `union` of the
    result is the published mask. ``fast`` asks where characters are only, and votes instance by
    instance.

    Args:
        sam: the loaded model. ``report`` needs SAM ViT-B/L/H or MobileSAM, the models that the
            mask generator of the package ``segment_anything`` accepts.
        preset: ``fast`` or ``report``.
        settings: parameters of the vote.
        watch: progress and interruption. An interrupted refinement returns what is complete,
            keeps the other detections as they are, and says so in a note.

    Raises:
        OptionError: unknown preset, or a model that ``report`` cannot work with.
    """

    def __init__(
        self,
        sam: SegmentAnything,
        preset: str = "fast",
        settings: VoteSettings | None = None,
        watch: Watch | None = None,
    ) -> None:
        if preset not in PRESETS:
            raise OptionError(
                "vote_preset", f"got {preset!r}", "choose one of " + ", ".join(PRESETS)
            )
        self.sam = sam
        self.info = sam.info
        self.preset = preset
        self.settings = settings or VoteSettings()
        self.watch = watch or Watch()
        if preset == "report":
            from animeseg.refine.vote_report import published_model

            published_model(sam)

    def refine(self, image: NDArray[np.uint8], instances: Instances) -> Refinement:
        """Refines the masks of ``instances`` on ``image`` (H, W, 3) uint8 RGB.

        Raises:
            ValueError: when ``image`` and ``instances`` differ in size.
        """
        if image.shape[:2] != instances.size:
            raise ValueError(f"image is {image.shape[:2]}, instances are {instances.size}")
        if not len(instances):
            return Refinement(instances)
        if self.preset == "report":
            from animeseg.refine.vote_report import refine_as_published as refine
        else:
            from animeseg.refine.vote_fast import refine_fast as refine
        return refine(self.sam, image, instances, self.settings, self.watch)
