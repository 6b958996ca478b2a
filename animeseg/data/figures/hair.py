"""Hair: the fringe with its strand tips, side locks, and the whole head of hair."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from animeseg.data.figures.back_hair import BackHair
from animeseg.data.figures.geometry import (
    Points,
    as_points,
    bezier,
    oval,
    ribbon,
    smooth,
)
from animeseg.data.figures.scene import Depth, Detail
from animeseg.data.figures.tails import Tails


class HairPainter(BackHair, Tails):
    """Adds the hair of one figure to a scene."""

    def fringe_outlines(self) -> list[Points]:
        """Return the head-local outlines of the fringe, topmost last."""
        if self.style.from_behind:
            return []
        edge = self._fringe_edge()
        return [np.vstack([self._crown(), edge])]

    def _crown(self) -> Points:
        """Return the upper contour from the left ear to the right: smooth, ruffled or spiky."""
        start, stop = 160.0, 380.0
        if self.style.in_profile:
            # On the side of the forehead the contour ends at the brow.
            start, stop = (160.0, 350.0) if self.style.facing > 0 else (190.0, 380.0)
        spiky = self.style.back_hair == "spiky"
        if not spiky and self.style.fringe != "messy":
            return oval([self.cap_centre], self.cap_rx, self.cap_ry, start=start, stop=stop)
        count = int(self.rng.integers(7, 11))
        degrees = np.linspace(start, stop, count * 2 + 1)
        degrees += self.rng.normal(0, 2.5, len(degrees))
        reach = float(self.rng.uniform(0.16, 0.34)) if spiky else 0.06
        out = np.where(np.arange(len(degrees)) % 2 == 1, 1.0 + reach, 0.98)
        out = out * self.rng.uniform(0.97, 1.05, len(degrees))
        # Tips lean to the nearer side, as if combed from the crown.
        lean = np.where(out > 1.0, np.sign(degrees - 270.0) * 7.0, 0.0)
        angle = np.radians(degrees + lean)
        knots = np.stack([self.cap_rx * np.cos(angle), self.cap_ry * np.sin(angle)], axis=1)
        knots = knots * out[:, None] + self.cap_centre
        return knots if spiky else smooth(knots, samples=4)

    def _draw_profile_side(self) -> None:
        """Add the hair between temple and nape that a head seen from the side shows."""
        f = self.style.facing
        nape = float(self.rng.uniform(0.26, 0.42))
        lock = float(self.rng.uniform(0.05, 0.34))
        inner = [
            (0.20, -0.40),
            (0.16, -0.16),
            (0.12, lock),
            (0.05, -0.02),
            (-0.06, 0.02),
            (-0.12, nape),
            (-0.20, nape - 0.1),
            (-0.30, nape),
            (-0.36, nape - 0.12),
        ]
        angles = np.linspace(160.0, 285.0, 16) if f > 0 else np.linspace(20.0, -105.0, 16)
        radians = np.radians(angles)
        rim = np.stack([np.cos(radians) * self.cap_rx, np.sin(radians) * self.cap_ry], axis=1)
        front = as_points(inner) * np.array([f, 1.0])
        outline = np.vstack([front, rim + self.cap_centre])
        self.mass(Depth.FRINGE - 0.5, self.hang(outline), 1.0)

    def _fringe_tips(self) -> list[tuple[float, float]]:
        """Return strand tips (x, y) from right to left, before the head turns."""
        rng, kind = self.rng, self.style.fringe
        count = {"straight": 9, "between": 7, "messy": 8}.get(kind, 6) + int(rng.integers(-1, 2))
        xs = np.linspace(0.36, -0.36, count) + rng.normal(0, 0.012, count)
        base = float(rng.uniform(-0.02, 0.08))
        part = float(rng.uniform(-0.2, 0.2))
        tips = []
        for x in xs:
            y = base + float(rng.normal(0, 0.022))
            if kind == "straight":
                y = base + float(rng.normal(0, 0.006))
            elif kind == "parted":
                y = -0.2 + 0.75 * abs(x - part) + float(rng.normal(0, 0.02))
                x += 0.1 * np.sign(x - part)
            elif kind == "swept":
                y = base + 0.28 * (x * np.sign(part) + 0.1)
                x += 0.09 * np.sign(part)
            elif kind == "between":
                y = base - 0.10 + (0.30 if abs(x) < 0.06 else 0.30 * abs(x))
            elif kind == "over eye":
                y = 0.24 if x * np.sign(part) > 0.08 else base
            elif kind == "messy":
                y = base + float(rng.uniform(-0.1, 0.14))
            tips.append((float(np.clip(x, -0.42, 0.42)), float(min(y, 0.3))))
        return tips

    def _fringe_edge(self) -> Points:
        """Return the zigzag lower edge of the fringe, head-local, from right to left."""
        tips = self._fringe_tips()
        roots = np.linspace(0.41, -0.41, len(tips) + 1)
        lean = float(self.rng.uniform(-0.04, 0.04))
        deep = 0.06 if self.style.fringe == "straight" else float(self.rng.uniform(0.13, 0.22))
        pieces = []
        for index, (x, y) in enumerate(tips):
            a, b = roots[index], roots[index + 1]
            va = max(-0.27, y - deep * float(self.rng.uniform(0.7, 1.2)))
            tip = [(x + lean, y)]
            first = bezier([(a, va)], [(a, (va + y) / 2)], [(x + 0.02 + lean, y - 0.02)], tip, 6)
            last = bezier(tip, [(x - 0.02 + lean, y - 0.03)], [(b, (va + y) / 2)], [(b, va)], 6)
            pieces += [first, last]
        right = [(0.43, 0.0)]
        left = [(-0.43, 0.0)]
        return self.fringe_turn(np.vstack([right, *pieces, left]))

    def draw_front(self, fringe: Sequence[Points]) -> None:
        """Add fringe, side locks and the strand that stands up."""
        if self.style.ahoge:
            self._draw_ahoge()
        if self.style.from_behind:
            return
        if self.style.in_profile:
            self._draw_profile_side()
        if self.style.side_locks > 0:
            self._draw_side_locks()
        for outline in fringe:
            details = self.shine(-0.34) + self._parting_lines(outline)
            self.mass(Depth.FRINGE, self.skeleton.head.place(outline), 1.0, details)

    def _parting_lines(self, outline: Points) -> list[Detail]:
        """Return lines from the crown towards the gaps between the strands."""
        crown = self.cap_centre + np.array([float(self.rng.normal(0, 0.05)), -0.40])
        lines: list[Detail] = []
        for x in np.linspace(-0.34, 0.34, 6) + self.rng.normal(0, 0.02, 6):
            end = self.fringe_turn([(x, float(self.rng.uniform(-0.22, -0.06)))])
            start = crown + (end[0] - crown) * float(self.rng.uniform(0.25, 0.5))
            bulge = (start + end[0]) / 2 + np.array([x * 0.2, -0.03])
            curve = smooth([start, bulge, end[0]])
            placed = self.skeleton.head.place(curve)
            lines += self.wisp(placed, 0.022)
            lines.append(Detail(placed, None, 0.6))
        return lines

    def _draw_side_locks(self) -> None:
        for side in (-1.0, 1.0):
            turned = np.sin(np.radians(self.style.yaw)) * 0.05
            x = side * 0.385 + turned
            if self.style.in_profile:
                if side == self.style.facing:
                    continue
                x = 0.12 * self.style.facing
            reach = (
                self.style.side_locks
                * (0.6 if self.style.chibi else 1.0)
                * float(self.rng.uniform(0.9, 1.1))
            )
            out = side * float(self.rng.uniform(-0.04, 0.06))
            curve = smooth(
                [
                    (x - side * 0.06, -0.34),
                    (x + side * 0.03, -0.05),
                    (x + side * 0.035 + out * 0.5, reach * 0.5),
                    (x + out, reach),
                ]
            )
            wide = 0.065 * self.style.volume * max(1.0, min(1.7, reach))
            main = ribbon(curve, [wide * 0.7, wide * 1.15, wide * 0.9, wide * 0.5, 0.003])
            twig = curve.copy()
            twig[:, 0] += np.linspace(0, side * 0.09, len(curve))
            twig[:, 1] *= np.linspace(1.0, 0.82, len(curve))
            second = ribbon(twig, [wide * 0.6, wide * 0.6, wide * 0.4, 0.003])
            self.mass(Depth.FRINGE - 1, [self.hang(second), self.hang(main)], 1.0)

    def _draw_ahoge(self) -> None:
        side = float(self.rng.choice([-1.0, 1.0]))
        top = self.cap_centre + np.array([0.0, -self.cap_ry + 0.03])
        long = float(self.rng.uniform(0.16, 0.36))
        curve = bezier(
            [top],
            [top + np.array([side * 0.02, -long])],
            [top + np.array([side * long, -long * 1.1])],
            [top + np.array([side * long * 1.1, -long * 0.3])],
        )
        outline = ribbon(curve, [0.035, 0.03, 0.02, 0.002])
        self.mass(Depth.ABOVE_FRINGE + 1, self.skeleton.head.place(outline), 1.0)
