"""The prompt of each instance: ``[SEP]``, ``[SKIP]``, ``[PROMPT]`` as ADetailer users know them.

    blue eyes [SEP] red eyes           the first instance, then the second; the last part repeats
    [SKIP] [SEP] red eyes              the first instance stays as it is
    [PROMPT], detailed face            the picture's prompt, and more
    (empty)                            the picture's prompt

A part that begins with ``[@...]`` is bound: it is for the instance that the name picks among those
the pass works on, whatever their order, and the other parts count for the rest:

    [@left] red hair [SEP] [@right] blue hair [SEP] [SKIP]
    [@0] red hair                      by number, from 0; [@-1] is the last
    [@face] detailed eyes              every instance of a class

The ``@`` keeps A1111's own brackets (``[face]`` weakens a word) what they are. Everything else in
a prompt (weights, networks, wildcards, alternations) is left to the host.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from animeseg.targets import PICKS, pick

if TYPE_CHECKING:
    from animeseg.instances import Instances

SEPARATOR, SKIP, PICTURE = "[SEP]", "[SKIP]", "[PROMPT]"

_PARTS = re.compile(r"\s*\[SEP\]\s*")
_BOUND = re.compile(r"\s*\[@(-?\d{1,4}|[^\W\d][\w -]*)\]\s*")


@dataclass(frozen=True)
class Prompt:
    """The prompt of one instance.

    Attributes:
        text: for the host.
        is_own: whether it was written for the pass and holds nothing of the picture's, whose
            styles it therefore lacks.
    """

    text: str
    is_own: bool = False


def prompts_for(text: str, picture: str, instances: Instances) -> list[Prompt | None]:
    """The prompt of each instance; None where it is to stay as it is.

    Args:
        text: prompt of the pass, or its negative prompt.
        picture: prompt of the picture (with its styles), or its negative prompt.
        instances: those the pass works on, in its order.
    """
    bound: dict[int, str] = {}
    free: list[str] = []
    for part in _PARTS.split(text):
        match = _BOUND.match(part)
        rows = _rows(match.group(1), instances) if match else None
        if match is None or rows is None:
            free.append(part)
            continue
        for row in rows:
            bound.setdefault(row, part[match.end() :])
    return _dealt(len(instances), bound, free, picture)


def _dealt(
    count: int, bound: Mapping[int, str], free: list[str], picture: str
) -> list[Prompt | None]:
    given: list[Prompt | None] = []
    turn = 0
    for row in range(count):
        if row in bound:
            given.append(_prompt(bound[row], picture))
            continue
        part = free[min(turn, len(free) - 1)] if free else ""
        turn += 1
        given.append(_prompt(part, picture))
    return given


def _prompt(part: str, picture: str) -> Prompt | None:
    if part.strip() == SKIP:
        return None
    if not part.strip():
        return Prompt(picture)
    return Prompt(part.replace(PICTURE, picture), is_own=PICTURE not in part)


def _rows(selector: str, instances: Instances) -> list[int] | None:
    """Rows that ``selector`` stands for; None if it stands for nothing we know."""
    word = selector.strip().lower()
    if word.lstrip("-").isdigit():
        row = int(word) + (len(instances) if word.startswith("-") else 0)
        return [row] if 0 <= row < len(instances) else []
    if word in PICKS:
        picked = pick(instances, word)
        return [] if picked is None else [picked]
    names = [name.lower() for name in instances.label_names()]
    if word in names or word in {name.lower() for name in instances.names} | _KINDS:
        return [row for row, name in enumerate(names) if name == word]
    return None


_KINDS = {"character", "face", "hand", "background"}
