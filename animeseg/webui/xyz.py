"""Axes of ours in the host's script "X/Y/Z plot"."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import PurePath
from typing import Any

from animeseg.options import Knob, Options, OutputOptions, knobs
from animeseg.webui.controls import MODEL_KINDS, model_choices
from animeseg.webui.generate import AXES
from animeseg.webui.host.modules import module
from animeseg.webui.pass_axes import pass_axes

AXIS_NAMES = (
    "model",
    "confidence",
    "refine",
    "sam_model",
    "mask_grow",
    "cutout_feather",
    "vote_preset",
    "background",
)
"""Options with an axis."""

_TYPES = {"int": int, "float": float, "str": str}


def add_axes() -> bool:
    """Adds the axes, once; says whether they are there.

    To be called when all scripts are loaded (the host's ``before_ui``).
    """
    grid = _grid_module()
    if grid is None:
        return False
    there = {option.label for option in grid.axis_options}
    known = {**knobs(OutputOptions), **knobs(Options)}
    for name in AXIS_NAMES:
        if label_of(known[name]) not in there:
            grid.axis_options.append(_axis(grid, known[name]))
    for axis in pass_axes():
        if axis.label not in there:
            made = grid.AxisOption(axis.label, axis.kind, axis.apply, choices=axis.choices)
            grid.axis_options.append(made)
    return True


def label_of(knob: Knob) -> str:
    """How an axis is called; frozen, since saved grids name it."""
    return f"[animeseg] {knob.label}"


def set_axis(name: str, p: Any, value: Any, values: Any) -> None:
    """Applies a value of an axis to a job; `animeseg.webui.generate` reads it there."""
    del values
    setattr(p, AXES, {**getattr(p, AXES, {}), name: value})


def _axis(grid: Any, knob: Knob) -> Any:
    choices: Callable[[], list[str]] | None = None
    if knob.name in MODEL_KINDS:
        choices = partial(model_choices, knob.name)
    elif knob.choices:
        choices = partial(list, knob.choices)
    apply = partial(set_axis, knob.name)
    return grid.AxisOption(label_of(knob), _TYPES[knob.kind], apply, choices=choices)


def _grid_module() -> Any:
    """The module of the host's script: it is loaded by path, under a name that varies."""
    for data in getattr(module("scripts"), "scripts_data", ()):
        if PurePath(str(data.path)).name == "xyz_grid.py":
            return data.module
    return None
