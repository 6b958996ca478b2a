"""Options in the generation parameters, and back.

Written is what differs from the default, once for a job. Read is whatever is there: values out of
range are clamped, unknown keys left out, and of parameters that do not mention animeseg nothing is
taken at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from animeseg.options import Knob, OptionSet, knobs
from animeseg.webui.reading import clamp

PREFIX = "animeseg "
CHARACTERS = PREFIX + "characters"
"""Key of the number of characters found on a picture."""

FAILED = PREFIX + "failed"
"""Key of the reason why nothing was made of a picture."""

MASK_FAILED = PREFIX + "automatic mask failed"
"""Key of the reason why there was no automatic mask."""

NOTES = PREFIX + "notes"
"""Key of what is to be told about a picture: the codes of its notes."""

PER_PICTURE = (CHARACTERS, FAILED, NOTES)
"""Keys that are written for each picture by itself."""

_LONGEST = 2000


def write(*sets: OptionSet, without: tuple[str, ...] = ()) -> dict[str, str]:
    """The values that differ from the defaults, by their key, as the host wants them.

    Args:
        sets: options.
        without: names that are left out.
    """
    written = {}
    for options in sets:
        for name, value in options.changed().items():
            if name not in without:
                text = ", ".join(value) if isinstance(value, list) else str(value)
                written[knobs(type(options))[name].infotext] = safe(text)
    return written


def safe(text: str) -> str:
    """``text`` such that the host reads back what was written.

    The host quotes a text with a comma, a colon or a line break, but takes the quotation marks off
    any text that begins and ends with one.
    """
    if text.startswith('"') and not any(sign in text for sign in ",:\n"):
        return json.dumps(text, ensure_ascii=False)
    return text


def mentions(parameters: Mapping[str, Any]) -> bool:
    """Whether generation parameters say anything about animeseg."""
    return any(str(key).startswith(PREFIX) for key in parameters)


def value_of(knob: Knob, parameters: Mapping[str, Any]) -> Any:
    """What ``knob`` was set to in ``parameters``, as its component wants it.

    A key that is missing means the default, since only other values are written.

    Returns:
        The value; None if the parameters do not mention animeseg.
    """
    if not mentions(parameters):
        return None
    given = parameters.get(knob.infotext)
    if given is None or len(str(given)) > _LONGEST:
        value = knob.default
    else:
        value, _ = clamp(knob, given)
    if knob.kind == "list":
        return list(value) if knob.choices else ", ".join(value)
    return value


class Field(str):
    """Where a pasted value comes from: its key, and at once the function that reads it.

    The host takes either. Only a key lets "Send to img2img" copy a component's value; only a
    function sets what is not mentioned back to its default.
    """

    knob: Knob

    def __new__(cls, knob: Knob) -> Field:
        """The field of a knob."""
        field = super().__new__(cls, knob.infotext)
        field.knob = knob
        return field

    def __call__(self, parameters: Mapping[str, Any]) -> Any:
        """The value for the component; None leaves it as it is."""
        return value_of(self.knob, parameters)
