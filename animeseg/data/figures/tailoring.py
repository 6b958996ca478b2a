"""The tailor's bench: what all garments of one figure share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from animeseg.data.figures.geometry import Points, oval, ribbon, smooth
from animeseg.data.figures.palette import WHITE, mix
from animeseg.data.figures.pose import Skeleton
from animeseg.data.figures.scene import Colour, Detail, Part, Scene
from animeseg.data.figures.style import FigureStyle


class Bench:
    """Scene, body and colours that the garments of one figure are cut for."""

    def __init__(
        self, scene: Scene, style: FigureStyle, skeleton: Skeleton, rng: np.random.Generator
    ) -> None:
        self.scene = scene
        self.style = style
        self.skeleton = skeleton
        self.rng = rng
        self.main, self.second, self.accent = style.colours
        self.top = WHITE if style.outfit == "sailor" and rng.random() < 0.6 else self.main
        self.torso = skeleton.torso
        self.build = skeleton.build
        self.hem = 1.0  # where along the spine the top ends

    def cloth(
        self,
        depth: float,
        outlines: Points | Sequence[Points],
        colour: Colour,
        details: Sequence[Detail] = (),
        *,
        part: Part = Part.CLOTHES,
        fade: Colour | None = None,
        axis: Points | None = None,
    ) -> None:
        """Add one piece of cloth."""
        self.scene.add(depth, part, outlines, colour, details=details, fade=fade, fade_axis=axis)

    def band(self, top: float, bottom: float, margin: float) -> Points:
        """Return the outline of the torso between two places along the spine."""
        narrow = 1.0
        b = self.build
        places = np.linspace(top, bottom, 7)
        half = np.interp(
            places,
            [0.1, 0.24, 0.36, 0.60, 0.80, 0.94, 1.05],
            [b.shoulder * narrow * 0.9, b.bust * 0.93, b.bust, b.waist, b.hip * 0.93, b.hip, b.hip],
        )
        half = half + margin
        right = np.stack([half, places], axis=1)
        left = np.stack([-half, places], axis=1)[::-1]
        return self.torso(np.vstack([right, left]))

    def bow(self, v: float, size: float, colour: Colour, depth: float) -> None:
        """Add a ribbon tied on the chest."""
        wing = [(0.0, 0.0), (0.16, -0.09), (0.2, 0.0), (0.15, 0.09)]
        middle = self.torso([(0.0, v)])[0]
        loops = [
            smooth(np.array(wing) * [side * size, size], closed=True, samples=4) + middle
            for side in (-1.0, 1.0)
        ]
        tails = [
            ribbon(
                smooth(
                    [(0, 0), (side * 0.05 * size, 0.12 * size), (side * 0.1 * size, 0.3 * size)]
                ),
                [0.02 * size, 0.05 * size, 0.05 * size],
            )
            + middle
            for side in (-1.0, 1.0)
        ]
        knot = oval([middle], 0.045 * size, 0.05 * size)
        self.cloth(depth, tails, colour)
        self.cloth(depth + 0.1, loops, colour)
        self.cloth(depth + 0.2, knot, colour)

    def pattern(self, outline: Points) -> list[Detail]:
        """Return the print of the cloth over the bounds of `outline`."""
        kind = self.style.pattern
        if kind == "none":
            return []
        (x0, y0), (x1, y1) = outline.min(axis=0), outline.max(axis=0)
        step = float(self.rng.uniform(0.1, 0.26)) * (0.6 if self.style.chibi else 1.0)
        colour = mix(self.main, self.accent, 0.7)
        if kind == "dots":
            return [
                Detail(oval([(x, y)], step * 0.22, step * 0.22, samples=10), colour)
                for row, y in enumerate(np.arange(y0, y1, step))
                for x in np.arange(x0 + step * 0.5 * (row % 2), x1, step)
            ][:160]
        thick = step * float(self.rng.uniform(0.1, 0.25))
        level = [ribbon([(x0, y), (x1, y)], [thick]) for y in np.arange(y0, y1, step)]
        upright = [ribbon([(x, y0), (x, y1)], [thick]) for x in np.arange(x0, x1, step)]
        bands = {"stripes": level, "bars": upright, "plaid": level + upright}[kind]
        return [Detail(band, colour) for band in bands[:60]]
