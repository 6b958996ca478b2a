"""How one option is declared, checked and named; every set of options stands on it."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_type_hints

from animeseg.errors import OptionError

Set = TypeVar("Set", bound="OptionSet")

_LONGEST_NAME = 4096
_LONGEST_TEXT = 16_384


@dataclass(frozen=True)
class Knob:
    """How one option is shown, limited and named.

    Attributes:
        name: field of `Options`, and with ``-`` for ``_`` the command-line flag.
        kind: ``bool``, ``int``, ``float``, ``str`` or ``list`` (a tuple of strings).
        default: the default value.
        section: group under which it is shown.
        label: short English label; part of the API, frozen once released.
        help: one sentence.
        minimum: smallest value, for numbers.
        maximum: largest value, for numbers.
        step: step of a slider, for numbers.
        choices: accepted strings (for a list, accepted items); empty means any.
        infotext: key in the generation parameters.
    """

    name: str
    kind: str
    default: Any
    section: str
    label: str
    help: str
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def infotext(self) -> str:
        """Key of this option in the generation parameters."""
        return f"animeseg {self.label.lower()}"


def knob(
    default: Any,
    section: str,
    label: str,
    help_text: str,
    *,
    span: tuple[float, float] | None = None,
    step: float | None = None,
    choices: tuple[str, ...] = (),
) -> Any:
    minimum, maximum = span or (None, None)
    return field(
        default=default,
        metadata={
            "section": section,
            "label": label,
            "help": help_text,
            "minimum": minimum,
            "maximum": maximum,
            "step": step,
            "choices": choices,
        },
    )


@dataclass(frozen=True, kw_only=True)
class OptionSet:
    """A frozen set of options, each declared by `knob` and checked when it is made.

    Raises:
        OptionError: naming the field, when a value has the wrong type, is not a number, is out of
            range or is not one of the choices.
    """

    def __post_init__(self) -> None:
        for name, item in knobs_of(type(self)).items():
            object.__setattr__(self, name, _checked(item, getattr(self, name)))
        self.check()

    def check(self) -> None:
        """What single values cannot tell: raises `OptionError` for a bad combination."""

    @classmethod
    def from_mapping(cls: type[Set], values: Mapping[str, Any]) -> Set:
        """Options from a mapping of field names (for example parsed JSON).

        Raises:
            OptionError: for an unknown name or a bad value, naming the field.
        """
        for name in values:
            if name not in knobs_of(cls):
                raise OptionError(str(name)[:80], "is not an option", "see the options reference")
        return cls(**values)

    def replace(self: Set, **changes: Any) -> Set:
        """A copy with some values changed, checked like a new one."""
        return self.from_mapping({**self.as_dict(), **changes})

    def as_dict(self) -> dict[str, Any]:
        """All values, ready for JSON (tuples become lists)."""
        return {
            name: list(value) if isinstance(value := getattr(self, name), tuple) else value
            for name in knobs_of(type(self))
        }

    def changed(self) -> dict[str, Any]:
        """Only the values that differ from the defaults."""
        return {
            name: value
            for name, value in self.as_dict().items()
            if value != _plain(knobs_of(type(self))[name].default)
        }

    def to_json(self) -> str:
        """The options as one line of JSON with sorted keys."""
        return json.dumps(self.as_dict(), sort_keys=True)


_KNOBS: dict[type[OptionSet], dict[str, Knob]] = {}


def knobs_of(options: type[OptionSet]) -> dict[str, Knob]:
    """The specification of every option of a set, by field name, in the order they are shown."""
    if options in _KNOBS:
        return _KNOBS[options]
    hints = get_type_hints(options)
    found = {}
    for item in dataclasses.fields(options):
        kind = "list" if isinstance(item.default, tuple) else hints[item.name].__name__
        found[item.name] = Knob(item.name, kind, item.default, **item.metadata)
    _KNOBS[options] = found
    return found


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _checked(knob: Knob, value: Any) -> Any:
    """``value`` in the knob's own type, or an `OptionError` that says what is accepted."""
    cure = _accepts(knob)
    if knob.kind == "list":
        return _checked_list(knob, value, cure)
    if knob.kind == "float" and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value).__name__ != knob.kind:  # exactly: True is no whole number here
        raise OptionError(knob.name, f"got {_shown(value)}, a {type(value).__name__}", cure)
    if knob.choices and value not in knob.choices:
        raise OptionError(knob.name, f"got {_shown(value)}", cure)
    if isinstance(value, float) and not math.isfinite(value):
        raise OptionError(knob.name, f"got {value}, not a finite number", cure)
    if knob.minimum is not None and not knob.minimum <= value <= (knob.maximum or 0):
        raise OptionError(knob.name, f"got {value}, out of range", cure)
    if knob.kind == "str":
        is_free_text = knob.default == ""
        longest = _LONGEST_TEXT if is_free_text else _LONGEST_NAME
        if not (value or is_free_text) or len(value) > longest or "\0" in value:
            raise OptionError(knob.name, f"got {_shown(value)}", cure)
    return value


def _checked_list(knob: Knob, value: Any, cure: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise OptionError(knob.name, f"got {_shown(value)}", cure)
    if len(value) > 1000:
        raise OptionError(knob.name, f"got {len(value)} entries", "give at most 1000")
    for item in value if knob.choices else ():
        if item not in knob.choices:
            raise OptionError(knob.name, f"got {_shown(item)}", cure)
    return tuple(value)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _accepts(knob: Knob) -> str:
    if knob.choices:
        some = "some" if knob.kind == "list" else "one"
        return f"choose {some} of " + ", ".join(knob.choices)
    if knob.minimum is not None:
        kind = "a whole number" if knob.kind == "int" else "a number"
        return f"give {kind} from {knob.minimum:g} to {knob.maximum:g}"
    words = {"bool": "true or false", "str": "a text", "list": "a list of texts"}
    return f"give {words[knob.kind]}"
