"""Every knob, once: type, default, range, label, help and infotext key.

The command line, the HTTP schema, the WebUI panels, the infotext and the reference in ``docs/``
are all made from `Options` and `knobs`; nothing else declares a default or a range.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, get_type_hints

from animeseg.errors import OptionError
from animeseg.limits import MAX_INSTANCES

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


@dataclass(frozen=True)
class Knob:
    """How one option is shown, limited and named.

    Attributes:
        name: field of `Options`, and with ``-`` for ``_`` the command-line flag.
        kind: ``bool``, ``int``, ``float``, ``str`` or ``list`` (a tuple of strings).
        default: the default value.
        section: group under which it is shown.
        label: short English label; part of the API, frozen once released.
        help: one sentence.
        minimum: smallest value, for numbers.
        maximum: largest value, for numbers.
        step: step of a slider, for numbers.
        choices: accepted strings; empty means any.
        infotext: key in the generation parameters.
    """

    name: str
    kind: str
    default: Any
    section: str
    label: str
    help: str
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def infotext(self) -> str:
        """Key of this option in the generation parameters."""
        return f"animeseg {self.label.lower()}"


def _knob(
    default: Any,
    section: str,
    label: str,
    help_text: str,
    *,
    span: tuple[float, float] | None = None,
    step: float | None = None,
    choices: tuple[str, ...] = (),
) -> Any:
    minimum, maximum = span or (None, None)
    return field(
        default=default,
        metadata={
            "section": section,
            "label": label,
            "help": help_text,
            "minimum": minimum,
            "maximum": maximum,
            "step": step,
            "choices": choices,
        },
    )


@dataclass(frozen=True, kw_only=True)
class Options:
    """Everything a user can set about finding, choosing and refining characters.

    Raises:
        OptionError: naming the field, when a value has the wrong type, is not a number, is out of
            range or is not one of the choices.
    """

    # ------------------------------------------------------------------ Detection
    model: str = _knob(
        "character-n",
        "Detection",
        "Detector",
        "Name of a detector in the catalog, or the path of one of your own.",
    )
    confidence: float = _knob(
        0.0,
        "Detection",
        "Confidence",
        "Detections that score lower are dropped; 0 takes the model's own threshold.",
        span=(0.0, 1.0),
        step=0.01,
    )
    nms_iou: float = _knob(
        0.7,
        "Detection",
        "NMS IoU",
        "Of two boxes that overlap more than this, the weaker is dropped.",
        span=(0.05, 1.0),
        step=0.05,
    )
    image_size: int = _knob(
        0,
        "Detection",
        "Detector size",
        "Longer side, in pixels, at which the detector looks at the picture; 0 takes the model's.",
        span=(0, 4096),
        step=32,
    )
    classes: tuple[str, ...] = _knob(
        (),
        "Detection",
        "Classes",
        "Class names to keep; empty keeps every class that the detector is meant for.",
    )
    max_instances: int = _knob(
        100,
        "Detection",
        "Most instances",
        "At most this many detections are kept, the most confident first.",
        span=(1, MAX_INSTANCES),
        step=1,
    )
    # ------------------------------------------------------------------ Selection
    min_area: float = _knob(
        0.0,
        "Selection",
        "Smallest area",
        "Smaller instances are dropped; a fraction of the picture.",
        span=(0.0, 1.0),
        step=0.001,
    )
    max_area: float = _knob(
        1.0,
        "Selection",
        "Largest area",
        "Larger instances are dropped; a fraction of the picture.",
        span=(0.0, 1.0),
        step=0.001,
    )
    area_of: str = _knob(
        "mask",
        "Selection",
        "Area of",
        "Whether areas are those of the mask or of its box.",
        choices=("mask", "box"),
    )
    min_aspect: float = _knob(
        0.0,
        "Selection",
        "Smallest aspect",
        "Narrower instances are dropped; width / height of the box.",
        span=(0.0, 100.0),
        step=0.05,
    )
    max_aspect: float = _knob(
        100.0,
        "Selection",
        "Largest aspect",
        "Wider instances are dropped; width / height of the box.",
        span=(0.0, 100.0),
        step=0.05,
    )
    top_k: int = _knob(
        0,
        "Selection",
        "Keep at most",
        "Keep this many instances; 0 keeps all.",
        span=(0, MAX_INSTANCES),
        step=1,
    )
    top_by: str = _knob(
        "confidence",
        "Selection",
        "Keep by",
        "What decides which instances are kept.",
        choices=("confidence", "area"),
    )
    order: str = _knob(
        "left-to-right",
        "Selection",
        "Order",
        "Order in which characters are numbered and worked on.",
        choices=ORDERS,
    )
    # ------------------------------------------------------------------ Refinement
    refine: str = _knob(
        "auto",
        "Refinement",
        "Refinement",
        "How masks are refined. auto: prompt when Segment Anything weights are here, else edge; "
        "prompt: Segment Anything asked about each character; vote: the report's vote over all "
        "Segment Anything masks; edge: by the picture's edges, without Segment Anything.",
        choices=("auto", "prompt", "vote", "edge", "none"),
    )
    sam_model: str = _knob(
        "mobile-sam",
        "Refinement",
        "SAM model",
        "Segment Anything model: a name in the catalog, or a path.",
    )
    min_agreement: float = _knob(
        0.5,
        "Refinement",
        "Least agreement",
        "A refined mask whose IoU with the detection is lower is rejected.",
        span=(0.0, 1.0),
        step=0.05,
    )
    prompt_positive: int = _knob(
        1,
        "Refinement",
        "Positive points",
        "Points inside the character given to Segment Anything.",
        span=(0, 16),
        step=1,
    )
    prompt_negative: int = _knob(
        0,
        "Refinement",
        "Negative points",
        "Points outside the character given to Segment Anything.",
        span=(0, 16),
        step=1,
    )
    prompt_mask: bool = _knob(
        True,
        "Refinement",
        "Mask prompt",
        "Whether the detection's mask is given to Segment Anything as well.",
    )
    crop_below: float = _knob(
        0.25,
        "Refinement",
        "Crop below",
        "A character whose longer side is below this fraction of the picture's gets a crop and "
        "an encoder pass of its own; 0 never crops.",
        span=(0.0, 1.0),
        step=0.05,
    )
    edge_band: float = _knob(
        2.5,
        "Refinement",
        "Edge band",
        "Half width of the band in which the edge refinement may move the boundary, in % of the "
        "character's height.",
        span=(0.1, 20.0),
        step=0.1,
    )
    # ------------------------------------------------------------------ Vote
    vote_preset: str = _knob(
        "fast",
        "Vote",
        "Vote preset",
        "report: exactly as published; fast: the same idea, prompts only where characters are.",
        choices=("fast", "report"),
    )
    vote_measure: str = _knob(
        "containment",
        "Vote",
        "Vote measure",
        "How a Segment Anything mask is scored against the detection: share of it that lies "
        "inside (containment, as published) or intersection over union.",
        choices=("containment", "iou"),
    )
    vote_threshold: float = _knob(
        0.3,
        "Vote",
        "Vote threshold",
        "Segment Anything masks that score higher are taken.",
        span=(0.0, 1.0),
        step=0.05,
    )
    vote_points_per_side: int = _knob(
        32,
        "Vote",
        "Points per side",
        "Grid of prompts along each side.",
        span=(2, 128),
        step=1,
    )
    vote_points_per_batch: int = _knob(
        64,
        "Vote",
        "Points per batch",
        "Prompts the decoder answers at once; fewer need less memory.",
        span=(1, 1024),
        step=1,
    )
    vote_pred_iou: float = _knob(
        0.6,
        "Vote",
        "Predicted IoU threshold",
        "Masks that Segment Anything itself rates lower are dropped.",
        span=(0.0, 1.0),
        step=0.01,
    )
    vote_stability: float = _knob(
        0.8,
        "Vote",
        "Stability threshold",
        "Masks that change more when the cut-off moves are dropped.",
        span=(0.0, 1.0),
        step=0.01,
    )
    vote_crop_layers: int = _knob(
        1,
        "Vote",
        "Crop layers",
        "Layers of crops that are looked at besides the whole picture.",
        span=(0, 3),
        step=1,
    )
    vote_crop_downscale: int = _knob(
        1,
        "Vote",
        "Crop downscale",
        "The grid gets coarser by this factor with each crop layer.",
        span=(1, 4),
        step=1,
    )
    vote_erode: int = _knob(
        3,
        "Vote",
        "Vote erode",
        "Iterations of a 3x3 erosion of the detection, and of the final opening.",
        span=(0, 20),
        step=1,
    )
    vote_dilate: int = _knob(
        2,
        "Vote",
        "Vote dilate",
        "Iterations of a 3x3 dilation of the detection after the erosion.",
        span=(0, 20),
        step=1,
    )
    vote_max_side: int = _knob(
        1920,
        "Vote",
        "Vote longest side",
        "Larger pictures are scaled down to this longer side, in pixels, for the vote.",
        span=(256, 8192),
        step=64,
    )
    # ------------------------------------------------------------------ Mask shape
    fill_holes: float = _knob(
        0.05,
        "Mask shape",
        "Fill holes",
        "Holes up to this size are filled; % of the character's area.",
        span=(0.0, 100.0),
        step=0.05,
    )
    drop_islands: float = _knob(
        0.5,
        "Mask shape",
        "Drop islands",
        "Detached pieces up to this size are dropped; % of the character's area.",
        span=(0.0, 100.0),
        step=0.05,
    )
    mask_grow: float = _knob(
        4.0,
        "Mask shape",
        "Grow",
        "The inpaint mask grows (or, if negative, shrinks) by this radius.",
        span=(-256.0, 256.0),
        step=0.5,
    )
    mask_grow_unit: str = _knob(
        "px",
        "Mask shape",
        "Grow unit",
        "Unit of the radius: pixels, or % of the character's height.",
        choices=("px", "%"),
    )
    mask_feather: float = _knob(
        0.0,
        "Mask shape",
        "Feather",
        "The inpaint mask's edge is softened over this distance, in pixels.",
        span=(0.0, 256.0),
        step=0.5,
    )
    mask_offset_x: int = _knob(
        0,
        "Mask shape",
        "Offset x",
        "The inpaint mask is moved right by this many pixels.",
        span=(-4096, 4096),
        step=1,
    )
    mask_offset_y: int = _knob(
        0,
        "Mask shape",
        "Offset y",
        "The inpaint mask is moved down by this many pixels.",
        span=(-4096, 4096),
        step=1,
    )
    mask_invert: bool = _knob(
        False,
        "Mask shape",
        "Invert",
        "The inpaint mask covers the background in place of the characters.",
    )
    # ------------------------------------------------------------------ Cut-out
    cutout_grow: float = _knob(
        0.0,
        "Cut-out",
        "Cut-out grow",
        "The cut-out grows (or, if negative, shrinks) by this radius, in pixels.",
        span=(-64.0, 64.0),
        step=0.5,
    )
    cutout_feather: float = _knob(
        1.0,
        "Cut-out",
        "Cut-out feather",
        "The cut-out's edge is softened over this distance, in pixels.",
        span=(0.0, 64.0),
        step=0.5,
    )
    # ------------------------------------------------------------------ Machine
    device: str = _knob(
        "auto",
        "Machine",
        "Device",
        "auto, cpu, cuda, cuda:N, mps, xpu, ...: where the networks run.",
    )
    precision: str = _knob(
        "auto",
        "Machine",
        "Precision",
        "Number format of the networks; auto is fp16 on a GPU that gains by it and fp32 elsewhere.",
        choices=("auto", "fp32", "fp16"),
    )

    def __post_init__(self) -> None:
        for name, knob in knobs().items():
            object.__setattr__(self, name, _checked(knob, getattr(self, name)))
        for low, high in (("min_area", "max_area"), ("min_aspect", "max_aspect")):
            if getattr(self, low) > getattr(self, high):
                raise OptionError(low, f"is above {high}", f"choose {low} <= {high}")

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Options:
        """Options from a mapping of field names (for example parsed JSON).

        Raises:
            OptionError: for an unknown name or a bad value, naming the field.
        """
        for name in values:
            if name not in knobs():
                raise OptionError(str(name)[:80], "is not an option", "see the options reference")
        return cls(**values)

    def replace(self, **changes: Any) -> Options:
        """A copy with some values changed, checked like a new one."""
        return self.from_mapping({**self.as_dict(), **changes})

    def as_dict(self) -> dict[str, Any]:
        """All values, ready for JSON (tuples become lists)."""
        return {
            name: list(value) if isinstance(value := getattr(self, name), tuple) else value
            for name in knobs()
        }

    def changed(self) -> dict[str, Any]:
        """Only the values that differ from the defaults."""
        return {
            name: value
            for name, value in self.as_dict().items()
            if value != _plain(knobs()[name].default)
        }

    def to_json(self) -> str:
        """The options as one line of JSON with sorted keys."""
        return json.dumps(self.as_dict(), sort_keys=True)


@cache
def knobs() -> dict[str, Knob]:
    """The specification of every option, by field name, in the order they are shown."""
    hints = get_type_hints(Options)
    found = {}
    for item in dataclasses.fields(Options):
        kind = "list" if item.name == "classes" else hints[item.name].__name__
        found[item.name] = Knob(item.name, kind, item.default, **item.metadata)
    return found


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _checked(knob: Knob, value: Any) -> Any:
    """``value`` in the knob's own type, or an `OptionError` that says what is accepted."""
    cure = _accepts(knob)
    if knob.kind == "list":
        return _checked_list(knob, value, cure)
    if knob.kind == "float" and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value).__name__ != knob.kind:  # exactly: True is no whole number here
        raise OptionError(knob.name, f"got {_shown(value)}, a {type(value).__name__}", cure)
    if knob.choices and value not in knob.choices:
        raise OptionError(knob.name, f"got {_shown(value)}", cure)
    if isinstance(value, float) and not math.isfinite(value):
        raise OptionError(knob.name, f"got {value}, not a finite number", cure)
    if knob.minimum is not None and not knob.minimum <= value <= (knob.maximum or 0):
        raise OptionError(knob.name, f"got {value}, out of range", cure)
    if knob.kind == "str" and (not value or len(value) > 4096 or "\0" in value):
        raise OptionError(knob.name, f"got {_shown(value)}", cure)
    return value


def _checked_list(knob: Knob, value: Any, cure: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise OptionError(knob.name, f"got {_shown(value)}", cure)
    if len(value) > 1000:
        raise OptionError(knob.name, f"got {len(value)} entries", "give at most 1000")
    return tuple(value)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _accepts(knob: Knob) -> str:
    if knob.choices:
        return "choose one of " + ", ".join(knob.choices)
    if knob.minimum is not None:
        kind = "a whole number" if knob.kind == "int" else "a number"
        return f"give {kind} from {knob.minimum:g} to {knob.maximum:g}"
    words = {"bool": "true or false", "str": "a text", "list": "a list of texts"}
    return f"give {words[knob.kind]}"
