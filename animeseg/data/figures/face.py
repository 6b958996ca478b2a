"""The head of a figure: skin, ears, nose, mouth and blush, and the eyes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from animeseg.data.figures.eyes import Eye, draw_brow, draw_open_eye, draw_shut_eye
from animeseg.data.figures.geometry import (
    Points,
    bezier,
    oval,
    ribbon,
    smooth,
)
from animeseg.data.figures.palette import BLACK, WHITE, dark, hsv, mix, shaded
from animeseg.data.figures.pose import Skeleton
from animeseg.data.figures.scene import Depth, Detail, Part, Scene
from animeseg.data.figures.skull import face_contour, turn_of
from animeseg.data.figures.style import FigureStyle


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
    part = Part.SKIN if style.from_behind else Part.FACE
    scene.add(Depth.HEAD, part, place(contour), style.skin, details=details, shade=0.35)
    if style.from_behind:
        return
    _draw_blush(scene, style, skeleton, rng)
    if not style.in_profile:
        _draw_nose(scene, style, skeleton, rng)
    _draw_mouth(scene, style, skeleton, rng)
    _draw_eyes(scene, style, skeleton, rng)


def _draw_eyes(
    scene: Scene, style: FigureStyle, skeleton: Skeleton, rng: np.random.Generator
) -> None:
    """Add the visible eyes and their brows."""
    brow_depth = Depth.ABOVE_FRINGE if rng.random() < 0.45 else Depth.FACE + 2
    gaze = (float(rng.normal(0, 0.12)), float(rng.normal(0, 0.06)))
    highlight = float(rng.choice([-1.0, 1.0]))
    for index, side in enumerate((-1.0, 1.0)):
        if style.in_profile and side == style.facing:
            continue
        wink = style.expression == "wink" and side < 0
        shut = style.expression == "closed eyes" or wink
        eye = Eye(style, skeleton, side, style.eye_colours[index], gaze, highlight)
        if shut:
            draw_shut_eye(scene, eye)
        else:
            draw_open_eye(scene, eye)
        draw_brow(scene, eye, brow_depth)


def _draw_ears(scene: Scene, style: FigureStyle, skeleton: Skeleton) -> None:
    turned = np.sin(np.radians(style.yaw))
    for side in (-1.0, 1.0):
        if side * turned > 0.25:
            continue
        x = side * 0.405 - turned * 0.06
        if style.in_profile:
            x = -0.03 * style.facing
        ear = oval([(x, 0.10)], 0.062, 0.115, turn=-12.0 * side)
        groove = smooth([(x + side * 0.02, 0.03), (x + side * 0.03, 0.09), (x, 0.16)])
        if "elf ears" in style.extras:
            out = -style.facing if style.in_profile else side
            long = 0.34 * (1.0 - 0.4 * abs(turned))
            ear = smooth(
                [(x, 0.0), (x + out * long, -0.12), (x + out * long * 0.5, 0.12), (x, 0.2)]
            )
        scene.add(
            Depth.FACE if style.in_profile else Depth.HEAD - 1,
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
        if style.in_profile and side == style.facing:
            continue
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
    shift = 0.024 * np.sin(np.radians(style.yaw))
    y = 0.378
    colour = dark(mix(style.skin, (190.0, 60.0, 60.0), 0.35), 0.45)
    wide = float(rng.uniform(0.055, 0.105))
    if style.in_profile:
        # From the side half of the mouth is seen, on the near cheek.
        wide, shift = wide * 0.55, -0.075 * style.facing
    opened = style.expression == "open" or (
        style.expression in ("smile", "closed eyes", "wink", "angry") and rng.random() < 0.45
    )
    if opened:
        _draw_open_mouth(scene, style, skeleton, (wide, shift), rng)
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
    scene: Scene,
    style: FigureStyle,
    skeleton: Skeleton,
    size: tuple[float, float],
    rng: np.random.Generator,
) -> None:
    turn, place = turn_of(style), skeleton.head.place
    wide, shift = size[0], np.array([size[1] if style.in_profile else 0.0, 0.0])
    tall = wide * float(rng.uniform(0.7, 1.3))
    drop = -0.012 if style.expression == "angry" else 0.012
    top = [(-wide, 0.352), (0.0, 0.352 + drop), (wide, 0.352)]
    bottom = [
        (wide * 0.62, 0.352 + tall * 0.8),
        (0.0, 0.352 + tall),
        (-wide * 0.62, 0.352 + tall * 0.8),
    ]
    outline = turn(smooth([*top, *bottom], closed=True, samples=5) + shift)
    tongue = turn(oval([(0.0, 0.36 + tall)], wide * 0.7, tall * 0.5) + shift)
    details = [Detail(place(tongue), (232.0, 120.0, 120.0))]
    if rng.random() < 0.5:
        teeth = turn(ribbon(top, [0.018]) + shift)
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
