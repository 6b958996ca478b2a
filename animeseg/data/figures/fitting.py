"""What every accessory needs to be put on a figure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from animeseg.data.figures.geometry import (
    Points,
)
from animeseg.data.figures.pose import Skeleton
from animeseg.data.figures.scene import Colour, Detail, Part, Scene
from animeseg.data.figures.style import FigureStyle


class Fitter:
    """Scene and body that the accessories of one figure are fitted to."""

    def __init__(
        self, scene: Scene, style: FigureStyle, skeleton: Skeleton, rng: np.random.Generator
    ) -> None:
        self.scene = scene
        self.style = style
        self.skeleton = skeleton
        self.rng = rng
        self.place = skeleton.head.place
        self.torso = skeleton.torso

    def add(
        self,
        depth: float,
        outlines: Points | Sequence[Points],
        colour: Colour,
        details: Sequence[Detail] = (),
    ) -> None:
        """Add one accessory shape."""
        self.scene.add(depth, Part.ACCESSORY, outlines, colour, details=details)
