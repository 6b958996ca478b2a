"""The panel of txt2img and img2img."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from animeseg.options import Knob, knobs
from animeseg.webui import compat, host
from animeseg.webui.controls import control
from animeseg.webui.infotext import Field
from animeseg.webui.panel_args import BACKDROP, NAMES, SETS

TITLE = "animeseg"
"""Name of the script and label of its panel: part of the host's API, frozen."""

_OPEN = ("background", "background_colour", "background_blur", BACKDROP, "layer_format")


@dataclass(frozen=True)
class Panel:
    """What the host wants to know about a panel.

    Attributes:
        components: in the order of the arguments, see `animeseg.webui.panel_args.NAMES`.
        infotext_fields: pairs of component and `Field`.
        paste_field_names: keys that "Send to" takes along.
    """

    components: list[Any]
    infotext_fields: list[tuple[Any, Field]]
    paste_field_names: list[str]


def elem_prefix(is_img2img: bool) -> str:
    """What the ids of a tab's panel begin with."""
    return f"script_{'img2img' if is_img2img else 'txt2img'}_{TITLE}"


def build(is_img2img: bool, more: Callable[[str], Any] | None = None) -> Panel:
    """Makes the panel in the current gradio context.

    Args:
        is_img2img: which tab it is for.
        more: makes what follows inside the panel, given the name of the tab (the inpaint passes,
            see `animeseg.webui.pass_controls.build_passes`); its components follow the panel's.
    """
    known = {name: knob for options in SETS for name, knob in knobs(options).items()}
    prefix = elem_prefix(is_img2img)
    made: dict[str, Any] = {}

    def add(*names: str) -> None:
        for name in names:
            made[name] = _component(known[name], f"{prefix}_{name}", is_img2img)

    with host.ui().InputAccordion(False, label=TITLE, elem_id=f"{prefix}_enabled") as made[
        "enabled"
    ]:
        add("outputs")
        if is_img2img:
            add("auto_mask")
        with _group("Background and layers", prefix):
            add(*_OPEN)
        with host.ui().FormRow():
            add("model", "sam_model")
        with host.ui().FormRow():
            add("confidence", "refine")
        with host.ui().FormRow():
            add("target", "mask_grow", "mask_grow_unit")
        if not is_img2img:
            add("auto_mask")  # hidden: it only keeps the arguments of both tabs alike
        rest = [known[name] for name in NAMES if name not in made]
        rest.sort(key=lambda knob: list(known).index(knob.name))
        for section, found in groupby(rest, lambda knob: knob.section):
            with _group(section, prefix):
                add(*(knob.name for knob in found))
        passes = more("img2img" if is_img2img else "txt2img") if more is not None else None
    panel = _described(made, known)
    if passes is not None:
        panel.components.extend(passes.components)
        panel.infotext_fields.extend(passes.infotext_fields)
        panel.paste_field_names.extend(passes.paste_field_names)
    return panel


def _component(knob: Knob, elem_id: str, is_img2img: bool) -> Any:
    if knob.name == BACKDROP:
        return compat.image(knob.label, elem_id, interactive=True, mode="RGB", height=200)
    component = control(knob, elem_id)
    if knob.name == "auto_mask" and not is_img2img:
        component.visible = False
    return component


def _group(title: str, prefix: str) -> AbstractContextManager[Any]:
    import gradio as gr

    slug = title.lower().replace(" ", "_").replace("-", "")
    group: AbstractContextManager[Any] = gr.Accordion(
        title, open=False, elem_id=f"{prefix}_group_{slug}"
    )
    return group


def _described(made: dict[str, Any], known: dict[str, Knob]) -> Panel:
    pasted = [name for name in NAMES if name != BACKDROP]
    return Panel(
        components=[made[name] for name in NAMES],
        infotext_fields=[(made[name], Field(known[name])) for name in pasted],
        paste_field_names=[known[name].infotext for name in pasted],
    )
