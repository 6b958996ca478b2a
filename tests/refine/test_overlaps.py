from __future__ import annotations

import numpy as np
import pytest

from animeseg.masks.morphology import window
from animeseg.refine.overlaps import Claim, settle


def rectangle(top, left, bottom, right, size=(40, 60)):
    mask = np.zeros(size, bool)
    mask[top:bottom, left:right] = True
    return mask


def claims(masks, strengths):
    made = []
    for mask, strength in zip(masks, strengths, strict=True):
        box = window(mask) or (slice(0, 0), slice(0, 0))
        made.append(Claim(box, np.broadcast_to(strength, mask.shape)[box].astype(np.float16)))
    return made


@pytest.mark.parametrize(("first", "second", "winner"), [(1, 2, 1), (2, 1, 0), (1, 1, 0)])
def test_contested_pixels_go_to_the_stronger_claim_or_else_to_the_earlier(first, second, winner):
    masks = np.stack([rectangle(5, 5, 35, 30), rectangle(5, 20, 35, 55)])
    before = masks.copy()
    settle(masks, claims(masks, [first, second]))
    assert not (masks[0] & masks[1]).any()
    assert np.array_equal(masks.any(0), before.any(0))
    assert np.array_equal(masks[winner], before[winner])


def test_the_border_runs_where_the_claims_are_equal():
    masks = np.stack([rectangle(5, 5, 35, 40), rectangle(5, 20, 35, 55)])
    columns = np.arange(60)[None]
    settle(masks, claims(masks, [60 - columns, columns]))
    assert np.array_equal(masks[0], rectangle(5, 5, 35, 31))
    assert np.array_equal(masks[1], rectangle(5, 31, 35, 55))


def test_three_way_overlaps_are_settled_pixel_by_pixel(rng):
    masks = rng.random((3, 40, 60)) > 0.5
    strengths = rng.permutation(3 * 40 * 60).reshape(3, 40, 60) / 128.0
    expected = np.where(masks, strengths, -1)
    settled = masks.copy()
    settle(settled, claims(masks, strengths))
    assert (settled.sum(0) == masks.any(0)).all()
    wins = expected.argmax(0)
    for row in range(3):
        assert np.array_equal(settled[row], masks[row] & (wins == row))


def test_a_character_found_twice_or_worn_by_another_keeps_its_pixels():
    masks = np.stack([rectangle(0, 0, 40, 60), rectangle(10, 10, 20, 20)])
    before = masks.copy()
    settle(masks, claims(masks, [2, 1]))
    assert np.array_equal(masks, before)


def test_no_mask_is_emptied_by_several_rivals():
    middle = rectangle(10, 20, 20, 40)
    masks = np.stack([rectangle(5, 5, 35, 30), rectangle(5, 30, 35, 55), middle])
    settle(masks, claims(masks, [2, 2, 1]))
    assert masks[2].any()


def test_empty_and_distant_masks_are_left_alone():
    masks = np.stack([rectangle(0, 0, 0, 0), rectangle(0, 0, 5, 5), rectangle(30, 30, 39, 39)])
    before = masks.copy()
    settle(masks, claims(masks, [1, 1, 1]))
    assert np.array_equal(masks, before)
    settle(masks[:0], [])
