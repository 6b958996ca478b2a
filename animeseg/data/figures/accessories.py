"""Accessories: on the head, on the back, round the neck, and in the hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from animeseg.data.figures.body import arm_depth
from animeseg.data.figures.face import turn_of
from animeseg.data.figures.geometry import (
    Points,
    PointsLike,
    as_points,
    bezier,
    mirror,
    oval,
    ribbon,
    rotate,
    smooth,
)
from animeseg.data.figures.palette import (
    BLACK,
    GOLD,
    LEATHER,
    STEEL,
    WHITE,
    lit,
    mix,
    random_vivid,
    shaded,
)
from animeseg.data.figures.pose import Skeleton
from animeseg.data.figures.scene import Colour, Depth, Detail, Part, Scene
from animeseg.data.figures.style import FigureStyle

_Placer: TypeAlias = Callable[[PointsLike], Points]


class Outfitter:
    """Adds the accessories of one figure to a scene."""

    def __init__(
        self, scene: Scene, style: FigureStyle, skeleton: Skeleton, rng: np.random.Generator
    ) -> None:
        self.scene = scene
        self.style = style
        self.skeleton = skeleton
        self.rng = rng
        self.place = skeleton.head.place
        self.torso = skeleton.torso

    def draw(self) -> None:
        """Add every accessory of the style, and what the hand holds."""
        for name in self.style.extras:
            {
                "cat ears": self._cat_ears,
                "rabbit ears": self._rabbit_ears,
                "horns": self._horns,
                "hat": self._hat,
                "cap": self._cap,
                "bow": self._head_bow,
                "headband": self._headband,
                "hairpin": self._hairpin,
                "flower": self._flower,
                "headphones": self._headphones,
                "halo": self._halo,
                "glasses": self._glasses,
                "wings": self._wings,
                "tail": self._tail,
                "cape": self._cape,
                "scarf": self._scarf,
                "bag": self._bag,
                "choker": self._choker,
            }[name]()
        if self.style.outfit == "maid" and "hat" not in self.style.extras:
            self._headband(frilled=True)
        self._held()

    def _add(
        self,
        depth: float,
        outlines: Points | Sequence[Points],
        colour: Colour,
        details: Sequence[Detail] = (),
    ) -> None:
        self.scene.add(depth, Part.ACCESSORY, outlines, colour, details=details)

    # -- on the head ---------------------------------------------------------------------------

    def _cat_ears(self) -> None:
        tall = float(self.rng.uniform(0.26, 0.4))
        for side in (-1.0, 1.0):
            outer = smooth([(0.10, -0.50), (0.22, -0.52 - tall * 0.7), (0.33, -0.52 - tall)])
            inner = smooth([(0.33, -0.52 - tall), (0.42, -0.5 - tall * 0.3), (0.42, -0.30)])
            ear = mirror(np.vstack([outer, inner]), side)
            middle = ear.mean(axis=0)
            pink = middle + (ear - middle) * 0.58 + np.array([0.0, 0.02])
            details = (
                [] if self.style.from_behind else [Detail(self.place(pink), (244.0, 178.0, 178.0))]
            )
            self._add(Depth.FRINGE + 1, self.place(ear), self.style.hair, details)

    def _rabbit_ears(self) -> None:
        for side in (-1.0, 1.0):
            bend = float(self.rng.uniform(-0.1, 0.3))
            curve = bezier(
                [(side * 0.15, -0.45)],
                [(side * 0.2, -0.9)],
                [(side * (0.25 + bend), -1.1)],
                [(side * (0.3 + bend * 1.6), -1.35 + abs(bend))],
            )
            ear, inner = (
                ribbon(curve, [0.08, 0.13, 0.12, 0.02]),
                ribbon(curve, [0.03, 0.06, 0.05, 0.0]),
            )
            self._add(
                Depth.BACK_HAIR + 4,
                self.place(ear),
                WHITE,
                [Detail(self.place(inner), (244.0, 190.0, 190.0))],
            )

    def _horns(self) -> None:
        colour = mix(random_vivid(self.rng), BLACK, 0.5)
        for side in (-1.0, 1.0):
            curve = bezier(
                [(side * 0.26, -0.42)],
                [(side * 0.42, -0.6)],
                [(side * 0.55, -0.62)],
                [(side * 0.5, -0.92)],
            )
            self._add(Depth.FRINGE + 1, self.place(ribbon(curve, [0.07, 0.055, 0.03, 0.0])), colour)

    def _hat(self) -> None:
        colour, band = random_vivid(self.rng), random_vivid(self.rng)
        kind = self.rng.random()
        brim = oval([(0.0, -0.36)], float(self.rng.uniform(0.62, 0.95)), 0.13)
        if kind < 0.4:
            tip = (float(self.rng.uniform(-0.4, 0.4)), -1.35)
            crown = smooth([(-0.43, -0.38), (-0.3, -0.75), tip, (0.26, -0.8), (0.43, -0.38)])
        else:
            crown = smooth(
                [(-0.46, -0.36), (-0.42, -0.72), (0.0, -0.82), (0.42, -0.72), (0.46, -0.36)]
            )
        strip = ribbon([(-0.5, -0.42), (0.0, -0.38), (0.5, -0.42)], [0.06])
        self._add(Depth.HAT, self.place(brim), colour)
        self._add(Depth.HAT + 1, self.place(crown), colour, [Detail(self.place(strip), band)])

    def _cap(self) -> None:
        colour = random_vivid(self.rng)
        dome = oval([(0.0, -0.22)], 0.51, 0.44, start=180.0, stop=360.0)
        side = 0.25 * np.sin(np.radians(self.style.yaw))
        peak = smooth(
            [
                (-0.42, -0.26),
                (side, -0.38),
                (0.42, -0.26),
                (0.3 + side, -0.14),
                (side, -0.1),
                (-0.3 + side, -0.14),
            ],
            closed=True,
        )
        seam = smooth([(0.0, -0.66), (side * 0.6, -0.3)])
        self._add(Depth.HAT, self.place(dome), colour, [Detail(self.place(seam), None, 0.8)])
        if not self.style.from_behind:
            self._add(Depth.HAT + 1, self.place(peak), mix(colour, BLACK, 0.2))

    def _bow_at(self, centre: tuple[float, float], size: float, depth: float) -> None:
        colour = random_vivid(self.rng)
        wing = [(0.0, 0.0), (0.5, -0.42), (0.9, -0.3), (0.85, 0.22), (0.45, 0.3)]
        for side in (-1.0, 1.0):
            loop = smooth(mirror(wing, side) * size, closed=True, samples=5) + as_points([centre])
            crease = smooth(mirror([(0.1, 0.0), (0.4, -0.1)], side) * size) + as_points([centre])
            self._add(depth, self.place(loop), colour, [Detail(self.place(crease), None, 0.8)])
        self._add(depth + 0.1, self.place(oval([centre], size * 0.17, size * 0.2)), colour)

    def _head_bow(self) -> None:
        if self.rng.random() < 0.4:
            self._bow_at((0.0, -0.6), float(self.rng.uniform(0.3, 0.55)), Depth.BACK_HAIR + 4)
        else:
            side = float(self.rng.choice([-1.0, 1.0]))
            self._bow_at((side * 0.34, -0.42), float(self.rng.uniform(0.16, 0.3)), Depth.FRINGE + 2)

    def _headband(self, *, frilled: bool = False) -> None:
        colour = WHITE if frilled else random_vivid(self.rng)
        curve = oval([(0.0, -0.02)], 0.47, 0.50, start=205.0, stop=335.0, samples=26)
        thick = [0.05 + 0.025 * (i % 2) for i in range(26)] if frilled else [0.028]
        self._add(Depth.FRINGE + 1.5, self.place(ribbon(curve, thick)), colour)

    def _hairpin(self) -> None:
        side = float(self.rng.choice([-1.0, 1.0]))
        colour = random_vivid(self.rng)
        for offset in (0.0, 0.05):
            pin = rotate(
                oval([(side * 0.28, -0.2 + offset)], 0.075, 0.018),
                24.0 * side,
                [(side * 0.28, -0.2)],
            )
            self._add(Depth.FRINGE + 1, self.place(pin), colour)

    def _flower(self) -> None:
        side = float(self.rng.choice([-1.0, 1.0]))
        centre = np.array([side * 0.36, -0.34])
        colour = random_vivid(self.rng)
        size = float(self.rng.uniform(0.06, 0.11))
        petals = []
        for angle in np.arange(0.0, 360.0, 72.0):
            at = centre + rotate([(0.0, -size)], angle)[0]
            petals.append(self.place(oval([at], size * 0.75, size * 0.75, samples=14)))
        for petal in petals:
            self._add(Depth.FRINGE + 2, petal, colour)
        self._add(Depth.FRINGE + 2.1, self.place(oval([centre], size * 0.45, size * 0.45)), GOLD)

    def _headphones(self) -> None:
        colour = random_vivid(self.rng)
        arch = oval([(0.0, 0.0)], 0.52, 0.62, start=190.0, stop=350.0, samples=26)
        self._add(Depth.FRINGE + 2, self.place(ribbon(arch, [0.035])), colour)
        for side in (-1.0, 1.0):
            cup = oval([(side * 0.47, 0.06)], 0.085, 0.15)
            self._add(Depth.FRINGE + 2.1, self.place(cup), mix(colour, BLACK, 0.3))

    def _halo(self) -> None:
        ring = oval([(0.0, -0.86)], 0.34, 0.09, samples=40)
        self._add(Depth.BEHIND, self.place(ribbon(np.vstack([ring, ring[:1]]), [0.02])), GOLD)

    def _glasses(self) -> None:
        if self.style.from_behind:
            return
        turn = turn_of(self.style)
        colour = mix(random_vivid(self.rng), BLACK, 0.5)
        rx, ry = 0.145, float(self.rng.uniform(0.1, 0.14))
        for side in (-1.0, 1.0):
            rim = turn(oval([(side * 0.19, 0.14)], rx, ry, samples=30))
            self.scene.add(
                Depth.FACE + 6,
                Part.ACCESSORY,
                self.place(ribbon(np.vstack([rim, rim[:1]]), [0.009])),
                colour,
                ink=0.0,
                shade=0.0,
            )
        bridge = turn(smooth([(-0.05, 0.13), (0.0, 0.115), (0.05, 0.13)]))
        self.scene.stroke(
            Depth.FACE + 6, Part.ACCESSORY, self.place(bridge), [0.009, 0.009], colour
        )

    # -- on the body ---------------------------------------------------------------------------

    def _wings(self) -> None:
        colour = self.rng.choice(np.array([WHITE, BLACK, random_vivid(self.rng)]))
        tone: Colour = (float(colour[0]), float(colour[1]), float(colour[2]))
        span = float(self.rng.uniform(1.1, 2.2)) * (0.5 if self.style.chibi else 1.0)
        root = self.torso([(0.0, 0.2)])[0]
        depth = Depth.CLOTHES + 8 if self.style.from_behind else Depth.BEHIND + 1
        bat = self.rng.random() < 0.35
        for side in (-1.0, 1.0):
            top = bezier([(0.1, 0.0)], [(0.4, -0.5)], [(0.8, -0.8)], [(1.15, -0.7)])
            tips = []
            for share in np.linspace(0.0, 1.0, 6):
                x, y = 1.15 - 0.85 * share, -0.35 + 0.85 * share
                tips += [(x + (0.0 if bat else 0.1), y), (x - 0.16, y - 0.12 if bat else y + 0.02)]
            wing = np.vstack([top, tips]) * span
            ribs = [
                Detail(
                    mirror(np.array([(0.15, 0.0), tip]) * [[1, 1], [span, span]], side) + root,
                    None,
                    0.6,
                )
                for tip in tips[::2]
            ]
            self._add(depth, mirror(wing, side) + root, tone, ribs)

    def _tail(self) -> None:
        root = self.torso([(0.0, 0.95)])[0]
        side = float(self.rng.choice([-1.0, 1.0]))
        k = 0.5 if self.style.chibi else 1.0
        curve = bezier(
            [root],
            [root + np.array([side * 0.9, 0.4]) * k],
            [root + np.array([side * 0.5, -0.5]) * k],
            [root + np.array([side * 1.3, -0.7]) * k],
            20,
        )
        fat = 0.16 if self.rng.random() < 0.4 else 0.055
        depth = Depth.CLOTHES + 8 if self.style.from_behind else Depth.BEHIND + 2
        self._add(depth, ribbon(curve, [fat * 0.5, fat, fat * 1.2, fat * k, 0.01]), self.style.hair)

    def _cape(self) -> None:
        b = self.skeleton.build
        drop = float(self.rng.uniform(1.0, 2.1))
        flare = float(self.rng.uniform(0.3, 1.0)) * (0.5 if self.style.chibi else 1.0)
        sway = self.style.wind * 0.9
        s = b.shoulder
        xs = np.linspace(s + flare + sway, -s - flare + sway, 11)
        hem = np.stack([xs, drop + np.where(np.arange(11) % 2 == 0, 0.0, 0.06)], axis=1)
        outline = np.vstack(
            [[(-s * 0.95, 0.06), (0.0, 0.0), (s * 0.95, 0.06)], smooth(hem, samples=3)]
        )
        colour = random_vivid(self.rng)
        depth = Depth.CLOTHES + 7 if self.style.from_behind else Depth.BEHIND + 3
        folds = [Detail(self.torso([(x * 0.3, 0.1), (x, drop)]), None, 0.7) for x in xs[1:-1:2]]
        self._add(depth, self.torso(outline), colour, folds)

    def _scarf(self) -> None:
        w = self.skeleton.build.neck_width
        colour = random_vivid(self.rng)
        wrap = self.torso(oval([(0.0, 0.0)], w * 2.1, 0.085))
        side = float(self.rng.choice([-1.0, 1.0]))
        end = self.torso(
            smooth(
                [
                    (side * w, 0.02),
                    (side * w * 2.2, 0.3),
                    (side * w * 2.0 + self.style.wind * 0.5, 0.65),
                ]
            )
        )
        self._add(Depth.NECK + 1, ribbon(end, [0.1, 0.13, 0.12]), colour)
        fold = self.torso(smooth([(-w * 1.6, 0.0), (0.0, 0.05), (w * 1.6, 0.0)]))
        self._add(Depth.NECK + 2, wrap, colour, [Detail(fold, None, 0.8)])

    def _bag(self) -> None:
        side = float(self.rng.choice([-1.0, 1.0]))
        b = self.skeleton.build
        colour = mix(LEATHER, random_vivid(self.rng), 0.4)
        strap = self.torso([(-side * b.shoulder * 0.6, 0.05), (side * b.hip, 0.85)])
        self._add(Depth.CLOTHES + 4.5, ribbon(strap, [0.035]), shaded(colour))
        middle = self.torso([(side * (b.hip + 0.1), 0.95)])[0]
        k = 0.5 if self.style.chibi else 1.0
        box = np.array([(-0.26, -0.2), (0.26, -0.2), (0.28, 0.22), (-0.28, 0.22)]) * k
        flap = np.array([(-0.26, -0.2), (0.26, -0.2), (0.2, 0.04), (-0.2, 0.04)]) * k + middle
        edge = Detail(flap, lit(colour, 0.3))
        self._add(Depth.CLOTHES + 4.6, box + middle, colour, [edge])

    def _choker(self) -> None:
        w = self.skeleton.build.neck_width
        band = self.torso([(-w * 1.1, -0.035), (0.0, -0.02), (w * 1.1, -0.035)])
        self._add(Depth.BODY + 0.7, ribbon(band, [0.03]), random_vivid(self.rng))

    # -- in the hand ---------------------------------------------------------------------------

    def _held(self) -> None:
        if self.style.held == "nothing":
            return
        limb = self.skeleton.arms[int(self.rng.integers(2))]
        along = limb.end - limb.middle
        along = along / max(float(np.hypot(*along)), 1e-6)
        grip = limb.end + along * self.skeleton.build.hand * 0.6
        depth = arm_depth(limb, self.style) - 0.3
        k = 0.5 if self.style.chibi else 1.0
        angle = float(self.rng.uniform(-60, 60)) + (180.0 if self.rng.random() < 0.25 else 0.0)

        def put(points: PointsLike) -> Points:
            return rotate(as_points(points) * k, angle) + grip

        {
            "sword": self._sword,
            "staff": self._staff,
            "umbrella": self._umbrella,
            "book": self._book,
            "gun": self._gun,
            "fan": self._fan,
            "cup": self._cup,
        }[self.style.held](put, depth)

    def _sword(self, put: _Placer, depth: float) -> None:
        long, wide = float(self.rng.uniform(1.4, 2.8)), float(self.rng.uniform(0.04, 0.14))
        blade = [
            (-wide, -0.18),
            (wide, -0.18),
            (wide * 0.9, -long),
            (0.0, -long - 0.2),
            (-wide * 0.9, -long),
        ]
        shine = [(0.0, -0.18), (0.0, -long)]
        self._add(depth, put(blade), lit(STEEL, 0.5), [Detail(put(shine), STEEL, 2.0)])
        self._add(depth + 0.05, put([(-0.2, -0.2), (0.2, -0.2), (0.2, -0.13), (-0.2, -0.13)]), GOLD)
        self._add(
            depth, put([(-0.035, -0.15), (0.035, -0.15), (0.035, 0.3), (-0.035, 0.3)]), LEATHER
        )

    def _staff(self, put: _Placer, depth: float) -> None:
        self._add(depth, put(ribbon([(0.0, -1.8), (0.0, 1.6)], [0.035])), LEATHER)
        ring = oval([(0.0, -2.0)], 0.24, 0.24)
        self._add(depth, put(ribbon(np.vstack([ring, ring[:1]]), [0.045])), GOLD)
        self._add(depth + 0.05, put(oval([(0.0, -2.0)], 0.12, 0.14)), random_vivid(self.rng))

    def _umbrella(self, put: _Placer, depth: float) -> None:
        colour = random_vivid(self.rng)
        self._add(depth, put(ribbon([(0.0, -1.7), (0.0, 0.3)], [0.025])), STEEL)
        dome = oval([(0.0, -1.15)], 1.25, 0.75, start=180.0, stop=360.0)
        edge = [(1.25 - 2.5 * i / 12, -1.15 + (0.07 if i % 2 else 0.0)) for i in range(13)]
        ribs = [
            Detail(
                put(bezier([(0, -1.9)], [(x * 0.6, -1.8)], [(x, -1.5)], [(x, -1.15)])), None, 0.8
            )
            for x in (-0.83, -0.42, 0.0, 0.42, 0.83)
        ]
        self._add(Depth.BEHIND + 0.5, put(np.vstack([dome, edge])), colour, ribs)

    def _book(self, put: _Placer, depth: float) -> None:
        self._add(
            depth + 1,
            put([(-0.3, -0.38), (0.3, -0.38), (0.3, 0.3), (-0.3, 0.3)]),
            random_vivid(self.rng),
            [Detail(put([(-0.24, -0.4), (-0.24, 0.4)]), None, 1.0)],
        )

    def _gun(self, put: _Placer, depth: float) -> None:
        body = [
            (-0.15, -0.12),
            (1.3, -0.12),
            (1.3, -0.04),
            (0.5, 0.0),
            (0.42, 0.26),
            (0.3, 0.26),
            (0.26, 0.02),
            (0.06, 0.02),
            (0.02, 0.3),
            (-0.12, 0.3),
        ]
        self._add(
            depth,
            put(body),
            mix(STEEL, BLACK, 0.7),
            [Detail(put([(0.0, -0.05), (1.2, -0.07)]), None, 0.8)],
        )

    def _fan(self, put: _Placer, depth: float) -> None:
        arc = oval([(0.0, 0.0)], 0.6, 0.6, start=200.0, stop=340.0)
        ribs = [Detail(put([(0.0, 0.0), tip]), None, 0.7) for tip in arc[::4]]
        self._add(depth, put(np.vstack([[(0.0, 0.05)], arc])), random_vivid(self.rng), ribs)

    def _cup(self, put: _Placer, depth: float) -> None:
        self._add(
            depth + 0.6, put([(-0.12, -0.22), (0.12, -0.22), (0.09, 0.12), (-0.09, 0.12)]), WHITE
        )
