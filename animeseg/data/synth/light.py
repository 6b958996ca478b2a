"""Light shared by all characters of a picture, and the shadows they throw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Light:
    """The light of a picture.

    Attributes:
        angle: where it comes from, in radians; 0 is the right side, positive is below.
        tint: (3,) float64, gain of red, green and blue.
        uneven: how much brighter the lit side is than the middle, 0 for flat light.
        pull: how far characters take on the colours around them, 0..1.
    """

    angle: float
    tint: NDArray[np.float64]
    uneven: float
    pull: float

    @classmethod
    def of(cls, background: Pixels, share: float, rng: np.random.Generator) -> Light:
        """The light of a background: from its brighter side, tinted by its colour.

        Args:
            background: (H, W, 3) uint8 RGB.
            share: probability that characters follow it; otherwise they stay as drawn.
            rng: source of randomness.
        """
        follow, angle = rng.random() < share, float(rng.uniform(-np.pi, 0))
        strength, uneven, pull = rng.uniform(0, 0.35), rng.uniform(0, 0.25), rng.uniform(0.03, 0.25)
        if not follow:
            return cls(angle, np.ones(3), 0.0, 0.0)
        small = cv2.resize(background, (8, 8), interpolation=cv2.INTER_AREA).astype(np.float64)
        mean = small.reshape(-1, 3).mean(axis=0)
        tint = 1 + strength * (mean / max(float(mean.mean()), 1.0) - 1)
        level = 1 + strength * (np.clip(mean.mean() / 140, 0.6, 1.2) - 1)
        grey = small.mean(axis=2) - small.mean()
        span = np.linspace(-1, 1, 8)
        toward = float((grey * span).sum()), float((grey * span[:, None]).sum())
        if np.hypot(*toward) > 100:
            angle = float(np.arctan2(toward[1], toward[0]))
        return cls(angle, np.clip(tint * level, 0.5, 1.4), float(uneven), float(pull))

    def on(self, rgba: Pixels, around: Pixels) -> Pixels:
        """A character in this light.

        Args:
            rgba: (h, w, 4) uint8 straight RGBA.
            around: (h', w', 3) uint8 RGB, what it stands before.

        Returns:
            (h, w, 4) uint8, alpha unchanged.
        """
        if self.pull == 0 and self.uneven == 0:
            return rgba
        mean = around.reshape(-1, 3).mean(axis=0) if around.size else np.full(3, 128.0)
        steps = np.arange(256, dtype=np.float64)[:, None]
        table = np.clip((steps * (1 - self.pull) + mean * self.pull) * self.tint, 0, 255)
        rgb = cv2.LUT(np.ascontiguousarray(rgba[..., :3]), table.astype(np.uint8)[None])
        if self.uneven:
            height, width = rgba.shape[:2]
            across = np.linspace(-1, 1, width, dtype=np.float32) * np.float32(np.cos(self.angle))
            down = np.linspace(-1, 1, height, dtype=np.float32) * np.float32(np.sin(self.angle))
            field = 1 + np.float32(self.uneven) * (across[None] + down[:, None])
            rgb = cv2.multiply(rgb, cv2.merge([field] * 3), dtype=cv2.CV_8U)
        return np.dstack([rgb, rgba[..., 3]])


def cast_shadow(
    canvas: Pixels, alpha: Pixels, corner: tuple[int, int], light: Light, rng: np.random.Generator
) -> None:
    """Darkens the ground where a standing character keeps the light away, in place.

    Args:
        canvas: (H, W, 3) uint8 RGB, before the character is pasted.
        alpha: (h, w) uint8 of the character, feet at the bottom.
        corner: (x, y) of its upper left.
        light: of the picture.
        rng: source of randomness.
    """
    height, width = alpha.shape
    frame = (canvas.shape[1], canvas.shape[0])
    squash = float(rng.uniform(0.08, 0.35)) * (-1 if rng.random() < 0.3 else 1)
    lean = -float(np.cos(light.angle)) * float(rng.uniform(0.2, 0.9))
    x, feet = corner[0], corner[1] + height
    if feet > frame[1] * 1.05:
        return  # its ground lies outside the picture
    # (u, v) of the character goes to the ground: up along the body is away from the feet.
    matrix = np.array([[1, -lean, x + lean * height], [0, squash, feet - squash * height]])
    depth, soft = float(rng.uniform(0.2, 0.55)), max(0.8, 0.012 * height)
    fallen = cv2.warpAffine(alpha, matrix, frame, flags=cv2.INTER_LINEAR)
    touching = np.zeros_like(fallen)
    axes = (max(2, int(width * 0.32)), max(1, int(width * 0.05)))
    cv2.ellipse(touching, (x + width // 2, feet), axes, 0, 0, 360, 160, -1, cv2.LINE_AA)
    shade = cv2.GaussianBlur(cv2.max(fallen, touching), (0, 0), soft)
    kept = cv2.convertScaleAbs(shade, alpha=-depth, beta=0)
    kept = cv2.subtract(np.full_like(kept, 255), kept)
    canvas[:] = cv2.multiply(canvas, cv2.merge([kept] * 3), scale=1 / 255)
