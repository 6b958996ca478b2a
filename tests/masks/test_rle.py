"""Run lengths give masks back, and damaged ones are refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pycocotools import mask as coco

from animeseg import masks

any_mask = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=20))


@given(any_mask)
def test_run_lengths_give_the_mask_back_through_json(mask):
    rle = json.loads(json.dumps(masks.encode_rle(mask)))
    back = masks.decode_rle(rle)
    assert back.dtype == np.bool_
    assert back.flags.c_contiguous
    np.testing.assert_array_equal(back, mask)


def test_run_lengths_of_large_masks_survive(rng):
    mask = np.zeros((1200, 1700), np.bool_)
    mask[300:1100, 200:1500] = rng.random((800, 1300)) < 0.7
    np.testing.assert_array_equal(masks.decode_rle(masks.encode_rle(mask)), mask)


@given(any_mask)
def test_run_lengths_are_those_of_coco(mask):
    rle = masks.encode_rle(mask)
    assert coco.area({**rle, "counts": rle["counts"].encode()}) == mask.sum()


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40))
def test_random_run_lengths_are_refused_or_fill_the_mask(counts):
    try:
        mask = masks.decode_rle({"size": [6, 5], "counts": counts})
    except ValueError:
        return
    assert mask.shape == (6, 5)


@given(any_mask, st.data())
def test_damaged_run_lengths_never_reach_the_decoder(mask, data):
    rle = masks.encode_rle(mask)
    cut = data.draw(st.integers(0, len(rle["counts"]) - 1))
    height, width = mask.shape
    with pytest.raises(ValueError, match="run lengths"):
        masks.decode_rle({"size": [height, width], "counts": rle["counts"][:cut]})
    with pytest.raises(ValueError, match="run lengths"):
        masks.decode_rle({"size": [height, width + 1], "counts": rle["counts"]})


@pytest.mark.parametrize(
    "rle",
    [
        {},
        {"size": [4], "counts": "0"},
        {"size": [4, -4], "counts": "0"},
        {"size": [100_000, 100_000], "counts": "0"},
        {"size": [4, 4], "counts": "é"},
        {"size": "44", "counts": ["4"]},
        {"size": [2, 2], "counts": "o" * 30},
        {"size": None, "counts": ""},
    ],
)
def test_senseless_run_lengths_are_refused(rle):
    for read in (masks.decode_rle, masks.rle_area):
        with pytest.raises(ValueError, match="run lengths"):
            read(rle)


@given(any_mask)
def test_the_area_is_known_without_unpacking(mask):
    assert masks.rle_area(masks.encode_rle(mask)) == mask.sum()
