"""Whole outfits: which garments they have, and the collars, belts and plates that mark them."""

from __future__ import annotations

import numpy as np

from animeseg.data.figures.body import arm_depth, limb_loops
from animeseg.data.figures.geometry import Points, as_points, capsule, oval, ribbon, smooth
from animeseg.data.figures.lower import LowerGarments
from animeseg.data.figures.palette import BLACK, GOLD, STEEL, WHITE, lit, luma, mix, shaded
from animeseg.data.figures.scene import Depth, Detail, Part
from animeseg.data.figures.upper import UpperGarments


class Tailor(LowerGarments, UpperGarments):
    """Adds the clothes of one figure to a scene."""

    def draw(self) -> None:
        """Add the whole outfit."""
        outfit = self.style.outfit
        self.draw_legwear()
        self.draw_shoes()
        if outfit == "swimsuit":
            self._draw_swimsuit()
            return
        if outfit in ("shirt", "hoodie", "coat", "armour", "blazer") and self.style.trousers:
            self.draw_trousers()
        else:
            self.draw_skirt()
        self.draw_top()
        self.draw_sleeves()
        decorate = {
            "sailor": self._decorate_sailor,
            "blazer": self._decorate_blazer,
            "dress": self._decorate_dress,
            "kimono": self._decorate_kimono,
            "hoodie": self._decorate_hoodie,
            "coat": self._decorate_coat,
            "armour": self._decorate_armour,
            "shirt": self._decorate_shirt,
            "maid": self._decorate_maid,
        }
        decorate[outfit]()

    def _decorate_sailor(self) -> None:
        b = self.build
        colour = self.second
        s = b.shoulder * 0.75
        if self.style.from_behind:
            flap = self.torso([(-s, 0.02), (s, 0.02), (s * 0.95, 0.3), (-s * 0.95, 0.3)])
            self.cloth(Depth.CLOTHES + 6, flap, colour)
            return
        for side in (-1.0, 1.0):
            flap = self.torso(
                [
                    (side * b.neck_width, -0.03),
                    (side * s, 0.06),
                    (side * s * 0.8, 0.17),
                    (0.0, 0.27),
                ]
            )
            line = self.torso([(side * s * 0.86, 0.07), (side * s * 0.7, 0.155), (0.0, 0.245)])
            self.cloth(Depth.CLOTHES + 1, flap, colour, [Detail(line, WHITE, 1.2)])
        skin = self.torso([(-b.neck_width, -0.03), (b.neck_width, -0.03), (0.0, 0.2)])
        self.scene.add(Depth.CLOTHES + 1.5, Part.SKIN, skin, self.style.skin, ink=0.6, shade=0.0)
        size = 1.0 if not self.style.chibi else 0.6
        self.bow(0.27, size * float(self.rng.uniform(0.9, 1.5)), self.accent, Depth.CLOTHES + 2)

    def _decorate_blazer(self) -> None:
        if self.style.from_behind:
            return
        b = self.build
        w = b.neck_width
        shirt = self.torso([(-w * 1.3, -0.03), (w * 1.3, -0.03), (0.0, 0.46)])
        self.cloth(Depth.CLOTHES + 1, shirt, WHITE)
        for side in (-1.0, 1.0):
            lapel = self.torso(
                [
                    (side * w * 1.1, -0.03),
                    (side * w * 2.2, 0.12),
                    (side * w * 1.7, 0.2),
                    (0.0, 0.47),
                ]
            )
            self.cloth(Depth.CLOTHES + 1.5, lapel, mix(self.main, BLACK, 0.12))
            collar = self.torso([(side * w * 1.15, -0.04), (side * w * 1.0, 0.09), (0.0, 0.05)])
            self.cloth(Depth.CLOTHES + 2, collar, WHITE)
        if self.rng.random() < 0.55:
            tie = self.torso(
                [(-0.03, 0.05), (0.03, 0.05), (0.06, 0.36), (0.0, 0.42), (-0.06, 0.36)]
            )
            self.cloth(Depth.CLOTHES + 2.5, tie, self.accent)
        else:
            self.bow(0.07, 0.6 if self.style.chibi else 0.95, self.accent, Depth.CLOTHES + 2.5)
        self._draw_opening(0.47, 1.0)

    def _draw_opening(self, top: float, bottom: float) -> None:
        line = self.torso([(0.0, top), (0.01, bottom)])
        self.scene.stroke(
            Depth.CLOTHES + 3, Part.CLOTHES, line, [0.006, 0.006], shaded(self.top, 1.3)
        )
        for v in np.linspace(top + 0.08, bottom - 0.08, 3):
            button = oval([self.torso([(0.06, float(v))])[0]], 0.026, 0.026, samples=12)
            self.cloth(Depth.CLOTHES + 3.1, button, GOLD)

    def _decorate_dress(self) -> None:
        belt = self.band(0.56, 0.63, 0.03)
        self.cloth(Depth.CLOTHES + 3, belt, self.accent)
        if self.rng.random() < 0.5 and not self.style.from_behind:
            self.bow(0.2, 1.0 if not self.style.chibi else 0.6, self.accent, Depth.CLOTHES + 4)
        if self.rng.random() < 0.35:
            panel = self.band(0.2, 0.58, -0.2)
            self.cloth(Depth.CLOTHES + 1, panel, self.second)

    def _decorate_kimono(self) -> None:
        w = self.build.neck_width
        obi = self.band(0.46, 0.68, 0.045)
        middle = self.band(0.55, 0.585, 0.05)
        self.cloth(Depth.CLOTHES + 3, obi, self.second)
        self.cloth(Depth.CLOTHES + 3.1, middle, self.accent)
        if self.style.from_behind:
            self.bow(0.5, 2.0, self.second, Depth.CLOTHES + 4)
            return
        skin = self.torso([(-w, -0.03), (w, -0.03), (0.0, 0.2)])
        self.scene.add(Depth.CLOTHES + 1, Part.SKIN, skin, self.style.skin, ink=0.0, shade=0.0)
        for side, stop in ((1.0, 0.47), (-1.0, 0.47)):
            lapel = smooth([(side * w * 1.25, -0.03), (side * w * 0.6, 0.12), (-side * 0.12, stop)])
            band = ribbon(self.torso(lapel), [0.05])
            self.cloth(Depth.CLOTHES + 2, band, mix(self.second, WHITE, 0.4))

    def _decorate_hoodie(self) -> None:
        w = self.build.neck_width
        hood = self.torso(
            smooth(
                [
                    (-w * 2.2, 0.06),
                    (-w * 1.8, -0.1),
                    (0.0, -0.14),
                    (w * 1.8, -0.1),
                    (w * 2.2, 0.06),
                    (0.0, 0.16),
                ],
                closed=True,
            )
        )
        self.cloth(Depth.BODY - 1, hood, shaded(self.main, 0.8))
        if self.style.from_behind:
            self.cloth(Depth.CLOTHES + 6, hood, self.main)
            return
        pocket = self.torso([(-0.2, 0.68), (0.2, 0.68), (0.3, 0.9), (-0.3, 0.9)])
        self.cloth(Depth.CLOTHES + 1, pocket, self.main)
        for side in (-1.0, 1.0):
            rim = smooth([(side * w * 2.1, 0.0), (side * w * 1.5, 0.12), (0.0, 0.17)])
            self.cloth(Depth.CLOTHES + 2, ribbon(self.torso(rim), [0.07, 0.06, 0.03]), self.main)
            cord = self.torso([(side * 0.09, 0.14), (side * 0.10, 0.36)])
            self.scene.stroke(Depth.CLOTHES + 2.5, Part.CLOTHES, cord, [0.012, 0.012], WHITE)

    def _decorate_coat(self) -> None:
        b = self.build
        legs = b.thigh + b.shin
        drop = 1.0 + self.style.hem * legs * 0.85 / b.torso
        sway = 0.25 * self.style.wind
        if self.style.from_behind:
            half = [(b.shoulder * 0.6, 0.0), (b.bust + 0.08, 0.3), (b.waist + 0.1, 0.6)]
            right = np.array([*half, (b.hip * 1.45, drop)])
            left = right[::-1] * np.array([-1.0, 1.0])
            back = np.vstack([right, left]) + np.array([[sway, 0.0]]) * (drop / 4.0)
            seam = Detail(self.torso([(0.0, 0.08), (sway * 0.5, drop)]), None, 0.8)
            self.cloth(Depth.CLOTHES + 2, self.torso(back), self.second, [seam])
            return
        for side in (-1.0, 1.0):
            flare = b.hip * float(self.rng.uniform(1.2, 1.7))
            panel = self.torso(
                [
                    (side * b.shoulder * 0.5, 0.03),
                    (side * (b.bust + 0.07), 0.3),
                    (side * (b.waist + 0.1), 0.6),
                    (side * flare + sway * 0.6, drop),
                    (side * 0.3 * flare + sway, drop + 0.03),
                    (side * 0.14, 0.6),
                    (side * 0.1, 0.3),
                ]
            )
            self.cloth(Depth.CLOTHES + 2, panel, self.second, self.folds()[:2])
        back = self.torso(
            [(-b.hip, 0.6), (b.hip, 0.6), (b.hip * 1.4 + sway, drop), (-b.hip * 1.4 + sway, drop)]
        )
        self.cloth(Depth.LEGS - 3, back, shaded(self.second, 1.0))
        w = b.neck_width
        for side in (-1.0, 1.0):
            collar = self.torso(
                [
                    (side * w * 0.6, 0.1),
                    (side * w * 1.9, -0.06),
                    (side * w * 2.4, 0.1),
                    (side * 0.12, 0.34),
                ]
            )
            self.cloth(Depth.CLOTHES + 3, collar, lit(self.second, 0.25))

    def _decorate_armour(self) -> None:
        metal = mix(STEEL, self.accent, 0.25) if luma(self.accent) > 60 else STEEL
        plate = self.band(0.12, 0.56, 0.03)
        ridge = self.torso([(0.0, 0.1), (0.0, 0.56)])
        rim = self.torso([(-0.4, 0.2), (0.0, 0.26), (0.4, 0.2)])
        self.cloth(
            Depth.CLOTHES + 2, plate, metal, [Detail(ridge, None, 0.9), Detail(rim, GOLD, 2.5)]
        )
        self.cloth(Depth.CLOTHES + 2.5, self.band(0.55, 0.66, 0.05), GOLD)
        w = self.build.arm_width
        for limb in self.skeleton.arms:
            depth = arm_depth(limb, self.style) + 1.0
            along = limb.middle - limb.root
            guard = capsule(limb.root - along * 0.04, limb.root + along * 0.22, w * 1.9, w * 1.5)
            self.cloth(depth, guard, metal, [Detail(guard, GOLD, 2.5)])
            cuff = limb_loops(limb, [w * 1.3, w * 1.05], 0.62, 0.96, flat=True)
            self.cloth(depth, cuff, metal)
        for leg in self.skeleton.legs:
            t = self.build.thigh_width
            greave = limb_loops(leg, [t * 0.8, t * 0.7, t * 0.5], 0.5, 0.95)
            self.cloth(Depth.LEGS + (0.7 if leg.side < 0 else 1.7), greave, metal)

    def _decorate_shirt(self) -> None:
        kind = self.rng.random()
        if self.style.from_behind:
            return
        if kind < 0.35:
            star = oval([self.torso([(0.0, 0.34)])[0]], 0.16, 0.13)
            self.cloth(Depth.CLOTHES + 1, star, self.accent)
        elif kind < 0.6:
            for v in (0.28, 0.36, 0.44, 0.52):
                self.cloth(Depth.CLOTHES + 1, self.band(v, v + 0.03, -0.01), self.accent)
        elif kind < 0.8:
            self._draw_opening(0.1, min(0.75, self.hem))

    def _decorate_maid(self) -> None:
        bib = self.band(0.2, 0.6, -0.18)
        waist = self.band(0.56, 0.64, 0.03)
        b = self.build
        legs = b.thigh + b.shin
        drop = 1.0 + self.style.hem * legs * 0.6 / b.torso
        apron = self.torso(
            smooth(
                [
                    (-b.hip * 0.9, 0.6),
                    (b.hip * 0.9, 0.6),
                    (b.hip * 1.1, drop),
                    (0.0, drop + 0.05),
                    (-b.hip * 1.1, drop),
                ],
                closed=True,
            )
        )
        if not self.style.from_behind:
            self.cloth(Depth.CLOTHES + 1, apron, WHITE)
            self.cloth(Depth.CLOTHES + 2, bib, WHITE)
            self.bow(0.08, 0.9 if not self.style.chibi else 0.6, self.accent, Depth.CLOTHES + 4)
        else:
            self.bow(0.6, 2.2, WHITE, Depth.CLOTHES + 4)
        self.cloth(Depth.CLOTHES + 3, waist, WHITE)

    def _draw_swimsuit(self) -> None:
        b = self.build
        if self.rng.random() < 0.5 or self.style.masculine:
            trunks = self._brief(0.78)
            self.cloth(Depth.CLOTHES, trunks, self.main)
            if self.style.masculine:
                return
            self.cloth(Depth.CLOTHES, self.band(0.24, 0.42, 0.01), self.main)
        else:
            body = [self.band(0.2, 0.86, 0.01), self._brief(0.84)]
            self.cloth(Depth.CLOTHES, body, self.main, self.folds())
        for side in (-1.0, 1.0):
            strap = self.torso([(side * b.neck_width * 1.6, 0.0), (side * b.bust * 0.6, 0.26)])
            self.scene.stroke(Depth.CLOTHES, Part.CLOTHES, strap, [0.025, 0.03], self.main)

    def _brief(self, top: float) -> Points:
        """Return a garment that starts at `top` along the spine and narrows between the legs."""
        hip = self.build.hip + 0.012
        high = float(self.rng.uniform(0.88, 0.96))
        half = [(hip * 0.96, top), (hip, high), (hip * 0.5, 1.01), (0.09, 1.07)]
        if self.style.masculine:
            half = [(hip * 0.96, top), (hip, 0.95), (hip * 1.02, 1.12), (0.05, 1.08)]
        right = as_points(half)
        return self.torso(np.vstack([right, right[::-1] * np.array([-1.0, 1.0])]))
