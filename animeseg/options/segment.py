"""The options of finding, choosing and refining characters."""

from __future__ import annotations

from dataclasses import dataclass

from animeseg.errors import OptionError
from animeseg.limits import MAX_INSTANCES
from animeseg.options._knob import OptionSet, knob

ORDERS = (
    "left-to-right",
    "right-to-left",
    "top-to-bottom",
    "bottom-to-top",
    "reading",
    "center-out",
    "edge-in",
    "area-descending",
    "area-ascending",
    "confidence-descending",
    "confidence-ascending",
    "front-to-back",
    "back-to-front",
)


@dataclass(frozen=True, kw_only=True)
class Options(OptionSet):
    """Everything a user can set about finding, choosing and refining characters.

    Raises:
        OptionError: naming the field, when a value has the wrong type, is not a number, is out of
            range or is not one of the choices.
    """

    # ------------------------------------------------------------------ Detection
    model: str = knob(
        "character-n",
        "Detection",
        "Detector",
        "Name of a detector in the catalog, or the path of one of your own.",
    )
    confidence: float = knob(
        0.0,
        "Detection",
        "Confidence",
        "Detections that score lower are dropped; 0 takes the model's own threshold.",
        span=(0.0, 1.0),
        step=0.01,
    )
    nms_iou: float = knob(
        0.7,
        "Detection",
        "NMS IoU",
        "Of two boxes that overlap more than this, the weaker is dropped.",
        span=(0.05, 1.0),
        step=0.05,
    )
    image_size: int = knob(
        0,
        "Detection",
        "Detector size",
        "Longer side, in pixels, at which the detector looks at the picture; 0 takes the model's.",
        span=(0, 4096),
        step=32,
    )
    classes: tuple[str, ...] = knob(
        (),
        "Detection",
        "Classes",
        "Class names to keep; empty keeps every class that the detector is meant for.",
    )
    max_instances: int = knob(
        100,
        "Detection",
        "Most instances",
        "At most this many detections are kept, the most confident first.",
        span=(1, MAX_INSTANCES),
        step=1,
    )
    # ------------------------------------------------------------------ Selection
    min_area: float = knob(
        0.0,
        "Selection",
        "Smallest area",
        "Smaller instances are dropped; a fraction of the picture.",
        span=(0.0, 1.0),
        step=0.001,
    )
    max_area: float = knob(
        1.0,
        "Selection",
        "Largest area",
        "Larger instances are dropped; a fraction of the picture.",
        span=(0.0, 1.0),
        step=0.001,
    )
    area_of: str = knob(
        "mask",
        "Selection",
        "Area of",
        "Whether areas are those of the mask or of its box.",
        choices=("mask", "box"),
    )
    min_aspect: float = knob(
        0.0,
        "Selection",
        "Smallest aspect",
        "Narrower instances are dropped; width / height of the box.",
        span=(0.0, 100.0),
        step=0.05,
    )
    max_aspect: float = knob(
        100.0,
        "Selection",
        "Largest aspect",
        "Wider instances are dropped; width / height of the box.",
        span=(0.0, 100.0),
        step=0.05,
    )
    top_k: int = knob(
        0,
        "Selection",
        "Keep at most",
        "Keep this many instances; 0 keeps all.",
        span=(0, MAX_INSTANCES),
        step=1,
    )
    top_by: str = knob(
        "confidence",
        "Selection",
        "Keep by",
        "What decides which instances are kept.",
        choices=("confidence", "area"),
    )
    order: str = knob(
        "left-to-right",
        "Selection",
        "Order",
        "Order in which characters are numbered and worked on.",
        choices=ORDERS,
    )
    # ------------------------------------------------------------------ Refinement
    refine: str = knob(
        "auto",
        "Refinement",
        "Refinement",
        "How masks are refined. auto: prompt when Segment Anything weights are here, else edge; "
        "prompt: Segment Anything asked about each character; vote: the report's vote over all "
        "Segment Anything masks; edge: by the picture's edges, without Segment Anything.",
        choices=("auto", "prompt", "vote", "edge", "none"),
    )
    sam_model: str = knob(
        "mobile-sam",
        "Refinement",
        "SAM model",
        "Segment Anything model: a name in the catalog, or a path.",
    )
    min_agreement: float = knob(
        0.5,
        "Refinement",
        "Least agreement",
        "A refined mask whose IoU with the detection is lower is rejected.",
        span=(0.0, 1.0),
        step=0.05,
    )
    prompt_positive: int = knob(
        1,
        "Refinement",
        "Positive points",
        "Points inside the character given to Segment Anything.",
        span=(0, 16),
        step=1,
    )
    prompt_negative: int = knob(
        0,
        "Refinement",
        "Negative points",
        "Points outside the character given to Segment Anything.",
        span=(0, 16),
        step=1,
    )
    prompt_mask: bool = knob(
        True,
        "Refinement",
        "Mask prompt",
        "Whether the detection's mask is given to Segment Anything as well.",
    )
    crop_below: float = knob(
        0.25,
        "Refinement",
        "Crop below",
        "A character whose longer side is below this fraction of the picture's gets a crop and "
        "an encoder pass of its own; 0 never crops.",
        span=(0.0, 1.0),
        step=0.05,
    )
    edge_band: float = knob(
        2.5,
        "Refinement",
        "Edge band",
        "Half width of the band in which the edge refinement may move the boundary, in % of the "
        "character's height.",
        span=(0.1, 20.0),
        step=0.1,
    )
    # ------------------------------------------------------------------ Vote
    vote_preset: str = knob(
        "fast",
        "Vote",
        "Vote preset",
        "report: exactly as published; fast: the same idea, prompts only where characters are.",
        choices=("fast", "report"),
    )
    vote_measure: str = knob(
        "containment",
        "Vote",
        "Vote measure",
        "How a Segment Anything mask is scored against the detection: share of it that lies "
        "inside (containment, as published) or intersection over union.",
        choices=("containment", "iou"),
    )
    vote_threshold: float = knob(
        0.3,
        "Vote",
        "Vote threshold",
        "Segment Anything masks that score higher are taken.",
        span=(0.0, 1.0),
        step=0.05,
    )
    vote_points_per_side: int = knob(
        32,
        "Vote",
        "Points per side",
        "Grid of prompts along each side.",
        span=(2, 128),
        step=1,
    )
    vote_points_per_batch: int = knob(
        64,
        "Vote",
        "Points per batch",
        "Prompts the decoder answers at once; fewer need less memory.",
        span=(1, 1024),
        step=1,
    )
    vote_pred_iou: float = knob(
        0.6,
        "Vote",
        "Predicted IoU threshold",
        "Masks that Segment Anything itself rates lower are dropped.",
        span=(0.0, 1.0),
        step=0.01,
    )
    vote_stability: float = knob(
        0.8,
        "Vote",
        "Stability threshold",
        "Masks that change more when the cut-off moves are dropped.",
        span=(0.0, 1.0),
        step=0.01,
    )
    vote_crop_layers: int = knob(
        1,
        "Vote",
        "Crop layers",
        "Layers of crops that are looked at besides the whole picture.",
        span=(0, 3),
        step=1,
    )
    vote_crop_downscale: int = knob(
        1,
        "Vote",
        "Crop downscale",
        "The grid gets coarser by this factor with each crop layer.",
        span=(1, 4),
        step=1,
    )
    vote_erode: int = knob(
        3,
        "Vote",
        "Vote erode",
        "Iterations of a 3x3 erosion of the detection, and of the final opening.",
        span=(0, 20),
        step=1,
    )
    vote_dilate: int = knob(
        2,
        "Vote",
        "Vote dilate",
        "Iterations of a 3x3 dilation of the detection after the erosion.",
        span=(0, 20),
        step=1,
    )
    vote_max_side: int = knob(
        1920,
        "Vote",
        "Vote longest side",
        "Larger pictures are scaled down to this longer side, in pixels, for the vote.",
        span=(256, 8192),
        step=64,
    )
    # ------------------------------------------------------------------ Mask shape
    target: str = knob(
        "character",
        "Mask shape",
        "Mask target",
        "What the inpaint mask covers: character, face, background, one of them as in "
        "character[0] or @largest, or an expression such as character - face.",
    )
    fill_holes: float = knob(
        0.05,
        "Mask shape",
        "Fill holes",
        "Holes up to this size are filled; % of the character's area.",
        span=(0.0, 100.0),
        step=0.05,
    )
    drop_islands: float = knob(
        0.5,
        "Mask shape",
        "Drop islands",
        "Detached pieces up to this size are dropped; % of the character's area.",
        span=(0.0, 100.0),
        step=0.05,
    )
    mask_grow: float = knob(
        4.0,
        "Mask shape",
        "Grow",
        "The inpaint mask grows (or, if negative, shrinks) by this radius.",
        span=(-256.0, 256.0),
        step=0.5,
    )
    mask_grow_unit: str = knob(
        "px",
        "Mask shape",
        "Grow unit",
        "Unit of the radius: pixels, or % of the character's height.",
        choices=("px", "%"),
    )
    mask_feather: float = knob(
        0.0,
        "Mask shape",
        "Feather",
        "The inpaint mask's edge is softened over this distance, in pixels.",
        span=(0.0, 256.0),
        step=0.5,
    )
    mask_offset_x: int = knob(
        0,
        "Mask shape",
        "Offset x",
        "The inpaint mask is moved right by this many pixels.",
        span=(-4096, 4096),
        step=1,
    )
    mask_offset_y: int = knob(
        0,
        "Mask shape",
        "Offset y",
        "The inpaint mask is moved down by this many pixels.",
        span=(-4096, 4096),
        step=1,
    )
    mask_invert: bool = knob(
        False,
        "Mask shape",
        "Invert",
        "The inpaint mask covers the background in place of the characters.",
    )
    # ------------------------------------------------------------------ Cut-out
    cutout_grow: float = knob(
        0.0,
        "Cut-out",
        "Cut-out grow",
        "The cut-out grows (or, if negative, shrinks) by this radius, in pixels.",
        span=(-64.0, 64.0),
        step=0.5,
    )
    cutout_feather: float = knob(
        1.0,
        "Cut-out",
        "Cut-out feather",
        "The cut-out's edge is softened over this distance, in pixels.",
        span=(0.0, 64.0),
        step=0.5,
    )
    # ------------------------------------------------------------------ Machine
    device: str = knob(
        "auto",
        "Machine",
        "Device",
        "auto, cpu, cuda, cuda:N, mps, xpu, ...: where the networks run.",
    )
    precision: str = knob(
        "auto",
        "Machine",
        "Precision",
        "Number format of the networks; auto is fp16 on a GPU that gains by it and fp32 elsewhere.",
        choices=("auto", "fp32", "fp16"),
    )

    def check(self) -> None:
        """Refuses limits that no instance can meet."""
        for low, high in (("min_area", "max_area"), ("min_aspect", "max_aspect")):
            if getattr(self, low) > getattr(self, high):
                raise OptionError(low, f"is above {high}", f"choose {low} <= {high}")
