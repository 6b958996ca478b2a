"""Masks in other forms: run lengths and networks' grids."""

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
    with pytest.raises(ValueError, match="run lengths"):
        masks.decode_rle(rle)


def letterboxed(mask, side, multiple):
    """What a network sees: scaled to fit into a square, padding around, centred."""
    height, width = mask.shape
    scale = side / max(height, width)
    inner = round(height * scale), round(width * scale)
    outer = [-(-length // multiple) * multiple for length in inner]
    top, left = (outer[0] - inner[0]) // 2, (outer[1] - inner[1]) // 2
    y = ((np.arange(inner[0]) + 0.5) * height / inner[0]).astype(int)
    x = ((np.arange(inner[1]) + 0.5) * width / inner[1]).astype(int)
    canvas = np.zeros(outer, np.float32)
    canvas[top : top + inner[0], left : left + inner[1]] = mask[y][:, x]
    return canvas


@pytest.mark.parametrize("size", [(1216, 832), (832, 1216), (1024, 1024), (600, 1900), (1900, 530)])
@pytest.mark.parametrize("multiple", [32, 640])
def test_masks_that_touch_the_frame_come_back_in_place(size, multiple):
    height, width = size
    mask = np.zeros(size, np.bool_)
    mask[: height // 2, : width // 3] = True
    mask[height // 3 :, 2 * width // 3 :] = True
    small = letterboxed(mask, 640, multiple)
    back = masks.resize_masks(masks.unpad(small[None], size), size)[0]
    assert back.shape == size
    # A pixel of the network is up to three of the picture: the rest is how well edges can be known.
    assert masks.iou(back, mask) > 0.99
    assert back[0, 0]
    assert back[-1, -1]
    # Left in, the padding pushes the mask off its place.
    if multiple == 640 and height != width:
        assert masks.iou(masks.resize_masks(small[None], size)[0], mask) < 0.95


def test_scaling_keeps_the_area():
    small = np.zeros((1, 160, 160), np.float32)
    small[0, 40:80, 40:80] = 1
    area = masks.resize_masks(small, (1024, 1024))[0].sum()
    assert area == pytest.approx(256 * 256, rel=1e-3)  # corners are rounded


def test_scaling_no_masks_gives_no_masks():
    assert masks.resize_masks(np.zeros((0, 4, 4)), (9, 8)).shape == (0, 9, 8)
