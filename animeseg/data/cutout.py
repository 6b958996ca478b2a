"""A cut-out character that knows where its face is, through every change of shape.

The face is kept as an outline, the ellipse in its box, so that turning and bending move it with
the picture; boxes are taken from the outline at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from animeseg.data import sprites

OUTLINE = 32  # points of a face's ellipse
NO_FACE = np.zeros((0, 2), np.float32)


def ellipse(box: Sequence[float]) -> np.ndarray:
    """The ellipse that fills a box, as (OUTLINE, 2) float32 points x, y.

    Args:
        box: x0, y0, x1, y1 in pixels; one without area gives no points.
    """
    x0, y0, x1, y1 = box
    if x1 <= x0 or y1 <= y0:
        return NO_FACE
    turn = np.linspace(0, 2 * np.pi, OUTLINE, endpoint=False)
    unit = np.stack([np.cos(turn), np.sin(turn)], 1)
    centre, radius = ((x0 + x1) / 2, (y0 + y1) / 2), ((x1 - x0) / 2, (y1 - y0) / 2)
    return (unit * radius + centre).astype(np.float32)


@dataclass(frozen=True)
class Cutout:
    """A character and its face.

    Attributes:
        rgba: (h, w, 4) uint8, straight colour.
        face: (N, 2) float32 outline of the face, x and y in pixels of `rgba`; no points when it
            is turned away or unknown. It may reach beyond the picture.
    """

    rgba: np.ndarray
    face: np.ndarray = field(default_factory=lambda: NO_FACE)

    def resized(self, across: float, down: float) -> Cutout:
        """Scaled, without bleeding the colour of hidden pixels; at least 8 x 12 pixels."""
        height, width = self.rgba.shape[:2]
        size = (max(8, int(width * across)), max(12, int(height * down)))
        shrink = cv2.INTER_AREA if down < 1 else cv2.INTER_LINEAR
        small = cv2.resize(sprites.premultiply(self.rgba), size, interpolation=shrink)
        factor = np.array([size[0] / width, size[1] / height], np.float32)
        return Cutout(sprites.unpremultiply(small), self.face * factor)

    def upper(self, share: float) -> Cutout:
        """The upper part, `share` of the height."""
        return replace(self, rgba=self.rgba[: max(1, int(share * self.rgba.shape[0]))])

    def mirrored(self) -> Cutout:
        """Left and right exchanged."""
        face = self.face.copy()
        face[:, 0] = self.rgba.shape[1] - face[:, 0]
        return Cutout(self.rgba[:, ::-1], face)

    def rotated(self, degrees: float) -> Cutout:
        """Turned about its centre, counter-clockwise, on a canvas large enough."""
        matrix = sprites.turning(self.rgba.shape[:2], degrees)[0]
        face = self.face @ matrix[:, :2].T + matrix[:, 2]
        return Cutout(sprites.rotate(self.rgba, degrees), face.astype(np.float32))

    def warped(self, rng: np.random.Generator, chibi: float) -> Cutout:
        """Bent smoothly, in other proportions; see `sprites.warp`."""
        bend = sprites.bending(self.rgba, rng, chibi)
        outline = NO_FACE
        if len(self.face):
            stencil = np.zeros(self.rgba.shape[:2], np.uint8)
            cv2.fillPoly(stencil, [self.face.round().astype(np.int32)], 255)
            moved = (bend(stencil) > 127).astype(np.uint8)
            loops = cv2.findContours(moved, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]
            points = [loop.reshape(-1, 2) for loop in loops]
            outline = np.concatenate([NO_FACE, *points]).astype(np.float32)
        bent = bend(sprites.premultiply(self.rgba))
        return Cutout(sprites.unpremultiply(bent), outline)

    def cropped(self) -> Cutout:
        """Cut to the box of the visible pixels."""
        x, y, w, h = sprites.visible_window(self.rgba)
        rgba = np.ascontiguousarray(self.rgba[y : y + h, x : x + w])
        return Cutout(rgba, self.face - np.array([x, y], np.float32))
