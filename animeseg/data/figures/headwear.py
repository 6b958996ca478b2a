"""Accessories on the head: ears, hats, bows, pins and glasses."""

from __future__ import annotations

import numpy as np

from animeseg.data.figures.fitting import Fitter
from animeseg.data.figures.geometry import (
    as_points,
    bezier,
    mirror,
    oval,
    ribbon,
    rotate,
    smooth,
)
from animeseg.data.figures.palette import (
    BLACK,
    GOLD,
    WHITE,
    mix,
    random_vivid,
)
from animeseg.data.figures.scene import Depth, Detail, Part
from animeseg.data.figures.skull import turn_of


class Headwear(Fitter):
    """Puts accessories on the head."""

    def cat_ears(self) -> None:
        """Add a pair of cat ears in the colour of the hair."""
        tall = float(self.rng.uniform(0.26, 0.4))
        for side in (-1.0, 1.0):
            outer = smooth([(0.10, -0.50), (0.22, -0.52 - tall * 0.7), (0.33, -0.52 - tall)])
            inner = smooth([(0.33, -0.52 - tall), (0.42, -0.5 - tall * 0.3), (0.42, -0.30)])
            ear = mirror(np.vstack([outer, inner]), side)
            middle = ear.mean(axis=0)
            pink = middle + (ear - middle) * 0.58 + np.array([0.0, 0.02])
            details = (
                [] if self.style.from_behind else [Detail(self.place(pink), (244.0, 178.0, 178.0))]
            )
            self.add(Depth.FRINGE + 1, self.place(ear), self.style.hair, details)

    def rabbit_ears(self) -> None:
        """Add long ears that may bend."""
        for side in (-1.0, 1.0):
            bend = float(self.rng.uniform(-0.1, 0.3))
            curve = bezier(
                [(side * 0.15, -0.45)],
                [(side * 0.2, -0.9)],
                [(side * (0.25 + bend), -1.1)],
                [(side * (0.3 + bend * 1.6), -1.35 + abs(bend))],
            )
            ear, inner = (
                ribbon(curve, [0.08, 0.13, 0.12, 0.02]),
                ribbon(curve, [0.03, 0.06, 0.05, 0.0]),
            )
            self.add(
                Depth.BACK_HAIR + 4,
                self.place(ear),
                WHITE,
                [Detail(self.place(inner), (244.0, 190.0, 190.0))],
            )

    def horns(self) -> None:
        """Add a pair of curved horns."""
        colour = mix(random_vivid(self.rng), BLACK, 0.5)
        for side in (-1.0, 1.0):
            curve = bezier(
                [(side * 0.26, -0.42)],
                [(side * 0.42, -0.6)],
                [(side * 0.55, -0.62)],
                [(side * 0.5, -0.92)],
            )
            self.add(Depth.FRINGE + 1, self.place(ribbon(curve, [0.07, 0.055, 0.03, 0.0])), colour)

    def hat(self) -> None:
        """Add a witch's hat or a broad-brimmed round hat."""
        colour, band = random_vivid(self.rng), random_vivid(self.rng)
        kind = self.rng.random()
        brim = oval([(0.0, -0.36)], float(self.rng.uniform(0.62, 0.95)), 0.13)
        if kind < 0.4:
            tip = (float(self.rng.uniform(-0.4, 0.4)), -1.35)
            crown = smooth([(-0.43, -0.38), (-0.3, -0.75), tip, (0.26, -0.8), (0.43, -0.38)])
        else:
            crown = smooth(
                [(-0.46, -0.36), (-0.42, -0.72), (0.0, -0.82), (0.42, -0.72), (0.46, -0.36)]
            )
        strip = ribbon([(-0.5, -0.42), (0.0, -0.38), (0.5, -0.42)], [0.06])
        self.add(Depth.HAT, self.place(brim), colour)
        self.add(Depth.HAT + 1, self.place(crown), colour, [Detail(self.place(strip), band)])

    def cap(self) -> None:
        """Add a cap with a peak."""
        colour = random_vivid(self.rng)
        dome = oval([(0.0, -0.22)], 0.51, 0.44, start=180.0, stop=360.0)
        side = 0.25 * np.sin(np.radians(self.style.yaw))
        peak = smooth(
            [
                (-0.42, -0.26),
                (side, -0.38),
                (0.42, -0.26),
                (0.3 + side, -0.14),
                (side, -0.1),
                (-0.3 + side, -0.14),
            ],
            closed=True,
        )
        seam = smooth([(0.0, -0.66), (side * 0.6, -0.3)])
        self.add(Depth.HAT, self.place(dome), colour, [Detail(self.place(seam), None, 0.8)])
        if not self.style.from_behind:
            self.add(Depth.HAT + 1, self.place(peak), mix(colour, BLACK, 0.2))

    def _bow_at(self, centre: tuple[float, float], size: float, depth: float) -> None:
        colour = random_vivid(self.rng)
        wing = [(0.0, 0.0), (0.5, -0.42), (0.9, -0.3), (0.85, 0.22), (0.45, 0.3)]
        for side in (-1.0, 1.0):
            loop = smooth(mirror(wing, side) * size, closed=True, samples=5) + as_points([centre])
            crease = smooth(mirror([(0.1, 0.0), (0.4, -0.1)], side) * size) + as_points([centre])
            self.add(depth, self.place(loop), colour, [Detail(self.place(crease), None, 0.8)])
        self.add(depth + 0.1, self.place(oval([centre], size * 0.17, size * 0.2)), colour)

    def head_bow(self) -> None:
        """Add a large bow on the crown or a small one at the side."""
        if self.rng.random() < 0.4:
            self._bow_at((0.0, -0.6), float(self.rng.uniform(0.3, 0.55)), Depth.BACK_HAIR + 4)
        else:
            side = float(self.rng.choice([-1.0, 1.0]))
            self._bow_at((side * 0.34, -0.42), float(self.rng.uniform(0.16, 0.3)), Depth.FRINGE + 2)

    def headband(self, *, frilled: bool = False) -> None:
        """Add a hair band, frilled for a maid."""
        colour = WHITE if frilled else random_vivid(self.rng)
        curve = oval([(0.0, -0.02)], 0.47, 0.50, start=205.0, stop=335.0, samples=26)
        thick = [0.05 + 0.025 * (i % 2) for i in range(26)] if frilled else [0.028]
        self.add(Depth.FRINGE + 1.5, self.place(ribbon(curve, thick)), colour)

    def hairpin(self) -> None:
        """Add two pins on one side."""
        side = float(self.rng.choice([-1.0, 1.0]))
        colour = random_vivid(self.rng)
        for offset in (0.0, 0.05):
            pin = rotate(
                oval([(side * 0.28, -0.2 + offset)], 0.075, 0.018),
                24.0 * side,
                [(side * 0.28, -0.2)],
            )
            self.add(Depth.FRINGE + 1, self.place(pin), colour)

    def flower(self) -> None:
        """Add a blossom on one side."""
        side = float(self.rng.choice([-1.0, 1.0]))
        centre = np.array([side * 0.36, -0.34])
        colour = random_vivid(self.rng)
        size = float(self.rng.uniform(0.06, 0.11))
        petals = []
        for angle in np.arange(0.0, 360.0, 72.0):
            at = centre + rotate([(0.0, -size)], angle)[0]
            petals.append(self.place(oval([at], size * 0.75, size * 0.75, samples=14)))
        for petal in petals:
            self.add(Depth.FRINGE + 2, petal, colour)
        self.add(Depth.FRINGE + 2.1, self.place(oval([centre], size * 0.45, size * 0.45)), GOLD)

    def headphones(self) -> None:
        """Add headphones."""
        colour = random_vivid(self.rng)
        arch = oval([(0.0, 0.0)], 0.52, 0.62, start=190.0, stop=350.0, samples=26)
        self.add(Depth.FRINGE + 2, self.place(ribbon(arch, [0.035])), colour)
        for side in (-1.0, 1.0):
            cup = oval([(side * 0.47, 0.06)], 0.085, 0.15)
            self.add(Depth.FRINGE + 2.1, self.place(cup), mix(colour, BLACK, 0.3))

    def halo(self) -> None:
        """Add a ring above the head."""
        ring = oval([(0.0, -0.86)], 0.34, 0.09, samples=40)
        self.add(Depth.BEHIND, self.place(ribbon(np.vstack([ring, ring[:1]]), [0.02])), GOLD)

    def glasses(self) -> None:
        """Add thin-rimmed glasses."""
        if self.style.from_behind:
            return
        turn = turn_of(self.style)
        colour = mix(random_vivid(self.rng), BLACK, 0.5)
        rx, ry = 0.145, float(self.rng.uniform(0.1, 0.14))
        for side in (-1.0, 1.0):
            if self.style.in_profile and side == self.style.facing:
                continue
            rim = turn(
                oval([(side * self.style.eye_gap, self.style.eye_line + 0.01)], rx, ry, samples=30)
            )
            self.scene.add(
                Depth.FACE + 6,
                Part.ACCESSORY,
                self.place(ribbon(np.vstack([rim, rim[:1]]), [0.009])),
                colour,
                ink=0.0,
                shade=0.0,
            )
        bridge = turn(smooth([(-0.05, 0.13), (0.0, 0.115), (0.05, 0.13)]))
        self.scene.stroke(
            Depth.FACE + 6, Part.ACCESSORY, self.place(bridge), [0.009, 0.009], colour
        )

    def hood(self) -> None:
        """Add a hood that is up, sometimes with animal ears."""
        colour = self.style.colours[0]
        size = float(self.rng.uniform(0.56, 0.64))
        outer = oval([(0.0, -0.06)], size, size + 0.04, start=135.0, stop=405.0, samples=36)
        if self.rng.random() < 0.35:
            for side in (-1.0, 1.0):
                ear = mirror([(0.12, -0.58), (0.34, -0.92), (0.44, -0.46)], side)
                self.add(Depth.HAT - 0.1, self.place(ear), colour)
        if self.style.from_behind:
            self.add(Depth.HAT, self.place(outer), colour)
            return
        # A little smaller: coinciding edges would let the dark lining shine through.
        self.add(Depth.BACK_HAIR - 2, self.place(outer * 0.97), mix(colour, BLACK, 0.45))
        shift = 0.08 * np.sin(np.radians(self.style.yaw))
        inner = oval([(shift, 0.02)], 0.43, 0.47, start=405.0, stop=135.0, samples=36)
        self.add(Depth.HAT, self.place(np.vstack([outer, inner])), colour)

    def crown(self) -> None:
        """Add a small crown or a tiara."""
        wide, tall = float(self.rng.uniform(0.16, 0.4)), float(self.rng.uniform(0.14, 0.26))
        xs = np.linspace(wide, -wide, 9)
        ys = -0.58 - np.where(np.arange(9) % 2 == 0, tall, tall * 0.4)
        points = np.vstack(
            [[(-wide * 0.9, -0.54), (wide * 0.9, -0.54)], np.stack([xs, ys], axis=1)]
        )
        gem = oval([(0.0, -0.6)], 0.03, 0.035, samples=12)
        self.add(
            Depth.FRINGE + 2,
            self.place(points),
            GOLD,
            [Detail(self.place(gem), (200.0, 40.0, 70.0))],
        )

    def eyepatch(self) -> None:
        """Add a patch over one eye, with its band."""
        if self.style.from_behind:
            return
        turn = turn_of(self.style)
        side = -self.style.facing
        x, y = side * self.style.eye_gap, self.style.eye_line
        colour = mix(BLACK, WHITE, float(self.rng.choice([0.05, 0.95])))
        band = turn(smooth([(side * 0.39, y - 0.12), (x, y - 0.08), (-side * 0.3, y - 0.3)]))
        patch = turn(oval([(x, y)], 0.14, 0.14))
        self.scene.stroke(Depth.FACE + 6, Part.ACCESSORY, self.place(band), [0.012, 0.012], colour)
        self.add(Depth.FACE + 6, self.place(patch), colour)

    def mask(self) -> None:
        """Add a mask over nose and mouth."""
        if self.style.from_behind or self.style.in_profile:
            return
        turn = turn_of(self.style)
        loop = [(-0.30, 0.24), (0.0, 0.22), (0.30, 0.24), (0.24, 0.40), (0.0, 0.47), (-0.24, 0.40)]
        fold = Detail(self.place(turn([(-0.26, 0.33), (0.26, 0.33)])), None, 0.8)
        tone = mix(WHITE, random_vivid(self.rng), float(self.rng.choice([0.0, 0.8])))
        self.add(Depth.FACE + 5, self.place(turn(smooth(loop, closed=True))), tone, [fold])

    def beret(self) -> None:
        """Add a soft flat cap, worn aslant."""
        side = float(self.rng.choice([-1.0, 1.0]))
        colour = random_vivid(self.rng)
        body = oval([(side * 0.08, -0.50)], 0.52, 0.22, turn=12.0 * side)
        rim = oval([(0.0, -0.2)], 0.48, 0.4, start=215.0, stop=325.0, samples=18)
        self.add(Depth.HAT, self.place(body), colour)
        self.add(Depth.HAT + 1, self.place(ribbon(rim, [0.035])), mix(colour, BLACK, 0.3))
