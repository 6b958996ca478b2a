"""The options of the WebUI's panel that belong to no other set."""

from __future__ import annotations

from dataclasses import dataclass

from animeseg.options._knob import OptionSet, knob


@dataclass(frozen=True, kw_only=True)
class PanelOptions(OptionSet):
    """Whether the panel works, and on what."""

    enabled: bool = knob(
        False, "Panel", "Enabled", "Whether characters are found on every generated picture."
    )
    auto_mask: bool = knob(
        False,
        "Panel",
        "Automatic mask",
        "img2img: the mask target, found on the input picture, becomes the inpaint mask; a mask "
        "that is drawn is kept to it.",
    )
