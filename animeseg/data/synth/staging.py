"""Who is in a picture, how they look, where they stand, and what stands before them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from animeseg.data import objects, sprites
from animeseg.data.cast import Layer
from animeseg.data.synth.camera import Camera, distances, stature
from animeseg.data.synth.pixels import resize_rgba

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.data.synth.material import Characters, Row
    from animeseg.data.synth.recipe import Recipe

    Pixels = NDArray[np.uint8]

LARGEST_ENLARGEMENT = 3.0
FRAMINGS = ((0.40, 1.0, 1.0), (0.22, 0.6, 0.9), (0.23, 0.36, 0.6), (0.15, 0.22, 0.36))
"""Share, and how much of the height from the top is in the frame: whole, knee, bust, close-up."""


@dataclass(frozen=True)
class Actor(Layer):
    """A character in its place: ``rgba``, ``x`` and ``y`` as in `Layer`, and who it is."""

    identity: str = ""
    name: str = ""


class Casting:
    """Chooses, changes and places characters.

    Args:
        recipe: of the ``scene`` method.
        characters: who there is.
    """

    def __init__(self, recipe: Recipe, characters: Characters) -> None:
        self._recipe = recipe
        self._characters = characters
        # Few identities are recoloured, so that a network does not learn them by heart.
        few = characters.identities < recipe["recolour_below"]
        self._recolour = recipe["recolour"] if few else 0.0

    def actors(
        self, shape: tuple[int, int], count: int, rng: np.random.Generator
    ) -> Iterator[Actor]:
        """The characters of a picture, the farthest first."""
        if count == 1:
            yield self._alone(shape, rng)
        elif count:
            yield from self._group(shape, count, rng)

    def _alone(self, shape: tuple[int, int], rng: np.random.Generator) -> Actor:
        """One main character: whole, to the knee, bust or close-up, as artists frame them."""
        height, width = shape
        shares = np.array([share for share, _, _ in FRAMINGS])
        kind = int(rng.choice(len(FRAMINGS), p=shares / shares.sum()))
        _, low, high = FRAMINGS[kind]
        kept = float(rng.uniform(low, high)) if low < high else 1.0
        shown = height * float(rng.uniform(0.35, 1.0) if kept == 1 else rng.uniform(0.7, 1.08))
        upright = kept < 1 or rng.random() < 0.6
        row = self._characters.choose(rng)
        head = self._characters.head(row) if kept < 1 else 0.0
        # Below the head `kept` of the body is shown; what is raised above it leaves the frame.
        tall = shown / kept / (1 - head)
        lowest = min(1.0, head + kept * (1 - head) * 1.2)
        rgba = self._changed(row, tall, lowest, upright, rng)
        if kept == 1 and rgba.shape[1] > 1.2 * width:
            rgba = resize_rgba(rgba, 1.2 * width / rgba.shape[1])
        if kept == 1:
            x = int(rng.normal(0.5, 0.16) * width - rgba.shape[1] / 2)
            y = int((height - rgba.shape[0]) * rng.uniform(0.1, 1.1))
        else:
            x = int(rng.normal(0.5, 0.1) * width - _head_column(rgba, head * tall, 0.2 * tall))
            y = int(height - shown - head * tall)
        cut = self._characters.is_cut(row)
        if cut:  # its lower end is no part of the picture
            y = max(y, height - rgba.shape[0] + 2)
        return self._placed(rgba, x, y, row, shape, rng, whole=kept == 1 and not cut)

    def _group(
        self, shape: tuple[int, int], count: int, rng: np.random.Generator
    ) -> Iterator[Actor]:
        """Several, on one ground: who stands farther away is smaller and nearer to the horizon."""
        height, width = shape
        crowd = count > 5
        nearest = height * float(rng.uniform(0.22, 0.45) if crowd else rng.uniform(0.4, 1.1))
        feet = float(rng.uniform(0.75 * height, height + 0.4 * nearest))
        camera, distance = Camera.seeing(feet, nearest / 1.6, shape, rng)
        upright = crowd or rng.random() < 0.7
        columns = (rng.permutation(count) + rng.uniform(0.1, 0.9, count)) / count
        if not crowd and rng.random() < 0.4:
            columns = 0.5 + (columns - 0.5) * rng.uniform(0.4, 0.9)  # close, overlapping
        for far, column in zip(
            distances(count, distance, crowd=crowd, rng=rng), columns, strict=True
        ):
            row = self._characters.choose(rng)
            tall = max(24.0, stature(rng) * camera.scale(far))
            cut = self._characters.is_cut(row)
            rgba = self._changed(row, tall, 1.0, upright, rng)
            x = int(column * width - rgba.shape[1] / 2)
            y = int(camera.feet(far) - rgba.shape[0])
            y = max(y, height - rgba.shape[0] + 2) if cut else y
            yield self._placed(rgba, x, y, row, shape, rng, whole=not cut)

    def _changed(
        self, row: Row, tall: float, kept: float, upright: bool, rng: np.random.Generator
    ) -> Pixels:
        """A character about ``tall`` pixels tall, its upper part ``kept``, in another look."""
        rgba = self._characters.pixels(row)
        rgba = rgba[: max(2, int(kept * rgba.shape[0]))]
        scale = tall * kept / rgba.shape[0]
        rgba = resize_rgba(rgba, min(scale, LARGEST_ENLARGEMENT))
        if row.path is not None and rng.random() < self._recolour:
            palette, skin = sprites.cluster_colours(rgba)
            rgba = sprites.recolour(rgba, palette, skin, rng)
        if rng.random() < self._recipe["warp"]:
            rgba = sprites.warp(rgba, rng, chibi=0.1 if kept == 1 else 0.0)
        if rng.random() < 0.5:
            rgba = rgba[:, ::-1]
        turned = 1.0 if self._characters.is_cut(row) else rng.random()
        if turned < (0.25 if upright else 0.45):
            rgba = sprites.rotate(rgba, float(rng.normal(0, 7)))
        elif not upright and turned < 0.6:
            rgba = sprites.rotate(rgba, float(rng.uniform(-100, 100)))
        return sprites.crop_to_alpha(np.ascontiguousarray(rgba))

    def _placed(
        self,
        rgba: Pixels,
        x: int,
        y: int,
        row: Row,
        shape: tuple[int, int],
        rng: np.random.Generator,
        *,
        whole: bool,
    ) -> Actor:
        """The character there, or now and then pushed out over one of the four sides.

        One that is not whole ends at the lower border and has to stay there.
        """
        if rng.random() < self._recipe["pushed_out"]:
            high, wide = rgba.shape[:2]
            out = float(rng.uniform(0.15, 0.55))
            side = int(rng.integers(4 if whole else 2))
            if side < 2:
                x = int(-out * wide) if side == 0 else int(shape[1] - (1 - out) * wide)
            else:
                y = int(-out * high) if side == 2 else int(shape[0] - (1 - out) * high)
        return Actor(rgba, x, y, identity=row.identity, name=row.name)


def occluder(
    canvas: Pixels, shape: tuple[int, int], rng: np.random.Generator
) -> tuple[Pixels, Pixels]:
    """Something in front: a table edge, a thing, a plant, a piece of furniture.

    Returns:
        The picture with it and its alpha (H, W) uint8.
    """
    kind = rng.random()
    if kind < 0.35:
        stencil = np.zeros(shape, np.float32)
        stencil[int(shape[0] * rng.uniform(0.72, 0.95)) :] = 1
        stencils = [stencil]
    elif kind < 0.6:
        stencils = [objects.blob(shape, rng, rng.uniform(0.06, 0.2) * min(shape))]
    else:
        stencils = list((objects.plant if kind < 0.8 else objects.furniture)(shape, rng))
    base = objects.colour(rng)
    for stencil in stencils:
        canvas = objects.shade(canvas, stencil, base * rng.uniform(0.6, 1.1), rng)
    cover = np.maximum.reduce(stencils)
    return canvas, cv2.convertScaleAbs(cover, alpha=255)


def _head_column(rgba: Pixels, top: float, tall: float) -> float:
    """The middle, in pixels from the left, of what is in the ``tall`` rows from ``top``."""
    head = rgba[int(top) : int(top + tall) + 1, :, 3]
    weights = head.sum(axis=0, dtype=np.float64)
    return float((weights * np.arange(len(weights))).sum() / max(weights.sum(), 1.0))
