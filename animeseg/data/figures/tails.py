"""Tied hair: twin tails, pony tails, braids, buns and drills."""

from __future__ import annotations

import numpy as np

from animeseg.data.figures.geometry import (
    Points,
    bezier,
    oval,
    ribbon,
    smooth,
)
from animeseg.data.figures.palette import random_vivid
from animeseg.data.figures.scene import Depth, Detail, Part
from animeseg.data.figures.strands import Strands


class Tails(Strands):
    """Draws tied hair and what ties it."""

    def draw_tails(self) -> None:
        """Add twin tails, a pony tail, braids, buns or drills."""
        kind = self.style.tails
        if kind == "none":
            return
        ribbon_colour = random_vivid(self.rng)
        sides = {"pony": [0.0], "side": [float(self.rng.choice([-1.0, 1.0]))]}.get(
            kind, [-1.0, 1.0]
        )
        reach = float(self.rng.uniform(1.0, 2.9)) * (0.5 if self.style.chibi else 1.0)
        height = float(self.rng.uniform(-0.34, -0.02))
        if self.style.in_profile:
            sides = [-self.style.facing]
        for side in sides:
            root = np.array([side * 0.43, height])
            if kind == "pony":
                away = -self.style.facing
                root = np.array([away * 0.22, -0.42])
                side = away
            if kind == "buns":
                self._draw_bun(root + np.array([-side * 0.1, -0.18]), side)
            elif kind == "braids":
                self._draw_braid(root + np.array([0.0, 0.25]), side, min(reach, 1.9))
            elif kind == "drills":
                self._draw_drill(root, side, min(reach, 1.6))
            else:
                self._draw_tail(root, side, reach)
            if kind not in ("buns", "braids"):
                knot = oval([root + np.array([side * 0.03, 0.0])], 0.065, 0.085)
                self.scene.add(Depth.BACK_HAIR + 3, Part.ACCESSORY, self.hang(knot), ribbon_colour)

    def _tail_curve(self, root: Points, side: float, reach: float) -> Points:
        flare = side * float(self.rng.uniform(0.25, 0.75)) * min(1.0, reach)
        lift = float(self.rng.uniform(0.0, 0.18))
        return bezier(
            [root],
            [root + np.array([flare * 0.9, -lift])],
            [root + np.array([flare * 1.1, reach * 0.55])],
            [root + np.array([flare * float(self.rng.uniform(0.4, 1.4)), reach])],
            18,
        )

    def _draw_tail(self, root: Points, side: float, reach: float) -> None:
        curve = self._tail_curve(root, side, reach)
        wide = 0.15 * self.style.volume
        loops = []
        for offset in (-0.55, 0.55, 0.0):
            strand = curve.copy()
            spread = np.linspace(0.0, 1.0, len(curve)) ** 1.3
            strand[:, 0] += offset * wide * 1.5 * spread
            strand[:, 1] -= abs(offset) * 0.3 * reach * spread**3
            loops.append(
                self.hang(ribbon(strand, [wide * 0.45, wide, wide * 0.85, 0.5 * wide, 0.003]))
            )
        lines: list[Detail] = []
        for shift in (-0.4, 0.1, 0.5):
            placed = self.hang(curve + np.array([shift * wide, 0.0]))
            lines += [*self.wisp(placed, 0.03), Detail(placed, None, 0.6)]
        self.mass(Depth.BACK_HAIR + 2, loops, max(reach, 0.5), lines)

    def _draw_bun(self, centre: Points, side: float) -> None:
        size = float(self.rng.uniform(0.15, 0.22))
        bun = oval([centre], size, size)
        swirl = smooth(oval([centre], size * 0.55, size * 0.5, start=20.0, stop=300.0))
        self.mass(Depth.BACK_HAIR + 2, self.hang(bun), 1.0, [Detail(self.hang(swirl), None, 0.7)])

    def _draw_braid(self, root: Points, side: float, reach: float) -> None:
        end = root + np.array([side * 0.12, reach])
        count = max(4, round(reach / 0.15))
        front = self.rng.random() < 0.5
        depth = Depth.FRINGE - 2 if front else Depth.BACK_HAIR + 2
        for index, share in enumerate(np.linspace(0.0, 1.0, count)):
            at = root + (end - root) * share
            size = 0.095 * self.style.volume * (1.0 - 0.35 * share)
            turn = 28.0 if index % 2 else -28.0
            link = oval([at], size, 0.105, turn=turn)
            self.mass(depth + 0.001 * (count - index), self.hang(link), 1.0)
        tuft = ribbon([end, end + np.array([0.0, 0.2])], [0.05, 0.08, 0.004])
        self.mass(depth - 0.01, self.hang(tuft), 1.0)
        tie = oval([end + np.array([0.0, 0.05])], 0.06, 0.035)
        self.scene.add(depth + 0.1, Part.ACCESSORY, self.hang(tie), random_vivid(self.rng))

    def _draw_drill(self, root: Points, side: float, reach: float) -> None:
        curve = self._tail_curve(root, side * 0.5, reach)
        count = max(5, round(reach / 0.16))
        for index in range(count):
            share = index / (count - 1)
            at = curve[round(share * (len(curve) - 1))]
            wide = 0.2 * self.style.volume * (1.0 - 0.7 * share)
            coil = oval([at], wide, 0.12, turn=18.0 * side)
            self.mass(Depth.BACK_HAIR + 2 + 0.001 * (count - index), self.hang(coil), 1.0)
