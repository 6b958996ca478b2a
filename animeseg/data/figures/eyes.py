"""Eyes and brows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from animeseg.data.figures.geometry import (
    Points,
    PointsLike,
    as_points,
    oval,
    smooth,
)
from animeseg.data.figures.palette import BLACK, WHITE, dark, lit, mix
from animeseg.data.figures.pose import Skeleton
from animeseg.data.figures.scene import Colour, Depth, Detail, Part, Scene
from animeseg.data.figures.skull import turn_of
from animeseg.data.figures.style import FigureStyle


@dataclass(frozen=True)
class Eye:
    """One eye: maps eye-local points (-1 inner to 1 outer corner) into the plane."""

    style: FigureStyle
    skeleton: Skeleton
    side: float
    iris: Colour
    gaze: tuple[float, float]
    highlight: float

    @property
    def half_width(self) -> float:
        """Half width, head heights."""
        return 0.105 * float(self.style.eye_size**0.5) * (0.88 if self.style.masculine else 1.0)

    @property
    def half_height(self) -> float:
        """Half height, head heights."""
        by_shape = {"round": 0.112, "tall": 0.132, "sharp": 0.078, "droopy": 0.098}
        flat = 0.78 if self.style.masculine else 1.0
        return by_shape[self.style.eyes] * self.style.eye_size * flat

    @property
    def lash(self) -> Colour:
        """Colour of the lashes."""
        return mix(dark(self.style.hair, 1.0), BLACK, 0.5)

    def place(self, points: PointsLike, *, mirrored: bool = True) -> Points:
        """Return eye-local points in the plane; highlights are not mirrored."""
        local = as_points(points) * np.array([self.half_width, self.half_height])
        if mirrored:
            local = local * np.array([self.side, 1.0])
        local = local + np.array([self.side * self.style.eye_gap, self.style.eye_line])
        return self.skeleton.head.place(turn_of(self.style)(local))


def _upper_lid(eye: Eye) -> Points:
    """Return the upper lid from the inner to the outer corner, eye-local."""
    tilt = {"round": 0.0, "tall": 0.0, "sharp": -0.32, "droopy": 0.3}[eye.style.eyes]
    angry = 0.22 if eye.style.expression == "angry" else 0.0
    sad = 0.2 if eye.style.expression == "sad" else 0.0
    points = [
        (-1.0, 0.12 - tilt),
        (-0.62, -0.62 + angry * 1.6 - 0.4 * tilt),
        (-0.05, -1.0 + angry),
        (0.52, -0.82 + sad + 0.4 * tilt),
        (1.0, -0.18 + sad + 0.8 * tilt),
    ]
    return smooth(points, samples=5)


def draw_open_eye(scene: Scene, eye: Eye) -> None:
    """Add an open eye: white, iris, lashes and crease."""
    if eye.style.iris == "dot":
        _draw_dot_eye(scene, eye)
        return
    upper = _upper_lid(eye)
    lower = smooth([(1.0, upper[-1, 1]), (0.78, 0.62), (0.1, 0.95), (-0.6, 0.78), (-1.0, 0.1)])
    white = np.vstack([upper, lower[1:]])
    scene.add(
        Depth.FACE + 3,
        Part.EYES,
        eye.place(white),
        mix(WHITE, (205.0, 210.0, 232.0), 0.25),
        ink=0.0,
        shade=0.0,
        details=_iris(eye, upper),
    )
    lash = eye.place(np.vstack([upper, upper[-1:] + np.array([0.18, -0.06])]))
    heavy = 0.55 if eye.style.masculine else 1.0
    widths = np.array([0.008, 0.017, 0.021, 0.024, 0.022, 0.004]) * heavy
    scene.stroke(Depth.FACE + 4, Part.EYES, lash, list(widths), eye.lash)
    low = eye.place(lower[3:14])
    scene.stroke(Depth.FACE + 4, Part.EYES, low, [0.002, 0.006, 0.003], eye.lash)
    crease = eye.place(upper[4:20] + np.array([0.05, -0.30]))
    scene.stroke(
        Depth.FACE + 4, Part.FACE, crease, [0.001, 0.005, 0.002], dark(eye.style.skin, 0.5)
    )


def _iris(eye: Eye, upper: Points) -> list[Detail]:
    """Return iris, pupil, lid shadow and highlights, to be clipped by the white of the eye."""
    cx, cy = eye.gaze[0], 0.06 + eye.gaze[1]
    rx, ry = (0.68, 0.98) if eye.style.eyes != "sharp" else (0.62, 1.08)
    deep = mix(dark(eye.iris, 0.7), BLACK, 0.2)
    ring = oval([(cx, cy)], rx, ry)
    inner = oval([(cx, cy + 0.08)], rx * 0.86, ry * 0.86)
    low = oval([(cx, cy + 0.42)], rx * 0.68, ry * 0.44)
    glow = oval([(cx, cy + 0.58)], rx * 0.42, ry * 0.22)
    pupil = oval([(cx, cy - 0.02)], rx * 0.40, ry * 0.42)
    lid = np.vstack([upper, upper[::-1] + np.array([0.0, 0.36])])
    side = eye.highlight
    spot = oval([(cx * eye.side + side * 0.26, cy - 0.42)], 0.24, 0.30)
    dot = oval([(cx * eye.side - side * 0.28, cy + 0.45)], 0.12, 0.14)
    if eye.style.iris == "glow":
        pupil, low = oval([(cx, cy - 0.5)], rx * 0.8, 0.3), inner * [1.0, 0.7] + [0.0, 0.28]
    layers = [
        Detail(eye.place(ring, mirrored=False), deep),
        Detail(eye.place(inner, mirrored=False), eye.iris),
        Detail(eye.place(low, mirrored=False), lit(eye.iris, 0.8)),
        Detail(eye.place(glow, mirrored=False), lit(eye.iris, 1.5)),
        Detail(eye.place(pupil, mirrored=False), mix(deep, BLACK, 0.6)),
        Detail(eye.place(lid), mix(deep, (80.0, 70.0, 110.0), 0.3)),
    ]
    if eye.style.iris == "plain":
        layers = [*layers[:2], *layers[4:]]
    return [
        *layers,
        Detail(eye.place(spot, mirrored=False), (255.0, 255.0, 255.0)),
        Detail(eye.place(dot, mirrored=False), (250.0, 250.0, 255.0)),
    ]


def _draw_dot_eye(scene: Scene, eye: Eye) -> None:
    """Add the simple eye of comic drawings: one dark oval with a highlight."""
    dot = oval([(0.0, 0.05)], 0.42, 0.75)
    spot = oval([(eye.highlight * 0.14, -0.25)], 0.16, 0.22)
    marks = [Detail(eye.place(spot, mirrored=False), (255.0, 255.0, 255.0))]
    tone = mix(dark(eye.iris, 1.0), BLACK, 0.4)
    scene.add(Depth.FACE + 3, Part.EYES, eye.place(dot), tone, ink=0.0, shade=0.0, details=marks)


def draw_shut_eye(scene: Scene, eye: Eye) -> None:
    """Add a closed eye: an arch when smiling, a bow when calm."""
    arch = -0.55 if eye.style.expression == "wink" or eye.style.blush > 0 else 0.5
    curve = smooth([(-1.0, 0.25), (-0.45, 0.25 + arch * 0.8), (0.2, 0.25 + arch), (1.0, 0.2)])
    widths = [0.005, 0.016, 0.020, 0.014, 0.003]
    scene.stroke(Depth.FACE + 4, Part.EYES, eye.place(curve), widths, eye.lash)


def draw_brow(scene: Scene, eye: Eye, depth: float) -> None:
    """Add a brow."""
    slant = {"angry": 0.42, "sad": -0.4}.get(eye.style.expression, 0.0)
    top = -1.75 if eye.style.eyes != "sharp" else -2.2
    curve = smooth(
        [(-0.8, top + 0.25 + slant), (-0.1, top - 0.05), (0.6, top), (1.05, top + 0.3 - slant)]
    )
    thick = 0.021 if eye.style.masculine else 0.012
    colour = dark(eye.style.hair, 0.35)
    scene.stroke(
        depth, Part.EYES, eye.place(curve), [thick * 0.6, thick, thick * 0.8, 0.002], colour
    )
