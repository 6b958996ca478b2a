"""Rasterise a scene: premultiplied RGBA at twice the size, then an exact reduction.

Drawing into a premultiplied canvas makes the anti-aliased fills of OpenCV a proper "over"
operation on all four channels, so alpha is the coverage of the composite itself and the straight
colour recovered at the end holds no background.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from animeseg.data.figures.finish import apply_finish
from animeseg.data.figures.geometry import Points
from animeseg.data.figures.palette import shaded
from animeseg.data.figures.scene import Detail, Scene, Shape
from animeseg.data.figures.shading import Area, Bytes, Look, Shader, opaque

SUPERSAMPLE = 2
_SUBPIXEL_BITS = 4


@dataclass(frozen=True)
class Window:
    """Axis-aligned part of the plane that is rendered: origin (head heights) and its size."""

    x0: float
    y0: float
    x1: float
    y1: float


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
        self.shader = Shader(look, (self.height, self.width), self.unit, self._to_canvas)

    def draw(self, shape: Shape) -> None:
        """Draw one shape: outline, then fill, shading and details inside it."""
        loops = [self._to_canvas(loop) for loop in shape.outlines]
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
        if self.look.wobble > 0 and shape.ink > 0 and len(loops) == 1:
            self._retrace(shape, loops[0])

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
        apply_finish(rgba, self.look, self.rng)
        labels = self._reduced_parts(alpha)
        # A line whose shape lies outside the picture can graze the border: it has no part.
        rgba[(alpha >= 128) & (labels == 0)] = 0
        return rgba, labels

    def _to_canvas(self, points: Points) -> Points:
        """Return points (N, 2) of the plane in canvas pixels."""
        pixels: Points = (points - self.origin) * self.scale
        return pixels

    def _reduced_parts(self, alpha: Bytes) -> Bytes:
        """Sample the part map, label every pixel at least half covered and no other."""
        labels: Bytes = self.parts[::SUPERSAMPLE, ::SUPERSAMPLE].copy()
        odd = self.parts[1::SUPERSAMPLE, 1::SUPERSAMPLE]
        labels = np.where(labels == 0, odd, labels)
        solid = alpha >= 128
        for _ in range(4):
            missing = solid & (labels == 0)
            if not missing.any():
                break
            grown = cv2.dilate(labels, np.ones((3, 3), np.uint8))
            labels[missing] = grown[missing]
        labels[~solid] = 0
        return labels

    def _area(self, loops: list[Points], pad: int) -> Area | None:
        """Return the part of the canvas that `loops` can touch, or None when there is none."""
        points = np.vstack(loops)
        low = np.maximum(np.floor(points.min(axis=0)).astype(int) - pad, 0)
        high = np.ceil(points.max(axis=0)).astype(int) + pad + 1
        x1, y1 = min(int(high[0]), self.width), min(int(high[1]), self.height)
        x0, y0 = int(low[0]), int(low[1])
        if x1 <= x0 or y1 <= y0:
            return None
        return Area(x0, y0, x1, y1, np.zeros((y1 - y0, x1 - x0), np.uint8))

    def _wobbled(self, loop: Points) -> Points:
        """Displace a loop by smooth noise, as a quick hand does."""
        count = len(loop)
        knots = self.rng.normal(0, 1, (max(3, count // 5) + 1, 2))
        where = np.linspace(0, len(knots) - 1, count)
        noise = [np.interp(where, np.arange(len(knots)), knots[:, axis]) for axis in range(2)]
        return loop + np.stack(noise, axis=1) * self.look.wobble * self.unit

    def _thickness(self, multiple: float) -> int:
        return max(1, round(multiple * self.look.line_width * self.unit))

    def _draw_outline(self, shape: Shape, loops: list[Points]) -> None:
        """Draw the line round the union of the loops; the fill then covers its inner half."""
        colour = opaque(self.shader.ink(shape.fill))
        # The fill hides half of the stroke, hence the doubled width.
        thickness = self._thickness(2 * shape.ink)
        fixed = [_fixed(loop) for loop in loops]
        cv2.polylines(self.canvas, fixed, True, colour, thickness, cv2.LINE_AA, _SUBPIXEL_BITS)
        cv2.polylines(
            self.parts, fixed, True, int(shape.part), thickness, cv2.LINE_8, _SUBPIXEL_BITS
        )

    def _retrace(self, shape: Shape, loop: Points) -> None:
        """Draw a second, thinner line that misses the first, as in a rough sketch."""
        if self.rng.random() < 0.4:
            return
        again = [_fixed(self._wobbled(loop))]
        width = self._thickness(0.7)
        line = opaque(self.shader.ink(shape.fill))
        cv2.polylines(self.canvas, again, True, line, width, cv2.LINE_AA, _SUBPIXEL_BITS)
        cv2.polylines(self.parts, again, True, int(shape.part), width, cv2.LINE_8, _SUBPIXEL_BITS)

    def _fill(self, shape: Shape, area: Area, loops: list[Points]) -> None:
        fill = self.shader.toned(shape.fill)
        for loop in loops:
            cv2.fillPoly(self.parts, [_fixed(loop)], int(shape.part), cv2.LINE_8, _SUBPIXEL_BITS)
        if not shape.details and not self.shader.varies(shape):
            for loop in loops:
                cv2.fillPoly(self.canvas, [_fixed(loop)], opaque(fill), cv2.LINE_AA, _SUBPIXEL_BITS)
            return
        corner = np.array([area.x0, area.y0])
        for loop in loops:
            cv2.fillPoly(area.mask, [_fixed(loop - corner)], 255, cv2.LINE_AA, _SUBPIXEL_BITS)
        source = self.shader.source(shape, area)
        for detail in shape.details:
            self._draw_detail(source, detail, shape, corner)
        self._paste(source, area)

    def _draw_detail(
        self, source: Bytes, detail: Detail, shape: Shape, corner: npt.NDArray[np.int_]
    ) -> None:
        line = (
            self.shader.ink(shape.fill)
            if detail.colour is None
            else self.shader.toned(detail.colour)
        )
        points = _fixed(self._to_canvas(detail.points) - corner)
        if detail.width > 0:
            if detail.colour is None and self.look.line_width == 0:
                line = shaded(shape.fill)
            width = max(1, round(detail.width * max(self.look.line_width, 1.0) * self.unit))
            cv2.polylines(source, [points], False, opaque(line), width, cv2.LINE_AA, _SUBPIXEL_BITS)
        else:
            cv2.fillPoly(source, [points], opaque(line), cv2.LINE_AA, _SUBPIXEL_BITS)

    def _paste(self, source: Bytes, area: Area) -> None:
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

    def _draw_soft(self, shape: Shape, area: Area, loops: list[Points]) -> None:
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
