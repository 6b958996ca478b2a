"""Moving edges: against plain definitions, on small masks of every kind."""

from __future__ import annotations

import math
from collections import deque

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from animeseg import masks
from animeseg.masks import morphology

SIDES = array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=16)
NOISE = arrays(np.bool_, SIDES)
radii = st.one_of(st.floats(0, 20), st.sampled_from([0, 1, math.sqrt(2), 1.5, 2, math.sqrt(5), 13]))

SYMMETRIES = [
    lambda a: a[:, ::-1],
    lambda a: a[::-1],
    lambda a: np.rot90(a),
    lambda a: np.swapaxes(a, 0, 1),
]


@st.composite
def blobs(draw):
    """Masks like characters: an ellipse and a few pixels flipped, touching the frame or not."""
    height, width = draw(st.integers(1, 24)), draw(st.integers(1, 24))
    canvas = np.zeros((height, width), np.uint8)
    middle = draw(st.integers(-2, width + 2)), draw(st.integers(-2, height + 2))
    axes = draw(st.integers(0, 12)), draw(st.integers(0, 12))
    cv2.ellipse(canvas, middle, axes, 0, 0, 360, 1, -1)
    seed = draw(st.integers(0, 2**32 - 1))
    share = draw(st.sampled_from([0, 0.02, 0.1]))
    return (canvas > 0) ^ (np.random.default_rng(seed).random(canvas.shape) < share)


any_mask = st.one_of(NOISE, blobs())


def distances(mask):
    """Distance of every pixel to the nearest True one, by definition; inf if there is none."""
    points = np.argwhere(mask)
    if not len(points):
        return np.full(mask.shape, np.inf)
    y, x = np.indices(mask.shape)
    squares = (y[..., None] - points[:, 0]) ** 2 + (x[..., None] - points[:, 1]) ** 2
    return np.sqrt(squares.min(axis=-1))


def regions(mask, neighbours):
    """Connected components as sets of pixels, by flood fill."""
    todo, found = set(map(tuple, np.argwhere(mask).tolist())), []
    while todo:
        start = todo.pop()
        region, queue = {start}, deque([start])
        while queue:
            y, x = queue.popleft()
            for dy, dx in neighbours:
                if (y + dy, x + dx) in todo:
                    todo.remove((y + dy, x + dx))
                    region.add((y + dy, x + dx))
                    queue.append((y + dy, x + dx))
        found.append(region)
    return found


FOUR = [(0, 1), (1, 0), (0, -1), (-1, 0)]
EIGHT = [*FOUR, (1, 1), (1, -1), (-1, 1), (-1, -1)]


class TestGrowing:
    @given(any_mask, radii)
    def test_grown_masks_hold_exactly_the_pixels_within_the_radius(self, mask, radius):
        expected = distances(mask) <= radius + 1e-9
        np.testing.assert_array_equal(masks.grow(mask, radius), expected)

    @given(any_mask, radii)
    def test_shrunk_masks_hold_exactly_the_pixels_beyond_the_radius_of_the_background(
        self, mask, radius
    ):
        expected = mask & (distances(~mask) > radius + 1e-9)
        np.testing.assert_array_equal(masks.shrink(mask, radius), expected)

    @given(any_mask, radii)
    def test_shrinking_is_growing_the_background(self, mask, radius):
        np.testing.assert_array_equal(masks.shrink(mask, radius), ~masks.grow(~mask, radius))
        np.testing.assert_array_equal(masks.grow(mask, -radius), masks.shrink(mask, radius))

    @given(any_mask, radii, radii)
    def test_a_larger_radius_never_gives_less(self, mask, one, other):
        small, large = sorted((one, other))
        assert not (masks.grow(mask, small) & ~masks.grow(mask, large)).any()
        assert not (masks.shrink(mask, large) & ~masks.shrink(mask, small)).any()

    @given(any_mask, radii)
    def test_closing_contains_and_opening_is_contained(self, mask, radius):
        assert not (mask & ~masks.shrink(masks.grow(mask, radius), radius)).any()
        assert not (masks.grow(masks.shrink(mask, radius), radius) & ~mask).any()

    @pytest.mark.parametrize("radius", [0, 0.9, 1, 1.4, 1.5, 2, 2.5, 5, 12, 12.5, 31.7])
    def test_one_pixel_grows_to_the_analytic_disc(self, radius):
        dot = np.zeros((81, 81), np.bool_)
        dot[40, 40] = True
        y, x = np.ogrid[-40:41, -40:41]
        np.testing.assert_array_equal(masks.grow(dot, radius), x * x + y * y <= radius * radius)

    @given(any_mask, st.floats(0, 12))
    def test_both_ways_of_growing_agree(self, mask, radius):
        quick = masks.grow(mask, radius), masks.shrink(mask, radius)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(morphology, "_DISC_RADIUS", -1)
            slow = masks.grow(mask, radius), masks.shrink(mask, radius)
        np.testing.assert_array_equal(quick, slow)

    def test_distances_stay_exact_on_large_pictures(self, rng):
        mask = np.zeros((1500, 2500), np.bool_)
        mask[rng.integers(0, 1500, 40), rng.integers(0, 2500, 40)] = True
        grown = masks.grow(mask, 250.5)
        assert grown.sum() == sum_of_discs(mask, 250.5)

    @given(any_mask, radii, st.sampled_from(SYMMETRIES))
    def test_growing_follows_flips_and_turns(self, mask, radius, turn):
        np.testing.assert_array_equal(
            masks.grow(turn(mask), radius), turn(masks.grow(mask, radius))
        )

    @given(any_mask, radii, st.integers(0, 5), st.integers(0, 5))
    def test_growing_does_not_depend_on_the_picture_around(self, mask, radius, top, left):
        padded = np.pad(mask, ((top, 3), (left, 2)))
        inner = np.s_[top : top + mask.shape[0], left : left + mask.shape[1]]
        np.testing.assert_array_equal(masks.grow(padded, radius)[inner], masks.grow(mask, radius))

    def test_the_frame_does_not_eat_characters_that_touch_it(self):
        full = np.ones((9, 7), np.bool_)
        np.testing.assert_array_equal(masks.shrink(full, 3), full)
        half = full.copy()
        half[:, :4] = False
        assert masks.shrink(half, 1)[:, 4:].tolist() == [[False, True, True]] * 9

    def test_arguments_are_left_alone(self, rng):
        mask = rng.random((20, 20)) < 0.5
        before = mask.copy()
        for change in (masks.grow, masks.shrink, masks.feather, masks.fill_holes):
            change(mask, 3)
        masks.drop_islands(mask, 3)
        masks.grow(mask, 0)[:] = True
        np.testing.assert_array_equal(mask, before)


def sum_of_discs(mask, radius):
    """Area of the discs around all True pixels, joined, by drawing rows of exact half widths."""
    joined = np.zeros_like(mask)
    for y, x in np.argwhere(mask):
        for row in range(max(0, math.ceil(y - radius)), min(len(mask), int(y + radius) + 1)):
            half = math.isqrt(int(radius * radius - (row - y) ** 2))
            joined[row, max(0, x - half) : x + half + 1] = True
    return joined.sum()


class TestFeathering:
    @given(any_mask, st.floats(0.1, 12))
    def test_the_ramp_is_linear_in_the_distance_from_the_edge(self, mask, width):
        beyond = np.where(mask, distances(~mask), -distances(mask))
        beyond -= np.copysign(0.5, beyond)
        expected = 255 * np.clip(0.5 + beyond / (width + 1), 0, 1)
        assert np.abs(masks.feather(mask, width) - expected).max() <= 0.51

    @given(any_mask, st.floats(0, 12))
    def test_the_inverse_mask_gives_the_inverse_alpha(self, mask, width):
        np.testing.assert_array_equal(masks.feather(~mask, width), 255 - masks.feather(mask, width))

    @given(any_mask, st.floats(0, 12), st.sampled_from(SYMMETRIES))
    def test_feathering_follows_flips_and_turns(self, mask, width, turn):
        np.testing.assert_array_equal(
            masks.feather(turn(mask), width), turn(masks.feather(mask, width))
        )

    @given(any_mask)
    def test_no_width_keeps_the_edge_hard(self, mask):
        np.testing.assert_array_equal(masks.feather(mask, 0), np.where(mask, 255, 0))

    @given(any_mask, st.floats(0.1, 4))
    def test_both_ways_of_feathering_agree(self, mask, width):
        quick = masks.feather(mask, width).astype(int)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(morphology, "_STEPS_REACH", 0)
            slow = masks.feather(mask, width)
        assert np.abs(quick - slow).max() <= 1

    def test_half_of_the_ramp_lies_on_each_side(self):
        step = np.zeros((1, 40), np.bool_)
        step[:, 20:] = True
        assert masks.feather(step, 8).sum() == step.sum() * 255


class TestTopology:
    @given(any_mask, st.integers(0, 40))
    def test_holes_up_to_the_size_are_filled_and_no_others(self, mask, size):
        expected = mask.copy()
        height, width = mask.shape
        for region in regions(~mask, FOUR):
            open_ = any(y in (0, height - 1) or x in (0, width - 1) for y, x in region)
            if not open_ and len(region) <= size:
                expected[tuple(np.transpose(list(region)))] = True
        np.testing.assert_array_equal(masks.fill_holes(mask, size), expected)

    @given(any_mask, st.integers(0, 40))
    def test_islands_up_to_the_size_are_dropped_but_never_the_largest(self, mask, size):
        found = regions(mask, EIGHT)
        largest = max(map(len, found), default=0)
        expected = np.zeros_like(mask)
        for region in found:
            if len(region) > size or len(region) == largest:
                expected[tuple(np.transpose(list(region)))] = True
        np.testing.assert_array_equal(masks.drop_islands(mask, size), expected)

    @given(any_mask, st.integers(0, 20))
    def test_doubling_the_picture_doubles_the_result(self, mask, size):
        twice = np.kron(mask, np.ones((2, 2), np.bool_))
        for clean in (masks.fill_holes, masks.drop_islands):
            once = np.kron(clean(mask, size), np.ones((2, 2), np.bool_))
            np.testing.assert_array_equal(clean(twice, 4 * size), once)

    @given(any_mask, st.integers(-20, 20), st.integers(-20, 20))
    def test_moving_takes_every_pixel_along(self, mask, x, y):
        expected = np.zeros_like(mask)
        for row, column in np.add(np.argwhere(mask), (y, x)):
            if 0 <= row < mask.shape[0] and 0 <= column < mask.shape[1]:
                expected[row, column] = True
        np.testing.assert_array_equal(masks.offset(mask, x, y), expected)

    def test_merging(self):
        rows = np.array([[[1, 1, 0, 0]], [[1, 0, 1, 0]]], np.bool_)
        assert masks.merge(rows).tolist() == [[True, True, True, False]]
        assert masks.merge(rows, "intersection").tolist() == [[True, False, False, False]]
        assert masks.merge(rows, "difference").tolist() == [[False, True, False, False]]
        assert masks.merge(rows[:0]).tolist() == [[False] * 4]

    @given(any_mask, radii)
    def test_the_boundary_is_what_growing_and_shrinking_change(self, mask, radius):
        expected = np.where(mask, distances(~mask), distances(mask)) <= radius + 1e-9
        if radius >= 1:
            np.testing.assert_array_equal(masks.boundary(mask, radius), expected)
