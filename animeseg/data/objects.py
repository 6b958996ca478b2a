"""Things in a picture that are not characters: objects, furniture, plants, text, particles.

Pictures are (H, W, 3) uint8 RGB; stencils are (H, W) float32 coverage 0..1. All randomness comes
from the generator passed in.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

Picture = np.ndarray
Stencil = np.ndarray


def colour(rng: np.random.Generator) -> np.ndarray:
    """A colour as (3,) float32: often white or pale, sometimes dark, else anything."""
    kind = rng.random()
    if kind < 0.3:
        return np.full(3, rng.uniform(235, 256), np.float32).clip(0, 255)
    if kind < 0.55:
        return rng.uniform(170, 255, 3).astype(np.float32)
    if kind < 0.7:
        return rng.uniform(0, 70, 3).astype(np.float32)
    return rng.uniform(0, 255, 3).astype(np.float32)


def crop(picture: Picture, size: tuple[int, int], rng: np.random.Generator) -> Picture:
    """A random window of a picture, mirrored and re-coloured at random, as (H, W) = `size`."""
    height, width = size
    scale = max(height / picture.shape[0], width / picture.shape[1]) * rng.uniform(1.0, 2.2)
    h, w = min(picture.shape[0], int(height / scale)), min(picture.shape[1], int(width / scale))
    y = int(rng.integers(0, picture.shape[0] - h + 1))
    x = int(rng.integers(0, picture.shape[1] - w + 1))
    shrink = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    window = cv2.resize(picture[y : y + h, x : x + w], (width, height), interpolation=shrink)
    if rng.random() < 0.5:
        window = window[:, ::-1]
    if rng.random() < 0.4:
        hsv = cv2.cvtColor(np.ascontiguousarray(window), cv2.COLOR_RGB2HSV)
        hsv[..., 0] = (hsv[..., 0].astype(int) + int(rng.integers(0, 180))) % 180
        window = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    return np.ascontiguousarray(window)


def blob(size: tuple[int, int], rng: np.random.Generator, reach: float) -> Stencil:
    """A closed shape somewhere in the frame: blob, ellipse, box, star, vase or stroke.

    Args:
        size: (H, W) of the stencil.
        rng: source of randomness.
        reach: radius in pixels.

    Returns:
        (H, W) float32 coverage with an anti-aliased edge.
    """
    height, width = size
    centre = rng.uniform(0, 1, 2) * (width, height)
    points = 64
    turn = np.linspace(0, 2 * np.pi, points, endpoint=False)
    radius: np.ndarray
    kind = int(rng.integers(0, 5))
    if kind == 0:  # blob: a few random harmonics
        radius = np.ones(points)
        for k in range(2, 7):
            radius = radius + rng.normal(0, 0.5 / k) * np.cos(k * turn + rng.uniform(0, 6.3))
    elif kind == 1:  # box or ellipse, by the exponent
        power = rng.choice([2.0, 2.5, 6.0, 20.0])
        radius = (np.abs(np.cos(turn)) ** power + np.abs(np.sin(turn)) ** power) ** (-1 / power)
    elif kind == 2:  # star, leaf, flower
        radius = 1 + rng.uniform(0.2, 0.7) * np.cos(int(rng.integers(2, 9)) * turn)
    elif kind == 3:  # jagged
        radius = rng.uniform(0.4, 1.2, points)
    else:  # symmetric about the upright axis: cup, vase, lamp, bottle
        half = 0.35 + 0.4 * np.abs(np.cumsum(rng.normal(0, 0.18, points // 2)))
        radius = np.concatenate([half, half[::-1]])
        turn = turn - np.pi / 2
    stretch = rng.uniform(0.4, 1.0, 2)
    if kind != 4 and rng.random() < 0.6:
        turn = turn + rng.uniform(0, 6.3)
    xy = np.stack([np.cos(turn), np.sin(turn)], 1) * radius[:, None] * stretch * reach + centre
    mask = np.zeros(size, np.uint8)
    cv2.fillPoly(mask, [(xy * 8).astype(np.int32)], 255, cv2.LINE_AA, shift=3)
    return mask.astype(np.float32) / 255


def paste(picture: Picture, texture: Picture | np.ndarray, stencil: Stencil) -> Picture:
    """Lay a texture (H, W, 3) or a colour (3,) over a picture where the stencil says."""
    x, y, w, h = cv2.boundingRect((stencil > 0).astype(np.uint8))
    window = (slice(y, y + h), slice(x, x + w))  # most things are small: touch their box only
    under = picture[window].astype(np.float32)
    over = (texture if texture.ndim == 1 else texture[window]).astype(np.float32)
    mixed: Picture = picture.copy()
    mixed[window] = (under + (over - under) * stencil[window][..., None]).clip(0, 255)
    return mixed


def shade(
    picture: Picture, stencil: Stencil, base: np.ndarray, rng: np.random.Generator
) -> Picture:
    """Fill a shape the way cel artists do: base, shadow, folds or bands, perhaps an outline."""
    shifted = np.roll(stencil, int(rng.integers(3, 25)), axis=int(rng.integers(0, 2)))
    picture = paste(picture, base, stencil)
    picture = paste(picture, base * rng.uniform(0.5, 0.9), stencil * (1 - shifted))
    inside = np.zeros(stencil.shape, np.uint8)
    ys, xs = np.nonzero(stencil > 0.5)
    if len(xs) > 50:
        for _ in range(int(rng.integers(0, 9))):  # folds, planks, veins
            ends = rng.integers(0, len(xs), 3)
            curve = np.stack([xs[ends], ys[ends]], 1).astype(np.float64)
            t = np.linspace(0, 1, 12)[:, None]
            line = (1 - t) ** 2 * curve[0] + 2 * t * (1 - t) * curve[1] + t**2 * curve[2]
            weight = int(rng.choice([1, 1, 2, 2, 9, 20]))
            cv2.polylines(inside, [line.astype(np.int32)], False, 255, weight, cv2.LINE_AA)
        tone = base * rng.uniform(0.4, 1.4) if rng.random() < 0.7 else colour(rng)
        picture = paste(picture, tone, stencil * (inside / np.float32(255)))
    if rng.random() < 0.7:
        edge = cv2.morphologyEx(stencil, cv2.MORPH_GRADIENT, np.ones((3, 3)))
        picture = paste(picture, base * rng.uniform(0, 0.5), edge)
    return picture


def furniture(size: tuple[int, int], rng: np.random.Generator) -> list[Stencil]:
    """Bed, chair, table, shelf: slabs in one slanted view, as (H, W) stencils, rear first."""
    reach = rng.uniform(0.1, 0.6) * min(size)
    origin = rng.uniform(0, 0.9, 2) * (size[1], size[0])
    axes = np.array([[1, rng.uniform(-0.4, 0.4)], [rng.uniform(-0.7, 0.7), 0.5], [0, 1]]) * reach

    def slab(corner: Sequence[float], extent: Sequence[float]) -> list[Stencil]:
        far = np.asarray(corner) + extent
        x, y, z = (np.array(pair) for pair in zip(corner, far, strict=True))
        faces = (
            [(x[0], y[1], z[0]), (x[1], y[1], z[0]), (x[1], y[1], z[1]), (x[0], y[1], z[1])],
            [(x[1], y[0], z[0]), (x[1], y[1], z[0]), (x[1], y[1], z[1]), (x[1], y[0], z[1])],
            [(x[0], y[0], z[0]), (x[1], y[0], z[0]), (x[1], y[1], z[0]), (x[0], y[1], z[0])],
        )
        drawn = []
        for face in faces:
            mask = np.zeros(size, np.uint8)
            points = ((np.array(face) @ axes + origin) * 8).astype(np.int32)
            cv2.fillPoly(mask, [points], 255, cv2.LINE_AA, shift=3)
            drawn.append(mask.astype(np.float32) / 255)
        return drawn

    seat = rng.uniform(0.2, 0.6)
    parts = slab((0, 0, -rng.uniform(0.2, 1)), (1, 0.08, 1)) if rng.random() < 0.6 else []
    for x, y in ((0, 0), (0.92, 0), (0, 0.92), (0.92, 0.92)):
        parts += slab((x, y, seat), (0.08, 0.08, rng.uniform(0.3, 0.6)))
    parts += slab((0, 0, seat - 0.1), (1, 1, rng.uniform(0.05, 0.5)))
    if rng.random() < 0.4:  # a cushion, a box, a book on top
        parts += slab((rng.uniform(0, 0.6), 0.1, seat - 0.3), (0.3, rng.uniform(0.2, 0.7), 0.2))
    return parts


def plant(size: tuple[int, int], rng: np.random.Generator) -> list[Stencil]:
    """A tree, palm, bush or flower: a stem and leaves around its tip, as (H, W) stencils."""
    foot = rng.uniform(0, 1, 2) * (size[1], size[0] * 1.2)
    tall = rng.uniform(0.2, 0.9) * size[0]
    tip = foot - (rng.normal(0, 0.25) * tall, tall)
    stem, crown = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    weight = max(2, int(tall * rng.uniform(0.02, 0.1)))
    ends = [tuple(int(v) for v in point) for point in (foot, (foot + tip) / 2 + 0.08 * tall, tip)]
    cv2.polylines(stem, [np.array(ends)], False, 255, weight, cv2.LINE_AA)
    leafy, spread = rng.random() < 0.5, tall * rng.uniform(0.15, 0.5)
    for _ in range(int(rng.integers(6, 22))):
        turn = rng.uniform(0, 2 * np.pi)
        away = np.array([np.cos(turn), np.sin(turn)]) * spread * rng.uniform(0.3, 1)
        long, thin = (spread * 0.45, spread * 0.35) if leafy else (spread * 0.6, spread * 0.08)
        place = tuple(int(v) for v in tip + away)
        half = (max(1, int(long)), max(1, int(thin)))
        cv2.ellipse(crown, place, half, float(np.degrees(turn)), 0, 360, 255, -1, cv2.LINE_AA)
    return [stem.astype(np.float32) / 255, crown.astype(np.float32) / 255]


def place_object(picture: Picture, texture: Picture, rng: np.random.Generator) -> Picture:
    """One distractor: a cel-shaded thing, or a cut-out of another background.

    A pasted thing with a crisp outline and folds must not be a character by that alone.
    """
    size = picture.shape[:2]
    kind = rng.random()
    if kind < 0.3:
        stencil = blob(size, rng, rng.uniform(0.04, 0.35) * min(size))
        return paste(picture, texture, stencil)
    if kind < 0.6:
        return shade(picture, blob(size, rng, rng.uniform(0.04, 0.4) * min(size)), colour(rng), rng)
    base = colour(rng)
    for stencil in furniture(size, rng) if kind < 0.8 else plant(size, rng):
        picture = shade(picture, stencil, base * rng.uniform(0.6, 1.1), rng)
    return picture


def write(picture: Picture, rng: np.random.Generator) -> Picture:
    """Lettering, a caption or a speech bubble; part of the background wherever it stands."""
    height, width = picture.shape[:2]
    picture = picture.copy()
    x, y = int(rng.uniform(0, 0.9) * width), int(rng.uniform(0.05, 1) * height)
    ink = colour(rng).tolist()
    scale = float(rng.uniform(0.3, 2.2))
    if rng.random() < 0.3:
        axes = (int(rng.uniform(30, 110)), int(rng.uniform(20, 70)))
        cv2.ellipse(picture, (x, y), axes, 0, 0, 360, (250, 250, 250), -1, cv2.LINE_AA)
        cv2.ellipse(picture, (x, y), axes, 0, 0, 360, (20, 20, 20), 2, cv2.LINE_AA)
        ink, scale, x = [20, 20, 20], 0.5, x - axes[0] // 2
    letters = "".join(chr(c) for c in rng.integers(33, 127, int(rng.integers(2, 12))))
    face, weight = int(rng.integers(0, 8)), int(rng.integers(1, 5))
    cv2.putText(picture, letters, (x, y), face, scale, ink, weight, cv2.LINE_AA)
    return picture


def particles(picture: Picture, rng: np.random.Generator) -> Picture:
    """Petals, snow, sparks or bokeh over everything; too small to count as an occluder."""
    size = picture.shape[:2]
    veil = np.zeros(size, np.uint8)
    largest = rng.choice([2, 4, 9])
    for _ in range(int(rng.integers(10, 80))):
        place = (int(rng.integers(0, size[1])), int(rng.integers(0, size[0])))
        axes = (1 + int(rng.integers(0, largest)), 1 + int(rng.integers(0, largest)))
        turn, shade = float(rng.uniform(0, 180)), int(rng.uniform(90, 255))
        cv2.ellipse(veil, place, axes, turn, 0, 360, shade, -1, cv2.LINE_AA)
    return paste(picture, colour(rng), cv2.GaussianBlur(veil, (0, 0), 0.7).astype(np.float32) / 255)
