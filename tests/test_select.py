"""Selection keeps what the options say, in the order they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from animeseg.errors import OptionError
from animeseg.instances import Instances
from animeseg.options import ORDERS, Options
from animeseg.select import front_to_back, order, select

SIZE = (100, 200)
unhurried = settings(deadline=None)  # a busy machine is no failure


def boxes_as_instances(boxes, scores=None, labels=None, names=("character",), size=SIZE):
    """Instances whose masks fill their boxes."""
    masks = np.zeros((len(boxes), *size), np.bool_)
    for mask, (left, top, right, bottom) in zip(masks, boxes, strict=True):
        mask[top:bottom, left:right] = True
    count = len(boxes)
    return Instances(
        boxes=np.array(boxes, np.float32).reshape(count, 4),
        masks=masks,
        scores=np.array([0.9] * count if scores is None else scores, np.float32),
        labels=np.array([0] * count if labels is None else labels, np.int64),
        names=names,
    )


def kept(instances, **changes):
    """Left edges of what is selected, which name the boxes of these tests."""
    options = Options(**{"order": "left-to-right", **changes})
    return [int(box[0]) for box in select(instances, options).boxes]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [0, 40, 80, 150]),
        ({"confidence": 0.5}, [40, 80, 150]),
        ({"confidence": 0.7}, [80, 150]),  # a score equal to the limit passes, in single precision
        ({"min_area": 0.04}, [40, 80, 150]),
        ({"min_area": 0.04, "max_area": 0.1}, [40, 80]),
        ({"max_area": 0.02}, [0]),
        ({"min_aspect": 1.0}, [0, 150]),
        ({"max_aspect": 0.5}, [40]),
        ({"top_k": 2}, [80, 150]),
        ({"top_k": 2, "top_by": "area"}, [80, 150]),
        ({"top_k": 1, "top_by": "area", "confidence": 0.65, "max_area": 0.1}, [80]),
        ({"top_k": 9}, [0, 40, 80, 150]),
        ({"classes": ("cat",)}, [40]),
        ({"classes": ("CAT", "character")}, [0, 40, 80, 150]),
    ],
)
def test_limits_keep_what_lies_within_them(changes, expected):
    instances = boxes_as_instances(
        [(0, 0, 20, 20), (40, 0, 60, 40), (80, 0, 110, 50), (150, 0, 200, 50)],
        scores=[0.3, 0.6, 0.7, 0.8],
        labels=[0, 1, 0, 0],
        names=("character", "cat"),
    )
    assert kept(instances, **changes) == expected


def test_area_limits_tell_masks_from_boxes():
    instances = boxes_as_instances([(0, 0, 100, 100)])
    hollow = Instances(
        boxes=instances.boxes,
        masks=instances.masks & (np.arange(200) % 4 == 0),
        scores=instances.scores,
        labels=instances.labels,
    )
    assert len(select(hollow, Options(max_area=0.2, area_of="mask"))) == 1
    assert len(select(hollow, Options(max_area=0.2, area_of="box"))) == 0
    assert len(select(hollow, Options(min_area=0.2, area_of="mask"))) == 0
    assert len(select(hollow, Options(min_area=0.2, area_of="box"))) == 1


def test_default_limits_drop_nothing_however_odd_its_shape():
    thin = boxes_as_instances([(0, 0, 3000, 1), (0, 0, 1, 2)], size=(2, 3000))
    assert len(select(thin, Options())) == 2


def test_unknown_class_is_refused_with_the_known_ones():
    with pytest.raises(OptionError, match=r"cow.*character"):
        select(boxes_as_instances([(0, 0, 5, 5)]), Options(classes=("cow",)))


# A grid of two rows: 0 and 1 above, 2 and 3 below; 1 is the largest and lies nearest the centre.
GRID = [(10, 5, 30, 35), (60, 2, 120, 48), (20, 60, 50, 80), (150, 52, 190, 95)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("left-to-right", [0, 2, 1, 3]),
        ("right-to-left", [3, 1, 2, 0]),
        ("top-to-bottom", [0, 1, 2, 3]),
        ("bottom-to-top", [3, 2, 1, 0]),
        ("reading", [0, 1, 2, 3]),
        ("center-out", [1, 2, 3, 0]),
        ("edge-in", [0, 3, 2, 1]),
        ("area-descending", [1, 3, 0, 2]),
        ("area-ascending", [0, 2, 3, 1]),
        ("confidence-descending", [2, 0, 3, 1]),
        ("confidence-ascending", [1, 3, 0, 2]),
        ("front-to-back", [3, 2, 1, 0]),
        ("back-to-front", [0, 1, 2, 3]),
    ],
)
def test_orders(name, expected):
    instances = boxes_as_instances(GRID, scores=[0.8, 0.5, 0.9, 0.6])
    assert order(instances, Options(order=name)).tolist() == expected


def test_every_order_is_tested_and_total_on_equal_instances():
    same = boxes_as_instances([(10, 10, 20, 20)] * 4)
    for name in ORDERS:
        expected = [3, 2, 1, 0] if name == "back-to-front" else [0, 1, 2, 3]
        assert order(same, Options(order=name)).tolist() == expected, name


@pytest.mark.parametrize(
    ("boxes", "expected"),
    [
        pytest.param([(50, 8, 70, 60), (0, 0, 20, 50), (100, 4, 120, 48)], [1, 0, 2], id="wavy"),
        pytest.param([(0, 40, 20, 90), (50, 0, 70, 45)], [1, 0], id="share too little"),
        pytest.param([(90, 0, 120, 30), (0, 0, 60, 99), (90, 60, 120, 90)], [1, 0, 2], id="tall"),
        pytest.param([(0, 30, 9, 50), (50, 15, 59, 35), (90, 0, 99, 20)], [2, 1, 0], id="stairs"),
    ],
)
def test_reading_order_groups_rows_by_shared_height(boxes, expected):
    assert order(boxes_as_instances(boxes), Options(order="reading")).tolist() == expected


def occluding(back, front, size=SIZE):
    """Two instances of which the second covers the first where they overlap."""
    both = boxes_as_instances([back, front], size=size)
    masks = both.masks.copy()
    masks[0] &= ~masks[1]
    return Instances(boxes=both.boxes, masks=masks, scores=both.scores, labels=both.labels)


@pytest.mark.parametrize(
    ("back", "front"),
    [
        pytest.param((20, 10, 80, 90), (60, 20, 120, 70), id="though it stands higher"),
        pytest.param((0, 0, 200, 100), (80, 30, 110, 60), id="though it is much smaller"),
        pytest.param((60, 20, 120, 100), (20, 0, 90, 80), id="though it is further left"),
    ],
)
def test_the_owner_of_an_overlap_is_in_front(back, front):
    pair = occluding(back, front)
    assert front_to_back(pair).tolist() == [1, 0]
    assert front_to_back(pair[[1, 0]]).tolist() == [0, 1]


def test_depth_is_told_by_the_base_line_where_overlaps_say_nothing():
    apart = boxes_as_instances([(0, 0, 30, 60), (50, 0, 80, 90), (120, 0, 150, 75)])
    assert front_to_back(apart).tolist() == [1, 2, 0]


def test_contradicting_overlaps_still_give_an_order():
    """Three sheets, each over the next at one corner: a circle, broken by the base line."""
    boxes = [(0, 0, 40, 40), (20, 20, 60, 60), (0, 30, 35, 70)]
    circle = boxes_as_instances(boxes, size=(70, 70))
    masks = circle.masks.copy()
    for front, back in ((0, 1), (1, 2), (2, 0)):
        masks[back] &= ~circle.masks[front]
    linked = Instances(boxes=circle.boxes, masks=masks, scores=circle.scores, labels=circle.labels)
    for front, back in ((0, 1), (1, 2), (2, 0)):
        assert front_to_back(linked[[back, front]]).tolist() == [1, 0]
    assert front_to_back(linked).tolist() == [2, 0, 1]


def test_depth_on_a_large_picture_is_that_of_the_small_one():
    small = occluding((20, 10, 80, 90), (60, 20, 120, 70))
    masks = small.masks.repeat(12, axis=1).repeat(12, axis=2)
    large = Instances(boxes=small.boxes * 12, masks=masks, scores=small.scores, labels=small.labels)
    assert front_to_back(large).tolist() == front_to_back(small).tolist()


def test_nothing_selected_is_a_result_like_any_other():
    empty = Instances.empty(SIZE)
    for name in ORDERS:
        assert len(select(empty, Options(order=name))) == 0
    assert len(select(boxes_as_instances(GRID, scores=[0.1] * 4), Options(confidence=0.5))) == 0


def test_nothing_is_copied_when_nothing_changes():
    instances = boxes_as_instances([(0, 0, 9, 9), (20, 0, 29, 9)])
    assert select(instances, Options(order="left-to-right")) is instances


@st.composite
def some_instances(draw):
    """Up to eight boxes with all fields; the id of a row tells what all its fields must be."""
    count = draw(st.integers(0, 8))
    edge = st.integers(0, 18)
    boxes = np.array([draw(st.tuples(edge, edge)) for _ in range(count)], np.float32)
    boxes = boxes.reshape(count, 2)
    sides = np.array([draw(st.tuples(st.integers(1, 6), st.integers(1, 6))) for _ in range(count)])
    boxes = np.concatenate([boxes, boxes + sides.reshape(count, 2)], axis=1).astype(np.float32)
    masks = np.zeros((count, 24, 24), np.bool_)
    for mask, (left, top, right, bottom) in zip(masks, boxes.astype(int), strict=True):
        mask[top:bottom, left:right] = True
    scores = [draw(st.sampled_from([0.1, 0.4, 0.4, 0.7, 1.0])) for _ in range(count)]
    return Instances(
        boxes=boxes,
        masks=masks,
        scores=np.array(scores, np.float32),
        labels=np.array([draw(st.integers(0, 1)) for _ in range(count)], np.int64),
        names=("a", "b"),
        alphas=masks.astype(np.uint8) * 200,
        ids=np.arange(count, dtype=np.int64),
    )


limits = st.fixed_dictionaries(
    {},
    optional={
        "confidence": st.sampled_from([0.01, 0.4, 0.5, 0.9]),
        "classes": st.sampled_from([(), ("a",), ("b",), ("b", "a")]),
        "min_area": st.sampled_from([0.0, 0.01, 0.03]),
        "max_area": st.sampled_from([0.03, 0.05, 1.0]),
        "min_aspect": st.sampled_from([0.0, 0.5, 1.0]),
        "max_aspect": st.sampled_from([1.0, 2.0, 100.0]),
        "area_of": st.sampled_from(["mask", "box"]),
    },
)


@unhurried
@given(some_instances(), limits, limits, st.sampled_from(ORDERS))
def test_filters_commute(instances, first, second, name):
    one, two = Options(**first, order=name), Options(**second, order=name)
    there = select(select(instances, one), two).ids
    back = select(select(instances, two), one).ids
    assert sorted(there.tolist()) == sorted(back.tolist())


@unhurried
@given(some_instances(), limits, st.integers(0, 4), st.sampled_from(ORDERS))
def test_selecting_twice_changes_nothing_and_fields_stay_together(instances, changes, most, name):
    options = Options(**changes, top_k=most, order=name)
    once = select(instances, options)
    twice = select(once, options)
    if name != "back-to-front":  # the exact reverse of its opposite, ties included
        assert once.ids.tolist() == twice.ids.tolist()
    assert sorted(once.ids.tolist()) == sorted(twice.ids.tolist())
    assert not most or len(once) <= most
    for row, origin in enumerate(once.ids):
        assert (once.boxes[row] == instances.boxes[origin]).all()
        assert (once.masks[row] == instances.masks[origin]).all()
        assert (once.alphas[row] == instances.alphas[origin]).all()
        assert once.scores[row] == instances.scores[origin]
        assert once.labels[row] == instances.labels[origin]


@unhurried
@given(some_instances(), st.sampled_from(ORDERS), st.randoms(use_true_random=False))
def test_order_does_not_depend_on_the_sequence_given_unless_places_are_equal(
    instances, name, random
):
    centres = {(box[0] + box[2], box[1] + box[3]) for box in instances.boxes.tolist()}
    if len(centres) < len(instances):
        return
    shuffled = list(range(len(instances)))
    random.shuffle(shuffled)
    options = Options(order=name, confidence=0.01)
    expected = select(instances, options).ids.tolist()
    assert select(instances[shuffled], options).ids.tolist() == expected
