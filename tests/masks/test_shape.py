"""The masks a user asks for, option by option."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from animeseg import masks
from animeseg.instances import Instances
from animeseg.options import Options


def two_characters(height=60, width=80):
    rows = np.zeros((2, height, width), np.bool_)
    rows[0, 10:50, 10:25] = True
    rows[1, 20:40, 50:60] = True
    return Instances.from_masks(rows)


def of_each(found, options):
    return np.stack([masks.inpaint_mask(one, options) for one in found])


def test_cleaning_is_in_percent_of_the_characters_area():
    mask = np.zeros((100, 100), np.bool_)
    mask[10:60, 10:60] = True
    mask[20:22, 20:22] = False  # 4 of 2500 pixels: 0.16 %
    mask[30:40, 30:40] = False  # 100 pixels: 4 %
    mask[80:83, 80:83] = True  # 9 pixels: 0.37 %
    cleaned = masks.shape_mask(mask, Options(fill_holes=1.0, drop_islands=0.3))
    assert cleaned[20, 20]
    assert not cleaned[35, 35]
    assert cleaned[81, 81]
    assert not masks.shape_mask(mask, Options(drop_islands=0.5))[81, 81]
    assert masks.shape_mask(mask, Options(fill_holes=5.0))[35, 35]
    unchanged = masks.shape_mask(mask, Options(fill_holes=0.0, drop_islands=0.0))
    np.testing.assert_array_equal(unchanged, mask)


def test_inpaint_mask_grows_in_pixels_or_by_the_height_of_each_character():
    found = two_characters()
    wide = of_each(found, Options(mask_grow=4.0))
    assert wide[0].any(axis=0).sum() == 15 + 8
    assert wide[1].any(axis=0).sum() == 10 + 8
    relative = of_each(found, Options(mask_grow=10.0, mask_grow_unit="%"))
    assert relative[0].any(axis=0).sum() == 15 + 8  # 10 % of 40
    assert relative[1].any(axis=0).sum() == 10 + 4  # 10 % of 20
    thin = of_each(found, Options(mask_grow=-2.0))
    assert thin[0].any(axis=0).sum() == 15 - 4


def test_inpaint_mask_of_all_is_the_union_of_each():
    found = two_characters()
    options = Options(mask_offset_x=3, mask_offset_y=-2)
    each = of_each(found, options)
    assert each.dtype == masks.inpaint_mask(found, options).dtype == np.uint8
    np.testing.assert_array_equal(masks.inpaint_mask(found, options), each.max(axis=0))


def test_inpaint_mask_moves_and_inverts():
    found = two_characters()
    options = Options(mask_grow=0.0, mask_offset_x=5, mask_offset_y=7)
    moved = masks.inpaint_mask(found, options)
    assert moved[17, 15] == 255
    assert moved[16, 15] == moved[17, 14] == 0
    np.testing.assert_array_equal(
        masks.inpaint_mask(found, options.replace(mask_invert=True)), 255 - moved
    )


def test_inpaint_mask_of_no_characters_is_empty_or_everything():
    nobody = Instances.empty((9, 8))
    assert masks.inpaint_mask(nobody, Options()).max() == 0
    assert masks.inpaint_mask(nobody, Options(mask_invert=True)).min() == 255


def test_feathering_the_inpaint_mask_joins_the_characters_first():
    rows = np.zeros((2, 20, 20), np.bool_)
    rows[0, :, :10] = True
    rows[1, :, 10:] = True
    options = Options(mask_grow=0.0, mask_feather=6.0)
    assert masks.inpaint_mask(Instances.from_masks(rows), options).min() == 255


def test_cutout_is_feathered_by_default_and_hard_on_request():
    mask = two_characters().masks[0]
    soft = masks.cutout_alpha(mask, Options())
    assert sorted(set(soft[30, 8:13].tolist())) == [0, 64, 191, 255]
    hard = masks.cutout_alpha(mask, Options(cutout_feather=0.0))
    np.testing.assert_array_equal(hard, np.where(mask, 255, 0))


@pytest.mark.parametrize("radius", [-3.0, -1.5, 0.0, 1.0, 2.5])
def test_growing_a_soft_alpha_is_growing_every_level_of_it(radius, rng):
    alpha = rng.integers(0, 256, (25, 20), np.uint8)
    alpha[:8] = 0
    grown = masks.cutout_alpha(alpha, Options(cutout_grow=radius))
    for level in (1, 60, 128, 255):
        np.testing.assert_array_equal(grown >= level, masks.grow(alpha >= level, radius))


@given(st.integers(0, 2**32 - 1), st.floats(0, 8))
def test_abutting_characters_leave_no_seam(seed, feather):
    rng = np.random.default_rng(seed)
    left = np.arange(24) < rng.integers(4, 20, 18)[:, None]
    rows = np.stack([left, ~left])
    options = Options(cutout_feather=feather)
    found = Instances.from_masks(rows)
    assert masks.union_alpha(found, options).min() == 255
    alphas = np.stack([masks.feather(row, feather) for row in rows])
    soft = Instances(found.boxes, rows, found.scores, found.labels, alphas=alphas)
    assert masks.union_alpha(soft, options).min() == 255
