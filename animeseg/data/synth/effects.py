"""What lies over the figures: lettering, speed lines, rain, sparkle; and looks of a whole picture.

What is thin or see-through leaves the labels as they are; what would hide a notable part of a
character is not drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from animeseg.data import objects

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

MOST_CHANGED = 0.2
"""Effects that change more of any one character are left out."""


def over(before: Pixels, after: Pixels, index: NDArray[np.uint8]) -> Pixels:
    """``after``, unless it hides too much of a character, else ``before``.

    Args:
        before: (H, W, 3) uint8 RGB.
        after: the same with an effect.
        index: (H, W) uint8, 0 background, k character k.
    """
    changed = cv2.absdiff(before, after).max(axis=2) > 40
    whole = np.bincount(index.ravel(), minlength=256)[1:]
    hidden = np.bincount(index[changed], minlength=256)[1:]
    return before if np.any(hidden > MOST_CHANGED * whole) else after


def lettering(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """One to four words, captions or speech bubbles."""
    for _ in range(int(rng.integers(1, 5))):
        picture = objects.write(picture, rng)
    return picture


def effect(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """One of: particles, focus lines, rain, a flare."""
    kind = int(rng.integers(0, 4))
    drawn = (objects.particles, focus_lines, rain, flare)[kind](picture, rng)
    return np.asarray(drawn, np.uint8)


def focus_lines(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """The lines of manga that run from the border towards what matters."""
    height, width = picture.shape[:2]
    centre = rng.uniform(0.3, 0.7, 2) * (width, height)
    reach = float(np.hypot(height, width))
    free = float(rng.uniform(0.42, 0.6)) * min(height, width)
    ink = (255, 255, 255) if rng.random() < 0.5 else (20, 20, 20)
    drawn: Pixels = np.array(picture, np.uint8, order="C")
    for angle in rng.uniform(0, 2 * np.pi, int(rng.integers(30, 120))):
        way = np.array([np.cos(angle), np.sin(angle)])
        side = np.array([-way[1], way[0]]) * rng.uniform(0.5, 0.012 * reach)
        tip = centre + way * free * rng.uniform(1.0, 1.5)
        far = centre + way * reach
        wedge = np.array([tip, far + side, far - side])
        cv2.fillPoly(drawn, [(wedge * 8).astype(np.int32)], ink, cv2.LINE_AA, 3)
    return drawn


def rain(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """Slanted see-through lines."""
    height, width = picture.shape[:2]
    veil = np.zeros((height, width), np.uint8)
    slant = float(rng.uniform(-0.4, 0.4))
    for _ in range(int(rng.integers(60, 250))):
        x, y = int(rng.uniform(-0.1, 1.1) * width), int(rng.uniform(-0.1, 1) * height)
        length = rng.uniform(0.02, 0.09) * height
        end = (int(x + slant * length), int(y + length))
        cv2.line(veil, (x, y), end, int(rng.uniform(60, 170)), 1, cv2.LINE_AA)
    return np.asarray(cv2.add(picture, cv2.merge([veil] * 3)), np.uint8)


def flare(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """A soft light that shines over everything."""
    height, width = picture.shape[:2]
    place = (int(rng.uniform(0, width)), int(rng.uniform(0, 0.6 * height)))
    glow = np.zeros((height // 8 + 1, width // 8 + 1), np.uint8)
    radius = max(1, int(rng.uniform(0.04, 0.16) * min(height, width) / 8))
    cv2.circle(glow, (place[0] // 8, place[1] // 8), radius, 255, -1, cv2.LINE_AA)
    glow = cv2.GaussianBlur(glow, (0, 0), radius * 1.5)
    large = cv2.resize(glow, (width, height), interpolation=cv2.INTER_LINEAR)
    tint = rng.uniform(0.5, 1.0, 3)
    coloured = [cv2.convertScaleAbs(large, alpha=float(gain)) for gain in tint]
    return np.asarray(cv2.add(picture, cv2.merge(coloured)), np.uint8)


def sketch(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """Pencil on paper: lines found by dodging with the blurred negative, drawn twice by hand."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    soft = cv2.GaussianBlur(grey, (0, 0), float(rng.uniform(2, 6)))
    lines = cv2.divide(grey, cv2.max(soft, 1), scale=256)
    shift = np.array([[1, 0, rng.uniform(-1.5, 1.5)], [0, 1, rng.uniform(-1.5, 1.5)]])
    again = cv2.warpAffine(lines, shift, grey.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    pencil = cv2.multiply(lines, cv2.addWeighted(again, 0.6, again, 0, 102), scale=1 / 255)
    shaded = cv2.addWeighted(pencil, 1.0, grey, 0.15, -20)
    paper = rng.uniform(225, 256, 3)
    tones = [cv2.convertScaleAbs(shaded, alpha=float(tone) / 255) for tone in paper]
    return np.asarray(cv2.merge(tones), np.uint8)


def upscaled(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """Shrunk and enlarged again, then sharpened, as cheap enlargers do."""
    height, width = picture.shape[:2]
    share = float(rng.uniform(0.35, 0.8))
    size = (max(8, int(width * share)), max(8, int(height * share)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 90))]
        small = cv2.imdecode(cv2.imencode(".jpg", small, quality)[1], cv2.IMREAD_COLOR)
    methods = (cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)
    method = methods[int(rng.choice(4, p=[0.1, 0.25, 0.35, 0.3]))]
    large = cv2.resize(small, (width, height), interpolation=method)
    if rng.random() < 0.5:
        amount = float(rng.uniform(0.3, 1.2))
        soft = cv2.GaussianBlur(large, (0, 0), 1.2)
        large = cv2.addWeighted(large, 1 + amount, soft, -amount, 0)
    return np.asarray(large, np.uint8)
