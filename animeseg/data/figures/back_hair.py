"""The mass of hair behind the head, or over it when seen from behind."""

from __future__ import annotations

import itertools

import numpy as np

from animeseg.data.figures.geometry import (
    Points,
    bezier,
    oval,
    ribbon,
    smooth,
)
from animeseg.data.figures.scene import Depth, Detail
from animeseg.data.figures.strands import Strands


class BackHair(Strands):
    """Draws the mass, its spikes and stray strands."""

    def draw_back(self) -> None:
        """Add the hair behind the head (or, seen from behind, over it)."""
        style = self.style
        behind = style.from_behind
        depth = Depth.FRINGE if behind else Depth.BACK_HAIR
        reach = self.length * float(self.rng.uniform(0.85, 1.2))
        if style.tails in ("twin", "pony", "buns", "braids") and self.rng.random() < 0.75:
            reach = 0.36
        if behind:
            # The jaw would look like a face without features.
            reach = max(reach, 0.56)
        if style.back_hair == "spiky":
            self._draw_spikes(Depth.FRINGE - 1 if behind else Depth.BACK_HAIR + 1)
        outline = self._back_outline(reach)
        details = self._flow_lines(reach) if behind or reach > 0.5 else []
        if behind:
            details += self.shine(-0.3)
        if self.rng.random() < 0.5:
            self._draw_strays(reach)
        self.mass(depth, self.hang(outline), reach, details, darker=0.0 if behind else 0.6)

    def _back_width(self, reach: float) -> tuple[float, float]:
        """Return half widths at ear level and at the tips."""
        volume = self.style.volume
        upper = 0.43 + 0.06 * volume
        lower = {"bob": 0.40, "short": 0.30, "spiky": 0.34}.get(self.style.back_hair)
        if lower is None:
            lower = 0.34 + 0.16 * volume * min(reach, 3.0) ** 0.5
        return upper, lower * float(self.rng.uniform(0.85, 1.2))

    def _back_outline(self, reach: float) -> Points:
        """Return the head-local outline: round on top, strand tips below."""
        upper, lower = self._back_width(reach)
        cx = self.cap_centre[0] - (0.16 * self.style.facing if self.style.in_profile else 0.0)
        middle = (upper + lower) / 2 + 0.06 * self.style.volume
        top_x = self.cap_centre[0]
        left = smooth(
            [(top_x - upper, -0.1), (cx - middle, reach * 0.45), (cx - lower, reach * 0.82)]
        )
        right = smooth(
            [(cx + lower, reach * 0.82), (cx + middle, reach * 0.45), (top_x + upper, -0.1)]
        )
        count = int(self.rng.integers(4, 9))
        xs = np.linspace(-lower, lower, count + 1) + cx
        tips = []
        for a, b in itertools.pairwise(xs):
            tip_y = reach * float(self.rng.uniform(0.9, 1.06))
            tip_x = (a + b) / 2 + (a + b - 2 * cx) * 0.12 + float(self.rng.normal(0, 0.03))
            valley = reach * float(self.rng.uniform(0.76, 0.86))
            tips.append(bezier([(a, valley)], [(a, tip_y)], [(tip_x, tip_y)], [(tip_x, tip_y)], 6))
            tips.append(
                bezier([(tip_x, tip_y)], [(tip_x, tip_y)], [(b, tip_y * 0.97)], [(b, valley)], 6)
            )
        # Seen from the front it stays inside the crown, whose lighter edge covers it.
        tall = self.cap_ry * (1.0 if self.style.from_behind else 0.96)
        top = oval([self.cap_centre], max(upper, self.cap_rx), tall, start=0.0, stop=-180.0)
        return np.vstack([left, *tips, right, top])

    def _flow_lines(self, reach: float) -> list[Detail]:
        """Return strand lines that run down the mass."""
        upper, lower = 0.4, 0.36 + 0.1 * min(reach, 2.0)
        lines: list[Detail] = []
        for share in self.rng.uniform(-0.85, 0.85, 7):
            start = (share * upper * 0.5, -0.3)
            mid = (share * (upper + 0.08), reach * 0.4)
            end = (share * lower, reach * float(self.rng.uniform(0.7, 0.98)))
            curve = self.hang(smooth([start, mid, end]))
            lines += self.wisp(curve, 0.03)
            lines.append(Detail(curve, None, 0.7))
        return lines

    def _draw_spikes(self, depth: float) -> None:
        """Add pointed tufts all around the skull."""
        spikes = []
        for angle in np.linspace(-200.0, 20.0, int(self.rng.integers(9, 14))):
            a = angle + float(self.rng.normal(0, 6))
            long = float(self.rng.uniform(0.14, 0.34)) * self.style.volume
            spikes.append(self._tuft(a, long, float(self.rng.uniform(0.10, 0.17))))
        self.mass(depth, [self.hang(s) for s in spikes], 0.6, darker=0.3)

    def _draw_strays(self, reach: float) -> None:
        """Add single thin strands that leave the silhouette."""
        strands = []
        for _ in range(int(self.rng.integers(3, 9))):
            side = float(self.rng.choice([-1.0, 1.0]))
            if self.style.in_profile:
                side = -self.style.facing
            y = float(self.rng.uniform(-0.2, max(0.3, reach * 0.7)))
            out = float(self.rng.uniform(0.06, 0.22))
            fall = float(self.rng.uniform(0.1, 0.4))
            x = side * self._side_at(y, reach) * 0.9
            curve = bezier(
                [(x, y)],
                [(x + side * out * 0.7, y + 0.02)],
                [(x + side * out, y + fall * 0.6)],
                [(x + side * out * 1.1, y + fall)],
            )
            strands.append(self.hang(ribbon(curve, [0.028, 0.02, 0.012, 0.002])))
        self.mass(Depth.BACK_HAIR - 1, strands, max(reach, 0.5), darker=0.4)

    def _side_at(self, y: float, reach: float) -> float:
        """Return about how far the mass reaches sideways at height `y`."""
        share = min(max(y / max(reach, 0.3), 0.0), 1.0)
        low = 0.32 + 0.13 * self.style.volume * min(reach, 3.0) ** 0.5
        return float(self.cap_rx + (low - self.cap_rx) * share)

    def _tuft(self, degrees: float, long: float, wide: float) -> Points:
        direction = np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])
        root = self.cap_centre + direction * np.array([self.cap_rx, self.cap_ry]) * 0.8
        bow = np.array([-direction[1], direction[0]]) * float(self.rng.normal(0, 0.06))
        tip = root + direction * (long + 0.12) + bow + np.array([0.0, 0.05])
        curve = smooth([root, (root + tip) / 2 + bow, tip])
        return ribbon(curve, [wide, wide * 0.75, 0.004])
