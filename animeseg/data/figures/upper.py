"""Garments above the waist: tops and sleeves."""

from __future__ import annotations

import numpy as np

from animeseg.data.figures.body import arm_depth, limb_loops, torso_outline
from animeseg.data.figures.geometry import Points, oval, ribbon, smooth
from animeseg.data.figures.pose import Limb
from animeseg.data.figures.scene import Colour, Depth, Detail
from animeseg.data.figures.tailoring import Bench

_LONG_SLEEVES = frozenset({"blazer", "coat", "kimono", "hoodie"})


class UpperGarments(Bench):
    """Cuts what is worn on chest and arms."""

    def draw_top(self) -> None:
        """Add what covers the torso."""
        style = self.style
        loose = {"hoodie": 0.09, "coat": 0.05, "kimono": 0.03, "armour": 0.03}
        margin = loose.get(style.outfit, 0.015)
        if style.outfit in ("shirt", "sailor"):
            self.hem = float(self.rng.choice([0.55, 0.72, 0.85]))
            if style.masculine:
                self.hem = 0.88
        elif style.outfit in ("dress", "maid", "kimono", "armour"):
            self.hem = 0.62
        outline = torso_outline(self.skeleton, margin, 0.03)
        loops = [outline]
        if self.hem < 1.0:
            loops = [self._cropped_top(margin, self.hem)]
        if style.outfit == "hoodie":
            loops.append(self.band(0.5, 1.06, 0.06))
        details = self.folds()
        if not style.from_behind:
            details += self._neckline()
        if style.outfit not in ("armour", "blazer", "sailor"):
            details = self.pattern(loops[0]) + details
        self.cloth(Depth.CLOTHES, loops, self.top, details)

    def _cropped_top(self, margin: float, bottom: float) -> Points:
        b = self.build
        narrow = float(np.cos(np.radians(self.skeleton.turn)))
        half = smooth(
            [
                (b.neck_width * 0.95, 0.015),
                (b.shoulder * 0.72 * narrow + margin, 0.045),
                (b.shoulder * 0.94 * narrow + margin, 0.10),
                (b.bust * 0.95 + margin, 0.24),
                (b.bust + margin, 0.36),
                (b.waist + margin + 0.08 * (bottom - 0.55) + 0.01, bottom),
            ],
            samples=4,
        )
        return self.torso(np.vstack([half, half[::-1] * np.array([-1.0, 1.0])]))

    def folds(self) -> list[Detail]:
        """Return creases, and the shadow under the bust."""
        details = []
        for _ in range(int(self.rng.integers(2, 6))):
            u, v = float(self.rng.uniform(-0.35, 0.35)), float(self.rng.uniform(0.25, 0.85))
            curve = smooth([(u, v), (u * 0.8, v + 0.06), (u * 0.5, v + 0.1)])
            details.append(Detail(self.torso(curve), None, 0.6))
        if not self.style.masculine and not self.style.from_behind and not self.style.chibi:
            for side in (-1.0, 1.0):
                arc = smooth([(side * 0.36, 0.34), (side * 0.22, 0.41), (side * 0.05, 0.38)])
                details.append(Detail(self.torso(arc), None, 0.7))
        return details

    def _neckline(self) -> list[Detail]:
        """Return the skin that an open neckline shows, drawn on the top itself."""
        kind = self.style.outfit
        if kind in ("sailor", "blazer", "kimono", "coat", "maid", "armour"):
            return []
        w, deep = self.build.neck_width, float(self.rng.uniform(0.06, 0.2))
        if kind == "hoodie":
            deep = 0.06
        loop = smooth(
            [
                (-w * 1.2, -0.02),
                (-w * 0.9, deep * 0.6),
                (0.0, deep),
                (w * 0.9, deep * 0.6),
                (w * 1.2, -0.02),
            ]
        )
        return [
            Detail(self.torso(loop), self.style.skin),
            Detail(self.torso(loop), None, 1.0),
        ]

    def draw_sleeves(self) -> None:
        """Add sleeves with their cuffs."""
        style, w = self.style, self.build.arm_width
        share = style.sleeves
        if style.outfit in _LONG_SLEEVES or (style.outfit == "armour"):
            share = max(share, 0.95)
        if share <= 0:
            return
        flare = float(self.rng.choice([1.15, 1.35, 1.8], p=[0.5, 0.35, 0.15]))
        loose = 1.3 if style.outfit in ("hoodie", "coat") else 1.16
        puff = 1.6 if share < 0.3 and self.rng.random() < 0.5 else 1.2
        colour = self.top if self.rng.random() < 0.85 else self.second
        for limb in self.skeleton.arms:
            depth = arm_depth(limb, style) + 0.5
            radii = [w * 0.98 * puff, w * loose * puff, w * loose, w * 0.92 * flare]
            loops = limb_loops(limb, radii, 0.0, min(share, 0.98), flat=True)
            self.cloth(depth, loops, colour)
            if style.outfit == "kimono":
                self._draw_hanging_sleeve(limb.middle, limb.end, depth + 0.2, colour)
            elif self.rng.random() < 0.4 and share > 0.2:
                cuff = [self._cuff(limb, w * 0.98 * flare, share - 0.06, share)]
                self.cloth(depth + 0.1, cuff, self.accent)

    @staticmethod
    def _cuff(limb: Limb, half_width: float, start: float, stop: float) -> Points:
        """Return a straight band across a limb."""
        joints = np.stack([limb.root, limb.middle, limb.end])
        places = np.array([start, stop])
        x = np.interp(places, [0.0, 0.5, 1.0], joints[:, 0])
        y = np.interp(places, [0.0, 0.5, 1.0], joints[:, 1])
        return ribbon(np.stack([x, y], axis=1), [half_width])

    def _draw_hanging_sleeve(
        self, elbow: Points, wrist: Points, depth: float, colour: Colour
    ) -> None:
        drop = float(self.rng.uniform(0.4, 0.9)) * (0.5 if self.style.chibi else 1.0)
        sway = np.array([0.15 * self.style.wind, drop])
        along = (wrist - elbow) * 0.92
        loop = np.stack([elbow, elbow + along, elbow + along + sway, elbow + along * 0.25 + sway])
        blossom = oval([elbow + along * 0.7 + sway * 0.65], 0.09, 0.09)
        bag = np.vstack([loop, loop[:1]])
        details = [Detail(blossom, self.accent)] if self.rng.random() < 0.6 else []
        self.cloth(depth, bag, colour, details)
