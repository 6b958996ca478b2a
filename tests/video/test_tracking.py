"""Who is who: identities stay through movement, crossings and absences."""

from __future__ import annotations

import numpy as np
import pytest

from animeseg import Instances
from animeseg.video.tracking import Tracker, box_iou

SIZE = (60, 120)
COLOURS = {"red": (220, 40, 50), "blue": (40, 60, 210), "green": (50, 190, 70)}


def scene(**places):
    """A frame with a coloured block for each name, at a left edge; with its instances.

    Later blocks are in front; one that is hidden by them is no instance.
    """
    image = np.full((*SIZE, 3), 128, np.uint8)
    masks = []
    for name, left in places.items():
        mask = np.zeros(SIZE, np.bool_)
        mask[10:50, max(0, left) : left + 20] = True
        image[mask] = COLOURS[name.split("_")[0]]
        masks = [behind & ~mask for behind in masks] + [mask]
    masks = [mask for mask in masks if mask.any()]
    stacked = np.stack(masks) if masks else np.zeros((0, *SIZE), np.bool_)
    return image, Instances.from_masks(stacked)


def follow(tracker, frames, first=0):
    """The identities of each frame."""
    return [
        tracker.identify(number, *scene(**places)).ids.tolist()
        for number, places in enumerate(frames, first)
    ]


def test_numbers_are_given_in_the_order_of_appearance():
    frames = [{"red": 0}, {"red": 2, "blue": 60}, {"green": 90, "blue": 62, "red": 4}]
    assert follow(Tracker(), frames) == [[1], [1, 2], [3, 2, 1]]


def test_identities_stay_with_figures_that_cross():
    path = [{"red": 5 + 5 * t, "blue": 95 - 5 * t} for t in range(18)]
    found = follow(Tracker(), path)
    assert found[9] == [2], "the red one is hidden"
    assert found[:9] + found[10:] == [[1, 2]] * 17


def test_identities_stay_with_figures_of_the_same_look_that_pass_by_each_other():
    path = [{"red_a": 2 + 3 * t, "red_b": 60 - 2 * t} for t in range(8)]
    assert follow(Tracker(), path) == [[1, 2]] * 8


def test_the_order_in_a_frame_does_not_matter():
    frames = [{"red": 10, "blue": 60}, {"blue": 62, "red": 12}, {"red": 14, "blue": 64}]
    assert follow(Tracker(), frames) == [[1, 2], [2, 1], [1, 2]]


def test_figures_of_the_same_look_are_told_apart_by_their_places():
    path = [{"red_a": 5 + t, "red_b": 80 - t} for t in range(20)]
    assert follow(Tracker(), path) == [[1, 2]] * 20


def test_who_comes_back_elsewhere_keeps_the_number():
    frames = [{"red": 5, "blue": 50}, {"blue": 50}, {"blue": 50}, {"blue": 50, "red": 95}]
    assert follow(Tracker(remember=5), frames) == [[1, 2], [2], [2], [2, 1]]


def test_who_was_away_too_long_is_somebody_new():
    tracker = Tracker(remember=3)
    assert follow(tracker, [{"red": 5}]) == [[1]]
    assert follow(tracker, [{"red": 5}], first=4) == [[1]]
    assert follow(tracker, [{"red": 5}], first=9) == [[2]]


def test_who_looks_different_is_somebody_new():
    assert follow(Tracker(), [{"red": 5}, {}, {"blue": 5}]) == [[1], [], [2]]


def test_a_class_never_continues_another():
    image, one = scene(red=5)
    other = Instances(one.boxes, one.masks, one.scores, one.labels + 1, ("character", "pet"))
    tracker = Tracker()
    assert tracker.identify(0, image, one).ids.tolist() == [1]
    assert tracker.identify(1, image, other).ids.tolist() == [2]


@pytest.mark.parametrize("count", [0, 1, 5])
def test_everything_else_of_the_instances_stays(count):
    image, found = scene(**{f"red_{n}": 22 * n for n in range(count)})
    known = Tracker().identify(0, image, found)
    assert np.array_equal(known.masks, found.masks)
    assert np.array_equal(known.boxes, found.boxes)
    assert known.ids.tolist() == list(range(1, count + 1))


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((0, 0, 10, 10), (0, 0, 10, 10), 1.0),
        ((0, 0, 10, 10), (5, 0, 15, 10), 1 / 3),
        ((0, 0, 10, 10), (10, 0, 20, 10), 0.0),
        ((0, 0, 0, 0), (0, 0, 0, 0), 0.0),
    ],
)
def test_iou_of_boxes(first, second, expected):
    found = box_iou(np.array(first, np.float32), np.array(second, np.float32))
    assert found == pytest.approx(expected)
