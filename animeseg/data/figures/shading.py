"""The colour of a shape, place by place: shadows, gradients and dot screens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from animeseg.data.figures.geometry import Points
from animeseg.data.figures.palette import dark, lit, luma, mix, shaded
from animeseg.data.figures.scene import Colour, Shape

_COARSE = 12  # side, in canvas pixels, of a cell of the low-resolution shading fields
_SHADED = ("cel", "soft", "screentone")

Shading = Literal["flat", "cel", "soft", "screentone", "sketch"]
Finish = Literal["clean", "lit", "painted", "grain"]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Look:
    """How shapes become pixels.

    Attributes:
        shading: Shading mode.
        ink: Line colour (RGB), or None to derive each line from the fill it surrounds.
        line_width: Outline width in pixels of the finished figure; 0 draws no outlines.
        light: Unit vector towards which shadows fall.
        shadow: Strength of the shadows, 0 to 1.
        finish: What is laid over the finished colours.
        wobble: Unsteadiness of hand-drawn lines, pixels of the finished figure.
    """

    shading: Shading
    ink: Colour | None
    line_width: float
    light: tuple[float, float]
    shadow: float
    finish: Finish
    wobble: float


@dataclass
class Area:
    """A rectangle of the canvas, with the coverage of the shape being drawn in it."""

    x0: int
    y0: int
    x1: int
    y1: int
    mask: Bytes


class Shader:
    """Gives shapes their colours on one canvas."""

    def __init__(
        self, look: Look, size: tuple[int, int], unit: float, to_canvas: Callable[[Points], Points]
    ) -> None:
        self.look = look
        self.unit = unit
        self.to_canvas = to_canvas
        # Only printed comics need the dot screen.
        comic = look.shading == "screentone"
        self.tone = _halftone(*size, unit) if comic else np.zeros((1, 1), np.uint8)

    def ink(self, fill: Colour) -> Colour:
        """Return the line colour of a shape of colour `fill`."""
        return self.toned(dark(fill) if self.look.ink is None else self.look.ink, line=True)

    def source(self, shape: Shape, area: Area) -> Bytes:
        """Return the shaded colour of a shape over its area, (h, w, 4) uint8, opaque."""
        h, w = area.mask.shape
        look = self.look
        if shape.fade is not None or (look.shading == "soft" and shape.shade > 0):
            return self._smooth(shape, area)
        source = plain(h, w, self.toned(shape.fill))
        if look.shading == "screentone":
            self._dots(source, area, luma(shape.fill))
        if shape.shade > 0 and look.shading in ("cel", "screentone"):
            self._cel_shadow(source, shape, area)
        return source

    def _smooth(self, shape: Shape, area: Area) -> Bytes:
        """Return a source whose colour varies slowly, computed on a coarse grid."""
        h, w = area.mask.shape
        gh, gw = max(2, h // _COARSE), max(2, w // _COARSE)
        ys = area.y0 + (np.arange(gh) + 0.5) * h / gh
        xs = area.x0 + (np.arange(gw) + 0.5) * w / gw
        base = np.broadcast_to(np.array(shape.fill), (gh, gw, 3)).astype(np.float32)
        deep = np.array(shaded(shape.fill, self.look.shadow), np.float32)
        if shape.fade is not None and shape.fade_axis is not None:
            start, end = self.to_canvas(shape.fade_axis)
            axis = (end - start) / max(float(np.sum((end - start) ** 2)), 1e-6)
            along = (xs[None, :] - start[0]) * axis[0] + (ys[:, None] - start[1]) * axis[1]
            share = np.clip(along, 0.0, 1.0)[..., None].astype(np.float32)
            base = base + (np.array(shape.fade, np.float32) - base) * share
            deep = np.array(shaded(mix(shape.fill, shape.fade, 0.5), self.look.shadow), np.float32)
        if self.look.shading in ("soft", "cel") and shape.shade > 0:
            small = cv2.resize(area.mask, (gw, gh), interpolation=cv2.INTER_AREA)
            sigma = max(1.0, 0.08 * min(gh, gw) + 0.8)
            inner = cv2.GaussianBlur(small, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
            shift = 0.12 * min(gh, gw) + 0.5
            dx, dy = (-shift * part for part in self.look.light)
            move = np.array([[1.0, 0.0, dx], [0.0, 1.0, dy]])
            moved = cv2.warpAffine(inner, move, (gw, gh), borderMode=cv2.BORDER_REPLICATE)
            weight = np.clip(1.0 - moved.astype(np.float32) / 255.0, 0, 1)[..., None]
            base = base + (deep - base) * weight * (0.9 * shape.shade)
            if self.look.finish == "painted":
                # Painters add a second, light edge on the side of the lamp.
                rim = cv2.warpAffine(inner, -move + 2.0 * np.eye(2, 3), (gw, gh))
                glow = np.clip(0.7 - rim.astype(np.float32) / 255.0, 0, 1)[..., None]
                base = base + (255.0 - base) * glow * (0.3 * shape.shade)
        if self.look.shading == "screentone":
            base = np.repeat(base @ np.array([[0.299], [0.587], [0.114]], np.float32), 3, axis=2)
        opaque = np.concatenate([base, np.full((gh, gw, 1), 255, np.float32)], axis=2)
        coarse = np.clip(np.rint(opaque), 0, 255).astype(np.uint8)
        return np.asarray(cv2.resize(coarse, (w, h), interpolation=cv2.INTER_LINEAR), np.uint8)

    def _cel_shadow(self, source: Bytes, shape: Shape, area: Area) -> None:
        """Darken the side away from the light: the shape less itself, moved."""
        h, w = area.mask.shape
        reach = (0.10 * min(h, w) + 3 * self.unit) * shape.shade
        dx, dy = (round(reach * part) for part in self.look.light)
        move = np.array([[1.0, 0.0, -dx], [0.0, 1.0, -dy]])
        # Beyond the edge of the picture the shape goes on as it is there.
        lit_part = cv2.warpAffine(
            area.mask, move, (w, h), flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
        )
        away = cv2.bitwise_not(lit_part)
        if self.look.shading == "screentone":
            toned = plain(h, w, (255.0, 255.0, 255.0))
            self._dots(toned, area, max(80.0, luma(shape.fill) - 70.0))
        else:
            toned = plain(h, w, shaded(shape.fill, self.look.shadow))
        cv2.copyTo(toned, away, source)

    def varies(self, shape: Shape) -> bool:
        """Return whether the colour of a shape differs from place to place."""
        if shape.fade is not None or (shape.shade > 0 and self.look.shading in _SHADED):
            return True
        fill = shape.fill
        return self.look.shading == "screentone" and 60.0 < luma(fill) < 200.0

    def _dots(self, source: Bytes, area: Area, grey: float) -> None:
        """Replace a mid grey by a dot screen, as printed comics do."""
        if grey >= 200.0 or grey <= 60.0:
            return
        cell = self.tone[area.y0 : area.y1, area.x0 : area.x1]
        ink = cv2.compare(cell, float(grey), cv2.CMP_GT)
        dots = plain(cell.shape[0], cell.shape[1], (36.0, 36.0, 36.0))
        source[:] = 255
        cv2.copyTo(dots, ink, source)

    def toned(self, colour: Colour, *, line: bool = False) -> Colour:
        """Return the colour as this look paints it (comics and sketches leave colour out)."""
        if self.look.shading == "screentone":
            grey = 24.0 if line else luma(colour)
            level = 30.0 if grey <= 60 else (255.0 if grey >= 200 else grey)
            return level, level, level
        if self.look.shading == "sketch" and not line:
            # Dark accents (pupils, lashes) stay dark, everything else is left nearly blank.
            blank = min(1.0, luma(colour) / 90.0)
            return mix(colour, mix(lit(colour), (252.0, 250.0, 246.0), 0.5), blank)
        return colour


def opaque(colour: Colour) -> tuple[int, int, int, int]:
    """Return a colour as four bytes with full alpha."""
    r, g, b = (min(255, max(0, round(part))) for part in colour)
    return r, g, b, 255


def plain(height: int, width: int, colour: Colour) -> Bytes:
    """Return an opaque image of one colour, (height, width, 4) uint8."""
    pixel = np.array(opaque(colour), np.uint8).view(np.uint32)[0]
    return np.full((height, width), pixel, np.uint32).view(np.uint8).reshape(height, width, 4)


def _halftone(height: int, width: int, unit: float) -> Bytes:
    """Return the threshold map of a 45 degree dot screen, (height, width) uint8."""
    period = max(6.0, 5.0 * unit)
    x = np.arange(width, dtype=np.float32)[None, :] * np.float32(np.pi / period)
    y = np.arange(height, dtype=np.float32)[:, None] * np.float32(np.pi / period)
    wave = np.cos(x + y) * np.cos(x - y)
    screen: Bytes = np.clip(np.rint(127.5 + 127.5 * wave), 0, 255).astype(np.uint8)
    return screen
