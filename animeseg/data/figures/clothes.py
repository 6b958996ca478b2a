"""Garments: tops with sleeves, skirts, trousers, legwear, shoes and what belongs to an outfit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from animeseg.data.figures.body import arm_depth, foot_loop, limb_loops, torso_outline
from animeseg.data.figures.geometry import Points, capsule, oval, ribbon, smooth
from animeseg.data.figures.palette import BLACK, GOLD, STEEL, WHITE, lit, luma, mix, shaded
from animeseg.data.figures.pose import Limb, Skeleton
from animeseg.data.figures.scene import Colour, Depth, Detail, Part, Scene
from animeseg.data.figures.style import FigureStyle

_SLEEVELESS = frozenset({"swimsuit"})
_LONG_SLEEVES = frozenset({"blazer", "coat", "kimono", "hoodie"})
_SKIRTS = frozenset({"sailor", "dress", "maid", "kimono"})


class Tailor:
    """Adds the clothes of one figure to a scene."""

    def __init__(
        self, scene: Scene, style: FigureStyle, skeleton: Skeleton, rng: np.random.Generator
    ) -> None:
        self.scene = scene
        self.style = style
        self.skeleton = skeleton
        self.rng = rng
        self.main, self.second, self.accent = style.colours
        self.top = WHITE if style.outfit == "sailor" and rng.random() < 0.6 else self.main
        self.torso = skeleton.torso
        self.build = skeleton.build

    def draw(self) -> None:
        """Add the whole outfit."""
        outfit = self.style.outfit
        self._draw_legwear()
        self._draw_shoes()
        if outfit == "swimsuit":
            self._draw_swimsuit()
            return
        if outfit in ("shirt", "hoodie", "coat", "armour", "blazer") and self.style.trousers:
            self._draw_trousers()
        else:
            self._draw_skirt()
        self._draw_top()
        self._draw_sleeves()
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

    def _cloth(
        self,
        depth: float,
        outlines: Points | Sequence[Points],
        colour: Colour,
        details: Sequence[Detail] = (),
        *,
        part: Part = Part.CLOTHES,
        fade: Colour | None = None,
        axis: Points | None = None,
    ) -> None:
        self.scene.add(depth, part, outlines, colour, details=details, fade=fade, fade_axis=axis)

    # -- legs ----------------------------------------------------------------------------------

    def _draw_legwear(self) -> None:
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
            self._cloth(depth, [*loops, foot_loop(limb, w)], tone)

    def _draw_shoes(self) -> None:
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
            self._cloth(depth, loops, colour)

    def _draw_trousers(self) -> None:
        w = self.build.thigh_width
        stop = float(self.rng.choice([0.3, 0.75, 0.97, 0.97]))
        loose = float(self.rng.uniform(1.08, 1.5))
        hips = self._band(0.62, 1.04, 0.02)
        for limb in self.skeleton.legs:
            radii = [w * 1.08, w * 0.8 * loose, w * 0.72 * loose]
            loops = limb_loops(limb, radii, 0.0, stop, flat=True)
            depth = Depth.LEGS + (0.6 if limb.side < 0 else 1.6)
            self._cloth(depth, loops, self.second)
        fly = Detail(self.torso([(0.0, 0.7), (0.0, 0.98)]), None, 0.7)
        self._cloth(Depth.LEGS + 2, hips, self.second, [fly])

    def _band(self, top: float, bottom: float, margin: float) -> Points:
        """Return the outline of the torso between two places along the spine."""
        narrow = 1.0
        b = self.build
        places = np.linspace(top, bottom, 7)
        half = np.interp(
            places,
            [0.1, 0.24, 0.36, 0.60, 0.80, 0.94, 1.05],
            [b.shoulder * narrow * 0.9, b.bust * 0.93, b.bust, b.waist, b.hip * 0.93, b.hip, b.hip],
        )
        half = half + margin
        right = np.stack([half, places], axis=1)
        left = np.stack([-half, places], axis=1)[::-1]
        return self.torso(np.vstack([right, left]))

    def _leg_spread(self, share: float) -> tuple[float, float]:
        """Return the leftmost and rightmost x of the legs at `share` of their length."""
        xs: list[float] = []
        for limb in self.skeleton.legs:
            joints = np.stack([limb.root, limb.middle, limb.end])
            places = np.linspace(0.0, share, 5)
            xs += np.interp(places, [0, 0.5, 1.0], joints[:, 0]).tolist()
        return min(xs), max(xs)

    def _draw_skirt(self) -> None:
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
        if style.legs in ("sitting", "kneeling", "jumping", "running"):
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
        details = self._pleats(top_left, top_right, hem_line)
        colour = (
            self.second if style.outfit in ("sailor", "blazer", "shirt", "hoodie") else self.main
        )
        fade = self.accent if rng.random() < 0.15 else None
        axis = np.array([[pelvis[0], pelvis[1]], [pelvis[0], low]])
        self._cloth(Depth.BODY + 2, outline, colour, details, fade=fade, axis=axis)

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

    # -- top -----------------------------------------------------------------------------------

    def _draw_top(self) -> None:
        style = self.style
        loose = {"hoodie": 0.09, "coat": 0.05, "kimono": 0.03, "armour": 0.03}
        margin = loose.get(style.outfit, 0.015)
        crop = 1.0
        if style.outfit in ("shirt", "sailor"):
            crop = float(self.rng.choice([0.55, 0.72, 0.85]))
        outline = torso_outline(self.skeleton, margin, 0.03)
        loops = [outline]
        if crop < 1.0:
            loops = [self._cropped_top(margin, crop)]
        if style.outfit == "hoodie":
            loops.append(self._band(0.5, 1.06, 0.06))
        details = self._folds()
        if not style.from_behind:
            details += self._neckline()
        self._cloth(Depth.CLOTHES, loops, self.top, details)

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
                (b.waist + margin + 0.05, bottom),
            ],
            samples=4,
        )
        return self.torso(np.vstack([half, half[::-1] * np.array([-1.0, 1.0])]))

    def _folds(self) -> list[Detail]:
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

    def _draw_sleeves(self) -> None:
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
            radii = [w * 1.08 * puff, w * loose * puff, w * loose, w * 0.92 * flare]
            loops = limb_loops(limb, radii, 0.0, min(share, 0.98), flat=True)
            self._cloth(depth, loops, colour)
            if style.outfit == "kimono":
                self._draw_hanging_sleeve(limb.middle, limb.end, depth + 0.2, colour)
            elif self.rng.random() < 0.4 and share > 0.2:
                cuff = [self._cuff(limb, w * 0.98 * flare, share - 0.06, share)]
                self._cloth(depth + 0.1, cuff, self.accent)

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
        self._cloth(depth, bag, colour, details)

    # -- what makes an outfit ------------------------------------------------------------------

    def _bow(self, v: float, size: float, colour: Colour, depth: float) -> None:
        """Add a ribbon tied on the chest."""
        wing = [(0.0, 0.0), (0.16, -0.09), (0.2, 0.0), (0.15, 0.09)]
        middle = self.torso([(0.0, v)])[0]
        loops = [
            smooth(np.array(wing) * [side * size, size], closed=True, samples=4) + middle
            for side in (-1.0, 1.0)
        ]
        tails = [
            ribbon(
                smooth(
                    [(0, 0), (side * 0.05 * size, 0.12 * size), (side * 0.1 * size, 0.3 * size)]
                ),
                [0.02 * size, 0.05 * size, 0.05 * size],
            )
            + middle
            for side in (-1.0, 1.0)
        ]
        knot = oval([middle], 0.045 * size, 0.05 * size)
        self._cloth(depth, tails, colour)
        self._cloth(depth + 0.1, loops, colour)
        self._cloth(depth + 0.2, knot, colour)

    def _decorate_sailor(self) -> None:
        b = self.build
        colour = self.second
        s = b.shoulder * 0.75
        if self.style.from_behind:
            flap = self.torso([(-s, 0.02), (s, 0.02), (s * 0.95, 0.3), (-s * 0.95, 0.3)])
            self._cloth(Depth.CLOTHES + 6, flap, colour)
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
            self._cloth(Depth.CLOTHES + 1, flap, colour, [Detail(line, WHITE, 1.2)])
        skin = self.torso([(-b.neck_width, -0.03), (b.neck_width, -0.03), (0.0, 0.2)])
        self.scene.add(Depth.CLOTHES + 1.5, Part.SKIN, skin, self.style.skin, ink=0.6, shade=0.0)
        size = 1.0 if not self.style.chibi else 0.6
        self._bow(0.27, size * float(self.rng.uniform(0.9, 1.5)), self.accent, Depth.CLOTHES + 2)

    def _decorate_blazer(self) -> None:
        if self.style.from_behind:
            return
        b = self.build
        w = b.neck_width
        shirt = self.torso([(-w * 1.3, -0.03), (w * 1.3, -0.03), (0.0, 0.46)])
        self._cloth(Depth.CLOTHES + 1, shirt, WHITE)
        for side in (-1.0, 1.0):
            lapel = self.torso(
                [
                    (side * w * 1.1, -0.03),
                    (side * w * 2.2, 0.12),
                    (side * w * 1.7, 0.2),
                    (0.0, 0.47),
                ]
            )
            self._cloth(Depth.CLOTHES + 1.5, lapel, mix(self.main, BLACK, 0.12))
            collar = self.torso([(side * w * 1.15, -0.04), (side * w * 1.0, 0.09), (0.0, 0.05)])
            self._cloth(Depth.CLOTHES + 2, collar, WHITE)
        if self.rng.random() < 0.55:
            tie = self.torso(
                [(-0.03, 0.05), (0.03, 0.05), (0.06, 0.36), (0.0, 0.42), (-0.06, 0.36)]
            )
            self._cloth(Depth.CLOTHES + 2.5, tie, self.accent)
        else:
            self._bow(0.07, 0.6 if self.style.chibi else 0.95, self.accent, Depth.CLOTHES + 2.5)
        self._draw_opening(0.47, 1.0)

    def _draw_opening(self, top: float, bottom: float) -> None:
        line = self.torso([(0.0, top), (0.01, bottom)])
        self.scene.stroke(
            Depth.CLOTHES + 3, Part.CLOTHES, line, [0.006, 0.006], shaded(self.top, 1.3)
        )
        for v in np.linspace(top + 0.08, bottom - 0.15, 3):
            button = oval([self.torso([(0.06, float(v))])[0]], 0.026, 0.026, samples=12)
            self._cloth(Depth.CLOTHES + 3.1, button, GOLD)

    def _decorate_dress(self) -> None:
        belt = self._band(0.56, 0.63, 0.03)
        self._cloth(Depth.CLOTHES + 3, belt, self.accent)
        if self.rng.random() < 0.5 and not self.style.from_behind:
            self._bow(0.2, 1.0 if not self.style.chibi else 0.6, self.accent, Depth.CLOTHES + 4)
        if self.rng.random() < 0.35:
            panel = self._band(0.2, 0.58, -0.2)
            self._cloth(Depth.CLOTHES + 1, panel, self.second)

    def _decorate_kimono(self) -> None:
        w = self.build.neck_width
        obi = self._band(0.46, 0.68, 0.045)
        middle = self._band(0.55, 0.585, 0.05)
        self._cloth(Depth.CLOTHES + 3, obi, self.second)
        self._cloth(Depth.CLOTHES + 3.1, middle, self.accent)
        if self.style.from_behind:
            self._bow(0.5, 2.0, self.second, Depth.CLOTHES + 4)
            return
        skin = self.torso([(-w, -0.03), (w, -0.03), (0.0, 0.2)])
        self.scene.add(Depth.CLOTHES + 1, Part.SKIN, skin, self.style.skin, ink=0.0, shade=0.0)
        for side, stop in ((1.0, 0.47), (-1.0, 0.47)):
            lapel = smooth([(side * w * 1.25, -0.03), (side * w * 0.6, 0.12), (-side * 0.12, stop)])
            band = ribbon(self.torso(lapel), [0.05])
            self._cloth(Depth.CLOTHES + 2, band, mix(self.second, WHITE, 0.4))

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
        self._cloth(Depth.BODY - 1, hood, shaded(self.main, 0.8))
        if self.style.from_behind:
            self._cloth(Depth.CLOTHES + 6, hood, self.main)
            return
        pocket = self.torso([(-0.2, 0.68), (0.2, 0.68), (0.3, 0.9), (-0.3, 0.9)])
        self._cloth(Depth.CLOTHES + 1, pocket, self.main)
        for side in (-1.0, 1.0):
            rim = smooth([(side * w * 2.1, 0.0), (side * w * 1.5, 0.12), (0.0, 0.17)])
            self._cloth(Depth.CLOTHES + 2, ribbon(self.torso(rim), [0.07, 0.06, 0.03]), self.main)
            cord = self.torso([(side * 0.09, 0.14), (side * 0.10, 0.36)])
            self.scene.stroke(Depth.CLOTHES + 2.5, Part.CLOTHES, cord, [0.012, 0.012], WHITE)

    def _decorate_coat(self) -> None:
        b = self.build
        legs = b.thigh + b.shin
        drop = 1.0 + self.style.hem * legs * 0.85 / b.torso
        sway = 0.25 * self.style.wind
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
            self._cloth(Depth.CLOTHES + 2, panel, self.second, self._folds()[:2])
        back = self.torso(
            [(-b.hip, 0.6), (b.hip, 0.6), (b.hip * 1.4 + sway, drop), (-b.hip * 1.4 + sway, drop)]
        )
        self._cloth(Depth.LEGS - 3, back, shaded(self.second, 1.0))
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
            self._cloth(Depth.CLOTHES + 3, collar, lit(self.second, 0.25))

    def _decorate_armour(self) -> None:
        metal = mix(STEEL, self.accent, 0.25) if luma(self.accent) > 60 else STEEL
        plate = self._band(0.12, 0.56, 0.03)
        ridge = self.torso([(0.0, 0.1), (0.0, 0.56)])
        rim = self.torso([(-0.4, 0.2), (0.0, 0.26), (0.4, 0.2)])
        self._cloth(
            Depth.CLOTHES + 2, plate, metal, [Detail(ridge, None, 0.9), Detail(rim, GOLD, 2.5)]
        )
        self._cloth(Depth.CLOTHES + 2.5, self._band(0.55, 0.66, 0.05), GOLD)
        w = self.build.arm_width
        for limb in self.skeleton.arms:
            depth = arm_depth(limb, self.style) + 1.0
            along = limb.middle - limb.root
            guard = capsule(limb.root - along * 0.04, limb.root + along * 0.22, w * 1.9, w * 1.5)
            self._cloth(depth, guard, metal, [Detail(guard, GOLD, 2.5)])
            cuff = limb_loops(limb, [w * 1.3, w * 1.05], 0.62, 0.96, flat=True)
            self._cloth(depth, cuff, metal)
        for leg in self.skeleton.legs:
            t = self.build.thigh_width
            greave = limb_loops(leg, [t * 0.8, t * 0.7, t * 0.5], 0.5, 0.95)
            self._cloth(Depth.LEGS + (0.7 if leg.side < 0 else 1.7), greave, metal)

    def _decorate_shirt(self) -> None:
        kind = self.rng.random()
        if self.style.from_behind:
            return
        if kind < 0.35:
            star = oval([self.torso([(0.0, 0.34)])[0]], 0.16, 0.13)
            self._cloth(Depth.CLOTHES + 1, star, self.accent)
        elif kind < 0.6:
            for v in (0.28, 0.36, 0.44, 0.52):
                self._cloth(Depth.CLOTHES + 1, self._band(v, v + 0.03, -0.01), self.accent)
        elif kind < 0.8:
            self._draw_opening(0.1, 0.75)

    def _decorate_maid(self) -> None:
        bib = self._band(0.2, 0.6, -0.18)
        waist = self._band(0.56, 0.64, 0.03)
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
            self._cloth(Depth.CLOTHES + 1, apron, WHITE)
            self._cloth(Depth.CLOTHES + 2, bib, WHITE)
            self._bow(0.08, 0.9 if not self.style.chibi else 0.6, self.accent, Depth.CLOTHES + 4)
        else:
            self._bow(0.6, 2.2, WHITE, Depth.CLOTHES + 4)
        self._cloth(Depth.CLOTHES + 3, waist, WHITE)

    def _draw_swimsuit(self) -> None:
        b = self.build
        if self.rng.random() < 0.5 or self.style.masculine:
            trunks = self._band(0.74, 1.04, 0.012)
            self._cloth(Depth.CLOTHES, trunks, self.main)
            if self.style.masculine:
                return
            self._cloth(Depth.CLOTHES, self._band(0.24, 0.42, 0.01), self.main)
        else:
            self._cloth(Depth.CLOTHES, self._band(0.2, 1.04, 0.01), self.main, self._folds())
        for side in (-1.0, 1.0):
            strap = self.torso([(side * b.neck_width * 1.6, 0.0), (side * b.bust * 0.6, 0.26)])
            self.scene.stroke(Depth.CLOTHES, Part.CLOTHES, strap, [0.025, 0.03], self.main)
