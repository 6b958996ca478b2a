"""Pictures with alpha, and masks, survive being saved by hosts that hide infotext in pixels."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from animeseg.webui.host.modules import module

_MARK = "_animeseg_keeps_alpha"


def keep_alpha() -> bool:
    """Keeps the host from hiding infotext in pictures that are not plain RGB; once per process.

    Forge's "stealth infotext", on by default, sets the whole alpha channel of every PNG with
    generation parameters to opaque and then writes into it: a cut-out comes out with its
    background back, and a grey mask raises ValueError. That also happens to pictures that we do
    not save ourselves (Extras, the gallery's Save button). Their infotext is in the PNG as text
    anyway.

    Returns:
        Whether this host has such a feature.
    """
    stealth = module("stealth_infotext")
    add = getattr(stealth, "add_stealth_pnginfo", None)
    if add is None:
        return False
    if not getattr(add, _MARK, False):
        stealth.add_stealth_pnginfo = _only_rgb(add)
    return True


def _only_rgb(add: Callable[[Any], None]) -> Callable[[Any], None]:
    @functools.wraps(add)
    def guarded(params: Any) -> None:
        if params.image.mode == "RGB":
            add(params)

    setattr(guarded, _MARK, True)
    return guarded
