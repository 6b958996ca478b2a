"""Masks come back to where the picture is: padding off first, one threshold, after scaling."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from animeseg.detect.letterbox import GREY, Letterbox

unhurried = settings(deadline=None)  # a busy machine is no failure
RATIOS = [(512, 768), (832, 1216), (768, 1344), (1000, 1500), (640, 1536)]
SIZES = RATIOS + [(width, height) for height, width in RATIOS]
OUTSIDE = -12.0

ROUNDED = 3
"""Pixels exactly on the threshold, which the last bit of a sum may tip."""


def diamond(height, width, reach):
    """Signed distance, in pixels, to a diamond; with ``reach`` above 0.5 every border cuts it."""
    half_height, half_width = reach * height, reach * width
    steepness = np.hypot(1 / half_height, 1 / half_width)

    def distance(across, down):
        from_centre = abs(across - width / 2) / half_width + abs(down - height / 2) / half_height
        return (1 - from_centre) / steepness

    return distance


def whole(height, width):
    """The character fills the picture."""
    return lambda across, down: np.full(np.broadcast(across, down).shape, 50.0)


def corner(height, width):
    """All that is right of a slanted line: it touches three borders."""
    return lambda across, down: (across - width * 0.4 - (down - height / 2) * 0.1) + 0 * down


SHAPES = {"diamond": lambda h, w: diamond(h, w, 0.6), "whole": whole, "corner": corner}


def pixels_of(height, width):
    return (np.arange(width) + 0.5)[None], (np.arange(height) + 0.5)[:, None]


def logits_of(distance, box):
    """What a perfect network says on its grid of 4 px cells: nothing but padding outside."""
    (height, width), (inner_height, inner_width) = box.size, box.inner
    down = (np.arange(box.outer[0] // 4)[:, None] * 4 + 2.0) * height / inner_height
    across = (np.arange(box.outer[1] // 4)[None] * 4 + 2.0) * width / inner_width
    logits = distance(across, down) / 10
    return np.where((down < height) & (across < width), logits, OUTSIDE).astype(np.float32)


def furthest_error(mask, distance, margin=0.0):
    """How far from the true boundary wrong pixels lie, at most; all but a margin is looked at."""
    (height, width), (across, down) = mask.shape, pixels_of(*mask.shape)
    true = distance(across, down)
    wrong = mask != (true > 0)
    wrong &= (across > margin) & (across < width - margin)
    wrong &= (down > margin) & (down < height - margin)
    return float(abs(true)[wrong].max()) if wrong.any() else 0.0


def ours(logits, box):
    out = np.zeros((1, *box.size), np.bool_)
    everything = np.array([[0, 0, box.size[1], box.size[0]]], np.float32)
    assert box.masks_back(logits[None], everything, out).tolist() == [out.any()]
    return out[0]


def padded_mask_resized(logits, box):
    """The usual mistake: the whole mask, padding and all, is stretched over the picture."""
    soft = 1 / (1 + np.exp(-logits))
    return cv2.resize(soft, box.size[::-1], interpolation=cv2.INTER_LINEAR) > 0.5


def anything_above_zero(logits, box):
    """The other usual mistake: thresholded, scaled, and whatever is not zero counts."""
    rows, columns = (round(inner / 4) for inner in box.inner)
    hard = (logits[:rows, :columns] > 0).astype(np.float32)
    return cv2.resize(hard, box.size[::-1], interpolation=cv2.INTER_LINEAR).astype(np.bool_)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[1]}x{size[0]}")
def test_masks_that_touch_the_borders_lie_where_they_belong(size, shape):
    distance = SHAPES[shape](*size)
    box = Letterbox.fit(size, 640, 32)
    logits, cell = logits_of(distance, box), 4 * max(size) / 640
    mask = ours(logits, box)
    # Beyond the centres of the outermost cells there is nothing to interpolate with.
    assert furthest_error(mask, distance, margin=cell / 2) < 1
    assert furthest_error(mask, distance) < cell / 2
    assert furthest_error(padded_mask_resized(logits, box), distance, margin=cell / 2) > 10
    if shape != "whole":
        assert furthest_error(anything_above_zero(logits, box), distance, margin=cell / 2) > 2


@pytest.mark.parametrize("stride", [32, 64])
@pytest.mark.parametrize("side", [320, 640, 1280])
def test_the_picture_is_found_again_at_any_input_size(side, stride):
    distance = diamond(700, 1100, 0.6)
    box = Letterbox.fit((700, 1100), side, stride)
    cell = 4 * 1100 / side
    assert furthest_error(ours(logits_of(distance, box), box), distance, margin=cell / 2) < 1


def test_area_of_a_square_is_kept():
    """A 256 px square under a scale of 6.4: the rivals' threshold makes it 4.7 % larger."""
    box = Letterbox.fit((1024, 1024), 640, 32)
    logits = np.full((160, 160), -8, np.float32)
    logits[60:100, 60:100] = 8
    assert abs(ours(logits, box).sum() / 256**2 - 1) < 0.01
    assert anything_above_zero(logits, box).sum() / 256**2 - 1 > 0.03


smooth = st.integers(0, 2**32 - 1).map(
    lambda seed: cv2.resize(
        np.random.default_rng(seed).normal(size=(6, 6)).astype(np.float32),
        (160, 160),
        interpolation=cv2.INTER_CUBIC,
    )
)


@unhurried
@given(smooth, st.sampled_from([0, 1]))
def test_mirrored_logits_give_the_mirrored_mask(logits, axis):
    box = Letterbox.fit((640, 640), 640, 32)
    there = np.flip(ours(logits, box), axis)
    assert (ours(np.ascontiguousarray(np.flip(logits, axis)), box) != there).mean() < 1e-5


@unhurried
@given(smooth)
def test_more_padding_changes_nothing(logits):
    narrow = Letterbox((500, 300), (600, 360), (608, 384))
    wide = Letterbox((500, 300), (600, 360), (640, 640))
    cut = np.ascontiguousarray(logits[: 608 // 4, : 384 // 4])
    assert (ours(cut, narrow) == ours(logits, wide)).all()


@unhurried
@given(smooth)
def test_twice_the_picture_gives_twice_the_mask(logits):
    once = ours(logits, Letterbox.fit((400, 400), 640, 32))
    twice = ours(logits, Letterbox.fit((800, 800), 640, 32))
    kept = cv2.resize(twice.astype(np.float32), (400, 400), interpolation=cv2.INTER_AREA)
    assert ((kept > 0.5) != once)[(kept == 0) | (kept == 1)].mean() < 1e-5
    assert abs(int(twice.sum()) / 4 - int(once.sum())) <= 0.01 * once.size


@unhurried
@given(
    smooth,
    st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)),
    st.sampled_from([(640, 640), (333, 777), (1200, 500), (40, 64)]),
)
def test_a_mask_in_its_box_is_the_whole_mask_cropped(logits, corners, size):
    box = Letterbox.fit(size, 640, 32)
    logits = np.ascontiguousarray(logits[: box.outer[0] // 4, : box.outer[1] // 4])
    across, down = np.sort(corners[:2]) * size[1], np.sort(corners[2:]) * size[0]
    edges = np.array([[across[0], down[0], across[1], down[1]]], np.float32)
    out = np.zeros((1, *size), np.bool_)
    there = box.masks_back(logits[None], edges, out)
    expected = np.zeros(size, np.bool_)
    part = np.s_[
        int(np.floor(edges[0, 1])) : int(np.ceil(edges[0, 3])),
        int(np.floor(edges[0, 0])) : int(np.ceil(edges[0, 2])),
    ]
    if (edges[0, :2] < edges[0, 2:]).all():
        expected[part] = ours(logits, box)[part]
    assert (out[0] != expected).sum() <= ROUNDED
    assert there.tolist() == [out.any()]


def test_large_masks_are_made_in_strips_without_a_seam(monkeypatch):
    box = Letterbox.fit((900, 1300), 640, 32)
    logits = logits_of(diamond(900, 1300, 0.4), box)
    at_once = ours(logits, box)
    monkeypatch.setattr("animeseg.detect.letterbox._STRIP_PIXELS", 1300 * 7)
    assert (ours(logits, box) != at_once).sum() <= ROUNDED


@unhurried
@given(
    st.tuples(st.integers(1, 9000), st.integers(1, 9000)),
    st.sampled_from([32, 200, 640, 1024]),
    st.sampled_from([32, 64]),
)
def test_every_size_fits_and_comes_back(size, side, stride):
    box = Letterbox.fit(size, side, stride)
    for inner, outer in zip(box.inner, box.outer, strict=True):
        assert 4 <= inner <= outer <= max(side + stride - 1, stride)
        assert inner % 4 == 0
        assert outer % stride == 0
        assert outer - inner < stride
    everything = np.array([[0, 0, box.inner[1], box.inner[0]]], np.float32)
    assert np.allclose(box.boxes_back(everything), [[0, 0, size[1], size[0]]], rtol=1e-6)
    beyond = np.array([[-50, -50, 9999, 9999]], np.float32)
    assert np.allclose(box.boxes_back(beyond), [[0, 0, size[1], size[0]]])


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (1, 8000), (8000, 1), (37, 53), (700, 400)])
def test_padding_is_grey_below_and_right_of_the_scaled_picture(size):
    image = np.full((*size, 3), 200, np.uint8)
    box = Letterbox.fit(size, 640, 32)
    padded = box.apply(image)
    height, width = box.inner
    assert padded.shape == (*box.outer, 3)
    assert (padded[:height, :width] == 200).all()
    assert (padded[height:] == GREY).all()
    assert (padded[:, width:] == GREY).all()
