"""Rasterise a scene: premultiplied RGBA at twice the size, then an exact reduction.

Drawing into a premultiplied canvas makes the anti-aliased fills of OpenCV a proper "over"
operation on all four channels, so alpha is the coverage of the composite itself and the straight
colour recovered at the end holds no background.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from animeseg.data.figures.geometry import Points
from animeseg.data.figures.palette import dark, lit, luma, mix, shaded
from animeseg.data.figures.scene import Colour, Detail, Scene, Shape

SUPERSAMPLE = 2
_SUBPIXEL_BITS = 4
_COARSE = 12  # side, in canvas pixels, of a cell of the low-resolution shading fields

Shading = Literal["flat", "cel", "soft", "screentone", "sketch"]
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
        wobble: Unsteadiness of hand-drawn lines, pixels of the finished figure.
    """

    shading: Shading
    ink: Colour | None
    line_width: float
    light: tuple[float, float]
    shadow: float
    wobble: float


@dataclass(frozen=True)
class Window:
    """Axis-aligned part of the plane that is rendered: origin (head heights) and its size."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass
class _Area:
    """A rectangle of the canvas, with the coverage of the shape being drawn in it."""

    x0: int
    y0: int
    x1: int
    y1: int
    mask: Bytes


class Rasteriser:
    """Draws shapes of one scene onto a canvas of `height` pixels (before supersampling)."""

    def __init__(self, window: Window, height: int, look: Look, rng: np.random.Generator) -> None:
        self.look = look
        self.rng = rng
        self.scale = SUPERSAMPLE * height / (window.y1 - window.y0)
        self.origin = np.array([window.x0, window.y0])
        self.height = height * SUPERSAMPLE
        width = max(1, round((window.x1 - window.x0) * self.scale / SUPERSAMPLE))
        self.width = width * SUPERSAMPLE
        self.canvas: Bytes = np.zeros((self.height, self.width, 4), np.uint8)
        self.parts: Bytes = np.zeros((self.height, self.width), np.uint8)
        self.unit = SUPERSAMPLE * height / 768.0
        # Only printed comics need the dot screen.
        comic = look.shading == "screentone"
        self.tone = _halftone(self.height, self.width, self.unit) if comic else self.parts

    def draw(self, shape: Shape) -> None:
        """Draw one shape: outline, then fill, shading and details inside it."""
        loops = [(loop - self.origin) * self.scale for loop in shape.outlines]
        if self.look.wobble > 0:
            loops = [self._wobbled(loop) for loop in loops]
        pad = 4 + int(3 * self.unit * max(1.0, self.look.line_width))
        area = self._area(loops, pad)
        if area is None:
            return
        if shape.soft:
            self._draw_soft(shape, area, loops)
            return
        if shape.ink > 0 and self.look.line_width > 0:
            self._draw_outline(shape, loops)
        self._fill(shape, area, loops)

    def finish(self) -> tuple[Bytes, Bytes]:
        """Return straight RGBA (H, W, 4) and the part map (H, W), both uint8."""
        size = (self.width // SUPERSAMPLE, self.height // SUPERSAMPLE)
        small = cv2.resize(self.canvas, size, interpolation=cv2.INTER_AREA)
        alpha = small[..., 3]
        rgba: Bytes = small.copy()
        edge = (alpha > 0) & (alpha < 255)
        values = small[edge].astype(np.float32)
        straight = values[:, :3] * (255.0 / values[:, 3:])
        rgba[edge, :3] = np.clip(np.rint(straight), 0, 255).astype(np.uint8)
        rgba[alpha == 0] = 0
        return rgba, self._reduced_parts(alpha)

    def _reduced_parts(self, alpha: Bytes) -> Bytes:
        """Sample the part map, label every pixel at least half covered and no other."""
        labels: Bytes = self.parts[::SUPERSAMPLE, ::SUPERSAMPLE].copy()
        solid = alpha >= 128
        for _ in range(4):
            missing = solid & (labels == 0)
            if not missing.any():
                break
            grown = cv2.dilate(labels, np.ones((3, 3), np.uint8))
            labels[missing] = grown[missing]
        labels[~solid] = 0
        return labels

    def _area(self, loops: list[Points], pad: int) -> _Area | None:
        """Return the part of the canvas that `loops` can touch, or None when there is none."""
        points = np.vstack(loops)
        low = np.maximum(np.floor(points.min(axis=0)).astype(int) - pad, 0)
        high = np.ceil(points.max(axis=0)).astype(int) + pad + 1
        x1, y1 = min(int(high[0]), self.width), min(int(high[1]), self.height)
        x0, y0 = int(low[0]), int(low[1])
        if x1 <= x0 or y1 <= y0:
            return None
        return _Area(x0, y0, x1, y1, np.zeros((y1 - y0, x1 - x0), np.uint8))

    def _wobbled(self, loop: Points) -> Points:
        """Displace a loop by smooth noise, as a quick hand does."""
        count = len(loop)
        knots = self.rng.normal(0, 1, (max(3, count // 5) + 1, 2))
        where = np.linspace(0, len(knots) - 1, count)
        noise = [np.interp(where, np.arange(len(knots)), knots[:, axis]) for axis in range(2)]
        return loop + np.stack(noise, axis=1) * self.look.wobble * self.unit

    def _thickness(self, multiple: float) -> int:
        return max(1, round(multiple * self.look.line_width * self.unit))

    def _ink(self, fill: Colour) -> Colour:
        return self._toned(dark(fill) if self.look.ink is None else self.look.ink, line=True)

    def _draw_outline(self, shape: Shape, loops: list[Points]) -> None:
        """Draw the line round the union of the loops; the fill then covers its inner half."""
        colour = _opaque(self._ink(shape.fill))
        # The fill hides half of the stroke, hence the doubled width.
        thickness = self._thickness(2 * shape.ink)
        fixed = [_fixed(loop) for loop in loops]
        cv2.polylines(self.canvas, fixed, True, colour, thickness, cv2.LINE_AA, _SUBPIXEL_BITS)
        cv2.polylines(
            self.parts, fixed, True, int(shape.part), thickness, cv2.LINE_8, _SUBPIXEL_BITS
        )

    def _fill(self, shape: Shape, area: _Area, loops: list[Points]) -> None:
        fill = self._toned(shape.fill)
        plain = not shape.details and shape.fade is None
        shaded_here = shape.shade > 0 and self.look.shading in ("cel", "soft", "screentone")
        for loop in loops:
            cv2.fillPoly(self.parts, [_fixed(loop)], int(shape.part), cv2.LINE_8, _SUBPIXEL_BITS)
        if plain and not shaded_here and not self._needs_dots(shape.fill):
            for loop in loops:
                cv2.fillPoly(
                    self.canvas, [_fixed(loop)], _opaque(fill), cv2.LINE_AA, _SUBPIXEL_BITS
                )
            return
        corner = np.array([area.x0, area.y0])
        for loop in loops:
            cv2.fillPoly(area.mask, [_fixed(loop - corner)], 255, cv2.LINE_AA, _SUBPIXEL_BITS)
        source = self._source(shape, area)
        for detail in shape.details:
            self._draw_detail(source, detail, shape, corner)
        self._paste(source, area)

    def _source(self, shape: Shape, area: _Area) -> Bytes:
        """Return the shaded colour of a shape over its area, (h, w, 4) uint8, opaque."""
        h, w = area.mask.shape
        look = self.look
        if shape.fade is not None or (look.shading == "soft" and shape.shade > 0):
            return self._smooth_source(shape, area)
        source = _plain(h, w, self._toned(shape.fill))
        if look.shading == "screentone":
            self._dots(source, area, luma(shape.fill))
        if shape.shade > 0 and look.shading in ("cel", "screentone"):
            self._cel_shadow(source, shape, area)
        return source

    def _smooth_source(self, shape: Shape, area: _Area) -> Bytes:
        """Return a source whose colour varies slowly, computed on a coarse grid."""
        h, w = area.mask.shape
        gh, gw = max(2, h // _COARSE), max(2, w // _COARSE)
        ys = area.y0 + (np.arange(gh) + 0.5) * h / gh
        xs = area.x0 + (np.arange(gw) + 0.5) * w / gw
        base = np.broadcast_to(np.array(shape.fill), (gh, gw, 3)).astype(np.float32)
        deep = np.array(shaded(shape.fill, self.look.shadow), np.float32)
        if shape.fade is not None and shape.fade_axis is not None:
            start, end = (shape.fade_axis - self.origin) * self.scale
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
        if self.look.shading == "screentone":
            base = np.repeat(base @ np.array([[0.299], [0.587], [0.114]], np.float32), 3, axis=2)
        opaque = np.concatenate([base, np.full((gh, gw, 1), 255, np.float32)], axis=2)
        coarse = np.clip(np.rint(opaque), 0, 255).astype(np.uint8)
        return np.asarray(cv2.resize(coarse, (w, h), interpolation=cv2.INTER_LINEAR), np.uint8)

    def _cel_shadow(self, source: Bytes, shape: Shape, area: _Area) -> None:
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
            toned = _plain(h, w, (255.0, 255.0, 255.0))
            self._dots(toned, area, max(80.0, luma(shape.fill) - 70.0))
        else:
            toned = _plain(h, w, shaded(shape.fill, self.look.shadow))
        cv2.copyTo(toned, away, source)

    def _needs_dots(self, fill: Colour) -> bool:
        return self.look.shading == "screentone" and 60.0 < luma(fill) < 200.0

    def _dots(self, source: Bytes, area: _Area, grey: float) -> None:
        """Replace a mid grey by a dot screen, as printed comics do."""
        if grey >= 200.0 or grey <= 60.0:
            return
        cell = self.tone[area.y0 : area.y1, area.x0 : area.x1]
        ink = cv2.compare(cell, float(grey), cv2.CMP_GT)
        dots = _plain(cell.shape[0], cell.shape[1], (36.0, 36.0, 36.0))
        source[:] = 255
        cv2.copyTo(dots, ink, source)

    def _draw_detail(
        self, source: Bytes, detail: Detail, shape: Shape, corner: npt.NDArray[np.int_]
    ) -> None:
        line = self._ink(shape.fill) if detail.colour is None else self._toned(detail.colour)
        points = _fixed((detail.points - self.origin) * self.scale - corner)
        if detail.width > 0:
            if detail.colour is None and self.look.line_width == 0:
                line = shaded(shape.fill)
            width = max(1, round(detail.width * max(self.look.line_width, 1.0) * self.unit))
            cv2.polylines(
                source, [points], False, _opaque(line), width, cv2.LINE_AA, _SUBPIXEL_BITS
            )
        else:
            cv2.fillPoly(source, [points], _opaque(line), cv2.LINE_AA, _SUBPIXEL_BITS)

    def _paste(self, source: Bytes, area: _Area) -> None:
        """Lay `source` over the canvas through the coverage of `area`."""
        target = self.canvas[area.y0 : area.y1, area.x0 : area.x1]
        full = cv2.compare(area.mask, 255, cv2.CMP_EQ)
        partial = cv2.inRange(area.mask, 1, 254)
        rows, columns = np.divmod(np.flatnonzero(partial.view(np.bool_)), partial.shape[1])
        weight = area.mask[rows, columns].astype(np.float32)[:, None] / 255.0
        below = target[rows, columns].astype(np.float32)
        above = source[rows, columns].astype(np.float32)
        target[rows, columns] = np.rint(below + (above - below) * weight).astype(np.uint8)
        cv2.copyTo(source, full, target)

    def _draw_soft(self, shape: Shape, area: _Area, loops: list[Points]) -> None:
        """Tint what is already drawn, with a blurred edge; alpha stays as it is."""
        if self.look.shading in ("screentone", "sketch"):
            return
        corner = np.array([area.x0, area.y0])
        for loop in loops:
            cv2.fillPoly(area.mask, [_fixed(loop - corner)], 255, cv2.LINE_AA, _SUBPIXEL_BITS)
        sigma = max(1.0, 0.10 * min(area.mask.shape))
        target = self.canvas[area.y0 : area.y1, area.x0 : area.x1]
        below = target.astype(np.float32)
        weight = cv2.GaussianBlur(area.mask, (0, 0), sigma).astype(np.float32)
        weight *= shape.shade / 255.0
        tint = np.array(shape.fill, np.float32) * (below[..., 3:] / 255.0)
        below[..., :3] += (tint - below[..., :3]) * weight[..., None]
        target[:] = np.rint(below).astype(np.uint8)

    def _toned(self, colour: Colour, *, line: bool = False) -> Colour:
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


def render(
    scene: Scene, window: Window, height: int, look: Look, rng: np.random.Generator
) -> tuple[Bytes, Bytes]:
    """Render `scene` as seen through `window`.

    Args:
        scene: Shapes, in head heights.
        window: Visible rectangle, head heights.
        height: Height of the result in pixels; the width follows from the window.
        look: Lines and shading.
        rng: Source of hand-drawn unsteadiness.

    Returns:
        Straight RGBA, uint8 (H, W, 4), and part labels, uint8 (H, W).
    """
    raster = Rasteriser(window, height, look, rng)
    for shape in scene.ordered():
        raster.draw(shape)
    return raster.finish()


def _fixed(points: Points) -> npt.NDArray[np.int32]:
    """Return points in the fixed-point form of the drawing functions, pixel centres at .5."""
    limited = np.clip(points - 0.5, -30000.0, 30000.0)
    return np.rint(limited * (1 << _SUBPIXEL_BITS)).astype(np.int32)


def _opaque(colour: Colour) -> tuple[int, int, int, int]:
    r, g, b = (min(255, max(0, round(part))) for part in colour)
    return r, g, b, 255


def _plain(height: int, width: int, colour: Colour) -> Bytes:
    """Return an opaque image of one colour, (height, width, 4) uint8."""
    pixel = np.array(_opaque(colour), np.uint8).view(np.uint32)[0]
    return np.full((height, width), pixel, np.uint32).view(np.uint8).reshape(height, width, 4)


def _halftone(height: int, width: int, unit: float) -> Bytes:
    """Return the threshold map of a 45 degree dot screen, (height, width) uint8."""
    period = max(6.0, 5.0 * unit)
    x = np.arange(width, dtype=np.float32)[None, :] * np.float32(np.pi / period)
    y = np.arange(height, dtype=np.float32)[:, None] * np.float32(np.pi / period)
    wave = np.cos(x + y) * np.cos(x - y)
    screen: Bytes = np.clip(np.rint(127.5 + 127.5 * wave), 0, 255).astype(np.uint8)
    return screen
