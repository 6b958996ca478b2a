"""The options of what is made of the characters found."""

from __future__ import annotations

import re
from dataclasses import dataclass

from animeseg.errors import OptionError
from animeseg.options._knob import OptionSet, knob

PRODUCTS = ("mask", "cutout", "characters", "character-masks", "overlay", "layers")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, kw_only=True)
class OutputOptions(OptionSet):
    """Which pictures are made of a result, and what stands behind the characters in them."""

    outputs: tuple[str, ...] = knob(
        ("cutout",),
        "Output",
        "Outputs",
        "What is made: mask (for inpainting), cutout (all characters), characters (a cut-out of "
        "each), character-masks (a mask of each), overlay (coloured regions), layers (one file "
        "with a layer for each character).",
        choices=PRODUCTS,
    )
    background: str = knob(
        "transparent",
        "Output",
        "Background",
        "What stands behind the characters of the cut-out.",
        choices=("transparent", "colour", "blur", "picture"),
    )
    background_colour: str = knob(
        "#ffffff",
        "Output",
        "Background colour",
        "Colour behind the characters, as #rrggbb.",
    )
    background_blur: float = knob(
        2.0,
        "Output",
        "Background blur",
        "How much the picture behind the characters is blurred; % of its longer side.",
        span=(0.0, 20.0),
        step=0.1,
    )
    background_picture: str = knob(
        "",
        "Output",
        "Background picture",
        "File of the picture put behind the characters, scaled to cover.",
    )
    layer_format: str = knob(
        "ora",
        "Output",
        "Layer format",
        "File format of the layers: OpenRaster (Krita, GIMP) or PSD (Photoshop).",
        choices=("ora", "psd"),
    )

    def check(self) -> None:
        """Refuses a colour that is none."""
        if not _COLOUR.fullmatch(self.background_colour):
            raise OptionError(
                "background_colour", f"got {self.background_colour!r}", "give #rrggbb"
            )
