"""Picks by name: which of some instances is the leftmost, the largest, the nearest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from animeseg.options import Options
from animeseg.select import order

if TYPE_CHECKING:
    from animeseg.instances import Instances

_ORDERS = {
    "left": "left-to-right",
    "right": "right-to-left",
    "top": "top-to-bottom",
    "bottom": "bottom-to-top",
    "largest": "area-descending",
    "smallest": "area-ascending",
    "front": "front-to-back",
    "back": "back-to-front",
    "center": "center-out",
    "best": "confidence-descending",
}
_ALIASES = {"centre": "center", "biggest": "largest"}

PICKS = (*_ORDERS, *_ALIASES)
"""Names that can follow an ``@``; left, right, top, bottom and center go by the boxes' centres."""


def pick(instances: Instances, name: str) -> int | None:
    """Row of the one instance that ``name`` (of `PICKS`) picks; None where there are none."""
    if not len(instances):
        return None
    options = Options(order=_ORDERS[_ALIASES.get(name, name)])
    return int(order(instances, options)[0])
