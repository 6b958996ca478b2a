"""Plane geometry behind the drawn figures: smooth curves, ribbons, ovals and limb segments.

Every point array is float64 of shape (N, 2), columns x and y, y pointing down. Lengths are in
head heights, so that one set of numbers serves every figure size.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Points: TypeAlias = npt.NDArray[np.float64]
PointsLike: TypeAlias = Points | Sequence[Sequence[float] | Points]


def as_points(points: PointsLike) -> Points:
    """Return `points` as a float64 array of shape (N, 2)."""
    return np.asarray(points, dtype=np.float64).reshape(-1, 2)


def smooth(points: PointsLike, *, closed: bool = False, samples: int = 6) -> Points:
    """Return a centripetal-looking Catmull-Rom curve through `points`.

    Args:
        points: Control points, shape (N, 2); the curve passes through each.
        closed: Whether the curve returns to its first point.
        samples: Points per span.

    Returns:
        The sampled curve, shape (M, 2).
    """
    control = as_points(points)
    if closed:
        padded = np.vstack([control[-1:], control, control[:2]])
    else:
        padded = np.vstack([control[:1], control, control[-1:]])
    p0, p1, p2, p3 = (padded[i : len(padded) - 3 + i, None, :] for i in range(4))
    t = np.linspace(0.0, 1.0, samples, endpoint=False)[None, :, None]
    curve = 0.5 * (
        2 * p1
        + (p2 - p0) * t
        + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
        + (3 * p1 - p0 - 3 * p2 + p3) * t**3
    )
    flat = curve.reshape(-1, 2)
    return flat if closed else np.vstack([flat, control[-1:]])


def bezier(
    start: PointsLike, first: PointsLike, second: PointsLike, end: PointsLike, samples: int = 14
) -> Points:
    """Return a cubic Bezier curve of `samples` points, ends included."""
    a, b, c, d = (as_points(p) for p in (start, first, second, end))
    t = np.linspace(0.0, 1.0, samples)[:, None]
    u = 1.0 - t
    return u**3 * a + 3 * u**2 * t * b + 3 * u * t**2 * c + t**3 * d


def normals(curve: Points) -> Points:
    """Return the unit normals of an open curve, shape (N, 2), to the right of its direction."""
    tangent = np.gradient(curve, axis=0)
    length = np.maximum(np.hypot(tangent[:, 0], tangent[:, 1]), 1e-9)[:, None]
    tangent = tangent / length
    return np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)


def ribbon(curve: PointsLike, half_widths: Sequence[float] | Points) -> Points:
    """Return the outline of a band that follows `curve`.

    Args:
        curve: Centre line, shape (N, 2).
        half_widths: Half widths at evenly spaced places along the curve, interpolated between.

    Returns:
        Closed outline, shape (2N, 2).
    """
    centre = as_points(curve)
    given = np.asarray(half_widths, dtype=np.float64).ravel()
    where = np.linspace(0.0, len(given) - 1.0, len(centre))
    width = np.interp(where, np.arange(len(given)), given)[:, None]
    side = normals(centre) * width
    return np.vstack([centre + side, (centre - side)[::-1]])


def oval(
    centre: PointsLike,
    rx: float,
    ry: float,
    *,
    start: float = 0.0,
    stop: float = 360.0,
    turn: float = 0.0,
    samples: int = 28,
) -> Points:
    """Return points of an ellipse arc from `start` to `stop` degrees, turned by `turn` degrees."""
    angle = np.radians(np.linspace(start, stop, samples, endpoint=stop - start < 360.0))
    points = np.stack([rx * np.cos(angle), ry * np.sin(angle)], axis=1)
    return rotate(points, turn) + as_points(centre)


def rotate(points: PointsLike, degrees: float, about: PointsLike = ((0.0, 0.0),)) -> Points:
    """Return `points` rotated clockwise (as seen, y down) by `degrees`."""
    centre = as_points(about)
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = np.array([[c, s], [-s, c]])
    turned: Points = (as_points(points) - centre) @ matrix + centre
    return turned


def capsule(
    start: Points, end: Points, r0: float, r1: float, samples: int = 9, *, flat: bool = False
) -> Points:
    """Return the convex outline of two discs and what lies between: one limb segment.

    Args:
        start: Centre of the first disc, shape (2,).
        end: Centre of the second disc, shape (2,).
        r0: Radius of the first disc.
        r1: Radius of the second disc.
        samples: Points per half disc.
        flat: Whether the second end is cut straight, as a cuff is, instead of round.
    """
    delta = end - start
    angle = np.degrees(np.arctan2(delta[1], delta[0]))
    first = oval([start], r0, r0, start=angle + 90.0, stop=angle + 270.0, samples=samples)
    last = oval(
        [end], r1, r1, start=angle - 90.0, stop=angle + 90.0, samples=2 if flat else samples
    )
    return np.vstack([first, last])


def heading(degrees: float, side: float = 1.0) -> Points:
    """Return the unit vector that leaves straight down by `degrees` towards `side` (+1: right)."""
    unit: Points = np.array([side * np.sin(np.radians(degrees)), np.cos(np.radians(degrees))])
    return unit


def mirror(points: PointsLike, side: float) -> Points:
    """Return `points` with x multiplied by `side` (-1 mirrors, +1 keeps)."""
    mirrored: Points = as_points(points) * np.array([side, 1.0])
    return mirrored
