"""The head of a figure: skull, ears, eyes, brows, nose and mouth, for any turn of the head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from animeseg.data.figures.geometry import (
    Points,
    PointsLike,
    as_points,
    bezier,
    oval,
    ribbon,
    smooth,
)
from animeseg.data.figures.palette import BLACK, WHITE, dark, hsv, lit, mix, shaded
from animeseg.data.figures.pose import Skeleton
from animeseg.data.figures.scene import Colour, Depth, Detail, Part, Scene
from animeseg.data.figures.style import FigureStyle

HAIRLINE = -0.27
_RADIUS = 0.44
_EYE_LINE = 0.13


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
    jaw = 0.27 if style.masculine else 0.235
    cheek = 0.385 if style.chibi else 0.362
    half = [
        (0.0, -0.52),
        (0.26, -0.46),
        (0.395, -0.26),
        (0.40, -0.04),
        (0.385, 0.10),
        (cheek, 0.22),
        (jaw, 0.385),
        (0.10, 0.475 if style.masculine else 0.482),
        (0.0, 0.5),
    ]
    right = as_points(half)
    left = right[1:-1][::-1] * np.array([-1.0, 1.0])
    contour = np.vstack([right, left])
    far = np.sign(style.yaw) or 1.0
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
    return skeleton.head.place(visible)


def draw_head(
    scene: Scene,
    style: FigureStyle,
    skeleton: Skeleton,
    shadows: Sequence[Points],
    rng: np.random.Generator,
) -> None:
    """Add the head to the scene.

    Args:
        scene: Receives the shapes.
        style: The figure's attributes.
        skeleton: Places the head.
        shadows: Head-local outlines of the fringe, which throw a shadow on the forehead.
        rng: Source of variation.
    """
    place = skeleton.head.place
    contour = face_contour(style)
    _draw_ears(scene, style, skeleton)
    tone = shaded(style.skin, 0.55 * style.shadow)
    cast = np.array([-0.01 * style.light, 0.05])
    details = [Detail(place(loop + cast), tone) for loop in shadows]
    if style.shading in ("flat", "sketch"):
        details = []
    part = Part.HAIR if style.from_behind else Part.FACE
    scene.add(Depth.HEAD, part, place(contour), style.skin, details=details, shade=0.35)
    if style.from_behind:
        return
    _draw_blush(scene, style, skeleton, rng)
    _draw_nose(scene, style, skeleton, rng)
    _draw_mouth(scene, style, skeleton, rng)
    brow_depth = Depth.ABOVE_FRINGE if rng.random() < 0.45 else Depth.FACE + 2
    gaze = (float(rng.normal(0, 0.12)), float(rng.normal(0, 0.06)))
    highlight = float(rng.choice([-1.0, 1.0]))
    for index, side in enumerate((-1.0, 1.0)):
        wink = style.expression == "wink" and side < 0
        shut = style.expression == "closed eyes" or wink
        eye = _Eye(style, skeleton, side, style.eye_colours[index], gaze, highlight)
        if shut:
            _draw_shut_eye(scene, eye)
        else:
            _draw_open_eye(scene, eye)
        _draw_brow(scene, eye, brow_depth)


@dataclass(frozen=True)
class _Eye:
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
        local = local + np.array([self.side * 0.19, _EYE_LINE])
        return self.skeleton.head.place(turn_of(self.style)(local))


def _upper_lid(eye: _Eye) -> Points:
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


def _draw_open_eye(scene: Scene, eye: _Eye) -> None:
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


def _iris(eye: _Eye, upper: Points) -> list[Detail]:
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
    layers = [
        Detail(eye.place(ring, mirrored=False), deep),
        Detail(eye.place(inner, mirrored=False), eye.iris),
        Detail(eye.place(low, mirrored=False), lit(eye.iris, 0.8)),
        Detail(eye.place(glow, mirrored=False), lit(eye.iris, 1.5)),
        Detail(eye.place(pupil, mirrored=False), mix(deep, BLACK, 0.6)),
        Detail(eye.place(lid), mix(deep, (80.0, 70.0, 110.0), 0.3)),
    ]
    return [
        *layers,
        Detail(eye.place(spot, mirrored=False), (255.0, 255.0, 255.0)),
        Detail(eye.place(dot, mirrored=False), (250.0, 250.0, 255.0)),
    ]


def _draw_shut_eye(scene: Scene, eye: _Eye) -> None:
    """Add a closed eye: an arch when smiling, a bow when calm."""
    arch = -0.55 if eye.style.expression == "wink" or eye.style.blush > 0 else 0.5
    curve = smooth([(-1.0, 0.25), (-0.45, 0.25 + arch * 0.8), (0.2, 0.25 + arch), (1.0, 0.2)])
    widths = [0.005, 0.016, 0.020, 0.014, 0.003]
    scene.stroke(Depth.FACE + 4, Part.EYES, eye.place(curve), widths, eye.lash)


def _draw_brow(scene: Scene, eye: _Eye, depth: float) -> None:
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


def _draw_ears(scene: Scene, style: FigureStyle, skeleton: Skeleton) -> None:
    turned = np.sin(np.radians(style.yaw))
    for side in (-1.0, 1.0):
        if side * turned > 0.25:
            continue
        x = side * 0.405 - turned * 0.06
        ear = oval([(x, 0.10)], 0.062, 0.115, turn=-12.0 * side)
        groove = smooth([(x + side * 0.02, 0.03), (x + side * 0.03, 0.09), (x, 0.16)])
        scene.add(
            Depth.HEAD - 1,
            Part.FACE,
            skeleton.head.place(ear),
            style.skin,
            shade=0.5,
            details=[Detail(skeleton.head.place(groove), None, 0.7)],
        )


def _draw_blush(
    scene: Scene, style: FigureStyle, skeleton: Skeleton, rng: np.random.Generator
) -> None:
    if style.blush <= 0:
        return
    turn = turn_of(style)
    lines = rng.random() < 0.35
    pink = mix(style.skin, (235.0, 90.0, 90.0), 0.6)
    for side in (-1.0, 1.0):
        patch = turn(oval([(side * 0.235, 0.285)], 0.085, 0.042))
        scene.add(
            Depth.FACE,
            Part.FACE,
            skeleton.head.place(patch),
            pink,
            ink=0.0,
            shade=style.blush,
            soft=True,
        )
        if not lines:
            continue
        for offset in (-0.035, 0.0, 0.035):
            x = side * 0.235 + offset
            mark = skeleton.head.place(turn([(x + 0.014, 0.265), (x - 0.012, 0.305)]))
            scene.stroke(Depth.FACE + 1, Part.FACE, mark, [0.004, 0.004], mix(pink, BLACK, 0.1))


def _draw_nose(
    scene: Scene, style: FigureStyle, skeleton: Skeleton, rng: np.random.Generator
) -> None:
    turn = turn_of(style)
    far = np.sign(style.yaw) or 1.0
    shift = 0.035 * far * min(1.0, abs(style.yaw) / 25.0)
    colour = dark(style.skin, 0.3)
    if rng.random() < 0.5:
        mark = [(shift * 0.6, 0.255), (shift, 0.285), (shift * 0.5 - 0.012 * far, 0.292)]
        widths = [0.002, 0.006, 0.002]
    else:
        mark = [(shift - 0.01, 0.282), (shift + 0.01, 0.285)]
        widths = [0.004, 0.005]
    scene.stroke(Depth.FACE + 1, Part.FACE, skeleton.head.place(turn(smooth(mark))), widths, colour)


def _draw_mouth(
    scene: Scene, style: FigureStyle, skeleton: Skeleton, rng: np.random.Generator
) -> None:
    turn, place = turn_of(style), skeleton.head.place
    shift = 0.012 * np.sin(np.radians(style.yaw)) * 2.0
    y = 0.378
    colour = dark(mix(style.skin, (190.0, 60.0, 60.0), 0.35), 0.45)
    wide = float(rng.uniform(0.055, 0.105))
    opened = style.expression == "open" or (
        style.expression in ("smile", "closed eyes", "wink", "angry") and rng.random() < 0.45
    )
    if opened:
        _draw_open_mouth(scene, style, skeleton, wide, rng)
        return
    curl = {"smile": 0.04, "closed eyes": 0.035, "wink": 0.04, "angry": -0.03, "sad": -0.025}
    bend = curl.get(style.expression, float(rng.uniform(-0.006, 0.02)))
    if style.expression == "pout":
        wave = [(-0.05, 0.0), (-0.025, 0.022), (0.0, 0.0), (0.025, 0.022), (0.05, 0.0)]
        curve = smooth(np.array(wave) + np.array([shift, y]))
    else:
        curve = bezier(
            [(shift - wide, y)],
            [(shift - wide * 0.4, y + bend * 1.3)],
            [(shift + wide * 0.4, y + bend * 1.3)],
            [(shift + wide, y)],
        )
    scene.stroke(
        Depth.FACE + 1, Part.MOUTH, place(turn(curve)), [0.003, 0.008, 0.008, 0.003], colour
    )


def _draw_open_mouth(
    scene: Scene, style: FigureStyle, skeleton: Skeleton, wide: float, rng: np.random.Generator
) -> None:
    turn, place = turn_of(style), skeleton.head.place
    tall = wide * float(rng.uniform(0.7, 1.3))
    drop = -0.012 if style.expression == "angry" else 0.012
    top = [(-wide, 0.352), (0.0, 0.352 + drop), (wide, 0.352)]
    bottom = [
        (wide * 0.62, 0.352 + tall * 0.8),
        (0.0, 0.352 + tall),
        (-wide * 0.62, 0.352 + tall * 0.8),
    ]
    outline = turn(smooth([*top, *bottom], closed=True, samples=5))
    tongue = turn(oval([(0.0, 0.36 + tall)], wide * 0.7, tall * 0.5))
    details = [Detail(place(tongue), (232.0, 120.0, 120.0))]
    if rng.random() < 0.5:
        teeth = turn(ribbon([(-wide, 0.352), (0.0, 0.352 + drop), (wide, 0.352)], [0.018]))
        details.append(Detail(place(teeth), WHITE))
    scene.add(
        Depth.FACE + 1,
        Part.MOUTH,
        place(outline),
        hsv(356, 0.62, 0.55),
        ink=0.8,
        shade=0.0,
        details=details,
    )
