"""The words a figure style is made of, each with its share among sampled figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from animeseg.data.figures.shading import Finish, Shading

FRAMINGS: Mapping[str, float] = {"close-up": 0.2, "bust": 0.27, "cowboy": 0.2, "full": 0.33}

VIEWS: Mapping[str, float] = {"front": 0.40, "three-quarter": 0.43, "profile": 0.09, "back": 0.08}

ARMS: Mapping[str, float] = {
    "relaxed": 0.27,
    "akimbo": 0.09,
    "raised": 0.09,
    "wave": 0.09,
    "crossed": 0.06,
    "chest": 0.13,
    "cheek": 0.07,
    "behind": 0.07,
    "forward": 0.05,
    "spread": 0.04,
    "clasped": 0.05,
    "behind head": 0.04,
    "greeting": 0.06,
}

LEGS: Mapping[str, float] = {
    "standing": 0.34,
    "contrapposto": 0.18,
    "wide": 0.12,
    "running": 0.12,
    "kneeling": 0.08,
    "sitting": 0.1,
    "jumping": 0.06,
    "crossed": 0.06,
    "squatting": 0.04,
    "knee up": 0.04,
}

BACK_HAIR: Mapping[str, float] = {
    "short": 0.16,
    "bob": 0.18,
    "medium": 0.16,
    "long": 0.26,
    "very long": 0.12,
    "spiky": 0.12,
}

TAILS: Mapping[str, float] = {
    "none": 0.5,
    "twin": 0.16,
    "pony": 0.12,
    "side": 0.05,
    "braids": 0.07,
    "buns": 0.05,
    "drills": 0.05,
}

FRINGES: Mapping[str, float] = {
    "swept": 0.24,
    "parted": 0.18,
    "straight": 0.14,
    "between": 0.22,
    "messy": 0.16,
    "over eye": 0.06,
}

EYES: Mapping[str, float] = {"round": 0.4, "tall": 0.3, "sharp": 0.2, "droopy": 0.1}

EXPRESSIONS: Mapping[str, float] = {
    "neutral": 0.3,
    "smile": 0.24,
    "open": 0.16,
    "closed eyes": 0.08,
    "angry": 0.08,
    "sad": 0.06,
    "wink": 0.04,
    "pout": 0.04,
}

OUTFITS: Mapping[str, float] = {
    "sailor": 0.13,
    "blazer": 0.11,
    "dress": 0.14,
    "kimono": 0.09,
    "hoodie": 0.1,
    "coat": 0.1,
    "armour": 0.08,
    "shirt": 0.11,
    "maid": 0.06,
    "swimsuit": 0.08,
}

EXTRAS: Mapping[str, float] = {
    "cat ears": 0.1,
    "rabbit ears": 0.03,
    "horns": 0.04,
    "hat": 0.08,
    "cap": 0.04,
    "bow": 0.13,
    "headband": 0.06,
    "hairpin": 0.1,
    "flower": 0.06,
    "headphones": 0.03,
    "halo": 0.03,
    "hood": 0.05,
    "crown": 0.03,
    "eyepatch": 0.03,
    "mask": 0.02,
    "beret": 0.03,
    "elf ears": 0.05,
    "glasses": 0.09,
    "wings": 0.06,
    "tail": 0.07,
    "cape": 0.08,
    "scarf": 0.07,
    "bag": 0.05,
    "choker": 0.07,
    "gloves": 0.12,
    "sash": 0.05,
    "capelet": 0.05,
    "necklace": 0.06,
    "thigh strap": 0.05,
    "streamers": 0.05,
    "belt": 0.08,
}

HELD: Mapping[str, float] = {
    "nothing": 0.66,
    "sword": 0.09,
    "staff": 0.05,
    "umbrella": 0.05,
    "book": 0.05,
    "gun": 0.04,
    "fan": 0.03,
    "cup": 0.03,
    "scythe": 0.03,
    "guitar": 0.03,
    "plush": 0.03,
    "phone": 0.03,
}

SHADINGS: Mapping[Shading, float] = {
    "cel": 0.42,
    "soft": 0.24,
    "flat": 0.12,
    "screentone": 0.12,
    "sketch": 0.1,
}
FINISHES: Mapping[Finish, float] = {"clean": 0.58, "lit": 0.2, "painted": 0.14, "grain": 0.08}

IRISES: Mapping[str, float] = {"rich": 0.5, "plain": 0.22, "glow": 0.2, "dot": 0.08}
PATTERNS: Mapping[str, float] = {
    "none": 0.62,
    "stripes": 0.1,
    "bars": 0.08,
    "plaid": 0.08,
    "dots": 0.12,
}


def pick(rng: np.random.Generator, weights: Mapping[Any, float]) -> Any:
    """Return one key of `weights`, in proportion to its value."""
    names = list(weights)
    share = np.array(list(weights.values()))
    return names[int(rng.choice(len(names), p=share / share.sum()))]
