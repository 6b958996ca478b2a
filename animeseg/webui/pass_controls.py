"""The controls of the inpaint passes: a tab for each, grouped as ADetailer's users know it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from animeseg.options import PassOptions, knobs
from animeseg.webui import controlnet, host
from animeseg.webui.controls import control
from animeseg.webui.host import lists
from animeseg.webui.pass_args import NAMES, PassField

TARGETS = (
    "character",
    "face",
    "hand",
    "background",
    "@left",
    "@right",
    "@largest",
    "character[0]",
    "character - face",
    "!(character | face)",
)
"""What the list of targets suggests; anything else can be typed."""

_CHOICES: dict[str, Callable[[], list[str]]] = {
    "target": lambda: list(TARGETS),
    "sampler": lambda: _or_kept("sampler", lists.samplers()),
    "scheduler": lambda: _or_kept("scheduler", lists.schedulers()),
    "checkpoint": lambda: _or_kept("checkpoint", lists.checkpoints()),
    "vae": lambda: _or_kept("vae", lists.vaes()),
    "controlnet_model": controlnet.models,
    "controlnet_module": controlnet.preprocessors,
}
_REFRESHED = ("checkpoint", "vae", "controlnet_model")

_HEAD = (("enabled", "target"), ("prompt",), ("negative_prompt",))
_GROUPS = {
    "Detection": (
        ("model", "classes"),
        ("confidence", "top_by"),
        ("top_k", "area_of"),
        ("min_area", "max_area"),
        ("order",),
    ),
    "Mask Preprocessing": (("offset_x", "offset_y"), ("grow",), ("merge",)),
    "Inpainting": (
        ("mask_blur", "denoise"),
        ("only_masked", "padding"),
        ("width", "height"),
        ("match_size", "denoise_power"),
        ("steps", "cfg_scale"),
        ("checkpoint", "vae"),
        ("sampler", "scheduler"),
        ("noise_multiplier", "clip_skip"),
        ("restore_faces", "same_seed"),
    ),
    "ControlNet": (
        ("controlnet_model", "controlnet_module"),
        ("controlnet_weight",),
        ("controlnet_start", "controlnet_end"),
    ),
}


@dataclass(frozen=True)
class PassPanel:
    """What the host wants to know about the controls of all passes.

    Attributes:
        components: of every pass in turn, in the order of `animeseg.webui.pass_args.NAMES`.
        infotext_fields: pairs of component and `PassField`.
        paste_field_names: keys that "Send to" takes along.
    """

    components: list[Any]
    infotext_fields: list[tuple[Any, PassField]]
    paste_field_names: list[str]


def build_passes(tab: str, count: int | None = None) -> PassPanel:
    """Makes the controls in the current gradio context.

    Args:
        tab: ``txt2img`` or ``img2img``; ids begin with ``script_<tab>_animeseg_pass<number>_``.
        count: how many passes; default: as set.
    """
    import gradio as gr

    panel = PassPanel([], [], [])
    wanted = int(host.setting("animeseg_passes")) if count is None else count
    with gr.Tabs(elem_id=f"script_{tab}_animeseg_passes"):
        for number in range(1, wanted + 1):
            with gr.Tab(f"Pass {number}", elem_id=f"script_{tab}_animeseg_pass{number}"):
                made = _one(f"script_{tab}_animeseg_pass{number}")
            for name in NAMES:
                field = PassField(number, knobs(PassOptions)[name])
                panel.components.append(made[name])
                panel.infotext_fields.append((made[name], field))
                panel.paste_field_names.append(str(field))
    return panel


def _one(prefix: str) -> dict[str, Any]:
    """The controls of one pass, by name."""
    import gradio as gr

    made = _rows(_HEAD, prefix)
    for title, rows in _GROUPS.items():
        slug = title.lower().replace(" ", "_")
        with gr.Accordion(title, open=False, elem_id=f"{prefix}_group_{slug}"):
            made |= _rows(rows, prefix)
    return made


def _rows(rows: tuple[tuple[str, ...], ...], prefix: str) -> dict[str, Any]:
    known = knobs(PassOptions)
    made = {}
    for names in rows:
        with host.ui().FormRow():
            for name in names:
                made[name] = control(
                    known[name],
                    f"{prefix}_{name}",
                    choices=_CHOICES.get(name),
                    refresh=name in _REFRESHED,
                )
    return made


def _or_kept(name: str, offered: list[str]) -> list[str]:
    return [str(knobs(PassOptions)[name].default), *offered]
