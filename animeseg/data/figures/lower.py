"""Garments below the waist: legwear, shoes, trousers and skirts."""

from __future__ import annotations

import numpy as np

from animeseg.data.figures.body import foot_loop, limb_loops
from animeseg.data.figures.geometry import Points, ribbon, smooth
from animeseg.data.figures.palette import BLACK, WHITE, mix
from animeseg.data.figures.scene import Colour, Depth, Detail
from animeseg.data.figures.tailoring import Bench


class LowerGarments(Bench):
    """Cuts what is worn on hips, legs and feet."""

    def draw_legwear(self) -> None:
        """Add socks or stockings."""
        share = self.style.stockings
        if share <= 0 or self.style.trousers:
            return
        w = self.build.thigh_width
        colour = self.rng.choice(np.array([BLACK, WHITE, self.second, self.accent]))
        tone: Colour = (float(colour[0]), float(colour[1]), float(colour[2]))
        start = 1.0 - share
        radii = [
            np.interp(s, [0, 0.5, 0.75, 1.0], [w, w * 0.64, w * 0.6, w * 0.36])
            for s in np.linspace(start, 1.0, 5)
        ]
        for limb in self.skeleton.legs:
            loops = limb_loops(limb, [float(r) + 0.008 for r in radii], start, 1.0)
            depth = Depth.LEGS + (0.2 if limb.side < 0 else 1.2)
            self.cloth(depth, [*loops, foot_loop(limb, w)], tone)

    def draw_shoes(self) -> None:
        """Add shoes or boots."""
        if self.style.outfit == "swimsuit" and self.rng.random() < 0.7:
            return
        w = self.build.thigh_width
        tall = float(self.rng.choice([0.0, 0.12, 0.3]))
        colour = mix(self.accent, BLACK, float(self.rng.uniform(0.2, 0.9)))
        for limb in self.skeleton.legs:
            loops = [foot_loop(limb, w, 0.015)]
            if tall > 0:
                loops += limb_loops(limb, [w * 0.62, w * 0.45], 1.0 - tall, 1.0)
            depth = Depth.LEGS + (0.4 if limb.side < 0 else 1.4)
            self.cloth(depth, loops, colour)

    def draw_trousers(self) -> None:
        """Add trousers or shorts."""
        w = self.build.thigh_width
        stop = float(self.rng.choice([0.3, 0.75, 0.97, 0.97]))
        loose = float(self.rng.uniform(1.08, 1.5))
        hips = self.band(0.66, 1.05, 0.02)
        for limb in self.skeleton.legs:
            radii = [w * 1.08, w * 0.8 * loose, w * 0.72 * loose]
            loops = limb_loops(limb, radii, 0.0, stop, flat=True)
            depth = Depth.LEGS + (0.6 if limb.side < 0 else 1.6)
            self.cloth(depth, loops, self.second)
        fly = Detail(self.torso([(0.0, 0.7), (0.0, 0.98)]), None, 0.7)
        self.cloth(Depth.BODY + 2, hips, self.second, [fly])

    def _leg_spread(self, share: float) -> tuple[float, float]:
        """Return the leftmost and rightmost x of the legs at `share` of their length."""
        xs: list[float] = []
        for limb in self.skeleton.legs:
            joints = np.stack([limb.root, limb.middle, limb.end])
            places = np.linspace(0.0, share, 5)
            xs += np.interp(places, [0, 0.5, 1.0], joints[:, 0]).tolist()
        return min(xs), max(xs)

    def draw_skirt(self) -> None:
        """Add a skirt that covers the spread of the legs."""
        style, rng = self.style, self.rng
        long = style.outfit in ("dress", "kimono", "maid")
        hem = style.hem * (1.0 if long else 0.5)
        hem = max(hem, 0.9) if style.outfit == "kimono" else hem
        legs = self.build.thigh + self.build.shin
        wide = float(rng.uniform(0.1, 0.5))
        wide = 0.05 if style.outfit == "kimono" else wide
        left, right = self._leg_spread(hem)
        pelvis = self.torso([(0.0, 1.0)])[0]
        low = pelvis[1] + hem * legs * 0.98
        if style.legs in ("sitting", "kneeling", "jumping", "running", "squatting"):
            low = pelvis[1] + hem * legs * 0.7
        grow = wide * (0.3 + hem * legs / 2.0)
        half = self.build.hip + 0.04
        a = min(left - 0.26 * self.build.hip / 0.45, pelvis[0] - half) - grow
        b = max(right + 0.26 * self.build.hip / 0.45, pelvis[0] + half) + grow
        drift = 0.2 * style.wind * hem
        top_left, top_right = self.torso(
            [(-self.build.waist - 0.01, 0.58), (self.build.waist + 0.01, 0.58)]
        )
        hip_left, hip_right = self.torso([(-half, 0.86), (half, 0.86)])
        hem_line = self._hem(a + drift, b + drift, low)
        right_side = smooth([top_right, hip_right, hem_line[0]])
        left_side = smooth([hem_line[-1], hip_left, top_left])
        outline = np.vstack([right_side, hem_line[1:-1], left_side])
        details = self.pattern(outline) + self._pleats(top_left, top_right, hem_line)
        colour = (
            self.second if style.outfit in ("sailor", "blazer", "shirt", "hoodie") else self.main
        )
        fade = self.accent if rng.random() < 0.15 else None
        axis = np.array([[pelvis[0], pelvis[1]], [pelvis[0], low]])
        self.cloth(Depth.BODY + 2, outline, colour, details, fade=fade, axis=axis)
        if rng.random() < 0.16 and style.outfit != "kimono":
            waist = (top_left + top_right) / 2.0
            tier = waist + (outline - waist) * np.array([0.94, float(rng.uniform(0.45, 0.7))])
            self.cloth(Depth.BODY + 2.1, tier, self.accent, details)
        if rng.random() < (0.5 if style.outfit in ("dress", "maid") else 0.12):
            thick = [0.05 + 0.02 * (i % 2) for i in range(len(hem_line))]
            self.cloth(Depth.BODY + 1.9, ribbon(hem_line, thick), WHITE)

    def _hem(self, left: float, right: float, low: float) -> Points:
        """Return a hem from right to left: gently curved, pleated or wavy."""
        count = int(self.rng.integers(5, 10))
        xs = np.linspace(right, left, count * 2 + 1)
        bow = 0.06 * (1.0 - ((xs - (left + right) / 2) / max((right - left) / 2, 1e-6)) ** 2)
        ripple = np.where(np.arange(len(xs)) % 2 == 0, 0.0, 0.035)
        points = np.stack([xs, low + bow + ripple * self.rng.uniform(0.4, 1.4, len(xs))], axis=1)
        return smooth(points, samples=3) if self.rng.random() < 0.6 else points

    def _pleats(self, left: Points, right: Points, hem: Points) -> list[Detail]:
        details = []
        step = max(2, len(hem) // int(self.rng.integers(5, 11)))
        for index in range(step, len(hem) - 1, step):
            share = index / (len(hem) - 1)
            top = right + (left - right) * share
            start = top + (hem[index] - top) * float(self.rng.uniform(0.1, 0.4))
            details.append(Detail(np.stack([start, hem[index]]), None, 0.7))
        kind = self.rng.random()
        if kind < 0.3:
            details.append(Detail(hem - np.array([0.0, 0.09]), self.accent, 3.0))
        return details
