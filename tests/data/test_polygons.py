"""One polygon says what a mask says: parts and holes included."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from animeseg.data import polygons
from animeseg.data.polygons import INSET, bridge, mask_to_polygon, polygon_to_mask


@st.composite
def masks(draw):
    """Unions of boxes and discs, some of them cut out again."""
    height, width = draw(st.integers(4, 60)), draw(st.integers(4, 60))
    mask = np.zeros((height, width), np.uint8)
    for _ in range(draw(st.integers(1, 6))):
        x, y = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
        w, h = draw(st.integers(1, width)), draw(st.integers(1, height))
        ink = draw(st.sampled_from([1, 1, 0]))
        if draw(st.booleans()):
            mask[y : y + h, x : x + w] = ink
        else:
            cv2.circle(mask, (x, y), max(1, w // 2), ink, -1)
    return mask.astype(bool)


def bridge_pixels(mask):
    """How many pixels the bridges of a mask can cover at most."""
    outer, inner = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    return (len(outer) - 1) * max(mask.shape) if inner is not None else 0


@given(masks())
def test_a_mask_comes_back_but_for_its_bridges(mask):
    polygon = mask_to_polygon(mask)
    if polygon is None:
        assert not mask.any()
        return
    assert len(polygon) >= 3
    back = polygon_to_mask(polygon + INSET, mask.shape)
    assert (back & mask).sum() == mask.sum()  # nothing is lost
    assert (back ^ mask).sum() <= bridge_pixels(mask)


@given(masks())
def test_a_mask_in_one_piece_without_holes_comes_back_exactly(mask):
    filled = np.zeros(mask.shape, np.uint8)
    outer, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for loop in outer[:1]:
        cv2.drawContours(filled, [loop], -1, 1, cv2.FILLED)
    polygon = mask_to_polygon(filled.astype(bool))
    if polygon is not None:
        assert np.array_equal(polygon_to_mask(polygon + INSET, mask.shape), filled.astype(bool))


@given(masks(), st.floats(0.3, 3))
def test_tolerance_saves_points_and_costs_little(mask, tolerance):
    exact, loose = mask_to_polygon(mask), mask_to_polygon(mask, tolerance=tolerance)
    if exact is None:
        return
    assert len(loose) <= max(len(exact), 3)
    a, b = polygon_to_mask(exact, mask.shape), polygon_to_mask(loose, mask.shape)
    near = cv2.dilate(a.astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)
    assert not (b & ~near).any() or bridge_pixels(mask)


def test_holes_are_kept_or_filled_as_asked():
    ring = np.zeros((40, 40), np.uint8)
    cv2.circle(ring, (20, 20), 15, 1, -1)
    disc = ring.astype(bool)
    cv2.circle(ring, (20, 20), 6, 0, -1)
    kept = polygon_to_mask(mask_to_polygon(ring.astype(bool)), disc.shape)
    assert not kept[20, 20]
    assert (kept ^ ring.astype(bool)).sum() < 15
    filled = polygon_to_mask(mask_to_polygon(ring.astype(bool), holes=False), disc.shape)
    assert np.array_equal(filled, disc)


def test_small_parts_are_left_out_but_never_all():
    mask = np.zeros((30, 30), bool)
    mask[2:20, 2:20] = True
    mask[25:27, 25:27] = True
    alone = polygon_to_mask(mask_to_polygon(mask, smallest_part=10), mask.shape)
    assert not alone[25, 25]
    assert alone[10, 10]
    speck = np.zeros((9, 9), bool)
    speck[4, 4] = True
    assert polygon_to_mask(mask_to_polygon(speck, smallest_part=10), speck.shape).sum() == 1


@pytest.mark.parametrize("shift", [-1e9, -70.0, 0.0, 1e9])
def test_polygons_beyond_the_frame_are_cut_off(shift):
    square = np.array([[-20, -20], [20, -20], [20, 20], [-20, 20]]) + np.array([shift, 0])
    inside = polygon_to_mask(square, (30, 30))
    assert inside.sum() == (21 * 21 if shift == 0 else 0)


def test_ultralytics_and_supervision_read_the_same_mask():
    """Those who cut off and those who round find the same pixels."""
    mask = np.zeros((50, 70), np.uint8)
    cv2.ellipse(mask, (35, 25), (28, 17), 20, 0, 360, 1, -1)
    written = mask_to_polygon(mask.astype(bool)) + INSET
    for reader in (np.floor, np.round):
        drawn = np.zeros_like(mask)
        cv2.fillPoly(drawn, [reader(written).astype(np.int32)], 1)
        assert np.array_equal(drawn, mask)


def test_bridges_take_the_shortest_way():
    a = np.array([[0.0, 0], [10, 0], [10, 10], [0, 10]])
    b = np.array([[20.0, 0], [30, 0], [30, 10], [20, 10]])
    joined = bridge([a, b])
    steps = np.hypot(*np.diff(joined, axis=0).T)
    assert steps.max() == 10
    assert polygons.SMALLEST == 3
