"""Accessories on the body: wings, tails, capes, scarves and bags."""

from __future__ import annotations

import numpy as np

from animeseg.data.figures.fitting import Fitter
from animeseg.data.figures.geometry import (
    bezier,
    mirror,
    oval,
    ribbon,
    smooth,
)
from animeseg.data.figures.palette import (
    BLACK,
    GOLD,
    LEATHER,
    WHITE,
    lit,
    mix,
    random_vivid,
    shaded,
)
from animeseg.data.figures.scene import Colour, Depth, Detail, Part


class Worn(Fitter):
    """Puts accessories on back, neck and hips."""

    def wings(self) -> None:
        """Add feathered or bat-like wings."""
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
            self.add(depth, mirror(wing, side) + root, tone, ribs)

    def tail(self) -> None:
        """Add a thin or bushy tail."""
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
        self.add(depth, ribbon(curve, [fat * 0.5, fat, fat * 1.2, fat * k, 0.01]), self.style.hair)

    def cape(self) -> None:
        """Add a cape that hangs from the shoulders."""
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
        self.add(depth, self.torso(outline), colour, folds)

    def scarf(self) -> None:
        """Add a scarf with one loose end."""
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
        self.add(Depth.NECK + 1, ribbon(end, [0.1, 0.13, 0.12]), colour)
        fold = self.torso(smooth([(-w * 1.6, 0.0), (0.0, 0.05), (w * 1.6, 0.0)]))
        self.add(Depth.NECK + 2, wrap, colour, [Detail(fold, None, 0.8)])

    def bag(self) -> None:
        """Add a shoulder bag."""
        side = float(self.rng.choice([-1.0, 1.0]))
        b = self.skeleton.build
        colour = mix(LEATHER, random_vivid(self.rng), 0.4)
        strap = self.torso([(-side * b.shoulder * 0.6, 0.05), (side * b.hip, 0.85)])
        self.add(Depth.CLOTHES + 4.5, ribbon(strap, [0.035]), shaded(colour))
        middle = self.torso([(side * (b.hip + 0.1), 0.95)])[0]
        k = 0.5 if self.style.chibi else 1.0
        box = np.array([(-0.26, -0.2), (0.26, -0.2), (0.28, 0.22), (-0.28, 0.22)]) * k
        flap = np.array([(-0.26, -0.2), (0.26, -0.2), (0.2, 0.04), (-0.2, 0.04)]) * k + middle
        edge = Detail(flap, lit(colour, 0.3))
        self.add(Depth.CLOTHES + 4.6, box + middle, colour, [edge])

    def choker(self) -> None:
        """Add a band round the neck."""
        w = self.skeleton.build.neck_width
        band = self.torso([(-w * 1.1, -0.035), (0.0, -0.02), (w * 1.1, -0.035)])
        self.add(Depth.BODY + 0.7, ribbon(band, [0.03]), random_vivid(self.rng))

    def belt(self) -> None:
        """Add a loose belt with a buckle."""
        b = self.skeleton.build
        drop = float(self.rng.uniform(-0.05, 0.05))
        curve = smooth([(-b.hip * 0.95, 0.74 - drop), (0.0, 0.78), (b.hip * 0.95, 0.74 + drop)])
        self.add(Depth.CLOTHES + 4, ribbon(self.torso(curve), [0.055]), LEATHER)
        buckle = oval([self.torso([(0.0, 0.78)])[0]], 0.08, 0.08, samples=12)
        self.add(Depth.CLOTHES + 4.1, buckle, GOLD)

    def sash(self) -> None:
        """Add a sash tied at the hip, with long ends that flow."""
        b, k = self.skeleton.build, 0.5 if self.style.chibi else 1.0
        colour, side = random_vivid(self.rng), float(self.rng.choice([-1.0, 1.0]))
        knot = self.torso([(side * b.waist, 0.64)])[0]
        flow = self.style.wind + side * 0.4
        for reach in (1.1, 1.5):
            end = np.array([flow * reach * 0.8, reach]) * k
            bend = np.array([side * 0.35, 0.3]) * k
            curve = bezier([knot], [knot + bend], [knot + end * 0.6], [knot + end])
            self.add(Depth.CLOTHES + 3.5, ribbon(curve, [0.04, 0.11 * k, 0.13 * k]), colour)
        band = ribbon(self.torso([(-b.waist - 0.03, 0.6), (b.waist + 0.03, 0.64)]), [0.09])
        self.add(Depth.CLOTHES + 4, band, colour)

    def capelet(self) -> None:
        """Add a short cape over the shoulders, with a rim."""
        s = self.skeleton.build.shoulder
        drop = float(self.rng.uniform(0.26, 0.42))
        rim = smooth(
            [
                (s * 1.2, drop * 0.85),
                (s * 0.6, drop),
                (0.0, drop * 1.04),
                (-s * 0.6, drop),
                (-s * 1.2, drop * 0.85),
            ]
        )
        top = [(-s * 0.9, 0.07), (-s * 0.3, -0.02), (s * 0.3, -0.02), (s * 0.9, 0.07)]
        outline = self.torso(np.vstack([smooth(top, samples=4), rim]))
        edge = Detail(self.torso(rim), random_vivid(self.rng), 4.0)
        self.add(Depth.CLOTHES + 6, outline, random_vivid(self.rng), [edge])

    def necklace(self) -> None:
        """Add a chain with a pendant."""
        w, deep = self.skeleton.build.neck_width, float(self.rng.uniform(0.1, 0.28))
        chain = self.torso(
            smooth(
                [
                    (-w * 0.9, 0.0),
                    (-w * 0.5, deep * 0.7),
                    (0.0, deep),
                    (w * 0.5, deep * 0.7),
                    (w * 0.9, 0.0),
                ]
            )
        )
        self.scene.stroke(Depth.CLOTHES + 4, Part.ACCESSORY, chain, [0.01, 0.01], GOLD)
        pendant = oval([chain[len(chain) // 2] + np.array([0.0, 0.05])], 0.05, 0.07, samples=12)
        self.add(Depth.CLOTHES + 4.1, pendant, random_vivid(self.rng))

    def thigh_strap(self) -> None:
        """Add a band round one thigh."""
        limb = self.skeleton.legs[int(self.rng.integers(2))]
        at = limb.root + (limb.middle - limb.root) * 0.55
        along = (limb.middle - limb.root) * 0.05
        w = self.skeleton.build.thigh_width * 0.86
        depth = Depth.LEGS + (0.5 if limb.side < 0 else 1.5)
        self.add(depth, ribbon(np.stack([at - along, at + along]), [w]), BLACK)

    def streamers(self) -> None:
        """Add long ribbons that blow behind the figure."""
        colour, k = random_vivid(self.rng), 0.5 if self.style.chibi else 1.0
        root = self.torso([(0.0, 0.15)])[0]
        for side in (-1.0, 1.0):
            far = side * float(self.rng.uniform(1.0, 1.8)) + self.style.wind
            curve = smooth(
                [
                    root,
                    root + np.array([far * 0.4, float(self.rng.uniform(-0.4, 0.3))]) * k,
                    root + np.array([far * 0.7, float(self.rng.uniform(0.2, 0.9))]) * k,
                    root + np.array([far, float(self.rng.uniform(0.3, 1.4))]) * k,
                ]
            )
            self.add(Depth.BEHIND + 2, ribbon(curve, [0.05, 0.09 * k, 0.06 * k, 0.11 * k]), colour)
