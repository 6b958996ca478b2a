from __future__ import annotations

import numpy as np
import pytest

from animeseg.refine.points import peaks, sample_points


def disc(x, y, radius, size=(120, 160)):
    rows, columns = np.mgrid[: size[0], : size[1]]
    return (rows - y) ** 2 + (columns - x) ** 2 <= radius**2


def sample(masks, positive, negative, box=None):
    crowd = np.sum(masks, axis=0, dtype=np.uint16)
    given = np.array([box or (10, 10, 150, 110)] * len(masks), np.float32)
    return sample_points(masks, crowd, given, positive, negative)


def test_the_first_point_inside_is_the_farthest_from_the_edge():
    points, labels = sample([disc(70, 55, 30)], 1, 0)
    assert labels.tolist() == [[1]]
    assert np.abs(points[0, 0] - (70, 55)).max() <= 1


def test_further_points_keep_their_distance_and_lie_inside():
    mask = disc(50, 60, 30) | disc(110, 60, 20)
    points, labels = sample([mask], 2, 0)
    assert labels.tolist() == [[1, 1]]
    for x, y in points[0].astype(int):
        assert mask[y, x]
    assert np.linalg.norm(points[0, 0] - points[0, 1]) > 15


def test_points_inside_keep_off_other_characters():
    mine, other = disc(60, 60, 40), disc(70, 60, 30)
    points, _ = sample([mine, other], 2, 0)
    for x, y in points[0].astype(int):
        assert mine[y, x]
        assert not other[y, x]


def test_a_character_wholly_behind_others_still_gets_a_point_inside():
    mine = disc(60, 60, 20)
    points, labels = sample([mine, disc(60, 60, 40)], 1, 0)
    assert labels[0].tolist() == [1]
    x, y = points[0, 0].astype(int)
    assert mine[y, x]


def test_points_outside_lie_in_the_box_and_the_first_on_another_character():
    mine, other = disc(60, 60, 30), disc(120, 60, 15)
    points, labels = sample([mine, other], 0, 2)
    assert labels[0].tolist() == [0, 0]
    (x, y), (u, v) = points[0].astype(int)
    assert other[y, x]
    assert not mine[v, u]
    assert not other[v, u]
    assert 10 <= u < 150
    assert 10 <= v < 110


@pytest.mark.parametrize(
    "mask",
    [disc(70, 50, 0), disc(0, 0, 2), np.ones((120, 160), bool), np.zeros((120, 160), bool)],
    ids=["one pixel", "corner", "everything", "nothing"],
)
def test_masks_with_little_inside_or_outside_pad_their_points(mask):
    points, labels = sample([mask], 4, 4, box=(0, 0, 160, 120))
    assert points.shape == (1, 8, 2)
    assert set(labels.ravel()) <= {-1, 0, 1}
    for (x, y), label in zip(points[0].astype(int), labels[0], strict=True):
        if label >= 0:
            assert mask[y, x] == bool(label)


def test_the_same_mask_gives_the_same_points(rng):
    mask = rng.random((120, 160)) > 0.4
    first, again = sample([mask], 5, 5), sample([mask], 5, 5)
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])


def test_peaks_end_when_the_region_is_used_up():
    assert len(peaks(disc(50, 50, 1), 100)) < 10
    assert peaks(np.zeros((5, 5), bool), 3) == []
