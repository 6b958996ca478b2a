"""Looks laid over a whole picture: print, film, pencil, compression, light.

The same look covers character and background, so the seam between them stops being a cue. Every
function takes and returns an (H, W, 3) uint8 RGB picture of the same size.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

Picture = np.ndarray
Style = Callable[[Picture, np.random.Generator], Picture]


def to_bytes(values: Any) -> Picture:
    """Numbers of 0..255 as uint8; what lies outside is cut off."""
    picture: Picture = np.clip(values, 0, 255).astype(np.uint8)
    return picture


def greyscale(rgb: Picture, rng: np.random.Generator) -> Picture:
    """Grey, sometimes toned like an old print."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    tone = rng.uniform(0.85, 1.0, 3) if rng.random() < 0.4 else np.ones(3)
    return to_bytes(grey[..., None] * tone)


def line_art(rgb: Picture, rng: np.random.Generator) -> Picture:
    """Pencil or ink lines on paper: the picture divided by its own blur."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    blurred = cv2.GaussianBlur(grey, (0, 0), rng.uniform(1.5, 4)) + 1
    lines = np.clip(grey / blurred, 0, 1) ** rng.uniform(2, 5) * 255
    keep = rng.uniform(0, 0.25)  # a trace of the shading, as in a pencil drawing
    return np.repeat(to_bytes(lines * (1 - keep) + grey * keep)[..., None], 3, axis=2)


def screentone(rgb: Picture, rng: np.random.Generator) -> Picture:
    """Manga print: lines, white and black areas, and a dot screen for the middle tones."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    height, width = grey.shape
    pitch = rng.uniform(3, 7)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    angle = rng.uniform(0, np.pi / 2)
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    dots = 0.5 + 0.25 * (np.cos(2 * np.pi * u / pitch) + np.cos(2 * np.pi * v / pitch))
    toned = np.where(grey > 0.8, 1.0, np.where(grey < 0.22, 0.0, (grey + 0.25 > dots) * 1.0))
    lines = np.clip(grey / (cv2.GaussianBlur(grey, (0, 0), 2) + 0.01), 0, 1) ** 3
    return np.repeat(to_bytes(toned * lines * 255)[..., None], 3, axis=2)


def posterise(rgb: Picture, rng: np.random.Generator) -> Picture:
    """Few flat tones, as in cel animation."""
    step = 256 / int(rng.integers(4, 9))
    smooth = cv2.bilateralFilter(rgb, 5, 40, 5)
    return to_bytes((smooth / step).round() * step)


def render(rgb: Picture, rng: np.random.Generator) -> Picture:
    """Smooth surfaces and bloom, as image generators and game engines give."""
    smooth = cv2.bilateralFilter(rgb, 7, 35, 7).astype(np.float32)
    glow = cv2.GaussianBlur(smooth, (0, 0), rng.uniform(6, 18))
    amount = rng.uniform(0.1, 0.5)
    screened = 255 - (255 - smooth) * (1 - amount * glow / 255)
    return to_bytes(screened)


def paint(rgb: Picture, rng: np.random.Generator) -> Picture:
    """Broad brush strokes: a median that eats thin outlines."""
    return to_bytes(cv2.medianBlur(rgb, int(rng.choice([3, 5, 5, 7]))))


def grade(rgb: Picture, rng: np.random.Generator) -> Picture:
    """Colour grading: gain and gamma per channel, saturation, now and then one dominant tint."""
    x = rgb.astype(np.float32) / 255
    x = x ** rng.uniform(0.7, 1.4) * rng.normal(1, 0.09, 3)
    grey = x.mean(2, keepdims=True)
    x = grey + (x - grey) * rng.uniform(0.3, 1.5)
    if rng.random() < 0.25:
        tint = rng.uniform(0, 1, 3)
        x = x + rng.uniform(0.1, 0.45) * (grey * tint * 1.5 - x)
    return to_bytes(x * 255)


def night(rgb: Picture, rng: np.random.Generator) -> Picture:
    """A dark scene with one soft light somewhere."""
    height, width = rgb.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    cx, cy = rng.uniform(0, width), rng.uniform(0, height)
    reach = rng.uniform(0.3, 0.8) * max(height, width)
    lamp = np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * reach**2))
    floor = rng.uniform(0.2, 0.5)
    tint = np.array([rng.uniform(0.6, 1), rng.uniform(0.6, 1), 1], np.float32)
    lit = rgb * (floor + (1 - floor) * lamp)[..., None] * tint
    return to_bytes(lit)


def haze(rgb: Picture, rng: np.random.Generator) -> Picture:
    """Over-exposure or fog: contrast pulled towards a light colour."""
    veil = rng.uniform(170, 255, 3)
    return to_bytes(rgb + (veil - rgb) * rng.uniform(0.15, 0.5))


def blur(rgb: Picture, rng: np.random.Generator) -> Picture:
    """Soft focus, as after enlarging a small picture."""
    return to_bytes(cv2.GaussianBlur(rgb, (0, 0), rng.uniform(0.4, 1.6)))


def noise(rgb: Picture, rng: np.random.Generator) -> Picture:
    """Film grain, in grey or in colour."""
    channels = 1 if rng.random() < 0.5 else 3
    grain = rng.standard_normal((*rgb.shape[:2], channels), dtype=np.float32)
    return to_bytes(rgb + grain * rng.uniform(2, 14))


def jpeg(rgb: Picture, rng: np.random.Generator) -> Picture:
    """Compression blocks."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 95))]
    return to_bytes(cv2.imdecode(cv2.imencode(".jpg", rgb, quality)[1], cv2.IMREAD_COLOR))


# (style, probability): drawing styles exclude each other, finishes add up, in this order.
DRAWING: list[tuple[Style, float]] = [
    (greyscale, 0.04),
    (line_art, 0.04),
    (screentone, 0.02),
    (posterise, 0.05),
    (render, 0.10),
    (paint, 0.08),
]
FINISH: list[tuple[Style, float]] = [
    (grade, 0.45),
    (night, 0.07),
    (haze, 0.08),
    (blur, 0.20),
    (noise, 0.15),
    (jpeg, 0.40),
]


def stylise(rgb: Picture, rng: np.random.Generator) -> Picture:
    """Apply at most one drawing style and any number of finishes."""
    draw = rng.random()
    for style, probability in DRAWING:
        if draw < probability:
            rgb = style(rgb, rng)
            break
        draw -= probability
    for style, probability in FINISH:
        if rng.random() < probability:
            rgb = style(rgb, rng)
    return rgb
