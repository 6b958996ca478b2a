"""The report's simple generator: one character, scaled to fit, somewhere on a background."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from animeseg.data.entries import Annotation
from animeseg.data.synth import report
from animeseg.data.synth.made import Made

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.data.synth.material import Backgrounds, Characters
    from animeseg.data.synth.recipe import Recipe


class ReportSimple:
    """See `animeseg.data.synth.made.Maker`."""

    def __init__(self, recipe: Recipe, characters: Characters, backgrounds: Backgrounds) -> None:
        self._recipe = recipe
        self._fixes = frozenset(recipe["fix"])
        self._characters = characters
        self._backgrounds = backgrounds
        self._inputs = report.Inputs(characters, recipe["size"])

    def make(self, rng: np.random.Generator, *, alpha: bool) -> Made | None:
        """One picture; None where nothing of the mask is left to trace."""
        row = self._characters.choose(rng)
        chosen = int(rng.integers(len(self._backgrounds)))
        canvas, scale = self._inputs.background(self._backgrounds[chosen])
        rgba = self._inputs.character(row, scale)
        size = self._fitted((rgba.shape[1], rgba.shape[0]), canvas.size)
        cutout = Image.fromarray(rgba).resize(size)
        mask = report.mask_of(rgba).resize(size)
        x = int(rng.integers(0, canvas.width - size[0] + 1))
        y = int(rng.integers(0, canvas.height - size[1] + 1))
        canvas.paste(cutout, (x, y), cutout)
        whole, cover = Image.new("L", canvas.size), Image.new("L", canvas.size)
        whole.paste(mask, (x, y))
        cover.paste(cutout.getchannel("A"), (x, y))
        seen = report.inside(np.asarray(whole), np.asarray(cover), self._fixes)
        if not seen.any():
            return None
        label, annotation = self._labelled(seen, row.identity)
        return Made(
            rgb=np.asarray(canvas),
            annotations=(annotation,),
            alphas=(np.asarray(cover),) if alpha else (),
            label=label,
            sources={"characters": [row.name], "background": self._backgrounds.rows[chosen].name},
        )

    def _fitted(self, size: tuple[int, int], frame: tuple[int, int]) -> tuple[int, int]:
        """Smaller where it does not fit, larger where it fills less than half of both sides."""
        fit = min(frame[0] / size[0], frame[1] / size[1])
        below = self._recipe["too_small_below"]
        if size[0] >= frame[0] or size[1] >= frame[1]:
            fit /= self._recipe["too_large_divisor"]
        elif size[0] < below * frame[0] and size[1] < below * frame[1]:
            fit /= self._recipe["too_small_divisor"]
        else:
            fit = 1.0
        return max(1, int(size[0] * fit)), max(1, int(size[1] * fit))

    def _labelled(self, seen: NDArray[np.bool_], identity: str) -> tuple[str, Annotation]:
        size = (seen.shape[0], seen.shape[1])
        if "longest-contour" in self._fixes:
            return self._line(seen, None), Annotation.of_mask(seen, identity=identity)
        contour = max(report.traced(seen, cv2.RETR_TREE), key=len)
        annotation = report.as_labelled(contour, size, identity=identity)
        return self._line(annotation.mask(size), contour), annotation

    def _line(self, mask: NDArray[np.bool_], contour: NDArray[np.float64] | None) -> str:
        if "dense" in self._fixes or contour is None:
            return report.sparse_line(mask, holes=True) + "\n"
        return report.dense_line(contour, (mask.shape[0], mask.shape[1])) + "\n"
