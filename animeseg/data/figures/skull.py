"""The shape of the head, and how marks on its front move as it turns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from animeseg.data.figures.geometry import (
    Points,
    PointsLike,
    as_points,
    smooth,
)
from animeseg.data.figures.pose import Skeleton
from animeseg.data.figures.style import FigureStyle

HAIRLINE = -0.27
_RADIUS = 0.44
# Skull and face from the side, looking right.
_PROFILE = (
    (0.0, -0.52),
    (0.24, -0.47),
    (0.37, -0.28),
    (0.385, -0.08),
    (0.362, 0.06),
    (0.395, 0.17),
    (0.442, 0.245),
    (0.395, 0.285),
    (0.388, 0.315),
    (0.40, 0.345),
    (0.378, 0.365),
    (0.388, 0.39),
    (0.366, 0.42),
    (0.362, 0.465),
    (0.30, 0.505),
    (0.15, 0.455),
    (0.0, 0.38),
    (-0.10, 0.25),
    (-0.20, 0.20),
    (-0.38, 0.05),
    (-0.44, -0.15),
    (-0.36, -0.38),
    (-0.20, -0.49),
)


@dataclass(frozen=True)
class Turn:
    """Projects marks on the front of the head to a turned and nodding head."""

    yaw: float
    pitch: float

    def __call__(self, points: PointsLike) -> Points:
        """Return head-local points (N, 2) after the turn."""
        local = as_points(points)
        angle = np.arcsin(np.clip(local[:, 0] / _RADIUS, -0.97, 0.97))
        x = _RADIUS * np.sin(angle + np.radians(self.yaw * 0.55))
        return np.stack([x, local[:, 1] + 0.05 * self.pitch], axis=1)


def turn_of(style: FigureStyle) -> Turn:
    """Return the projection of a style's head."""
    return Turn(style.yaw, style.pitch)


def face_contour(style: FigureStyle) -> Points:
    """Return the head-local outline of skull and jaw, shape (N, 2)."""
    if style.in_profile:
        return smooth(as_points(_PROFILE) * [style.facing, 1.0], closed=True, samples=4)
    jaw = 0.27 if style.masculine else 0.235
    cheek = 0.385 if style.chibi else 0.362
    half = [
        (0.0, -0.52),
        (0.26, -0.46),
        (0.395, -0.26),
        (0.40, -0.04),
        (0.385, 0.10),
        (cheek, 0.22),
        (jaw * style.jaw, 0.385),
        (0.10 * style.jaw, 0.475 if style.masculine else 0.482),
        (0.0, 0.5),
    ]
    right = as_points(half)
    left = right[1:-1][::-1] * np.array([-1.0, 1.0])
    contour = np.vstack([right, left])
    far = style.facing
    amount = np.sin(np.radians(abs(style.yaw)))
    low = np.clip((contour[:, 1] + 0.1) / 0.6, 0.0, 1.0)
    contour[:, 0] += far * amount * 0.20 * low
    on_far = contour[:, 0] * far > 0.0
    # The far temple recedes behind the brow, the far cheek stays round.
    dip = np.exp(-(((contour[:, 1] - 0.05) / 0.12) ** 2))
    contour[:, 0] -= np.where(on_far, far * amount * 0.07 * dip, 0.0)
    contour[:, 1] += 0.03 * style.pitch * low
    return smooth(contour, closed=True, samples=5)


def face_box_points(style: FigureStyle, skeleton: Skeleton) -> Points:
    """Return the placed points whose bounds are the face box: hairline to chin, ear to ear."""
    contour = face_contour(style)
    visible = contour[contour[:, 1] >= HAIRLINE]
    if style.in_profile:
        visible = visible[visible[:, 0] * style.facing >= -0.14]
    return skeleton.head.place(visible)
