"""Presets: what a recipe says, and what the user changed of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from animeseg.errors import OptionError

PRESETS = ("default", "report-simple", "report-enhanced")

DEFECTS = {
    "report-simple": {
        "longest-contour": "only the contour with the most points is labelled, other parts not",
        "grey-mask": "any trace of alpha counts as inside, also what resampling smears",
        "dense": "every pixel of the border is a corner of the label",
    },
    "report-enhanced": {
        "merge": "characters that overlap become one polygon",
        "holes": "holes are filled",
        "small-pieces": "pieces much smaller than the smallest character are left unlabelled",
        "empty": "a picture whose characters are all tiny was lost: the program stopped there",
        "grey-mask": "any trace of alpha counts as inside, also what rotation smears",
        "dense": "every pixel of the border is a corner of the label",
        "truncation": "characters are cut by the left and upper side only",
    },
}
"""What the published generators did wrong; each is reproduced unless it is in ``fix``."""

Recipe = Mapping[str, Any]


def load_preset(name: str) -> dict[str, Any]:
    """A preset, ready to be changed.

    Raises:
        OptionError: there is none of that name.
    """
    if name not in PRESETS:
        raise OptionError("preset", f"there is no {name!r}", f"choose one of {', '.join(PRESETS)}")
    file = resources.files(__package__) / "presets" / f"{name}.json"
    loaded: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return loaded


def make_recipe(
    preset: str, changes: Mapping[str, Any], fixes: Sequence[str] = ()
) -> dict[str, Any]:
    """A preset with changes.

    Args:
        preset: its name.
        changes: values by name; names and kinds must be those of the preset.
        fixes: defects not to reproduce; ``all`` stands for every one of the preset.

    Raises:
        OptionError: an unknown preset, name or defect, or a value of another kind.
    """
    recipe = load_preset(preset)
    for name, value in changes.items():
        if name not in recipe or name in ("method", "about", "fix"):
            known = ", ".join(sorted(set(recipe) - {"method", "about", "fix"}))
            raise OptionError(name, f"is no setting of {preset}", f"it has: {known}")
        if not _alike(recipe[name], value):
            raise OptionError(name, f"{value!r} cannot stand for {recipe[name]!r}", "give its kind")
        recipe[name] = value
    known_defects = DEFECTS.get(preset, {})
    chosen = list(known_defects) if "all" in fixes else list(fixes)
    for fix in chosen:
        if fix not in known_defects:
            names = ", ".join(known_defects) or "none: this preset reproduces no defect"
            raise OptionError("fix", f"{fix!r} is no defect of {preset}", f"it has: {names}")
    if known_defects:
        recipe["fix"] = sorted(set(chosen))
    return recipe


def _alike(before: Any, value: Any) -> bool:
    if isinstance(before, bool) or isinstance(value, bool):
        return isinstance(before, bool) and isinstance(value, bool)
    if isinstance(before, float):
        return isinstance(value, int | float)
    return isinstance(value, type(before))
