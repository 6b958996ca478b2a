"""What expressions stand for, on pictures drawn by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from animeseg import Instances
from animeseg.targets import evaluate, parse, pick
from animeseg.targets.evaluate import joined

SIZE = (20, 40)


def block(left, top, right, bottom):
    mask = np.zeros(SIZE, np.bool_)
    mask[top:bottom, left:right] = True
    return mask


def of(kind, *masks, scores=None):
    stacked = np.stack(masks) if masks else np.zeros((0, *SIZE), np.bool_)
    given_scores = None if scores is None else np.float32(scores)
    return Instances.from_masks(stacked, given_scores, names=(kind,))


class Found:
    """A finder that knows everything beforehand and counts how often it is asked."""

    def __init__(self, **kinds):
        self.kinds, self.size, self.asked = kinds, SIZE, []

    def find(self, kind):
        self.asked.append(kind)
        return self.kinds[kind]


LEFT, MIDDLE, RIGHT = block(0, 5, 10, 20), block(12, 10, 20, 20), block(18, 0, 40, 20)
LEFT_FACE, RIGHT_FACE = block(3, 5, 7, 9), block(25, 2, 31, 8)


@pytest.fixture
def finder():
    return Found(
        character=of("character", LEFT, MIDDLE, RIGHT, scores=[0.5, 0.9, 0.7]),
        face=of("face", LEFT_FACE, RIGHT_FACE),
        hand=of("hand"),
    )


@pytest.mark.parametrize(
    ("text", "masks"),
    [
        ("character", [LEFT, MIDDLE, RIGHT]),
        ("face", [LEFT_FACE, RIGHT_FACE]),
        ("hand", []),
        ("character[0]", [LEFT]),
        ("character[-1]", [RIGHT]),
        ("character[0:2]", [LEFT, MIDDLE]),
        ("character[2,0]", [RIGHT, LEFT]),
        ("character[7]", []),
        ("character[0,-3]", [LEFT]),
        ("character[1:][0]", [MIDDLE]),
        ("@left", [LEFT]),
        ("@right", [RIGHT]),
        ("@largest", [RIGHT]),
        ("@smallest", [MIDDLE]),
        ("@center", [MIDDLE]),
        ("@best", [MIDDLE]),
        ("hand@left", []),
        ("background", [~(LEFT | MIDDLE | RIGHT)]),
        ("!face", [~(LEFT_FACE | RIGHT_FACE)]),
        ("!hand", [np.ones(SIZE, np.bool_)]),
        ("hand & face", []),
        ("face & hand", []),
        ("character & face", [LEFT & LEFT_FACE, RIGHT & RIGHT_FACE]),
        ("character - face", [LEFT & ~LEFT_FACE, MIDDLE, RIGHT & ~RIGHT_FACE]),
        ("character[0] - face", [LEFT & ~LEFT_FACE]),
        ("character - @largest", [LEFT, MIDDLE & ~RIGHT]),
        ("character | face", [LEFT, MIDDLE, RIGHT, LEFT_FACE, RIGHT_FACE]),
        ("face + hand", [LEFT_FACE, RIGHT_FACE]),
        ("hand | face", [LEFT_FACE, RIGHT_FACE]),
        ("@right | character", [RIGHT, LEFT, MIDDLE]),
        ("!(character | face)", [~(LEFT | MIDDLE | RIGHT)]),
        ("face - character", []),
    ],
)
def test_an_expression_gives_these_masks_in_this_order(finder, text, masks):
    result = evaluate(parse(text), finder)
    assert len(result) == len(masks)
    for found, mask in zip(result.masks, masks, strict=True):
        assert np.array_equal(found, mask)
    assert result.size == SIZE


def test_combined_instances_keep_scores_and_names_of_their_left_side(finder):
    result = evaluate(parse("character - face"), finder)
    assert result.scores.tolist() == pytest.approx([0.5, 0.9, 0.7])
    assert result.label_names() == ["character"] * 3
    both = evaluate(parse("face | character"), finder)
    assert both.label_names() == ["face"] * 2 + ["character"] * 3
    assert both.scores[2:].tolist() == pytest.approx([0.5, 0.9, 0.7])


def test_boxes_follow_the_masks(finder):
    result = evaluate(parse("character[0] & face"), finder)
    assert result.boxes.tolist() == [[3, 5, 7, 9]]


def test_a_pick_of_nothing_is_none():
    assert pick(of("character"), "left") is None


@given(st.lists(st.lists(st.booleans(), min_size=12, max_size=12), max_size=4), st.integers(0, 4))
def test_set_laws_hold_for_the_pixels_covered(rows, cut):
    size = (3, 4)
    masks = np.array(rows, np.bool_).reshape(-1, *size)
    first, second = Instances.from_masks(masks[:cut]), Instances.from_masks(masks[cut:])

    class Both:
        pass

    both = Both()
    both.size, both.find = size, {"character": first, "face": second}.__getitem__

    def covered(text):
        return evaluate(parse(text), both).union()

    assert np.array_equal(covered("!(character | face)"), covered("!character & !face"))
    assert np.array_equal(covered("character - face"), covered("character & !face"))
    assert np.array_equal(covered("!!character"), covered("character"))
    assert np.array_equal(covered("character & face"), covered("face & character"))
    assert np.array_equal(joined(first, second).union(), covered("character | face"))
