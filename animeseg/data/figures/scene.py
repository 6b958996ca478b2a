"""The display list of a figure: shapes with a depth, a part label, a fill and an outline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeAlias

import numpy as np

from animeseg.data.figures.geometry import Points, as_points, ribbon

Colour: TypeAlias = tuple[float, float, float]


class Part(IntEnum):
    """Labels of the part map."""

    BACKGROUND = 0
    HAIR = 1
    FACE = 2
    EYES = 3
    MOUTH = 4
    SKIN = 5
    CLOTHES = 6
    ACCESSORY = 7


class Depth:
    """Depths of the layers, drawn from low to high; neighbours may use fractions between."""

    BEHIND = 0.0
    BACK_HAIR = 10.0
    BACK_ARM = 20.0
    LEGS = 30.0
    BODY = 40.0
    CLOTHES = 50.0
    NECK = 60.0
    HEAD = 70.0
    FACE = 80.0
    FRINGE = 90.0
    ABOVE_FRINGE = 95.0
    HAT = 100.0
    FRONT_ARM = 110.0
    HELD = 120.0


@dataclass(frozen=True)
class Detail:
    """A mark drawn on one shape and clipped by it: a filled outline or, with a width, a line.

    Attributes:
        points: Shape (N, 2), head heights.
        colour: RGB, 0 to 255; None takes the ink of the shape.
        width: Line width as a multiple of the figure's line; 0 fills the outline.
    """

    points: Points
    colour: Colour | None = None
    width: float = 0.0


@dataclass(frozen=True)
class Shape:
    """One filled, outlined area; several outlines make a union without inner lines.

    Attributes:
        depth: Place in the drawing order.
        part: Label written to the part map.
        outlines: Closed outlines, each (N, 2), head heights.
        fill: RGB, 0 to 255.
        fade: RGB that the fill turns into along `fade_axis`, or None.
        fade_axis: Points where the fade starts and ends, shape (2, 2).
        ink: Multiple of the figure's line width; 0 draws no outline.
        shade: Strength of the shading, 0 to 1.
        details: Marks clipped by the shape.
        soft: Whether the shape is a blurred patch (blush) over what is already there.
    """

    depth: float
    part: Part
    outlines: tuple[Points, ...]
    fill: Colour
    fade: Colour | None = None
    fade_axis: Points | None = None
    ink: float = 1.0
    shade: float = 1.0
    details: tuple[Detail, ...] = ()
    soft: bool = False


@dataclass
class Scene:
    """Shapes of one figure, in head heights, in the order they were added."""

    shapes: list[Shape] = field(default_factory=list)

    def add(
        self,
        depth: float,
        part: Part,
        outlines: Points | Sequence[Points],
        fill: Colour,
        *,
        fade: Colour | None = None,
        fade_axis: Points | None = None,
        ink: float = 1.0,
        shade: float = 1.0,
        details: Sequence[Detail] = (),
        soft: bool = False,
    ) -> None:
        """Append a shape; see `Shape` for the arguments."""
        single = isinstance(outlines, np.ndarray)
        loops = (outlines,) if single else tuple(outlines)
        self.shapes.append(
            Shape(
                depth=depth,
                part=part,
                outlines=tuple(as_points(loop) for loop in loops),
                fill=fill,
                fade=fade,
                fade_axis=fade_axis,
                ink=ink,
                shade=shade,
                details=tuple(details),
                soft=soft,
            )
        )

    def stroke(
        self,
        depth: float,
        part: Part,
        curve: Points,
        half_widths: Sequence[float],
        colour: Colour,
    ) -> None:
        """Append a line of varying width, itself without outline or shading."""
        self.add(depth, part, ribbon(curve, half_widths), colour, ink=0.0, shade=0.0)

    def ordered(self) -> list[Shape]:
        """Return the shapes from back to front; equal depths keep the order of addition."""
        return sorted(self.shapes, key=lambda shape: shape.depth)

    def bounds(self) -> tuple[float, float, float, float]:
        """Return x0, y0, x1, y1 of all outlines, head heights."""
        points = np.vstack([loop for shape in self.shapes for loop in shape.outlines])
        low, high = points.min(axis=0), points.max(axis=0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])
