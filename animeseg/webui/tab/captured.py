"""The host's own components that results go to, remembered while the host makes its page.

Imports nothing: the host calls this for every component, long before the tab is built.
"""

from __future__ import annotations

from typing import Any

INPAINT_IDS = ("img_inpaint_base", "img_inpaint_mask")
"""Ids of the picture and the mask of *Inpaint upload*, the same in every host."""

_found: dict[str, Any] = {}


def capture(component: Any, **more: Any) -> None:
    """Remembers ``component`` if results can go to it."""
    elem_id = more.get("elem_id") or getattr(component, "elem_id", None)
    if elem_id in INPAINT_IDS:
        _found[elem_id] = component


def inpaint_parts() -> list[Any]:
    """The picture and the mask of *Inpaint upload*; empty if the host has none."""
    parts = [_found.get(name) for name in INPAINT_IDS]
    return [] if None in parts else parts
