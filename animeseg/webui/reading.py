"""From what a form, an API call or an infotext gives to checked options; nothing here raises.

A form clamps: a number out of range becomes the nearest end, a text that is no choice the default.
Every change of that sort is a `Note`, so that it is told and not done in silence.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from animeseg.errors import OptionError
from animeseg.instances import Note
from animeseg.options import Knob, OptionSet, knobs

Set = TypeVar("Set", bound=OptionSet)

_TRUE = {"true", "1", "yes", "on"}
_FALSE = {"false", "0", "no", "off", ""}
_RGB = re.compile(r"rgba?\(\s*([\d.]+)\s*,\s*([\d.]+)\s*,\s*([\d.]+)\s*(?:,[^)]*)?\)")


class _NoValueError(ValueError):
    """The value cannot be understood at all."""


def read(options: type[Set], values: Mapping[str, Any]) -> Set:
    """Options of a kind from whatever a form gave; see `read_noting`."""
    return read_noting(options, values)[0]


def read_values(options: type[Set], names: Sequence[str], values: Sequence[Any]) -> Set:
    """Options from the values of components, in the order of ``names``; missing ones: defaults."""
    return read(options, dict(zip(names, values, strict=False)))


def read_noting(options: type[Set], values: Mapping[str, Any]) -> tuple[Set, tuple[Note, ...]]:
    """Options of a kind from whatever a form, an API call or an infotext gave.

    ``None`` and what is missing mean the default; unknown names are left out.

    Args:
        options: `Options`, `OutputOptions` or `PassOptions`.
        values: by field name.

    Returns:
        The options, and a note for every value that had to be changed.
    """
    known = knobs(options)
    read_ones: dict[str, Any] = {}
    notes = [
        Note("option_unknown", f"{_shown(name)} is not an option of this version; left out")
        for name in values
        if name not in known
    ]
    for name, knob in known.items():
        given = values.get(name)
        if given is None:
            continue
        value, changed = clamp(knob, given)
        read_ones[name] = value
        if changed:
            notes.append(Note("option_changed", f"{name}: {_shown(given)} became {_shown(value)}"))
    return _checked(options, read_ones, tuple(notes))


def _checked(
    options: type[Set], values: dict[str, Any], notes: tuple[Note, ...]
) -> tuple[Set, tuple[Note, ...]]:
    """Options from values that are right one by one, without those that cannot be together."""
    try:
        return options.from_mapping(values), notes
    except OptionError as error:  # such as a smallest size above the largest
        others = {name: value for name, value in values.items() if name != error.field}
        rest = others if len(others) < len(values) else {}
        return _checked(options, rest, (*notes, Note("option_changed", str(error))))


def clamp(knob: Knob, value: Any) -> tuple[Any, bool]:
    """``value`` as the knob accepts it, and whether that is another one than was meant."""
    try:
        return _READERS[knob.kind](knob, value)
    except (_NoValueError, ValueError, TypeError, OverflowError):
        return knob.default, True


def _bool(knob: Knob, value: Any) -> tuple[bool, bool]:
    if isinstance(value, str):
        word = value.strip().lower()
        if word not in _TRUE | _FALSE:
            raise _NoValueError
        return word in _TRUE, False
    if not isinstance(value, bool | int | float):
        raise _NoValueError
    return bool(value), False


def _number(knob: Knob, value: Any) -> tuple[int | float, bool]:
    number = float(value)
    if not math.isfinite(number):
        raise _NoValueError
    inside = number
    if knob.minimum is not None and knob.maximum is not None:
        inside = min(max(number, knob.minimum), knob.maximum)
    result = round(inside) if knob.kind == "int" else inside
    return result, abs(result - number) > 1e-9


def _text(knob: Knob, value: Any) -> tuple[str, bool]:
    if not isinstance(value, str | int | float):
        raise _NoValueError
    text = str(value)
    if knob.choices:
        return _choice(knob, text), False
    if rgb := _RGB.fullmatch(text.strip()):  # what some colour pickers give
        text = "#" + "".join(f"{min(255, round(float(part))):02x}" for part in rgb.groups())
    kept = text.replace("\0", "")[:4096] if knob.default else text.replace("\0", "")[:16_384]
    if not kept.strip() and knob.default:
        return knob.default, False
    return kept, kept != text


def _list(knob: Knob, value: Any) -> tuple[list[str], bool]:
    items = value.split(",") if isinstance(value, str) else list(value)
    words = [str(item).strip() for item in items if str(item).strip()]
    if knob.choices:
        kept = [word for word in words if word in knob.choices]
        return kept, len(kept) < len(words)
    return words[:1000], len(words) > 1000


def _choice(knob: Knob, text: str) -> str:
    word = text.strip().lower()
    for choice in knob.choices:
        if choice.lower() == word:
            return choice
    raise _NoValueError


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


_READERS = {"bool": _bool, "int": _number, "float": _number, "str": _text, "list": _list}
