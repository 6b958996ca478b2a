"""Where characters stand: one camera per picture decides how large and how high each appears."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FULL_GROWN = 1.6
"""Metres; about how tall a character is."""


@dataclass(frozen=True)
class Camera:
    """A camera that looks along the ground (pinhole, without roll).

    Attributes:
        horizon: its row in the picture, in pixels; may lie outside.
        height: of the lens above the ground, in metres.
        focal: focal length in pixels.
    """

    horizon: float
    height: float
    focal: float

    def scale(self, distance: float) -> float:
        """Pixels per metre at a distance in metres."""
        return self.focal / distance

    def feet(self, distance: float) -> float:
        """The row, in pixels, of what stands on the ground at a distance."""
        return self.horizon + self.height * self.scale(distance)

    @classmethod
    def seeing(
        cls, feet: float, scale: float, shape: tuple[int, int], rng: np.random.Generator
    ) -> tuple[Camera, float]:
        """A camera that sees something near with its feet at a row and at a scale.

        Args:
            feet: row of the feet, in pixels.
            scale: pixels per metre there.
            shape: (H, W) of the picture.
            rng: lens and height come from it.

        Returns:
            The camera and the distance of what it sees there.
        """
        focal = max(shape) * float(rng.uniform(0.8, 2.5))
        high = rng.random() < 0.15
        height = float(rng.uniform(2.5, 6.0) if high else rng.uniform(0.5, 1.9))
        return cls(feet - height * scale, height, focal), focal / scale


def stature(rng: np.random.Generator) -> float:
    """How tall somebody is, in metres: mostly grown up, now and then a child or a giant."""
    kind = rng.random()
    if kind < 0.12:
        return float(rng.uniform(0.8, 1.35))
    if kind < 0.15:
        return float(rng.uniform(1.9, 2.4))
    return float(np.clip(rng.normal(FULL_GROWN, 0.1), 1.4, 1.9))


def distances(count: int, nearest: float, *, crowd: bool, rng: np.random.Generator) -> list[float]:
    """Distances of a group in metres, the farthest first."""
    spread = rng.uniform(1.5, 4.0) if crowd else rng.uniform(1.05, 2.5)
    # Even in 1 / distance: on the picture they then spread evenly over the ground.
    shares = np.sort(rng.uniform(1 / spread, 1.0, count))
    shares[-1:] = 1.0
    return [nearest / float(share) for share in shares]
