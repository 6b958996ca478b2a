"""Pictures that are nearly the same are found, others are not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from animeseg.data.similar import (
    distance,
    groups,
    is_blank,
    links_by_key,
    near_pairs,
    perceptual_hash,
)


def picture(seed):
    rng = np.random.default_rng(seed)
    return cv2.resize(rng.integers(0, 255, (7, 9, 3), np.uint8), (320, 240))


@pytest.mark.parametrize(
    "change",
    [
        lambda p: cv2.resize(p, (100, 75), interpolation=cv2.INTER_AREA),
        lambda p: cv2.imdecode(cv2.imencode(".jpg", p, [1, 40])[1], 1),
        lambda p: cv2.GaussianBlur(p, (0, 0), 2),
        lambda p: np.clip(p.astype(int) + 12, 0, 255).astype(np.uint8),
    ],
    ids=["smaller", "jpeg", "blurred", "brighter"],
)
def test_small_changes_keep_the_hash(change):
    for seed in range(5):
        assert distance(perceptual_hash(picture(seed)), perceptual_hash(change(picture(seed)))) <= 6


def test_other_pictures_have_other_hashes():
    hashes = [perceptual_hash(picture(seed)) for seed in range(40)]
    assert near_pairs(hashes, 6) == []


def test_blank_pictures_are_alike_by_colour():
    red, also, blue = ([255, 0, 0], [255, 0, 0], [0, 0, 255])
    hashes = [perceptual_hash(np.full((9, 9, 3), c, np.uint8)) for c in (red, also, blue)]
    assert near_pairs(hashes, 6) == [(0, 1)]


def test_blank_pictures_of_like_colours_are_not_alike():
    hashes = [perceptual_hash(np.full((9, 9, 3), shade, np.uint8)) for shade in (16, 17, 18)]
    assert all(map(is_blank, hashes))
    assert near_pairs(hashes, 8) == []
    assert not is_blank(perceptual_hash(picture(0)))


@given(st.lists(st.integers(0, 2**64 - 1), max_size=30), st.integers(0, 8), st.randoms())
def test_all_near_pairs_are_found(values, near, random):
    for value in values[:10]:
        for _ in range(random.randrange(0, near + 3)):
            value ^= 1 << random.randrange(64)
        values.append(value)
    hashes = [f"{value:016x}" for value in values]
    every = {
        (a, b)
        for b in range(len(hashes))
        for a in range(b)
        if distance(hashes[a], hashes[b]) <= near
    }
    found = near_pairs(hashes, near)
    assert set(found) <= every
    assert groups(len(hashes), found) == groups(len(hashes), every)


def test_many_equal_hashes_give_few_pairs():
    assert len(near_pairs(["0" * 16] * 500)) == 499


def test_groups_are_what_hangs_together():
    assert groups(5, [(3, 1), (4, 3)]) == [[0], [1, 3, 4], [2]]
    assert links_by_key([(0, "a"), (1, "b"), (2, "a"), (3, "a")]) == [(0, 2), (2, 3)]
