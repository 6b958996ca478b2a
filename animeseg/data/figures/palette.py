"""Colours of the drawn figures: RGB triples from 0 to 255 and the ways they are derived."""

from __future__ import annotations

import colorsys

import numpy as np

from animeseg.data.figures.scene import Colour

WHITE: Colour = (250.0, 250.0, 252.0)
BLACK: Colour = (28.0, 26.0, 34.0)
GOLD: Colour = (232.0, 190.0, 84.0)
STEEL: Colour = (178.0, 186.0, 200.0)
LEATHER: Colour = (122.0, 78.0, 50.0)


def hsv(hue: float, saturation: float, value: float) -> Colour:
    """Return the colour of hue (degrees), saturation and value (0 to 1)."""
    r, g, b = colorsys.hsv_to_rgb(
        (hue % 360.0) / 360.0, min(max(saturation, 0.0), 1.0), min(max(value, 0.0), 1.0)
    )
    return r * 255.0, g * 255.0, b * 255.0


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Return `first` moved towards `second` by `share` (0 to 1)."""
    r, g, b = (a + (c - a) * share for a, c in zip(first, second, strict=False))
    return r, g, b


def luma(colour: Colour) -> float:
    """Return the brightness of `colour`, 0 to 255."""
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


def shaded(colour: Colour, strength: float = 1.0) -> Colour:
    """Return the shadow tone of `colour`: darker, a little more saturated, cooler."""
    h, s, v = colorsys.rgb_to_hsv(*(c / 255.0 for c in colour))
    cool = mix(colour, (70.0, 60.0, 130.0), 0.18 * strength)
    _, _, cool_v = colorsys.rgb_to_hsv(*(c / 255.0 for c in cool))
    # Skin and blond shadows turn towards red, as painters do; everything else keeps its hue.
    hue = h * 360.0 - (12.0 if 0.03 < h < 0.16 else 0.0) * strength
    return mix(cool, hsv(hue, s + 0.10 * strength, min(v, cool_v) * (1 - 0.2 * strength)), 0.75)


def lit(colour: Colour, strength: float = 1.0) -> Colour:
    """Return the highlight tone of `colour`."""
    return mix(colour, (255.0, 252.0, 245.0), 0.45 * strength)


def dark(colour: Colour, strength: float = 1.0) -> Colour:
    """Return a dark line colour of the same family as `colour`."""
    return mix(colour, (30.0, 12.0, 32.0), 0.35 + 0.4 * strength)


def random_vivid(rng: np.random.Generator) -> Colour:
    """Return a clothing colour: white, black and muted tones are as likely as vivid ones."""
    kind = rng.random()
    if kind < 0.16:
        return hsv(rng.uniform(0, 360), rng.uniform(0.0, 0.08), rng.uniform(0.86, 0.99))
    if kind < 0.34:
        return hsv(rng.uniform(0, 360), rng.uniform(0.0, 0.4), rng.uniform(0.12, 0.3))
    if kind < 0.6:
        return hsv(rng.uniform(0, 360), rng.uniform(0.15, 0.45), rng.uniform(0.45, 0.95))
    return hsv(rng.uniform(0, 360), rng.uniform(0.5, 0.9), rng.uniform(0.4, 0.95))


def random_hair(rng: np.random.Generator) -> Colour:
    """Return a hair colour: natural tones about half of the time, fantasy tones otherwise."""
    natural = rng.random() < 0.5
    if natural:
        hue, sat, val = [
            (25.0, 0.35, 0.2),
            (22.0, 0.55, 0.36),
            (28.0, 0.5, 0.58),
            (44.0, 0.45, 0.94),
            (12.0, 0.65, 0.55),
            (230.0, 0.12, 0.92),
            (250.0, 0.2, 0.18),
        ][int(rng.integers(7))]
    else:
        hue, sat, val = rng.uniform(0, 360), rng.uniform(0.2, 0.75), rng.uniform(0.4, 0.98)
    return hsv(hue + rng.normal(0, 6), sat + rng.normal(0, 0.06), val + rng.normal(0, 0.05))


def random_skin(rng: np.random.Generator) -> Colour:
    """Return a skin colour; pale tones dominate as they do in the genre, dark ones occur."""
    depth = rng.beta(1.2, 4.0)
    return hsv(rng.uniform(12, 28), 0.09 + 0.5 * depth, 1.0 - 0.55 * depth)
