"""Whose scripts take part in a nested run: those the user named, and ControlNet if asked for.

ControlNet is reached through its script and the dicts its API takes, which are the same for
sd-webui-controlnet and the one built into the Forge family; nothing of it is imported.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from animeseg.instances import Note
from animeseg.options import PassOptions

NONE, PASSTHROUGH = "none", "passthrough"

_TITLE = "controlnet"
_LISTS = (
    ("lib_controlnet.global_state", "get_all_controlnet_names"),
    ("internal_controlnet.external_code", "get_models"),
    ("scripts.external_code", "get_models"),
)
_PREPROCESSORS = (
    ("lib_controlnet.global_state", "get_sorted_preprocessors"),
    ("internal_controlnet.external_code", "get_modules"),
    ("scripts.external_code", "get_modules"),
)


@dataclass(frozen=True)
class Participants:
    """The scripts of others in a nested run.

    Attributes:
        scripts: a runner for the host, or None where nobody takes part.
        script_args: the arguments of all scripts, as the host counts them.
        note: what could not be done as asked.
    """

    scripts: Any = None
    script_args: tuple[Any, ...] = ()
    note: Note | None = None


def participants(p: Any, unit: PassOptions, names: Iterable[str]) -> Participants:
    """Who takes part in a nested run of ``unit``.

    Args:
        p: the host's processing object.
        unit: the pass; its ControlNet model is a name, ``none`` or ``passthrough``.
        names: file names, without .py, of scripts that take part as well; ``*`` means all but
            ControlNet, ADetailer and ours.
    """
    wants = unit.controlnet_model.lower() != NONE
    script = _controlnet(getattr(p, "scripts", None)) if wants else None
    note = None if script is not None or not wants else _absent(unit)
    runner = getattr(p, "scripts", None)
    if runner is None:
        return Participants(note=note)
    known = {_plain(name) for name in names}
    kept = [one for one in runner.alwayson_scripts if one is script or _is_named(one, known)]
    if not kept:
        return Participants(note=note)
    arguments = [_copied(value) for value in p.script_args]
    if script is not None and unit.controlnet_model.lower() != PASSTHROUGH:
        count = script.args_to - script.args_from
        arguments[script.args_from : script.args_to] = _units(unit, count)
    return Participants(_filtered(runner, kept), tuple(arguments), note)


def models() -> list[str]:
    """Names of ControlNet models, as far as ControlNet is loaded; the choices come first."""
    return [NONE, PASSTHROUGH, *(name for name in _listed(_LISTS) if name.lower() != NONE)]


def preprocessors() -> list[str]:
    """Names of ControlNet preprocessors, as far as ControlNet is loaded."""
    return [NONE, *(name for name in _listed(_PREPROCESSORS) if name.lower() != NONE)]


def _listed(sources: tuple[tuple[str, str], ...]) -> list[str]:
    for module, function in sources:
        listing = getattr(sys.modules.get(module), function, None)
        if callable(listing):
            return [str(name) for name in listing()]
    return []


def _controlnet(runner: Any) -> Any:
    """ControlNet's script in ``runner``, or None."""
    scripts = getattr(runner, "alwayson_scripts", None) or []
    return next((one for one in scripts if str(one.title()).lower() == _TITLE), None)


def _units(unit: PassOptions, count: int) -> list[dict[str, Any]]:
    """The pass's unit and, for the others, units that are off; without a picture of their own they
    look at the one that is drawn."""
    own = {
        "enabled": True,
        "module": _preprocessor(unit.controlnet_module),
        "model": unit.controlnet_model,
        "weight": unit.controlnet_weight,
        "guidance_start": unit.controlnet_start,
        "guidance_end": unit.controlnet_end,
        "pixel_perfect": True,
        "save_detected_map": False,
    }
    off: dict[str, Any] = {"enabled": False}
    return [own, *(dict(off) for _ in range(count - 1))][:count]


def _preprocessor(name: str) -> str:
    if name.lower() != NONE:
        return name
    return "None" if "lib_controlnet.global_state" in sys.modules else NONE


def _filtered(runner: Any, kept: list[Any]) -> Any:
    part = copy.copy(runner)
    part.alwayson_scripts = kept
    part.selectable_scripts = []
    if hasattr(part, "callback_map"):
        part.callback_map = {}  # the host keeps the order of callbacks in it
    return part


def _copied(value: Any) -> Any:
    """A shallow copy where one can be made: a script may change its arguments while it runs."""
    try:
        return copy.copy(value)
    except (TypeError, ValueError, RecursionError):
        return value


def _is_named(script: Any, known: set[str]) -> bool:
    stem = _stem(script)
    if "*" not in known:
        return stem in known
    return stem not in ("controlnet", "!adetailer") and not stem.startswith("animeseg")


def _stem(script: Any) -> str:
    return _plain(PurePath(str(script.filename).replace("\\", "/")).stem)


def _plain(name: str) -> str:
    return name.strip().lower().replace("-", "_")


def _absent(unit: PassOptions) -> Note:
    return Note(
        "controlnet_absent",
        f"ControlNet ({unit.controlnet_model}) is not installed or not enabled; the pass ran "
        "without it",
        "install sd-webui-controlnet, or set the pass's ControlNet model to none",
    )
