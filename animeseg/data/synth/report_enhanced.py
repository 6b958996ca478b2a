"""The report's enhanced generator: one to seven characters, changed and placed at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image, ImageEnhance

from animeseg.data.entries import Annotation
from animeseg.data.synth import report
from animeseg.data.synth.made import Made

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.data.synth.material import Backgrounds, Characters, Row
    from animeseg.data.synth.recipe import Recipe

_ENHANCERS = (
    ImageEnhance.Color, ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Sharpness,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Pasted:
    """A character in its place, as far as it lies in the frame.

    Attributes:
        row: who.
        inside: (H, W) bool, what the recipe counts as the character.
        alpha: (H, W) uint8.
    """

    row: Row
    inside: NDArray[np.bool_]
    alpha: NDArray[np.uint8]


class ReportEnhanced:
    """See `animeseg.data.synth.made.Maker`."""

    def __init__(self, recipe: Recipe, characters: Characters, backgrounds: Backgrounds) -> None:
        self._recipe = recipe
        self._fixes = frozenset(recipe["fix"])
        self._characters = characters
        self._backgrounds = backgrounds
        self._inputs = report.Inputs(characters, recipe["size"])

    def make(self, rng: np.random.Generator, *, alpha: bool) -> Made | None:
        """One picture; None where the published program would have stopped."""
        rows = [self._characters.choose(rng) for _ in range(rng.integers(1, self._recipe["most"]))]
        chosen = int(rng.integers(len(self._backgrounds)))
        canvas, scale = self._inputs.background(self._backgrounds[chosen])
        changed = [self._changed(self._inputs.character(row, scale), rng) for row in rows]
        widest = max(cutout.width for cutout, _ in changed)
        tallest = max(cutout.height for cutout, _ in changed)
        pasted = [
            self._paste(canvas, row, cutout, mask, (widest, tallest), rng)
            for row, (cutout, mask) in zip(rows, changed, strict=True)
        ]
        labelled = self._labelled(pasted)
        if labelled is None:
            return None
        lines, annotations, owners = labelled
        return Made(
            rgb=self._noisy(np.asarray(canvas), rng),
            annotations=tuple(annotations),
            alphas=_visible(pasted, owners) if alpha else (),
            label="".join(f"{line}\n" for line in lines),
            sources={
                "characters": [row.name for row in rows],
                "background": self._backgrounds.rows[chosen].name,
            },
        )

    def _changed(
        self, rgba: NDArray[np.uint8], rng: np.random.Generator
    ) -> tuple[Image.Image, Image.Image]:
        """A character and its mask: cropped, turned, scaled, mirrored; its colours changed."""
        recipe, pair = self._recipe, [Image.fromarray(rgba), report.mask_of(rgba)]
        width, height = pair[0].size
        if rng.random() < recipe["crop"]:
            across, down = (
                max(1, int(side * rng.uniform(recipe["crop_from"], 1))) for side in (width, height)
            )
            x = int(rng.integers(0, width - across + 1))
            y = int(rng.integers(0, height - down + 1))
            pair = [image.crop((x, y, x + across, y + down)) for image in pair]
        if recipe["rotate"]:
            degrees = int(rng.integers(0, 360))
            pair = [report.turned(image, degrees) for image in pair]
        scale = rng.uniform(*recipe["scale"])
        size = (max(1, int(pair[0].width * scale)), max(1, int(pair[0].height * scale)))
        pair = [image.resize(size) for image in pair]
        if rng.random() < recipe["flip"]:
            pair = [image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for image in pair]
        for enhancer in _ENHANCERS:
            pair[0] = enhancer(pair[0]).enhance(float(rng.uniform(*recipe["enhance"])))
        return pair[0], pair[1]

    def _paste(
        self,
        canvas: Image.Image,
        row: Row,
        cutout: Image.Image,
        mask: Image.Image,
        largest: tuple[int, int],
        rng: np.random.Generator,
    ) -> Pasted:
        x = self._position(canvas.width, largest[0], cutout.width, rng)
        y = self._position(canvas.height, largest[1], cutout.height, rng)
        canvas.paste(cutout, (x, y), cutout)
        whole, cover = Image.new("L", canvas.size), Image.new("L", canvas.size)
        whole.paste(mask, (x, y))
        cover.paste(cutout.getchannel("A"), (x, y))
        alpha = np.asarray(cover)
        return Pasted(row, report.inside(np.asarray(whole), alpha, self._fixes), alpha)

    def _position(self, frame: int, margin: int, length: int, rng: np.random.Generator) -> int:
        """Where a character begins on one axis, in the background's frame.

        The published program drew on a canvas with a margin to the left and above, as wide as the
        largest character; its bounds let characters out on that side only.
        """
        total = frame + margin
        low, high = margin - length / 2, total - 1.5 * length
        if "truncation" in self._fixes:
            high = total - length / 2
        drawn = rng.normal((margin + total) / 2, total / 3)
        return int(max(low, min(drawn, high))) - margin

    def _labelled(
        self, pasted: list[Pasted]
    ) -> tuple[list[str], list[Annotation], list[list[int]]] | None:
        """Label lines, what they mean, and which characters each line stands for."""
        areas = [int(np.count_nonzero(one.inside)) for one in pasted]
        recorded = [area for area in areas if area > self._recipe["smallest_area"]]
        if not recorded and "empty" not in self._fixes:
            return None
        if "merge" in self._fixes:
            return self._apart(pasted, min(recorded, default=0))
        union = np.logical_or.reduce([one.inside for one in pasted])
        lines, annotations = self._pieces(union, min(recorded, default=0), "")
        return lines, annotations, [list(range(len(pasted)))] * len(lines)

    def _apart(
        self, pasted: list[Pasted], smallest: int
    ) -> tuple[list[str], list[Annotation], list[list[int]]]:
        """One label per character, of what the later ones leave visible."""
        lines: list[str] = []
        annotations: list[Annotation] = []
        owners: list[list[int]] = []
        covered = np.zeros_like(pasted[0].inside)
        for number in reversed(range(len(pasted))):
            seen = pasted[number].inside & ~covered
            covered |= pasted[number].inside
            if "small-pieces" in self._fixes or 1.1 * np.count_nonzero(seen) > smallest:
                kept = seen
            else:
                continue
            if not kept.any():
                continue
            mask = kept if "holes" in self._fixes else report.filled(kept)
            lines.append(report.sparse_line(mask, holes=True))
            annotations.append(Annotation.of_mask(mask, identity=pasted[number].row.identity))
            owners.append([number])
        return lines[::-1], annotations[::-1], owners[::-1]

    def _pieces(
        self, union: NDArray[np.bool_], smallest: int, identity: str
    ) -> tuple[list[str], list[Annotation]]:
        """One label per connected piece of the union, if it is large enough."""
        size = (union.shape[0], union.shape[1])
        factor, lines, annotations = self._recipe["area_factor"], [], []
        for contour in report.traced(union, cv2.RETR_EXTERNAL):
            area = cv2.contourArea(contour.astype(np.float32))
            if factor * area <= smallest and "small-pieces" not in self._fixes:
                continue
            annotation = report.as_labelled(contour, size, identity=identity)
            mask = annotation.mask(size)
            if "holes" in self._fixes:
                mask &= union
                annotation = Annotation.of_mask(mask, identity=identity)
            sparse = "dense" in self._fixes or "holes" in self._fixes
            line = report.sparse_line(mask, True) if sparse else report.dense_line(contour, size)
            lines.append(line)
            annotations.append(annotation)
        return lines, annotations

    def _noisy(self, rgb: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        spread = int(rng.integers(0, self._recipe["noise"]))
        grain = rng.standard_normal(rgb.shape, np.float32) * spread
        return np.asarray(np.clip(rgb + grain, 0, 255), np.uint8)


def _visible(pasted: list[Pasted], owners: list[list[int]]) -> tuple[NDArray[np.uint8], ...]:
    """What is visible of the characters behind each label, as alpha."""
    through = np.full(pasted[0].alpha.shape, 255, np.uint8)
    seen: dict[int, NDArray[np.uint8]] = {}
    for number in reversed(range(len(pasted))):
        alpha = pasted[number].alpha
        seen[number] = cv2.multiply(alpha, through, scale=1 / 255)
        through = cv2.multiply(255 - alpha, through, scale=1 / 255)
    results = []
    for group in owners:
        total = np.zeros_like(through)
        for number in group:
            total = cv2.add(total, seen[number])
        results.append(total)
    return tuple(results)
