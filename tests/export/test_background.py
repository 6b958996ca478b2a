"""Backgrounds: the characters keep their colours, and lend none to what is behind them."""

from __future__ import annotations

import numpy as np
import pytest

from animeseg.errors import OptionError
from animeseg.export import cutout, on_background, without_characters
from animeseg.export.background import blend, blurred, covering, fill
from animeseg.instances import Instances, Segmentation
from animeseg.options import Options, OutputOptions

BLUE, RED = (20, 40, 200), (250, 10, 10)


@pytest.fixture
def scene():
    """A red square on blue, and its result."""
    image = np.full((80, 100, 3), BLUE, np.uint8)
    mask = np.zeros((1, 80, 100), np.bool_)
    mask[0, 20:60, 30:70] = True
    image[mask[0]] = RED
    return image, Segmentation((80, 100), Instances.from_masks(mask), Options())


def behind(image, result, **output):
    return on_background(image, result, OutputOptions(**output))


def test_transparent_is_the_cutout(scene):
    np.testing.assert_array_equal(behind(*scene), cutout(*scene))


def test_a_colour_stands_behind_and_the_character_is_untouched(scene):
    made = behind(*scene, background="colour", background_colour="#0A64fF")
    assert made.shape == (80, 100, 3)
    assert made[0, 0].tolist() == [10, 100, 255]
    assert made[40, 50].tolist() == list(RED)


def test_soft_edges_are_mixed_by_their_alpha():
    front = np.array([[[200, 100, 0, 128], [9, 9, 9, 0], [7, 8, 9, 255]]], np.uint8)
    back = np.full((1, 3, 3), 50, np.uint8)
    np.testing.assert_allclose(blend(front, back)[0], [[125, 75, 25], [50] * 3, [7, 8, 9]], atol=1)


def test_no_colour_of_a_character_bleeds_into_the_blur(scene):
    image, result = scene
    made = behind(image, result, background="blur", background_blur=15.0)
    outside = cutout(image, result)[:, :, 3] == 0
    assert np.abs(made[outside].astype(int) - BLUE).max() <= 2
    assert made[40, 50].tolist() == list(RED)
    # What a plain blur does, to see that the promise is one.
    plain = blurred(image, 15.0)[outside].astype(int)
    assert np.abs(plain - BLUE).max() > 60


def test_a_blur_of_nothing_is_the_picture(scene):
    made = behind(*scene, background="blur", background_blur=0.0)
    np.testing.assert_allclose(made, scene[0], atol=1)


def test_wide_blurs_are_what_a_gaussian_gives(rng):
    import cv2

    image = cv2.GaussianBlur(rng.integers(0, 256, (160, 200, 3), np.uint8), (0, 0), 2)
    exact = cv2.GaussianBlur(image, (0, 0), 12, borderType=cv2.BORDER_REPLICATE)
    inside = (slice(30, -30), slice(30, -30))
    difference = np.abs(blurred(image, 12)[inside].astype(int) - exact[inside])
    assert difference.mean() < 1


def test_a_blurred_picture_keeps_the_alpha_it_came_with(scene, rng):
    image, result = scene
    given = rng.integers(0, 256, (80, 100), np.uint8)
    held = Segmentation(result.size, result.instances, result.options, alpha=given)
    made = behind(image, held, background="blur")
    np.testing.assert_array_equal(made[:, :, 3], given)
    assert behind(image, held, background="colour").shape == (80, 100, 3)


def test_the_picture_behind_covers_and_is_not_distorted(scene):
    wide = np.zeros((10, 40, 3), np.uint8)
    wide[:, 10:30] = 255  # its middle, twice as wide as high
    image, result = scene
    made = on_background(image, result, OutputOptions(background="picture"), wide)
    assert made.shape == (80, 100, 3)
    assert made[0, 50].tolist() == [255] * 3
    assert made[40, 50].tolist() == list(RED)


@pytest.mark.parametrize("shape", [(10, 40), (40, 10), (300, 20), (80, 100), (1, 1), (500, 900)])
def test_any_picture_covers_any_size(shape, rng):
    picture = rng.integers(0, 256, (*shape, 3), np.uint8)
    assert covering(picture, (80, 100)).shape == (80, 100, 3)


def test_a_background_picture_has_to_be_given(scene):
    with pytest.raises(OptionError, match="no picture is given"):
        behind(*scene, background="picture")


def test_surroundings_are_continued_and_left_alone_elsewhere(scene):
    image, result = scene
    alone = without_characters(image, result)
    outside = cutout(image, result)[:, :, 3] == 0
    np.testing.assert_array_equal(alone[outside], image[outside])
    assert np.abs(alone.astype(int) - BLUE).max() <= 1


def test_hidden_colours_under_given_alpha_are_not_continued(scene):
    image, result = scene
    image = image.copy()
    image[:10] = 255
    given = np.full((80, 100), 255, np.uint8)
    given[:10] = 0
    held = Segmentation(result.size, result.instances, result.options, alpha=given)
    covered = result.instances.union()
    assert np.abs(without_characters(image, held)[covered].astype(int) - BLUE).max() <= 1


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 1.0])
def test_gaps_are_filled_between_what_is_around_them(share, rng):
    image = rng.integers(60, 120, (37, 53, 3), np.uint8)
    known = rng.random((37, 53)) < share
    known[5, 7] |= share > 0
    filled = fill(image, known)
    np.testing.assert_array_equal(filled[known], image[known])
    if known.any():
        assert filled.min() >= image[known].min() - 1
        assert filled.max() <= image[known].max() + 1


def test_a_character_that_fills_the_picture_has_no_surroundings(rng):
    image = rng.integers(0, 256, (20, 30, 3), np.uint8)
    whole = Segmentation((20, 30), Instances.from_masks(np.ones((1, 20, 30), np.bool_)), Options())
    np.testing.assert_array_equal(behind(image, whole, background="blur"), image)


def test_nobody_leaves_the_background_alone(scene):
    nobody = Segmentation((80, 100), Instances.empty((80, 100)), Options())
    made = behind(scene[0], nobody, background="colour", background_colour="#010203")
    assert (made == (1, 2, 3)).all()
