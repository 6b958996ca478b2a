"""All accessories of a figure."""

from __future__ import annotations

import numpy as np

from animeseg.data.figures.headwear import Headwear
from animeseg.data.figures.held import Held
from animeseg.data.figures.pose import Skeleton
from animeseg.data.figures.scene import Scene
from animeseg.data.figures.style import FigureStyle
from animeseg.data.figures.worn import Worn


def draw_accessories(
    scene: Scene, style: FigureStyle, skeleton: Skeleton, rng: np.random.Generator
) -> None:
    """Add every accessory of the style, and what the hand holds."""
    head = Headwear(scene, style, skeleton, rng)
    body = Worn(scene, style, skeleton, rng)
    for name in style.extras:
        if name in ("elf ears", "gloves"):
            continue  # drawn with the skin they replace
        {
            "cat ears": head.cat_ears,
            "rabbit ears": head.rabbit_ears,
            "horns": head.horns,
            "hat": head.hat,
            "cap": head.cap,
            "bow": head.head_bow,
            "headband": head.headband,
            "hairpin": head.hairpin,
            "flower": head.flower,
            "headphones": head.headphones,
            "halo": head.halo,
            "glasses": head.glasses,
            "hood": head.hood,
            "crown": head.crown,
            "eyepatch": head.eyepatch,
            "mask": head.mask,
            "beret": head.beret,
            "wings": body.wings,
            "tail": body.tail,
            "cape": body.cape,
            "scarf": body.scarf,
            "bag": body.bag,
            "choker": body.choker,
            "sash": body.sash,
            "capelet": body.capelet,
            "necklace": body.necklace,
            "thigh strap": body.thigh_strap,
            "streamers": body.streamers,
            "belt": body.belt,
        }[name]()
    if style.outfit == "maid" and "hat" not in style.extras:
        head.headband(frilled=True)
    Held(scene, style, skeleton, rng).held()
