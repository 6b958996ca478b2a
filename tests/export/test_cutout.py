"""Cut-outs: straight alpha, the picture's own colour, crops in their place."""

from __future__ import annotations

import numpy as np
import pytest

from animeseg.export import character_cutouts, cutout
from animeseg.instances import Instances, Segmentation
from animeseg.options import Options


def result_of(rows, alpha=None, alphas=None, **options):
    rows = np.asarray(rows, np.bool_)
    found = Instances.from_masks(rows, np.linspace(0.9, 0.5, len(rows)).astype(np.float32))
    if alphas is not None:
        found = Instances(found.boxes, rows, found.scores, found.labels, alphas=alphas)
    return Segmentation(rows.shape[1:], found, Options(**options), alpha=alpha)


@pytest.fixture
def image(rng):
    return rng.integers(1, 256, (40, 60, 3), np.uint8)


@pytest.fixture
def rows():
    masks = np.zeros((2, 40, 60), np.bool_)
    masks[0, 5:30, 0:20] = True
    masks[1, 10:40, 30:50] = True
    return masks


def test_colour_under_any_alpha_is_the_pictures_own(image, rows):
    rgba = cutout(image, result_of(rows, cutout_feather=6.0))
    seen = rgba[:, :, 3] > 0
    assert {0, 255} < set(np.unique(rgba[:, :, 3]).tolist())
    np.testing.assert_array_equal(rgba[seen, :3], image[seen])
    assert not rgba[~seen, :3].any()


def test_hard_cutouts_are_the_union_of_the_masks(image, rows):
    rgba = cutout(image, result_of(rows, cutout_feather=0.0))
    np.testing.assert_array_equal(rgba[:, :, 3] == 255, rows.any(axis=0))
    assert set(np.unique(rgba[:, :, 3])) == {0, 255}


def test_given_alpha_is_multiplied_in(image, rows, rng):
    given = rng.integers(0, 256, (40, 60), np.uint8)
    plain = cutout(image, result_of(rows))[:, :, 3].astype(int)
    both = cutout(image, result_of(rows, alpha=given))[:, :, 3]
    assert np.abs(both - plain * given / 255).max() <= 0.5
    crops = list(character_cutouts(image, result_of(rows[:1], alpha=given)))
    left, top, right, bottom = crops[0].box
    alone = cutout(image, result_of(rows[:1], alpha=given))
    np.testing.assert_array_equal(crops[0].rgba, alone[top:bottom, left:right])


def test_mattes_are_taken_where_there_are_some(image, rows, rng):
    alphas = np.where(rows, rng.integers(1, 256, rows.shape), 0).astype(np.uint8)
    rgba = cutout(image, result_of(rows, alphas=alphas))
    np.testing.assert_array_equal(rgba[:, :, 3], alphas.sum(axis=0))
    first = next(character_cutouts(image, result_of(rows, alphas=alphas)))
    np.testing.assert_array_equal(first.rgba[:, :, 3], alphas[0, 5:30, 0:20])


def test_crops_fit_and_say_where_they_belong(image, rows):
    result = result_of(rows, cutout_feather=0.0)
    crops = list(character_cutouts(image, result))
    assert [crop.box for crop in crops] == [(0, 5, 20, 30), (30, 10, 50, 40)]
    assert [(crop.number, crop.label) for crop in crops] == [(1, "character"), (2, "character")]
    assert crops[1].score == pytest.approx(0.5)
    pasted = np.zeros((40, 60, 4), np.uint8)
    for crop in crops:
        left, top, right, bottom = crop.box
        pasted[top:bottom, left:right] |= crop.rgba
    np.testing.assert_array_equal(pasted, cutout(image, result))


def test_margins_stay_inside_the_picture(image, rows):
    crops = character_cutouts(image, result_of(rows, cutout_feather=0.0), margin=7)
    for crop, box in zip(crops, [(0, 0, 27, 37), (23, 3, 57, 40)], strict=True):
        assert crop.box == box
        assert crop.rgba.shape == (box[3] - box[1], box[2] - box[0], 4)


def test_invisible_characters_give_no_file_and_keep_the_numbers(image, rows):
    masks = np.insert(rows, 1, False, axis=0)
    crops = character_cutouts(image, result_of(masks))
    assert [crop.number for crop in crops] == [1, 3]


def test_nobody_gives_an_empty_cutout(image):
    nobody = Segmentation((40, 60), Instances.empty((40, 60)), Options())
    assert not cutout(image, nobody).any()
    assert list(character_cutouts(image, nobody)) == []


def test_another_picture_is_refused(image, rows):
    with pytest.raises(ValueError, match="picture of"):
        cutout(image[:, :-1], result_of(rows))
    with pytest.raises(ValueError, match="picture of"):
        next(character_cutouts(image[:-1], result_of(rows)))
