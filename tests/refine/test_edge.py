"""The edge refinement: boundaries move to the picture's edges, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from animeseg import Instances, Options
from animeseg.masks import iou
from animeseg.refine.edge import EdgeRefiner
from animeseg.watch import Watch

SIZE = (240, 200)


def _disc(x, y, radius, size=SIZE):
    rows, columns = np.mgrid[: size[0], : size[1]]
    return (rows - y) ** 2 + (columns - x) ** 2 <= radius**2


def _drawn(shape, rng, inside=(200, 60, 60), outside=(60, 120, 200)):
    picture = np.where(shape[..., None], inside, outside).astype(np.int16)
    return np.clip(picture + rng.integers(-12, 13, picture.shape), 0, 255).astype(np.uint8)


def _instances(*masks):
    return Instances.from_masks(np.stack(masks))


@pytest.mark.parametrize("error", [-6, -3, 3, 6])
def test_a_boundary_that_is_off_comes_back_to_the_edge(rng, error):
    true = _disc(100, 120, 70)
    detected = _disc(100, 120, 70 + error)
    refined = EdgeRefiner(band=6.0).refine(_drawn(true, rng), _instances(detected)).instances
    assert iou(refined.masks[0], true) > 0.98 > iou(detected, true)


def test_nothing_moves_further_than_the_band(rng):
    true, detected = _disc(100, 120, 70), _disc(100, 120, 50)
    refined = EdgeRefiner(band=5.0).refine(_drawn(true, rng), _instances(detected)).instances
    assert not (refined.masks[0] & ~_disc(100, 120, 50 + 6)).any()
    assert (refined.masks[0] | ~_disc(100, 120, 50 - 6)).all()


def test_a_character_does_not_grow_into_its_neighbour(rng):
    left, right = _disc(60, 120, 45), _disc(140, 120, 45)
    picture = _drawn(left | right, rng)
    refined = EdgeRefiner(band=10.0).refine(picture, _instances(left, right)).instances
    assert not (refined.masks[0] & right & ~left).any()
    assert not (refined.masks[1] & left & ~right).any()


def test_the_same_picture_gives_the_same_mask(rng):
    picture, found = _drawn(_disc(100, 120, 70), rng), _instances(_disc(104, 118, 66))
    first, again = (EdgeRefiner().refine(picture, found).instances.masks for _ in range(2))
    assert np.array_equal(first, again)


def test_a_result_that_contradicts_the_detection_is_rejected_and_said(rng, monkeypatch):
    found = _instances(_disc(100, 120, 60))
    monkeypatch.setattr(EdgeRefiner, "_refined", lambda *a: _disc(30, 30, 20))
    refinement = EdgeRefiner(min_agreement=0.5).refine(_drawn(found.masks[0], rng), found)
    assert np.array_equal(refinement.instances.masks, found.masks)
    assert [note.code for note in refinement.notes] == ["refinement_rejected"]
    assert "character 1" in refinement.notes[0].message


@pytest.mark.parametrize(
    "mask",
    [
        np.zeros(SIZE, np.bool_),
        np.ones(SIZE, np.bool_),
        _disc(100, 120, 0),
        _disc(0, 0, 3),
        np.eye(240, 200, dtype=np.bool_),
    ],
    ids=["empty", "everything", "one pixel", "corner", "line"],
)
def test_masks_without_inside_or_outside_are_kept_or_stay_near(rng, mask):
    picture = rng.integers(0, 255, (*SIZE, 3), np.uint8)
    refined = EdgeRefiner().refine(picture, _instances(mask)).instances
    assert refined.masks.shape == (1, *SIZE)
    assert refined.masks.any() == mask.any()


@pytest.mark.parametrize("size", [(8, 8), (8, 300), (300, 8)])
def test_small_and_narrow_pictures_are_refined_without_a_fault(rng, size):
    picture = rng.integers(0, 255, (*size, 3), np.uint8)
    half = np.zeros(size, np.bool_)
    half[: size[0] // 2 + 1, : size[1] // 2 + 1] = True
    assert EdgeRefiner(band=5.0).refine(picture, _instances(half)).instances.size == size


def test_no_instances_are_no_instances(rng):
    picture = rng.integers(0, 255, (*SIZE, 3), np.uint8)
    assert len(EdgeRefiner().refine(picture, Instances.empty(SIZE)).instances) == 0


def test_a_picture_of_another_size_is_refused(rng):
    with pytest.raises(ValueError, match="instances are"):
        EdgeRefiner().refine(np.zeros((9, 9, 3), np.uint8), _instances(_disc(100, 120, 60)))


def test_options_set_the_band_and_the_guard():
    refiner = EdgeRefiner.from_options(Options(edge_band=7.0, min_agreement=0.3))
    assert (refiner.band, refiner.min_agreement) == (7.0, 0.3)


def test_an_interrupted_refinement_ends_within_a_character_and_keeps_the_rest(rng):
    left, right = _disc(50, 120, 45), _disc(150, 120, 45)
    picture = _drawn(_disc(50, 120, 48) | _disc(150, 120, 48), rng)
    asked = []
    watch = Watch(should_stop=lambda: asked.append(1) or len(asked) > 1)
    refinement = EdgeRefiner(band=6.0, watch=watch).refine(picture, _instances(left, right))
    kept = [
        np.array_equal(*pair)
        for pair in zip(refinement.instances.masks, [left, right], strict=True)
    ]
    assert sorted(kept) == [False, True]
    assert [note.code for note in refinement.notes] == ["edge_interrupted"]
