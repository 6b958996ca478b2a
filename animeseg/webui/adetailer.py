"""For people who come from ADetailer: what its parameters and settings are called here.

The table is data: ``docs/passes.md`` shows it, and `converted` follows it, so that a unit of
ADetailer's API is understood as a pass:

    "animeseg": {"args": [true, {}, {"ad_model": "face_yolov8n.pt", "ad_prompt": "blue eyes"}]}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from animeseg.options.inpaint import KEEP


@dataclass(frozen=True)
class Row:
    """One parameter of ADetailer.

    Attributes:
        theirs: its name there.
        ours: names of the options of a pass that do the same.
        switch: a parameter of theirs without which it has no effect.
        note: where the two differ.
    """

    theirs: str
    ours: tuple[str, ...]
    switch: str = ""
    note: str = ""


_OFF = "0 here means that it is the generation's"
_SAME = f'"{KEEP}" here means that it is the generation\'s'

PARAMETERS = (
    Row("ad_model", ("target", "model"), note="say what is drawn; the detector follows from it"),
    Row("ad_model_classes", ("classes",), note="for every detector, not for YOLO-World only"),
    Row("ad_tab_enable", ("enabled",)),
    Row("ad_prompt", ("prompt",), note="[SEP], [SKIP] and [PROMPT] as there; also [@left]"),
    Row("ad_negative_prompt", ("negative_prompt",)),
    Row("ad_confidence", ("confidence",), note="0 takes the detector's own threshold"),
    Row("ad_mask_filter_method", ("top_by",)),
    Row("ad_mask_k", ("top_k",)),
    Row("ad_mask_min_ratio", ("min_area",), note="of the mask; of its box with Mask area of: box"),
    Row("ad_mask_max_ratio", ("max_area",), note="likewise"),
    Row("ad_dilate_erode", ("grow",), note="a radius in every direction, not a square"),
    Row("ad_x_offset", ("offset_x",)),
    Row("ad_y_offset", ("offset_y",), note="here positive is down, there it is up"),
    Row("ad_mask_merge_invert", ("merge",)),
    Row("ad_mask_blur", ("mask_blur",)),
    Row("ad_denoising_strength", ("denoise",)),
    Row("ad_inpaint_only_masked", ("only_masked",)),
    Row("ad_inpaint_only_masked_padding", ("padding",)),
    Row("ad_use_inpaint_width_height", ("width", "height"), note=_OFF),
    Row("ad_inpaint_width", ("width",), "ad_use_inpaint_width_height"),
    Row("ad_inpaint_height", ("height",), "ad_use_inpaint_width_height"),
    Row("ad_use_steps", ("steps",), note=_OFF),
    Row("ad_steps", ("steps",), "ad_use_steps"),
    Row("ad_use_cfg_scale", ("cfg_scale",), note=_OFF),
    Row("ad_cfg_scale", ("cfg_scale",), "ad_use_cfg_scale"),
    Row("ad_use_checkpoint", ("checkpoint",), note=_SAME),
    Row("ad_checkpoint", ("checkpoint",), "ad_use_checkpoint"),
    Row("ad_use_vae", ("vae",), note=_SAME),
    Row("ad_vae", ("vae",), "ad_use_vae"),
    Row("ad_use_sampler", ("sampler", "scheduler"), note=_SAME),
    Row("ad_sampler", ("sampler",), "ad_use_sampler"),
    Row("ad_scheduler", ("scheduler",), "ad_use_sampler"),
    Row("ad_use_noise_multiplier", ("noise_multiplier",), note="0 here means the host's setting"),
    Row("ad_noise_multiplier", ("noise_multiplier",), "ad_use_noise_multiplier"),
    Row("ad_use_clip_skip", ("clip_skip",), note=_OFF),
    Row("ad_clip_skip", ("clip_skip",), "ad_use_clip_skip"),
    Row("ad_restore_face", ("restore_faces",)),
    Row("ad_controlnet_model", ("controlnet_model",)),
    Row("ad_controlnet_module", ("controlnet_module",)),
    Row("ad_controlnet_weight", ("controlnet_weight",)),
    Row("ad_controlnet_guidance_start", ("controlnet_start",)),
    Row("ad_controlnet_guidance_end", ("controlnet_end",)),
)
"""The parameters of a unit of ADetailer, in its order."""

SETTINGS: Mapping[str, str] = {
    "ad_max_models": "animeseg_passes",
    "ad_extra_models_dir": "animeseg_model_dirs",
    "ad_save_images_dir": "animeseg_save_folder",
    "ad_save_previews": "animeseg_save_previews",
    "ad_save_images_before": "animeseg_save_before",
    "ad_only_selected_scripts": "animeseg_pass_scripts",
    "ad_script_names": "animeseg_pass_scripts",
    "ad_bbox_sortby": "animeseg_order",
    "ad_same_seed_for_each_tab": "animeseg_same_seed",
}
"""Settings of ADetailer and those here that do the same."""

OPTIONS: Mapping[str, str] = {
    "ad_bbox_sortby": "order",
    "ad_same_seed_for_each_tab": "same_seed",
    "ad_dynamic_denoise_power": "denoise_power",
    "ad_match_inpaint_bbox_size": "match_size",
}
"""Settings of ADetailer that are options of each pass here."""

_KINDS = {"face": "face", "hand": "hand", "mediapipe": "face", "person": "character"}
_WORDS = {"none": "none", "passthrough": "passthrough"}


def is_theirs(values: Mapping[str, Any]) -> bool:
    """Whether ``values`` are a unit of ADetailer."""
    return any(str(name).startswith("ad_") for name in values)


def converted(values: Mapping[str, Any]) -> dict[str, Any]:
    """A pass that does what ``values``, a unit of ADetailer, asks for; for `read_passes`.

    What has no equal, and names that are none of theirs, go on as they are, to be told.
    """
    rows = {row.theirs: row for row in PARAMETERS}
    result: dict[str, Any] = {}
    for name, value in values.items():
        row = rows.get(name)
        if row is None:
            result[name] = value
        elif name == "ad_model":
            result |= _model(str(value))
        elif name.startswith("ad_use_") or (row.switch and not values.get(row.switch)):
            continue
        else:
            result[row.ours[0]] = _value(name, value)
    if result.get("target") is None:
        result["enabled"] = False  # there a unit without a model does nothing
    return result


def _model(name: str) -> dict[str, Any]:
    if name.lower() in ("none", ""):
        return {}
    kind = next((ours for start, ours in _KINDS.items() if name.lower().startswith(start)), None)
    # Its MediaPipe models are none of ours; our detector of faces stands in for them.
    model = "" if name.lower().startswith("mediapipe") else PurePath(name).name
    return {"target": kind or "character", "model": model}


def _value(name: str, value: Any) -> Any:
    if name == "ad_y_offset" and isinstance(value, int | float):
        return -value
    if not isinstance(value, str):
        return value
    if name in ("ad_mask_merge_invert", "ad_mask_filter_method"):
        return value.lower()
    if name.startswith("ad_controlnet"):
        return _WORDS.get(value.lower(), value)
    return KEEP if value.startswith("Use same ") else value
