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

_KNOWN = {name: knob for options in SETS for name, knob in knobs(options).items()}
_ROWS = (
    ("model", "sam_model"),
    ("confidence", "refine"),
    ("target", "mask_grow", "mask_grow_unit"),
)
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
    prefix = elem_prefix(is_img2img)
    tab = "img2img" if is_img2img else "txt2img"
    made: dict[str, Any] = {}
    with host.ui().InputAccordion(False, label=TITLE, elem_id=f"{prefix}_enabled") as made[
        "enabled"
    ]:
        made |= build_choices(prefix, tab)
        passes = more(tab) if more is not None else None
    panel = _described(made)
    if passes is not None:
        panel.components.extend(passes.components)
        panel.infotext_fields.extend(passes.infotext_fields)
        panel.paste_field_names.extend(passes.paste_field_names)
    return panel


def build_choices(prefix: str, tab: str) -> dict[str, Any]:
    """Everything below the switch, by name; what most people need is open, the rest in groups.

    Args:
        prefix: what the ids begin with.
        tab: ``txt2img``, ``img2img`` or ``extras``, which has no automatic mask.
    """
    made: dict[str, Any] = {}

    def add(*names: str) -> None:
        for name in names:
            made[name] = _component(_KNOWN[name], f"{prefix}_{name}", hidden=name in hidden)

    hidden = {"auto_mask"} if tab == "txt2img" else set()
    add("outputs")
    if tab != "extras":
        add("auto_mask")  # in txt2img it only keeps the arguments of both tabs alike
    with _group("Background and layers", prefix):
        add(*_OPEN)
    for row in _ROWS:
        with host.ui().FormRow():
            add(*row)
    left_out = {"enabled", "auto_mask"}
    rest = [_KNOWN[name] for name in NAMES if name not in made and name not in left_out]
    rest.sort(key=lambda knob: list(_KNOWN).index(knob.name))
    for section, found in groupby(rest, lambda knob: knob.section):
        with _group(section, prefix):
            add(*(knob.name for knob in found))
    return made


def _component(knob: Knob, elem_id: str, *, hidden: bool) -> Any:
    if knob.name == BACKDROP:
        return compat.image(knob.label, elem_id, interactive=True, mode="RGB", height=200)
    component = control(knob, elem_id)
    if hidden:
        component.visible = False
    return component


def _group(title: str, prefix: str) -> AbstractContextManager[Any]:
    import gradio as gr

    slug = title.lower().replace(" ", "_").replace("-", "")
    group: AbstractContextManager[Any] = gr.Accordion(
        title, open=False, elem_id=f"{prefix}_group_{slug}"
    )
    return group


def _described(made: dict[str, Any]) -> Panel:
    pasted = [name for name in NAMES if name != BACKDROP]
    return Panel(
        components=[made[name] for name in NAMES],
        infotext_fields=[(made[name], Field(_KNOWN[name])) for name in pasted],
        paste_field_names=[_KNOWN[name].infotext for name in pasted],
    )
