import numpy as np
import pytest

from animeseg.evaluate.scores import NAMES, difference, score
from tests.evaluate.conftest import instances, truth_of

TRUTHS = [
    truth_of(instances((0, 0)), "a", group="plain"),
    truth_of(instances((0, 0), (40, 0)), "b", group="scene"),
    truth_of(instances(), "c"),
]
GOOD = [truth.instances for truth in TRUTHS]
BAD = [instances((5, 0), scores=[0.9]), instances((0, 0), scores=[0.8]), instances((9, 9))]


def test_a_perfect_system_has_perfect_scores(measured):
    values = score(measured(TRUTHS, GOOD), draws=5).values
    assert set(values) == set(NAMES)
    for name, value in values.items():
        assert value.value == pytest.approx(0 if name in ("mae", "sad") else 1), name


def test_every_part_of_the_report_counts_the_same_errors(measured):
    got = score(measured(TRUTHS, BAD), draws=0)
    assert got.confusion == (2, 1, 1)
    assert got.values["mask_r"].value == pytest.approx(2 / 3)
    assert got.values["mask_p"].value == pytest.approx(2 / 3)
    assert got.empty == (1, 1)
    assert {name: row["pictures"] for name, row in got.by_count.items()} == {"0": 1, "1": 1, "2": 1}
    assert {name: row["recall"] for name, row in got.by_group.items()} == {"plain": 1, "scene": 0.5}
    assert got.by_size["all"]["recall"] == pytest.approx(2 / 3)
    assert got.worst[0] == 2


def test_intervals_hold_the_score_and_are_the_same_for_the_same_seed(measured):
    first = score(measured(TRUTHS * 10, BAD * 10), draws=50, seed=3)
    again = score(measured(TRUTHS * 10, BAD * 10), draws=50, seed=3)
    other = score(measured(TRUTHS * 10, BAD * 10), draws=50, seed=4)
    assert first.values == again.values
    assert first.values != other.values
    for value in first.values.values():
        assert value.low <= value.value <= value.high


def test_a_system_does_not_differ_from_itself_and_a_better_one_is_told(measured):
    good = score(measured(TRUTHS * 10, GOOD * 10), draws=50)
    bad = score(measured(TRUTHS * 10, BAD * 10), draws=50)
    same = difference(good, good, "iou")
    assert (same.value, same.low, same.high) == (0, 0, 0)
    better = difference(good, bad, "iou")
    assert 0 < better.low <= better.value <= better.high


def test_systems_of_different_pictures_are_not_compared(measured):
    ours = score(measured(TRUTHS, GOOD), draws=2)
    theirs = score(measured(TRUTHS[:2], GOOD[:2]), draws=2)
    with pytest.raises(ValueError, match="different pictures"):
        difference(ours, theirs, "iou")


def test_without_masks_only_boxes_are_scored(measured):
    truths = [truth_of(truth.instances, truth.name, has_masks=False) for truth in TRUTHS]
    got = score(measured(truths, GOOD), draws=2)
    assert set(got.values) == {"box_p", "box_r", "box_map50", "box_map"}
    assert got.confusion == (3, 0, 0)


def test_memory_is_watched_and_freed_and_the_first_picture_is_no_measure_of_speed(measured):
    got = score(measured(TRUTHS, GOOD), draws=0)
    assert got.cost["seconds"] == pytest.approx(0.01)
    assert got.cost["memory_mib"] >= 0
    assert np.isnan(got.values["iou"].low)
