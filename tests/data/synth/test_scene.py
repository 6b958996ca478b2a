"""Our scenes: one camera, right occlusion, nothing hidden that is labelled."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from animeseg.data.synth import effects
from animeseg.data.synth.camera import Camera, distances, stature
from animeseg.data.synth.light import Light
from animeseg.data.synth.material import Backgrounds, Characters, find_backgrounds, find_characters
from animeseg.data.synth.recipe import make_recipe
from animeseg.data.synth.scene import Scene


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    """A maker of 128-pixel scenes by settings, on five drawn figures."""
    drawn = tmp_path_factory.mktemp("figures")
    rows = find_characters(None, figures=5, identity=str)

    def maker(**changes):
        recipe = make_recipe("default", {"size": 128, **changes})
        grounds = Backgrounds(find_backgrounds(None, scenes=4), 128)
        return Scene(recipe, Characters(rows, 256, drawn), grounds)

    return maker


def made(maker, seed, alpha=False):
    return maker.make(np.random.default_rng([7, seed]), alpha=alpha)


def test_pictures_are_seeded(scenes):
    maker = scenes()
    once, again, other = made(maker, 1), made(scenes(), 1), made(maker, 2)
    assert np.array_equal(once.rgb, again.rgb)
    assert once.annotations == again.annotations
    assert once.rgb.shape != other.rgb.shape or not np.array_equal(once.rgb, other.rgb)


@pytest.mark.parametrize("seed", range(8))
def test_no_pixel_belongs_to_two_characters(scenes, seed):
    result = made(scenes(counts=[[3, 6, 1.0]]), seed)
    assert len(result.annotations) >= 1
    masks = [a.mask(result.rgb.shape[:2]) for a in result.annotations]
    assert np.sum(masks, axis=0).max() == 1
    assert all(mask.sum() >= 50 for mask in masks)
    assert len(result.sources["characters"]) == len(masks)


def test_some_pictures_show_nobody(scenes):
    result = made(scenes(counts=[[0, 0, 1.0]]), 0)
    assert result.annotations == ()
    assert result.rgb.std() > 0 or result.rgb.size


def test_characters_are_cut_on_every_side(scenes):
    maker = scenes(counts=[[1, 2, 1.0]], pushed_out=1.0)
    sides = np.zeros(4, bool)
    for seed in range(60):
        result = made(maker, seed)
        for annotation in result.annotations:
            mask = annotation.mask(result.rgb.shape[:2])
            edges = (mask[0], mask[-1], mask[:, 0], mask[:, -1])
            sides |= [bool(edge.any()) for edge in edges]
        if sides.all():
            return
    raise AssertionError(f"top, bottom, left, right: {sides}")


def test_alpha_says_what_is_visible(scenes):
    maker = scenes(counts=[[3, 5, 1.0]], occluder=1.0)
    for seed in range(5):
        result = made(maker, seed, alpha=True)
        assert len(result.alphas) == len(result.annotations)
        total = np.sum([alpha.astype(int) for alpha in result.alphas], axis=0)
        assert np.max(total, initial=0) <= 257  # rounding of two
        for annotation, alpha in zip(result.annotations, result.alphas, strict=True):
            mask = annotation.mask(alpha.shape)
            assert alpha[mask].mean() > 200


@given(st.floats(100, 900), st.floats(20, 600), st.integers(0, 10**6))
def test_who_stands_farther_is_smaller_and_nearer_to_the_horizon(feet, scale, seed):
    rng = np.random.default_rng(seed)
    camera, near = Camera.seeing(feet, scale, (640, 480), rng)
    assert camera.feet(near) == pytest.approx(feet)
    assert camera.scale(near) == pytest.approx(scale)
    far = distances(6, near, crowd=bool(seed % 2), rng=rng)
    assert far == sorted(far, reverse=True)
    assert far[-1] == near
    heights = [camera.scale(one) for one in far]
    assert heights == sorted(heights)
    gaps = [camera.feet(one) - camera.horizon for one in far]
    assert gaps == sorted(gaps)
    assert all(
        gap == pytest.approx(camera.height * h) for gap, h in zip(gaps, heights, strict=True)
    )
    assert 0.8 <= stature(rng) <= 2.4


def test_effects_that_hide_a_character_are_left_out():
    before = np.zeros((40, 40, 3), np.uint8)
    index = np.zeros((40, 40), np.uint8)
    index[10:20, 10:20] = 1
    hiding, passing = before.copy(), before.copy()
    hiding[12:20, 10:20] = 255
    passing[30:, :] = 255
    assert effects.over(before, hiding, index) is before
    assert effects.over(before, passing, index) is passing


@pytest.mark.parametrize(
    "effect",
    [effects.lettering, effects.focus_lines, effects.rain, effects.flare, effects.sketch,
     effects.upscaled],
)  # fmt: skip
@pytest.mark.parametrize("size", [(64, 96), (97, 51)])
def test_every_effect_keeps_size_and_type(effect, size):
    picture = np.random.default_rng(0).integers(0, 255, (*size, 3), np.uint8)
    kept = picture.copy()
    for seed in range(6):
        changed = effect(picture, np.random.default_rng(seed))
        assert changed.shape == picture.shape
        assert changed.dtype == np.uint8
        assert np.array_equal(picture, kept)


def test_light_follows_the_background_and_leaves_alpha_alone():
    rgba = np.full((40, 20, 4), 128, np.uint8)
    red = np.zeros((30, 30, 3), np.uint8)
    red[..., 0] = 200
    lit = Light.of(red, 1.0, np.random.default_rng(4)).on(rgba, red)
    assert np.array_equal(lit[..., 3], rgba[..., 3])
    assert lit[..., 0].mean() > lit[..., 1].mean() + 3
    unlit = Light.of(red, 0.0, np.random.default_rng(4)).on(rgba, red)
    assert np.array_equal(unlit, rgba)
