"""Hair: the mass behind the head, the fringe with its strand tips, side locks and tails."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from animeseg.data.figures.face import Turn
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
from animeseg.data.figures.palette import lit, mix, random_vivid, shaded
from animeseg.data.figures.pose import Skeleton
from animeseg.data.figures.scene import Colour, Depth, Detail, Part, Scene
from animeseg.data.figures.style import FigureStyle

_LENGTHS = {
    "short": 0.38,
    "bob": 0.6,
    "medium": 1.05,
    "long": 2.3,
    "very long": 3.7,
    "spiky": 0.3,
}


class HairPainter:
    """Adds the hair of one figure to a scene."""

    def __init__(
        self, scene: Scene, style: FigureStyle, skeleton: Skeleton, rng: np.random.Generator
    ) -> None:
        self.scene = scene
        self.style = style
        self.skeleton = skeleton
        self.rng = rng
        self.cap_rx = 0.425 + 0.05 * style.volume
        self.cap_ry = 0.475 + 0.07 * style.volume
        back = -np.sin(np.radians(style.yaw)) * 0.06
        self.cap_centre = np.array([back, -0.075])
        self.length = _LENGTHS[style.back_hair] * (0.45 if style.chibi else 1.0)
        self.fringe_turn = Turn(style.yaw * 0.8, style.pitch * 0.6)

    # -- placing -------------------------------------------------------------------------------

    def hang(self, points: PointsLike) -> Points:
        """Place points that start on the head and hang down, whatever the head's tilt."""
        local = as_points(points)
        # Near the skull hair turns with the head, farther down it follows gravity and wind.
        loose = np.clip((local[:, 1] - 0.1) / 0.9, 0.0, 1.0)[:, None]
        fixed = rotate(local, self.skeleton.head.roll)
        drift = 0.16 * self.style.wind * np.clip(local[:, 1], 0.0, None) ** 1.35
        free = local + np.stack([drift, np.zeros_like(drift)], axis=1)
        base = rotate([(0.0, 0.1)], self.skeleton.head.roll) - np.array([0.0, 0.1])
        placed: Points = fixed * (1 - loose) + (free + base) * loose + self.skeleton.head.centre
        return placed

    def colour_at(self, reach: float) -> tuple[Colour, Colour | None, Points | None]:
        """Return fill, fade colour and fade axis for hair that hangs down by `reach`."""
        tips = self.style.hair_tips
        if tips is None:
            return self.style.hair, None, None
        axis = self.hang([(0.0, 0.0), (0.0, max(0.4, reach))])
        return self.style.hair, tips, axis

    def mass(
        self,
        depth: float,
        outlines: Points | Sequence[Points],
        reach: float,
        details: Sequence[Detail] = (),
        *,
        darker: float = 0.0,
    ) -> None:
        """Add one area of hair."""
        fill, fade, axis = self.colour_at(reach)
        if darker > 0:
            fill = mix(fill, shaded(fill, self.style.shadow), darker)
            fade = None if fade is None else mix(fade, shaded(fade, self.style.shadow), darker)
        self.scene.add(depth, Part.HAIR, outlines, fill, fade=fade, fade_axis=axis, details=details)

    # -- back ----------------------------------------------------------------------------------

    def draw_back(self) -> None:
        """Add the hair behind the head (or, seen from behind, over it)."""
        style = self.style
        behind = style.from_behind
        depth = Depth.FRINGE if behind else Depth.BACK_HAIR
        reach = self.length * float(self.rng.uniform(0.85, 1.2))
        if style.tails in ("twin", "pony", "buns", "braids") and self.rng.random() < 0.75:
            reach = 0.36
        if style.back_hair == "spiky":
            self._draw_spikes(Depth.FRINGE - 1 if behind else Depth.BACK_HAIR + 1)
        outline = self._back_outline(reach)
        details = self._flow_lines(reach) if behind or reach > 0.5 else []
        if behind:
            details += self._shine(-0.3)
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
        cx = self.cap_centre[0]
        middle = (upper + lower) / 2 + 0.06 * self.style.volume
        left = smooth([(cx - upper, -0.1), (cx - middle, reach * 0.45), (cx - lower, reach * 0.82)])
        right = smooth(
            [(cx + lower, reach * 0.82), (cx + middle, reach * 0.45), (cx + upper, -0.1)]
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
        top = oval([self.cap_centre], max(upper, self.cap_rx), self.cap_ry, start=0.0, stop=-180.0)
        return np.vstack([left, *tips, right, top])

    def _flow_lines(self, reach: float) -> list[Detail]:
        """Return strand lines that run down the mass."""
        upper, lower = 0.4, 0.36 + 0.1 * min(reach, 2.0)
        lines = []
        for share in self.rng.uniform(-0.85, 0.85, 7):
            start = (share * upper * 0.5, -0.3)
            mid = (share * (upper + 0.08), reach * 0.4)
            end = (share * lower, reach * float(self.rng.uniform(0.7, 0.98)))
            curve = self.hang(smooth([start, mid, end]))
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

    # -- front ---------------------------------------------------------------------------------

    def fringe_outlines(self) -> list[Points]:
        """Return the head-local outlines of the fringe, topmost last."""
        if self.style.from_behind:
            return []
        edge = self._fringe_edge()
        arc = oval([self.cap_centre], self.cap_rx, self.cap_ry, start=160.0, stop=380.0, samples=34)
        return [np.vstack([arc, edge])]

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
        if self.style.side_locks > 0:
            self._draw_side_locks()
        for outline in fringe:
            details = self._shine(-0.34) + self._parting_lines(outline)
            self.mass(Depth.FRINGE, self.skeleton.head.place(outline), 1.0, details)

    def _parting_lines(self, outline: Points) -> list[Detail]:
        """Return lines from the crown towards the gaps between the strands."""
        crown = self.cap_centre + np.array([float(self.rng.normal(0, 0.05)), -0.40])
        lines = []
        for x in np.linspace(-0.34, 0.34, 6) + self.rng.normal(0, 0.02, 6):
            end = self.fringe_turn([(x, float(self.rng.uniform(-0.22, -0.06)))])
            start = crown + (end[0] - crown) * float(self.rng.uniform(0.25, 0.5))
            bulge = (start + end[0]) / 2 + np.array([x * 0.2, -0.03])
            curve = smooth([start, bulge, end[0]])
            lines.append(Detail(self.skeleton.head.place(curve), None, 0.6))
        return lines

    def _shine(self, y: float) -> list[Detail]:
        """Return the ring of light on the crown."""
        if self.rng.random() < 0.35 or self.style.shading in ("flat", "sketch"):
            return []
        count = 18
        angle = np.radians(np.linspace(205.0, 335.0, count))
        rim = np.stack([np.cos(angle) * self.cap_rx * 0.86, -np.sin(angle) * y * 0.95], axis=1)
        rim = rim + self.cap_centre + np.array([0.0, 0.12])
        thick = np.where(np.arange(count) % 2 == 0, 0.035, 0.012) * self.rng.uniform(
            0.6, 1.3, count
        )
        band = ribbon(rim, thick)
        return [Detail(self.skeleton.head.place(band), lit(self.style.hair, 0.75))]

    def _draw_side_locks(self) -> None:
        for side in (-1.0, 1.0):
            turned = np.sin(np.radians(self.style.yaw)) * 0.05
            x = side * 0.385 + turned
            reach = self.style.side_locks * float(self.rng.uniform(0.9, 1.1))
            out = side * float(self.rng.uniform(-0.04, 0.06))
            curve = smooth(
                [
                    (x - side * 0.06, -0.34),
                    (x + side * 0.03, -0.05),
                    (x + side * 0.035 + out * 0.5, reach * 0.5),
                    (x + out, reach),
                ]
            )
            wide = 0.065 * self.style.volume
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

    # -- tails ---------------------------------------------------------------------------------

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
        for side in sides:
            root = np.array([side * 0.43, height])
            if kind == "pony":
                away = -float(np.sign(self.style.yaw) or 1.0)
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
        lines = [
            Detail(self.hang(curve + np.array([shift * wide, 0.0])), None, 0.6)
            for shift in (-0.4, 0.1, 0.5)
        ]
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
