"""The panel's arguments: their order, and how they are read.

The host hands them over by position and never checks them: lists come short, and API users send
whole mappings. Accepted are

    [true, {"confidence": 0.4, "outputs": ["mask"]}]      names of options, in any number
    [true, ["mask", "cutout"], "transparent", ...]        in the order of `NAMES`

What follows either belongs to the inpaint passes (`Request.rest`); behind a mapping it is mappings
only, one for each pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from animeseg.instances import Note
from animeseg.options import Options, OptionSet, OutputOptions, PanelOptions, knobs
from animeseg.webui.infotext import MASK_FAILED, PER_PICTURE
from animeseg.webui.reading import read_noting

BACKDROP = "background_picture"
"""In the panel a picture, not the path that the option of the command line is."""

NAMES = (
    "enabled", "outputs", "background", "background_colour", "background_blur", BACKDROP,
    "layer_format", "auto_mask", "target", "model", "confidence", "nms_iou", "image_size",
    "classes", "max_instances", "min_area", "max_area", "area_of", "min_aspect", "max_aspect",
    "top_k", "top_by", "order", "refine", "sam_model", "min_agreement", "prompt_positive",
    "prompt_negative", "prompt_mask", "crop_below", "edge_band", "vote_preset", "vote_measure",
    "vote_threshold", "vote_points_per_side", "vote_points_per_batch", "vote_pred_iou",
    "vote_stability", "vote_crop_layers", "vote_crop_downscale", "vote_erode", "vote_dilate",
    "vote_max_side", "fill_holes", "drop_islands", "mask_grow", "mask_grow_unit", "mask_feather",
    "mask_offset_x", "mask_offset_y", "mask_invert", "cutout_grow", "cutout_feather",
)  # fmt: skip
"""The panel's components in the order of their arguments. Frozen: new names go to the end."""

SETS: tuple[type[OptionSet], ...] = (PanelOptions, OutputOptions, Options)

OWN_KEYS = (
    *PER_PICTURE,
    MASK_FAILED,
    *(knob.infotext for one in SETS for knob in knobs(one).values()),
)
"""Keys of the generation parameters that the panel writes."""


@dataclass(frozen=True, eq=False)
class Request:
    """What the panel asks for.

    Attributes:
        panel: whether it works at all.
        output: what is made.
        options: how characters are found.
        backdrop: the picture for the background as it came: a Pillow image, an array, base64; or
            None.
        rest: the arguments after the panel's own.
        notes: arguments that had to be changed.
    """

    panel: PanelOptions
    output: OutputOptions
    options: Options
    backdrop: Any = None
    rest: tuple[Any, ...] = ()
    notes: tuple[Note, ...] = ()


def is_enabled(args: Sequence[Any]) -> bool:
    """Whether the panel is on; all that is looked at while it is off."""
    if not args:
        return False
    first = args[0]
    if isinstance(first, Mapping):
        first = first.get("enabled", False)
    return first is True or first in (1, "True", "true")


def read_request(args: Sequence[Any], changes: Mapping[str, Any] | None = None) -> Request:
    """What ``args`` ask for; never raises.

    Args:
        args: of the script, in one of the forms above.
        changes: option values that go over them (axes of a grid).
    """
    values, rest = _split(args)
    values |= changes or {}
    backdrop = values.pop(BACKDROP, None)
    output, about_output = read_noting(OutputOptions, _taken(values, OutputOptions))
    options, about_options = read_noting(Options, _taken(values, Options))
    panel, about_panel = read_noting(PanelOptions, values)  # what is left that nobody knows, too
    notes = about_panel + about_output + about_options
    return Request(panel, output, options, backdrop, rest, notes)


def _taken(values: dict[str, Any], options: type[OptionSet]) -> dict[str, Any]:
    """The values of one set, taken out of ``values``."""
    return {name: values.pop(name) for name in knobs(options) if name in values}


def _split(args: Sequence[Any]) -> tuple[dict[str, Any], tuple[Any, ...]]:
    """The values of the panel by name, and the arguments that follow."""
    if args and isinstance(args[0], Mapping):
        return {"enabled": False, **args[0]}, _mappings(args[1:])
    if len(args) > 1 and isinstance(args[1], Mapping):
        return {**args[1], "enabled": args[0]}, _mappings(args[2:])
    return dict(zip(NAMES, args, strict=False)), tuple(args[len(NAMES) :])


def _mappings(args: Sequence[Any]) -> tuple[Any, ...]:
    """Behind a mapping the host fills up with the defaults of positions that mean nothing then."""
    return tuple(value for value in args if isinstance(value, Mapping))
