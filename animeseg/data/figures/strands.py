"""What all hair of one figure shares: how it hangs, its colours and its shine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from animeseg.data.figures.geometry import (
    Points,
    PointsLike,
    as_points,
    ribbon,
    rotate,
)
from animeseg.data.figures.palette import lit, mix, shaded
from animeseg.data.figures.pose import Skeleton
from animeseg.data.figures.scene import Colour, Detail, Part, Scene
from animeseg.data.figures.skull import Turn
from animeseg.data.figures.style import FigureStyle

_LENGTHS = {
    "short": 0.38,
    "bob": 0.6,
    "medium": 1.05,
    "long": 2.3,
    "very long": 3.7,
    "spiky": 0.3,
}


class Strands:
    """Places hair-local points and adds areas of hair to a scene."""

    def __init__(
        self, scene: Scene, style: FigureStyle, skeleton: Skeleton, rng: np.random.Generator
    ) -> None:
        self.scene = scene
        self.style = style
        self.skeleton = skeleton
        self.rng = rng
        self.cap_rx = 0.425 + 0.05 * style.volume
        self.cap_ry = 0.475 + 0.07 * style.volume
        back = -np.sin(np.radians(style.yaw)) * 0.06
        self.cap_centre = np.array([back * (1.4 if style.in_profile else 1.0), -0.075])
        self.length = _LENGTHS[style.back_hair] * (0.45 if style.chibi else 1.0)
        self.fringe_turn = Turn(style.yaw * 0.8, style.pitch * 0.6)

    def hang(self, points: PointsLike) -> Points:
        """Place points that start on the head and hang down, whatever the head's tilt."""
        local = as_points(points)
        # Near the skull hair turns with the head, farther down it follows gravity and wind.
        loose = np.clip((local[:, 1] - 0.1) / 0.9, 0.0, 1.0)[:, None]
        fixed = rotate(local, self.skeleton.head.roll)
        drift = 0.16 * self.style.wind * np.clip(local[:, 1], 0.0, None) ** 1.35
        free = local + np.stack([drift, np.zeros_like(drift)], axis=1)
        base = rotate([(0.0, 0.1)], self.skeleton.head.roll) - np.array([0.0, 0.1])
        placed: Points = fixed * (1 - loose) + (free + base) * loose + self.skeleton.head.centre
        return placed

    def colour_at(self, reach: float) -> tuple[Colour, Colour | None, Points | None]:
        """Return fill, fade colour and fade axis for hair that hangs down by `reach`."""
        tips = self.style.hair_tips
        if tips is None:
            return self.style.hair, None, None
        axis = self.hang([(0.0, 0.0), (0.0, max(0.4, reach))])
        return self.style.hair, tips, axis

    def mass(
        self,
        depth: float,
        outlines: Points | Sequence[Points],
        reach: float,
        details: Sequence[Detail] = (),
        *,
        darker: float = 0.0,
    ) -> None:
        """Add one area of hair."""
        fill, fade, axis = self.colour_at(reach)
        if darker > 0:
            fill = mix(fill, shaded(fill, self.style.shadow), darker)
            fade = None if fade is None else mix(fade, shaded(fade, self.style.shadow), darker)
        self.scene.add(depth, Part.HAIR, outlines, fill, fade=fade, fade_axis=axis, details=details)

    def shine(self, y: float) -> list[Detail]:
        """Return the ring of light on the crown."""
        if self.rng.random() < 0.35 or self.style.shading in ("flat", "sketch"):
            return []
        count = 18
        angle = np.radians(np.linspace(205.0, 335.0, count))
        rim = np.stack([np.cos(angle) * self.cap_rx * 0.86, -np.sin(angle) * y * 0.95], axis=1)
        rim = rim + self.cap_centre + np.array([0.0, 0.12])
        thick = np.where(np.arange(count) % 2 == 0, 0.035, 0.012) * self.rng.uniform(
            0.6, 1.3, count
        )
        band = ribbon(rim, thick)
        return [Detail(self.skeleton.head.place(band), lit(self.style.hair, 0.75))]

    def wisp(self, curve: Points, half_width: float) -> list[Detail]:
        """Return a strand in the shadow or light tone along `curve`, or nothing."""
        plain = self.style.shading not in ("cel", "soft") or self.style.hair_tips is not None
        if plain or self.rng.random() < 0.35:
            return []
        light = self.rng.random() < 0.3
        tone = lit(self.style.hair, 0.35) if light else shaded(self.style.hair, 0.7)
        shape = ribbon(curve, [0.001, half_width * float(self.rng.uniform(0.6, 1.6)), 0.001])
        return [Detail(shape, tone)]
