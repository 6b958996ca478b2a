"""Likeness of masks against plain counting."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from animeseg import masks

SIDES = array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=16)
any_mask = arrays(np.bool_, SIDES)
TURNS = [lambda a: a[:, ::-1], lambda a: a[::-1], np.rot90, np.transpose]


@given(st.data())
def test_measures_are_those_of_plain_counting(data):
    shape = data.draw(SIDES)
    a, b = data.draw(arrays(np.bool_, shape)), data.draw(arrays(np.bool_, shape))
    union, shared = (a | b).sum(), (a & b).sum()
    assert masks.iou(a, b) == (shared / union if union else 0)
    assert masks.containment(a, b) == (shared / a.sum() if a.any() else 0)


@given(st.integers(0, 4), st.integers(0, 4), st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_matrices_hold_the_measure_of_every_pair(count, others, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.random((count, 9, 7)) < 0.3, rng.random((others, 9, 7)) < 0.6
    each = [[masks.iou(x, y) for y in b] for x in a]
    np.testing.assert_allclose(masks.pairwise_iou(a, b), np.reshape(each, (count, others)))
    each = [[masks.containment(x, y) for y in b] for x in a]
    np.testing.assert_allclose(masks.pairwise_containment(a, b), np.reshape(each, (count, others)))


def test_matrices_of_large_masks_are_exact():
    many = np.ones((1, 4300, 4000), np.bool_)  # more pixels than float32 counts singly
    assert masks.pairwise_intersections(many, many) == 4300 * 4000


def test_matrices_need_no_full_size_copies(rng):
    many = rng.random((60, 300, 400)) < 0.5
    tracemalloc.start()
    try:
        masks.pairwise_iou(many, many)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 60 * 2**20 < 60 * 60 * 300 * 400


@given(st.data(), st.sampled_from([0.02, 0.1, 0.3]))
def test_boundary_iou_is_that_of_its_definition(data, ratio):
    shape = data.draw(SIDES)
    a, b = data.draw(arrays(np.bool_, shape)), data.draw(arrays(np.bool_, shape))
    width = max(1, round(ratio * math.hypot(*shape)))

    def band(mask):
        padded = np.pad(mask, width)
        views = np.lib.stride_tricks.sliding_window_view(padded, (2 * width + 1,) * 2)
        return mask & ~views.all(axis=(2, 3))

    assert masks.boundary_iou(a, b, ratio) == masks.iou(band(a), band(b))


@given(any_mask, st.sampled_from(TURNS))
def test_a_mask_is_like_itself_however_it_is_turned(mask, turn):
    assume(mask.any())
    assert masks.iou(mask, mask) == masks.boundary_iou(mask, mask) == 1
    assert masks.containment(turn(mask), turn(mask)) == 1
