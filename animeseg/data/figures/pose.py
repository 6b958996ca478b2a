"""The skeleton: proportions and joint positions, in head heights around the neck base."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from animeseg.data.figures.geometry import Points, PointsLike, as_points, heading, rotate
from animeseg.data.figures.style import FigureStyle

# Upper arm and forearm directions: degrees outward from straight down, and the jitter of both.
_ARM_ANGLES = {
    "relaxed": (14.0, 8.0, 7.0),
    "akimbo": (48.0, -58.0, 5.0),
    "raised": (142.0, 168.0, 12.0),
    "wave": (58.0, 165.0, 10.0),
    "crossed": (12.0, -98.0, 3.0),
    "chest": (18.0, -128.0, 8.0),
    "cheek": (30.0, -158.0, 5.0),
    "behind": (26.0, -32.0, 5.0),
    "forward": (70.0, 84.0, 12.0),
    "spread": (86.0, 96.0, 12.0),
    "clasped": (16.0, -38.0, 3.0),
    "behind head": (148.0, -48.0, 5.0),
    "greeting": (34.0, 172.0, 7.0),
}
ARMS_BEHIND = frozenset({"behind", "behind head"})
ARMS_IN_FRONT = frozenset({"crossed", "chest", "cheek", "clasped", "akimbo", "greeting"})
# Thigh and shin directions and their foreshortening, for the two legs.
_LEG_ANGLES = {
    "standing": ((4.0, 2.0, 1.0, 1.0), (4.0, 2.0, 1.0, 1.0)),
    "contrapposto": ((1.0, 1.0, 1.0, 1.0), (16.0, 4.0, 0.98, 0.98)),
    "wide": ((20.0, 16.0, 1.0, 1.0), (20.0, 16.0, 1.0, 1.0)),
    "running": ((48.0, 4.0, 0.8, 0.95), (14.0, 78.0, 0.95, 0.7)),
    "kneeling": ((16.0, 112.0, 0.75, 0.5), (16.0, 112.0, 0.75, 0.5)),
    "sitting": ((24.0, -4.0, 0.5, 0.95), (20.0, -8.0, 0.5, 0.95)),
    "crossed": ((-7.0, -9.0, 1.0, 1.0), (3.0, 1.0, 1.0, 1.0)),
    "squatting": ((62.0, -28.0, 0.7, 0.75), (62.0, -28.0, 0.7, 0.75)),
    "knee up": ((2.0, 1.0, 1.0, 1.0), (52.0, -42.0, 0.75, 0.85)),
    "jumping": ((34.0, -30.0, 0.7, 0.8), (12.0, -4.0, 0.9, 0.95)),
}


@dataclass(frozen=True)
class Build:
    """Lengths and half widths of the body, head heights."""

    neck: float
    torso: float
    shoulder: float
    waist: float
    hip: float
    bust: float
    upper_arm: float
    forearm: float
    arm_width: float
    thigh: float
    shin: float
    thigh_width: float
    hand: float
    neck_width: float


@dataclass(frozen=True)
class Limb:
    """Three joints of an arm or leg, each of shape (2,); `side` is -1 left, +1 right."""

    root: Points
    middle: Points
    end: Points
    side: float
    pose: str


@dataclass(frozen=True)
class Head:
    """Placement of the head: local coordinates have the skull's middle at 0, the chin at 0.5."""

    centre: Points
    roll: float

    def place(self, points: PointsLike) -> Points:
        """Return head-local `points` (N, 2) in the plane of the figure."""
        return rotate(points, self.roll) + self.centre


@dataclass(frozen=True)
class Skeleton:
    """All joints of a posed figure."""

    build: Build
    head: Head
    spine: Points
    across: Points
    arms: tuple[Limb, Limb]
    legs: tuple[Limb, Limb]
    turn: float

    def torso(self, points: PointsLike) -> Points:
        """Return torso-local points in the plane.

        Args:
            points: Shape (N, 2): sideways offset in head heights, and the place along the
                spine, 0 at the neck base and 1 at the crotch.
        """
        local = as_points(points)
        along = local[:, 1]
        last = len(self.spine) - 1
        where = np.linspace(0.0, 1.0, last + 1)
        x = np.interp(along, where, self.spine[:, 0])
        y = np.interp(along, where, self.spine[:, 1])
        base = np.stack([x, y], axis=1)
        # Beyond the ends the spine goes on straight.
        ends = np.where(along < 0, along, np.maximum(along - 1.0, 0.0))[:, None]
        base = base + ends * (self.spine[-1] - self.spine[0])
        placed: Points = base + local[:, :1] * self.across
        return placed


def build_for(style: FigureStyle) -> Build:
    """Return the proportions of a style."""
    k = style.build
    if style.chibi:
        body = style.heads - 1.0
        return Build(
            neck=0.03,
            torso=0.50 * body,
            shoulder=0.25 * k,
            waist=0.21 * k,
            hip=0.25 * k,
            bust=0.23 * k,
            upper_arm=0.25 * body,
            forearm=0.22 * body,
            arm_width=0.085 * k,
            thigh=0.28 * body,
            shin=0.26 * body,
            thigh_width=0.125 * k,
            hand=0.085,
            neck_width=0.10,
        )
    long = style.heads / 6.0
    broad = 1.22 if style.masculine else 1.0
    return Build(
        neck=0.20 * long,
        torso=1.86 * long,
        shoulder=0.60 * k * broad,
        waist=(0.42 if style.masculine else 0.335) * k,
        hip=(0.44 if style.masculine else 0.475) * k,
        bust=(0.52 if style.masculine else 0.44) * k,
        upper_arm=0.98 * long,
        forearm=0.84 * long,
        arm_width=(0.145 if style.masculine else 0.112) * k,
        thigh=1.42 * long,
        shin=1.42 * long,
        thigh_width=(0.235 if style.masculine else 0.245) * k,
        hand=0.15,
        neck_width=(0.19 if style.masculine else 0.145) * k,
    )


def pose_figure(style: FigureStyle, rng: np.random.Generator) -> Skeleton:
    """Return the joints of `style`, with a little random variation of every angle."""
    build = build_for(style)
    down = heading(-style.lean)
    neck = np.zeros(2)
    pelvis = neck + down * build.torso
    bow = rng.normal(0, 0.05) * build.torso
    side = np.array([-down[1], down[0]])
    t = np.linspace(0.0, 1.0, 9)[:, None]
    spine = neck + (pelvis - neck) * t + side * (bow * 4 * t * (1 - t))
    across = np.array([down[1], -down[0]])
    # The neck follows half of the lean, the head keeps closer to upright.
    lift = heading(180.0 - 0.4 * style.lean - 0.25 * style.roll)
    chin_overlap = 0.40
    head_at = neck + lift * (build.neck + chin_overlap)
    head_at = head_at + np.array([np.sin(np.radians(style.yaw)) * 0.06, 0.0])
    arms = tuple(_arm(style, build, across, s, rng) for s in (-1.0, 1.0))
    legs = _legs(style, build, pelvis, across, rng)
    return Skeleton(
        build=build,
        head=Head(head_at, style.roll),
        spine=spine,
        across=across,
        arms=(arms[0], arms[1]),
        legs=legs,
        turn=style.body_turn,
    )


def _arm(
    style: FigureStyle, build: Build, across: Points, side: float, rng: np.random.Generator
) -> Limb:
    pose = style.arms[0 if side < 0 else 1]
    upper, fore, jitter = _ARM_ANGLES[pose]
    narrow = np.cos(np.radians(style.body_turn))
    shrug = -0.02 if upper > 100 else 0.13
    inset = build.shoulder - build.arm_width * 0.95
    root = across * (side * inset * narrow)
    root = root + np.array([0.0, (0.13 + shrug) * min(1.0, build.torso / 1.8)])
    a0 = upper + rng.normal(0, jitter)
    a1 = fore + rng.normal(0, jitter)
    short = rng.uniform(0.85, 1.0)
    middle = root + heading(a0, side) * build.upper_arm * short
    end = middle + heading(a1, side) * build.forearm * rng.uniform(0.88, 1.0)
    return Limb(root, middle, end, side, pose)


def _legs(
    style: FigureStyle, build: Build, pelvis: Points, across: Points, rng: np.random.Generator
) -> tuple[Limb, Limb]:
    angles = _LEG_ANGLES[style.legs]
    swap = rng.random() < 0.5
    limbs = []
    for index, side in enumerate((-1.0, 1.0)):
        thigh, shin, thigh_short, shin_short = angles[1 - index if swap else index]
        root = pelvis + across * (side * build.hip * 0.52) - np.array([0.0, 0.12 * build.torso])
        a0, a1 = thigh + rng.normal(0, 3), shin + rng.normal(0, 3)
        middle = root + heading(a0, side) * build.thigh * thigh_short
        end = middle + heading(a1, side) * build.shin * shin_short
        limbs.append(Limb(root, middle, end, side, style.legs))
    return limbs[0], limbs[1]
