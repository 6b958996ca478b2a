"""Our own recipe: characters before a camera, in one light, with one exact label each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from animeseg.data import scenery, style
from animeseg.data.cast import Layer, visible_only
from animeseg.data.compose import pick
from animeseg.data.entries import Annotation
from animeseg.data.synth import effects, staging
from animeseg.data.synth.light import Light, cast_shadow
from animeseg.data.synth.made import Made

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.data.synth.material import Backgrounds, Characters
    from animeseg.data.synth.recipe import Recipe

    Pixels = NDArray[np.uint8]

SOLID = 128
"""Alpha from which a pixel belongs to the nearest character."""


@dataclass
class Stage:
    """A picture in the making.

    Attributes:
        canvas: (H, W, 3) uint8 RGB.
        index: (H, W) uint8, 0 background, k the visible part of character k.
        alphas: (H, W) uint8 of every character so far, what is visible of it; empty unless asked.
    """

    canvas: Pixels
    index: Pixels
    alphas: list[Pixels]


class Scene:
    """See `animeseg.data.synth.made.Maker`."""

    def __init__(self, recipe: Recipe, characters: Characters, backgrounds: Backgrounds) -> None:
        self._recipe = recipe
        self._backgrounds = backgrounds
        self._casting = staging.Casting(recipe, characters)

    def make(self, rng: np.random.Generator, *, alpha: bool) -> Made:
        """One picture, empty of characters now and then."""
        recipe = self._recipe
        high, wide, _ = pick(recipe["shapes"], rng)
        size = recipe["size"]
        shape = int(high * size) // 8 * 8, int(wide * size) // 8 * 8
        fewest, most, _ = pick(recipe["counts"], rng)
        count = int(rng.integers(fewest, most + 1))
        self._backgrounds.used.clear()
        canvas = scenery.background(self._backgrounds, shape, rng)
        light = Light.of(canvas, recipe["harmonise"], rng)
        actors = visible_only(list(self._casting.actors(shape, count, rng)), shape)
        stage = Stage(np.ascontiguousarray(canvas), np.zeros(shape, np.uint8), [])
        for number, actor in enumerate(actors, start=1):
            self._enter(stage, actor, number, light, rng, alpha)
        if rng.random() < recipe["occluder"]:
            self._occlude(stage, rng)
        rgb = self._finished(stage, rng)
        people = [actor for actor in actors if isinstance(actor, staging.Actor)]
        annotations = tuple(
            Annotation.of_mask(stage.index == number, identity=actor.identity)
            for number, actor in enumerate(people, start=1)
        )
        return Made(
            rgb,
            annotations,
            tuple(stage.alphas),
            sources={
                "characters": [actor.name for actor in people],
                "background": sorted(set(self._backgrounds.used)),
            },
        )

    def _enter(
        self,
        stage: Stage,
        actor: Layer,
        number: int,
        light: Light,
        rng: np.random.Generator,
        alpha: bool,
    ) -> None:
        """Pastes a character over what stands farther away."""
        place = actor.window((stage.index.shape[0], stage.index.shape[1]))
        if place is None:  # cannot be: hidden ones were left out
            return
        if rng.random() < self._recipe["shadow"]:
            cast_shadow(stage.canvas, actor.rgba[..., 3], (actor.x, actor.y), light, rng)
        rows, columns, inside = place
        under = stage.canvas[rows, columns]
        cover = np.ascontiguousarray(inside[..., 3])
        rgb = np.ascontiguousarray(light.on(inside, under)[..., :3])
        if rng.random() < 0.4:
            cover = _softened(cover, float(rng.uniform(0.4, 0.9)))
        weight = cover.astype(np.float32) * np.float32(1 / 255)
        stage.canvas[rows, columns] = cv2.blendLinear(
            rgb, np.ascontiguousarray(under), weight, 1 - weight
        )
        stage.index[rows, columns][cover >= SOLID] = number
        if alpha:
            _hide(stage.alphas, (rows, columns), cover)
            whole = np.zeros_like(stage.index)
            whole[rows, columns] = cover
            stage.alphas.append(whole)

    def _occlude(self, stage: Stage, rng: np.random.Generator) -> None:
        """Puts something in front, if every character stays recognisable."""
        shape = (stage.index.shape[0], stage.index.shape[1])
        canvas, cover = staging.occluder(stage.canvas, shape, rng)
        hidden = np.where(cover >= SOLID, 0, stage.index)
        before = np.bincount(stage.index.ravel(), minlength=256)[1:]
        after = np.bincount(hidden.ravel(), minlength=256)[1:]
        if np.any(after < 0.6 * before):
            return
        stage.canvas, stage.index = canvas, hidden.astype(np.uint8)
        _hide(stage.alphas, (slice(None), slice(None)), cover)

    def _finished(self, stage: Stage, rng: np.random.Generator) -> Pixels:
        """Effects over the figures, then the look of the whole picture."""
        recipe, picture = self._recipe, stage.canvas
        if rng.random() < recipe["text"]:
            picture = effects.over(picture, effects.lettering(picture, rng), stage.index)
        if rng.random() < recipe["effects"]:
            picture = effects.over(picture, effects.effect(picture, rng), stage.index)
        if rng.random() < recipe["sketch"]:
            picture = effects.sketch(picture, rng)
        elif recipe["looks"]:
            picture = style.stylise(picture, rng)
        if rng.random() < recipe["upscale"]:
            picture = effects.upscaled(picture, rng)
        return np.asarray(picture, np.uint8)


def _softened(alpha: Pixels, sigma: float) -> Pixels:
    """A softer edge that never reaches beyond the cut-out, whose colour is known only inside."""
    return np.asarray(cv2.min(alpha, cv2.GaussianBlur(alpha, (0, 0), sigma)), np.uint8)


def _hide(alphas: list[Pixels], window: tuple[slice, slice], cover: Pixels) -> None:
    """Takes what ``cover`` hides off all alphas."""
    for whole in alphas:
        whole[window] = cv2.multiply(whole[window], 255 - cover, scale=1 / 255)
