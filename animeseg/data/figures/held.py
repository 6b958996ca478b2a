"""Things held in a hand: weapons, umbrellas, books."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from animeseg.data.figures.body import arm_depth
from animeseg.data.figures.fitting import Fitter
from animeseg.data.figures.geometry import (
    Points,
    PointsLike,
    as_points,
    bezier,
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
)
from animeseg.data.figures.scene import Depth, Detail

_Placer: TypeAlias = Callable[[PointsLike], Points]


class Held(Fitter):
    """Puts a thing into one hand."""

    def held(self) -> None:
        """Add the thing of the style to one hand."""
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
            "sword": self.sword,
            "staff": self.staff,
            "umbrella": self.umbrella,
            "book": self.book,
            "gun": self.gun,
            "fan": self.fan,
            "cup": self.cup,
            "scythe": self.scythe,
            "guitar": self.guitar,
            "plush": self.plush,
            "phone": self.phone,
        }[self.style.held](put, depth)

    def sword(self, put: _Placer, depth: float) -> None:
        """Add a sword."""
        long, wide = float(self.rng.uniform(1.4, 2.8)), float(self.rng.uniform(0.04, 0.14))
        blade = [
            (-wide, -0.18),
            (wide, -0.18),
            (wide * 0.9, -long),
            (0.0, -long - 0.2),
            (-wide * 0.9, -long),
        ]
        shine = [(0.0, -0.18), (0.0, -long)]
        self.add(depth, put(blade), lit(STEEL, 0.5), [Detail(put(shine), STEEL, 2.0)])
        self.add(depth + 0.05, put([(-0.2, -0.2), (0.2, -0.2), (0.2, -0.13), (-0.2, -0.13)]), GOLD)
        self.add(
            depth, put([(-0.035, -0.15), (0.035, -0.15), (0.035, 0.3), (-0.035, 0.3)]), LEATHER
        )

    def staff(self, put: _Placer, depth: float) -> None:
        """Add a staff with a ring on top."""
        self.add(depth, put(ribbon([(0.0, -1.8), (0.0, 1.6)], [0.035])), LEATHER)
        ring = oval([(0.0, -2.0)], 0.24, 0.24)
        self.add(depth, put(ribbon(np.vstack([ring, ring[:1]]), [0.045])), GOLD)
        self.add(depth + 0.05, put(oval([(0.0, -2.0)], 0.12, 0.14)), random_vivid(self.rng))

    def umbrella(self, put: _Placer, depth: float) -> None:
        """Add an open umbrella; its canopy is behind the figure."""
        colour = random_vivid(self.rng)
        self.add(depth, put(ribbon([(0.0, -1.7), (0.0, 0.3)], [0.025])), STEEL)
        dome = oval([(0.0, -1.15)], 1.25, 0.75, start=180.0, stop=360.0)
        edge = [(1.25 - 2.5 * i / 12, -1.15 + (0.07 if i % 2 else 0.0)) for i in range(13)]
        ribs = [
            Detail(
                put(bezier([(0, -1.9)], [(x * 0.6, -1.8)], [(x, -1.5)], [(x, -1.15)])), None, 0.8
            )
            for x in (-0.83, -0.42, 0.0, 0.42, 0.83)
        ]
        self.add(Depth.BEHIND + 0.5, put(np.vstack([dome, edge])), colour, ribs)

    def book(self, put: _Placer, depth: float) -> None:
        """Add a book."""
        self.add(
            depth + 1,
            put([(-0.3, -0.38), (0.3, -0.38), (0.3, 0.3), (-0.3, 0.3)]),
            random_vivid(self.rng),
            [Detail(put([(-0.24, -0.4), (-0.24, 0.4)]), None, 1.0)],
        )

    def gun(self, put: _Placer, depth: float) -> None:
        """Add a rifle."""
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
        self.add(
            depth,
            put(body),
            mix(STEEL, BLACK, 0.7),
            [Detail(put([(0.0, -0.05), (1.2, -0.07)]), None, 0.8)],
        )

    def fan(self, put: _Placer, depth: float) -> None:
        """Add a folding fan."""
        arc = oval([(0.0, 0.0)], 0.6, 0.6, start=200.0, stop=340.0)
        ribs = [Detail(put([(0.0, 0.0), tip]), None, 0.7) for tip in arc[::4]]
        self.add(depth, put(np.vstack([[(0.0, 0.05)], arc])), random_vivid(self.rng), ribs)

    def cup(self, put: _Placer, depth: float) -> None:
        """Add a cup."""
        self.add(
            depth + 0.6, put([(-0.12, -0.22), (0.12, -0.22), (0.09, 0.12), (-0.09, 0.12)]), WHITE
        )

    def scythe(self, put: _Placer, depth: float) -> None:
        """Add a scythe with a long curved blade."""
        self.add(depth, put(ribbon([(0.0, -2.0), (0.0, 1.6)], [0.04])), mix(LEATHER, BLACK, 0.5))
        outer = bezier([(-0.1, -2.1)], [(0.5, -2.5)], [(1.3, -2.2)], [(1.7, -1.4)])
        inner = bezier([(1.7, -1.4)], [(1.1, -1.9)], [(0.6, -1.95)], [(-0.1, -1.85)])
        blade = np.vstack([outer, inner])
        self.add(depth + 0.05, put(blade), STEEL, [Detail(put(inner), WHITE, 3.0)])

    def guitar(self, put: _Placer, depth: float) -> None:
        """Add an electric guitar."""
        colour = random_vivid(self.rng)
        loop = [
            (-0.1, 0.0),
            (-0.42, -0.1),
            (-0.4, 0.5),
            (-0.5, 1.0),
            (0.0, 1.2),
            (0.5, 1.0),
            (0.4, 0.5),
            (0.42, -0.15),
            (0.1, 0.0),
        ]
        plate = put(oval([(0.05, 0.6)], 0.22, 0.3))
        body = smooth(loop, closed=True, samples=4)
        self.add(depth, put(body), colour, [Detail(plate, WHITE)])
        self.add(depth + 0.05, put(ribbon([(0.0, 0.5), (0.0, -1.5)], [0.06])), LEATHER)
        head = [(-0.06, -1.5), (-0.12, -1.85), (0.12, -1.9), (0.08, -1.5)]
        self.add(depth + 0.06, put(head), colour)

    def plush(self, put: _Placer, depth: float) -> None:
        """Add a stuffed animal."""
        colour = mix(random_vivid(self.rng), WHITE, 0.4)
        body = [
            put(oval([(0.0, 0.45)], 0.28, 0.32)),
            put(oval([(-0.3, 0.35)], 0.14, 0.1)),
            put(oval([(0.3, 0.35)], 0.14, 0.1)),
            put(oval([(-0.2, 0.75)], 0.12, 0.15)),
            put(oval([(0.2, 0.75)], 0.12, 0.15)),
        ]
        ears = [put(oval([(side * 0.22, -0.22)], 0.12, 0.12)) for side in (-1.0, 1.0)]
        eyes = [Detail(put(oval([(x, 0.02)], 0.03, 0.035)), BLACK) for x in (-0.1, 0.1)]
        muzzle = Detail(put(oval([(0.0, 0.14)], 0.1, 0.07)), WHITE)
        self.add(depth + 0.4, [*body, *ears], colour)
        self.add(depth + 0.45, put(oval([(0.0, 0.04)], 0.29, 0.25)), colour, [muzzle, *eyes])

    def phone(self, put: _Placer, depth: float) -> None:
        """Add a telephone."""
        case = [(-0.1, -0.3), (0.1, -0.3), (0.1, 0.12), (-0.1, 0.12)]
        lens = Detail(put(oval([(-0.05, -0.24)], 0.03, 0.03)), BLACK)
        self.add(depth + 0.5, put(case), random_vivid(self.rng), [lens])
