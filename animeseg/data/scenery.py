"""Backgrounds without any character: windows of photographs, plain grounds, patterns, rooms.

Pictures are (H, W, 3) uint8 RGB. All randomness comes from the generator passed in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from animeseg.data.objects import Picture, colour, crop, place_object, write


def plain(size: tuple[int, int], rng: np.random.Generator) -> Picture:
    """One colour."""
    return np.full((*size, 3), colour(rng), np.float32).astype(np.uint8)


def gradient(size: tuple[int, int], rng: np.random.Generator) -> Picture:
    """Two or three colours flowing into each other, straight or from a centre."""
    height, width = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / max(size)
    if rng.random() < 0.6:
        angle = rng.uniform(0, 2 * np.pi)
        t = x * np.cos(angle) + y * np.sin(angle)
    else:
        t = np.hypot(x - rng.uniform(0, 1), y - rng.uniform(0, 1))
    t = (t - t.min()) / max(float(np.ptp(t)), 1e-6)
    stops = np.stack([colour(rng) for _ in range(int(rng.integers(2, 4)))])
    places = np.linspace(0, 1, len(stops))
    return np.stack([np.interp(t, places, stops[:, c]) for c in range(3)], -1).astype(np.uint8)


def pattern(size: tuple[int, int], rng: np.random.Generator) -> Picture:
    """Stripes, checks, dots or rays in two colours."""
    height, width = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    angle, pitch = rng.uniform(0, np.pi), rng.uniform(14, 110)
    u = (x * np.cos(angle) + y * np.sin(angle)) / pitch
    v = (y * np.cos(angle) - x * np.sin(angle)) / pitch
    kind = int(rng.integers(0, 4))
    if kind == 0:
        on = (u % 1) < rng.uniform(0.2, 0.7)
    elif kind == 1:
        on = ((np.floor(u) + np.floor(v)) % 2) == 0
    elif kind == 2:
        on = np.hypot(u % 1 - 0.5, v % 1 - 0.5) < rng.uniform(0.15, 0.45)
    else:
        rays = np.arctan2(y - rng.uniform(0, height), x - rng.uniform(0, width))
        on = np.sin(rays * int(rng.integers(6, 40))) > rng.uniform(-0.5, 0.8)
    first = colour(rng)
    second = first + rng.normal(0, 45, 3) if rng.random() < 0.6 else colour(rng)
    picture = np.where(on[..., None], first, second).clip(0, 255).astype(np.uint8)
    softened: Picture = cv2.GaussianBlur(picture, (0, 0), 0.6)
    return softened


def room(size: tuple[int, int], rng: np.random.Generator) -> Picture:
    """Flat-shaded interior or street: wall, floor in perspective, boxes, windows, shelves."""
    height, width = size
    wall, floor = colour(rng) * 0.9, colour(rng) * 0.8
    horizon = int(height * rng.uniform(0.25, 0.8))
    picture = np.empty((height, width, 3), np.float32)
    picture[:horizon] = wall
    picture[horizon:] = floor
    vanishing = (int(rng.uniform(-0.2, 1.2) * width), int(horizon - rng.uniform(0, 0.3) * height))
    for x in np.linspace(-width, 2 * width, int(rng.integers(8, 26))):
        end = (int(x), height)
        cv2.line(picture, vanishing, end, (floor * 0.8).tolist(), int(rng.integers(1, 3)))
    picture[:horizon] = wall
    for _ in range(int(rng.integers(3, 18))):
        w, h = rng.uniform(0.04, 0.3) * width, rng.uniform(0.05, 0.4) * height
        x, y = rng.uniform(-0.1, 1) * width, rng.uniform(-0.1, 0.75) * height
        shade, edge = colour(rng), rng.uniform(0.3, 0.9)
        slant = rng.normal(0, 0.15) * h
        corners = np.array([[x, y], [x + w, y + slant], [x + w, y + h], [x, y + h + slant]])
        cv2.fillPoly(picture, [corners.astype(np.int32)], shade.tolist(), cv2.LINE_AA)
        for k in range(1, int(rng.integers(1, 6))):  # panes, boards, books
            px = int(x + w * k / 6)
            cv2.line(picture, (px, int(y)), (px, int(y + h)), (shade * edge).tolist(), 1)
        outline = (shade * edge).tolist()
        cv2.polylines(picture, [corners.astype(np.int32)], True, outline, 2, cv2.LINE_AA)
    fall = np.linspace(rng.uniform(0.7, 1.1), rng.uniform(0.7, 1.1), height)[:, None, None]
    return np.clip(picture * fall, 0, 255).astype(np.uint8)


# (maker, share) of grounds that need no photograph; the rest are windows of the pack's pictures.
GROUNDS: list[tuple[Callable[[tuple[int, int], np.random.Generator], Picture], float]] = [
    (plain, 0.16),
    (gradient, 0.09),
    (pattern, 0.08),
    (room, 0.15),
]


def background(
    pictures: Sequence[Picture], size: tuple[int, int], rng: np.random.Generator
) -> Picture:
    """A whole background without any character, as (H, W) = `size`."""
    draw = rng.random()
    for maker, share in GROUNDS:
        if draw < share:
            ground, bare = maker(size, rng), maker is plain
            break
        draw -= share
    else:
        ground, bare = crop(pictures[int(rng.integers(len(pictures)))], size, rng), False
    if rng.random() < (0.15 if bare else 0.55):
        for _ in range(int(rng.integers(1, 7))):
            texture = crop(pictures[int(rng.integers(len(pictures)))], size, rng)
            ground = place_object(ground, texture, rng)
    if rng.random() < 0.12:
        ground = write(ground, rng)
    if not bare and rng.random() < 0.35:
        ground = cv2.GaussianBlur(ground, (0, 0), rng.uniform(0.6, 4))
    return ground
