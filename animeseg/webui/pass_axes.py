"""Axes of the first pass in the host's script "X/Y/Z plot", as ADetailer has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from animeseg.options import PassOptions, knobs
from animeseg.webui import controlnet
from animeseg.webui.controls import model_choices
from animeseg.webui.host import lists
from animeseg.webui.reading import read_noting

VALUES = "animeseg_pass_axes"
"""Attribute of ``p``: values of the first pass, by name."""

REPLACEMENTS = "animeseg_pass_replacements"
"""Attribute of ``p``: pairs of texts of which the first becomes the second in all prompts."""

AXIS_NAMES = (
    "target", "model", "prompt", "negative_prompt", "grow", "denoise", "cfg_scale", "steps",
    "only_masked", "padding", "sampler", "scheduler", "noise_multiplier", "controlnet_model",
)  # fmt: skip
"""Options of a pass with an axis."""

_TYPES = {"int": int, "float": float, "str": str, "bool": str}
_CHOICES: dict[str, Callable[[], list[str]]] = {
    "model": lambda: model_choices("model"),
    "only_masked": lambda: ["True", "False"],
    "sampler": lists.samplers,
    "scheduler": lists.schedulers,
    "controlnet_model": controlnet.models,
}


@dataclass(frozen=True)
class Axis:
    """One axis.

    Attributes:
        label: how it is called; frozen, since saved grids name it.
        kind: of its values.
        apply: called with the job, the value and all values of the axis.
        choices: the values to choose from, or None.
    """

    label: str
    kind: type
    apply: Callable[[Any, Any, Sequence[Any]], None]
    choices: Callable[[], list[str]] | None = None


def pass_axes() -> list[Axis]:
    """Every axis of the first pass."""
    known = knobs(PassOptions)
    axes = [
        Axis(
            f"[animeseg] Pass 1: {known[name].label}",
            _TYPES[known[name].kind],
            partial(_set, name),
            _CHOICES.get(name),
        )
        for name in AXIS_NAMES
    ]
    return [
        *axes,
        Axis("[animeseg] Prompt S/R in passes", str, partial(_search_and_replace, False)),
        Axis(
            "[animeseg] Prompt S/R in passes and picture", str, partial(_search_and_replace, True)
        ),
    ]


def with_axes(p: Any, units: tuple[PassOptions, ...]) -> tuple[PassOptions, ...]:
    """``units`` with what axes set for the first one."""
    values = getattr(p, VALUES, None)
    if not values or not units:
        return units
    first, _ = read_noting(PassOptions, {**units[0].as_dict(), **values})
    return (first, *units[1:])


def _set(name: str, p: Any, value: Any, values: Sequence[Any]) -> None:
    del values
    setattr(p, VALUES, {**getattr(p, VALUES, {}), name: value})


def _search_and_replace(in_picture: bool, p: Any, value: str, values: Sequence[str]) -> None:
    """The first value of the axis, wherever it stands in a prompt, becomes this one."""
    searched = values[0]
    setattr(p, REPLACEMENTS, (*getattr(p, REPLACEMENTS, ()), (searched, value)))
    if in_picture:
        p.prompt = p.prompt.replace(searched, value)
        p.negative_prompt = p.negative_prompt.replace(searched, value)
