"""The inpaint passes as arguments of the script and in the generation parameters, and back.

The arguments follow those of the panel, `NAMES` for each pass in turn; API users may give a
mapping for a pass instead, in which ``enabled`` is true unless it says otherwise:

    [..., {"target": "face", "denoise": 0.3}, {"target": "background", "prompt": "a forest"}]

A unit of ADetailer's API is understood as well, see `animeseg.webui.adetailer`.

In the generation parameters a pass that is made is ``animeseg pass 1: <target>``, with a key such
as ``animeseg pass 1 inpaint denoising strength`` for each value that is not the default.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from animeseg.instances import Note
from animeseg.options import Knob, PassOptions, knobs
from animeseg.webui.adetailer import converted, is_theirs
from animeseg.webui.infotext import PREFIX, mentions, safe
from animeseg.webui.reading import clamp, read_noting

NAMES = (
    "enabled", "target", "prompt", "negative_prompt", "model", "classes", "confidence", "top_by",
    "top_k", "min_area", "max_area", "area_of", "order", "grow", "offset_x", "offset_y", "merge",
    "mask_blur", "denoise", "denoise_power", "only_masked", "padding", "width", "height",
    "match_size", "steps", "cfg_scale", "sampler", "scheduler", "checkpoint", "vae",
    "noise_multiplier", "clip_skip", "restore_faces", "same_seed", "controlnet_model",
    "controlnet_module", "controlnet_weight", "controlnet_start", "controlnet_end",
)  # fmt: skip
"""The components of one pass in the order of their arguments."""

MOST_PASSES = 15
_LONGEST = 16_384
_PASS_KEY = re.compile(rf"{PREFIX}pass \d")


def read_passes(values: Sequence[Any]) -> tuple[PassOptions, ...]:
    """The passes that arguments ask for; see `read_passes_noting`."""
    return read_passes_noting(values)[0]


def read_passes_noting(
    values: Sequence[Any],
) -> tuple[tuple[PassOptions, ...], tuple[Note, ...]]:
    """The passes that arguments ask for, enabled or not; never raises.

    Args:
        values: what follows the panel's own arguments: values by position (a last pass may come
            short), or mappings; where there is a mapping only mappings count.

    Returns:
        The passes, and a note for every value that had to be changed.
    """
    units: list[PassOptions] = []
    notes: tuple[Note, ...] = ()
    for given in _split(values)[:MOST_PASSES]:
        unit, more = read_noting(PassOptions, given)
        number = len(units) + 1
        notes += tuple(Note(n.code, f"pass {number}: {n.message}", n.cure) for n in more)
        units.append(unit)
    return tuple(units), notes


def _split(values: Sequence[Any]) -> list[Mapping[str, Any]]:
    given: list[Mapping[str, Any]] = [
        {"enabled": True, **(converted(value) if is_theirs(value) else value)}
        for value in values
        if isinstance(value, Mapping)
    ]
    if given:
        return given  # what else is there are defaults with which the host filled up
    count = len(NAMES)
    chunks = [values[start : start + count] for start in range(0, len(values), count)]
    return [dict(zip(NAMES, chunk, strict=False)) for chunk in chunks]


def write_passes(units: Sequence[PassOptions]) -> dict[str, str]:
    """The passes that are made, for the generation parameters; the host quotes what needs it."""
    written = {}
    for number, unit in enumerate(units, 1):
        if not unit.enabled:
            continue
        written[_head(number)] = safe(unit.target)
        for name, value in unit.changed().items():
            if name not in ("enabled", "target"):
                written[key_of(number, knobs(PassOptions)[name])] = safe(str(value))
    return written


def is_pass_key(key: object) -> bool:
    """Whether ``key`` of the generation parameters belongs to a pass."""
    return bool(_PASS_KEY.match(str(key)))


def key_of(number: int, knob: Knob) -> str:
    """Key in the generation parameters of a knob of pass ``number`` (from 1)."""
    if knob.name == "target":
        return _head(number)
    if knob.name == "enabled":
        return f"{_head(number)} enabled"  # never written: a pass that is written is enabled
    return f"{_head(number)} {knob.label.lower().removeprefix('pass ')}"


class PassField(str):
    """Where a pasted value of a pass comes from: its key, and at once the function that reads it.

    The host takes either, see `animeseg.webui.infotext.Field`.
    """

    __slots__ = ("knob", "number")
    knob: Knob
    number: int

    def __new__(cls, number: int, knob: Knob) -> PassField:
        """The field of a knob of pass ``number`` (from 1)."""
        field = super().__new__(cls, key_of(number, knob))
        field.number, field.knob = number, knob
        return field

    def __call__(self, parameters: Mapping[str, Any]) -> Any:
        """The value for the component; None leaves it as it is."""
        if not mentions(parameters):
            return None
        if self.knob.name == "enabled":
            return _head(self.number) in parameters
        given = parameters.get(str(self))
        if given is None or len(str(given)) > _LONGEST:
            return self.knob.default
        return clamp(self.knob, given)[0]


def pasted_passes(parameters: Mapping[str, Any]) -> tuple[PassOptions, ...]:
    """The passes that generation parameters tell of, up to the last one they name."""
    named = [n for n in range(1, MOST_PASSES + 1) if _head(n) in parameters]
    values = [
        {name: PassField(number, knob)(parameters) for name, knob in knobs(PassOptions).items()}
        for number in range(1, max(named, default=0) + 1)
    ]
    return tuple(read_noting(PassOptions, value)[0] for value in values)


def _head(number: int) -> str:
    return f"{PREFIX}pass {number}"
