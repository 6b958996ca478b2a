"""The bare body: neck, torso, arms with hands, legs with feet."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from animeseg.data.figures.geometry import Points, capsule, heading, oval, ribbon, rotate, smooth
from animeseg.data.figures.palette import shaded
from animeseg.data.figures.pose import ARMS_BEHIND, ARMS_IN_FRONT, Limb, Skeleton
from animeseg.data.figures.scene import Depth, Detail, Part, Scene
from animeseg.data.figures.style import FigureStyle


def arm_depth(limb: Limb, style: FigureStyle) -> float:
    """Return the depth at which an arm is drawn."""
    front, back = Depth.FRONT_ARM, Depth.BACK_ARM
    if style.from_behind:
        front, back = back, Depth.CLOTHES + 5
    if limb.pose in ARMS_IN_FRONT:
        return front + (0.0 if limb.side < 0 else 2.0)
    return back if limb.pose in ARMS_BEHIND else Depth.CLOTHES + 5


def limb_loops(
    limb: Limb,
    radii: Sequence[float],
    start: float = 0.0,
    stop: float = 1.0,
    *,
    flat: bool = False,
) -> list[Points]:
    """Return the outlines that together cover a limb from `start` to `stop`.

    Args:
        limb: Root, middle and end joints.
        radii: Radii evenly spaced between `start` and `stop`.
        start: Where the cover starts, 0 at the root, 0.5 at the middle joint, 1 at the end.
        stop: Where it ends.
        flat: Whether it ends in a straight cut instead of a round cap.
    """
    joints = np.stack([limb.root, limb.middle, limb.end])
    places = np.unique(np.concatenate([np.linspace(start, stop, 5), [0.5]]))
    places = places[(places >= start - 1e-9) & (places <= stop + 1e-9)]
    x = np.interp(places, [0.0, 0.5, 1.0], joints[:, 0])
    y = np.interp(places, [0.0, 0.5, 1.0], joints[:, 1])
    radius = np.interp(places, np.linspace(start, stop, len(radii)), radii)
    centres = np.stack([x, y], axis=1)
    return [
        capsule(
            centres[i],
            centres[i + 1],
            float(radius[i]),
            float(radius[i + 1]),
            flat=flat and i == len(places) - 2,
        )
        for i in range(len(places) - 1)
    ]


def torso_outline(skeleton: Skeleton, margin: float = 0.0, top: float = 0.0) -> Points:
    """Return the outline of the torso, `margin` head heights wider than the skin."""
    b = skeleton.build
    narrow = float(np.cos(np.radians(skeleton.turn)))
    half = [
        (b.neck_width * 0.95, top - 0.015),
        (b.shoulder * 0.72 * narrow + margin, 0.045),
        (b.shoulder * 0.94 * narrow + margin, 0.10),
        (b.bust * 0.93 + margin, 0.24),
        (b.bust + margin, 0.36),
        (b.waist + margin, 0.60),
        (b.hip * 0.93 + margin, 0.80),
        (b.hip + margin, 0.94),
        (b.hip * 0.7 + margin, 1.02),
    ]
    right = smooth(half, samples=4)
    left = right[::-1] * np.array([-1.0, 1.0])
    return skeleton.torso(np.vstack([right, left]))


def draw_body(
    scene: Scene, style: FigureStyle, skeleton: Skeleton, rng: np.random.Generator
) -> None:
    """Add all skin below the chin; clothes are drawn over it."""
    _draw_neck(scene, style, skeleton)
    waist = skeleton.torso([(-0.12, 0.13), (-0.02, 0.15)])
    other = skeleton.torso([(0.12, 0.13), (0.02, 0.15)])
    navel = skeleton.torso([(0.0, 0.68), (0.0, 0.70)])
    details = (
        [] if style.from_behind else [Detail(line, None, 0.7) for line in (waist, other, navel)]
    )
    scene.add(Depth.BODY, Part.SKIN, torso_outline(skeleton), style.skin, details=details)
    for limb in skeleton.arms:
        _draw_arm(scene, style, skeleton, limb, rng)
    for limb in skeleton.legs:
        _draw_leg(scene, style, skeleton, limb)


def _draw_neck(scene: Scene, style: FigureStyle, skeleton: Skeleton) -> None:
    w = skeleton.build.neck_width
    base = skeleton.torso([(0.0, 0.06)])[0]
    top = skeleton.head.place([(0.0, 0.25)])[0]
    neck = ribbon(np.stack([top, top + (base - top) * 0.7, base]), [w, w * 1.02, w * 1.25])
    chin = skeleton.head.place(oval([(0.0, 0.36)], 0.32, 0.26))
    tone = shaded(style.skin, style.shadow)
    details = [] if style.shading in ("flat", "sketch") else [Detail(chin, tone)]
    scene.add(Depth.BODY + 0.5, Part.SKIN, neck, style.skin, ink=0.9, shade=0.0, details=details)


def _draw_arm(
    scene: Scene, style: FigureStyle, skeleton: Skeleton, limb: Limb, rng: np.random.Generator
) -> None:
    w = skeleton.build.arm_width
    loops = limb_loops(limb, [w * 0.98, w, w * 0.86, w * 0.8, w * 0.58])
    hand = _hand(limb, skeleton.build.hand, rng)
    depth = arm_depth(limb, style)
    if "gloves" not in style.extras:
        scene.add(depth, Part.SKIN, [*loops, *hand], style.skin)
        return
    long = 0.93 - 0.35 * float(style.sleeves < 0.5)
    cover = limb_loops(limb, [w * 1.0, w * 0.66], long, 1.0)
    scene.add(depth, Part.SKIN, loops, style.skin)
    scene.add(depth + 0.1, Part.CLOTHES, [*cover, *hand], style.colours[2])


def _hand(limb: Limb, size: float, rng: np.random.Generator) -> list[Points]:
    """Return a palm, a thumb and fingers that fan out or close to a fist."""
    along = limb.end - limb.middle
    degrees = float(np.degrees(np.arctan2(-along[0], along[1])))
    loops = [oval([(0.0, size * 0.55)], size * 0.50, size * 0.66)]
    thumb = capsule(
        np.array([-0.3 * size * limb.side, size * 0.4]),
        np.array([-0.72 * size * limb.side, size * 0.95]),
        size * 0.2,
        size * 0.13,
        5,
    )
    loops.append(thumb)
    if rng.random() < 0.65:
        fan = float(rng.uniform(3.0, 14.0))
        bent = float(rng.uniform(0.7, 1.0))
        for index, reach in enumerate((0.72, 0.9, 0.88, 0.7)):
            offset = index - 1.5
            base = np.array([offset * size * 0.25, size * 0.85])
            tip = base + heading(-fan * offset * -1.0) * size * reach * bent
            loops.append(capsule(base, tip, size * 0.15, size * 0.11, 5))
    return [rotate(loop, degrees) + limb.end for loop in loops]


def _draw_leg(scene: Scene, style: FigureStyle, skeleton: Skeleton, limb: Limb) -> None:
    w = skeleton.build.thigh_width
    loops = [capsule(limb.root, limb.middle, w, w * 0.64)]
    loops += limb_loops(limb, [w * 0.64, w * 0.64, w * 0.5, w * 0.36], 0.5, 1.0)
    loops.append(foot_loop(limb, w))
    scene.add(Depth.LEGS + (0.0 if limb.side < 0 else 1.0), Part.SKIN, loops, style.skin)


def foot_loop(limb: Limb, width: float, margin: float = 0.0) -> Points:
    """Return the outline of a foot that points down and a little outward."""
    along = limb.end - limb.middle
    along = along / max(float(np.hypot(*along)), 1e-6)
    tip = limb.end + along * width * 0.55 + np.array([limb.side * width * 0.25, width * 0.2])
    return capsule(limb.end, tip, width * 0.38 + margin, width * 0.40 + margin)
