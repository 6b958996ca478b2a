"""Masks out of prototypes: where they may reach, and what they may cost."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import torch

from animeseg.detect import prototypes
from animeseg.detect.letterbox import Letterbox
from animeseg.detect.prototypes import MASK_MARGIN, draw, fill


def drawn(size, boxes, maps, coefficients):
    """Masks, and which of them have any pixel."""
    box = Letterbox.fit(size, 640, 32)
    masks = np.zeros((len(boxes), *size), np.bool_)
    edges = np.array(boxes, np.float32).reshape(-1, 4)
    shares = torch.tensor(coefficients, dtype=torch.float32).reshape(len(boxes), len(maps))
    return masks, draw(masks, shares, torch.as_tensor(maps, dtype=torch.float32), edges, box)


def test_masks_leave_their_boxes_by_the_margin_and_no_more():
    boxes = [(100, 200, 200, 300), (540, 540, 640, 640)]
    masks, there = drawn((640, 640), boxes, np.ones((1, 160, 160)), [1, 1])
    margin = round(MASK_MARGIN * 100)
    assert 0 < margin < 10
    assert there.all()
    assert masks[0].sum() == (100 + 2 * margin) ** 2
    assert masks[0, 200 - margin : 300 + margin, 100 - margin : 200 + margin].all()
    assert masks[1].sum() == (100 + margin) ** 2


def test_masks_are_the_sums_that_coefficients_say():
    left = np.where(np.arange(160) < 80, 1.0, -1.0)[None].repeat(160, axis=0)
    whole = [(0, 0, 640, 640)] * 3
    masks, there = drawn((640, 640), whole, np.stack([left, left.T]), [[1, 0], [-1, 0], [0, 1]])
    assert there.all()
    assert (masks[1] == ~masks[0]).all()
    assert (masks[2] == masks[0].T).all()
    assert masks[0, :, :320].all()


def test_an_instance_without_a_pixel_is_told():
    maps = np.stack([np.ones((160, 160)), -np.ones((160, 160))])
    boxes = [(0, 0, 50, 50), (0, 0, 50, 50), (30, 30, 30, 60)]
    masks, there = drawn((640, 640), boxes, maps, [[1, 0], [0, 1], [1, 0]])
    assert there.tolist() == [True, False, False]
    assert masks.any(axis=(1, 2)).tolist() == there.tolist()


def test_nothing_to_draw_is_no_error():
    masks, there = drawn((640, 640), [], np.ones((4, 160, 160)), np.zeros((0, 4)))
    assert masks.shape == (0, 640, 640)
    assert there.shape == (0,)


def test_portions_give_what_drawing_at_once_gives(monkeypatch, rng):
    maps, shares = rng.normal(size=(4, 160, 160)), rng.normal(size=(20, 4))
    boxes = [(10 * index, 5, 300 + 10 * index, 400) for index in range(20)]
    at_once = drawn((640, 640), boxes, maps, shares)
    monkeypatch.setattr(prototypes, "_LOGITS_AT_ONCE", 3 * 160 * 160)
    portions = drawn((640, 640), boxes, maps, shares)
    assert (at_once[0] == portions[0]).all()
    assert (at_once[1] == portions[1]).all()


def test_many_characters_on_a_large_picture_cost_no_more_memory_than_their_masks():
    size, count = (3000, 4000), 40
    box = Letterbox.fit(size, 640, 32)
    masks = np.zeros((count, *size), np.bool_)
    boxes = np.array([(0, 0, 4000, 3000)] * count, np.float32)
    maps = torch.ones(1, box.outer[0] // 4, box.outer[1] // 4)
    tracemalloc.start()
    try:
        draw(masks, torch.ones(count, 1), maps, boxes, box)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert masks.all()
    assert peak < 64 * 2**20


@pytest.mark.parametrize(
    ("box", "pixels"),
    [((1, 2, 4, 6), 12), ((1.5, 2, 4, 6), 12), ((1.5, 2.9, 1.6, 3.1), 2), ((3, 3, 3, 9), 0)],
)
def test_boxes_are_filled_where_they_touch_a_pixel(box, pixels):
    masks = np.zeros((1, 10, 10), np.bool_)
    assert fill(masks, np.array([box], np.float32)).tolist() == [pixels > 0]
    assert masks.sum() == pixels
