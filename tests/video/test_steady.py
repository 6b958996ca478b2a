"""Gaps are bridged and edges steadied, and nothing else is changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from animeseg import Instances, Options, Segmentation
from animeseg.images import Picture
from animeseg.video.flow import Motion, fetch
from animeseg.video.frames import Frame
from animeseg.video.steady import Steadier

SIZE = (64, 96)
OPTIONS = Options(cutout_feather=0.0)


def texture(seed=1):
    """A picture with enough detail for its movement to be seen."""
    import cv2

    noise = np.random.default_rng(seed).integers(0, 255, (*SIZE, 3), np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 2.0)


def block(left, top=16):
    mask = np.zeros(SIZE, np.bool_)
    mask[top : top + 30, left : left + 24] = True
    return mask


def moment(number, image, masks, ids):
    found = np.stack(masks) if masks else np.zeros((0, *SIZE), np.bool_)
    instances = replace(Instances.from_masks(found), ids=np.array(ids, np.int64))
    frame = Frame(number, number * 40, 40, Picture(image))
    return frame, Segmentation(size=SIZE, instances=instances, options=OPTIONS)


def walk(count, missed=(), step=2):
    """A textured block that moves right over a still picture, missed in some frames."""
    behind, inside = texture(1) // 2, texture(2) // 2 + 127
    for number in range(count):
        mask = block(4 + step * number)
        moved = np.roll(inside, step * number, axis=1)
        image = np.where(mask[:, :, None], moved, behind)
        yield moment(
            number, image, [] if number in missed else [mask], [] if number in missed else [1]
        )


def passed(steadier, moments):
    out = []
    for frame, result in moments:
        out += steadier.push(frame, result)
    return [*out, *steadier.flush()]


@settings(max_examples=30)
@given(
    count=st.integers(0, 12),
    smooth=st.integers(0, 5),
    bridge=st.integers(0, 6),
)
def test_every_frame_leaves_once_and_in_order(count, smooth, bridge):
    still = np.full((*SIZE, 3), 90, np.uint8)
    moments = [moment(n, still, [block(10)], [1]) for n in range(count)]
    found = passed(Steadier(smooth, bridge), moments)
    assert [one.frame.number for one in found] == list(range(count))
    for one in found:
        assert np.array_equal(one.alpha, block(10) * np.uint8(255))


def test_without_smoothing_and_bridging_nothing_changes():
    moments = list(walk(6, missed=(3,)))
    for (frame, result), one in zip(moments, passed(Steadier(0, 0), moments), strict=True):
        assert one.frame is frame
        assert one.result is result


def test_a_missed_character_is_carried_to_where_it_is():
    found = passed(Steadier(0, 3), walk(10, missed=(4, 5)))
    for number in (4, 5):
        assert found[number].result.instances.ids.tolist() == [1]
        carried, truth = found[number].result.instances.masks[0], block(4 + 2 * number)
        assert (carried & truth).sum() / (carried | truth).sum() > 0.9
        assert found[number].result.instances.scores.tolist() == [0.0]
        assert np.array_equal(found[number].alpha > 127, carried)


@pytest.mark.parametrize(
    ("missed", "bridge"),
    [((3, 4, 5), 2), ((7, 8, 9), 3), ((0, 1), 3)],
    ids=["too long a gap", "it never comes back", "it was not there before"],
)
def test_other_gaps_stay(missed, bridge):
    found = passed(Steadier(0, bridge), walk(10, missed=missed))
    assert [one.frame.number for one in found if not len(one.result)] == list(missed)


def test_edges_that_flicker_over_a_still_picture_become_steady(rng):
    still = texture()
    truth = block(30)
    moments = []
    for number in range(12):
        mask = truth.copy()
        mask[16 + int(rng.integers(0, 30)) :, 53:55] = False
        moments.append(moment(number, still, [mask], [1]))
    before = np.stack([result.instances.union() for _, result in moments]) * 255.0
    after = np.stack([one.alpha for one in passed(Steadier(2, 0), moments)]).astype(float)
    assert np.abs(np.diff(before, axis=0)).max() == 255
    assert np.abs(np.diff(after, axis=0)).max() < 90
    assert np.array_equal(after[5] > 250, truth & (after[5] > 250))


def test_edges_that_move_stay_where_they_are():
    moments = list(walk(8, step=3))
    for (_, result), one in zip(moments, passed(Steadier(2, 0), moments), strict=True):
        truth = result.instances.union()
        assert np.array_equal(one.alpha > 127, truth) or (
            np.logical_xor(one.alpha > 127, truth).sum() < 0.05 * truth.sum()
        )


def test_a_cut_to_another_scene_leaves_no_ghost():
    moments = [moment(n, texture(1), [block(10)], [1]) for n in range(4)]
    bright = 255 - texture(9) // 3
    moments += [moment(n, bright, [block(60)], [2]) for n in range(4, 8)]
    found = passed(Steadier(2, 3), moments)
    assert found[4].alpha[block(10) & ~block(60)].max() < 40
    assert found[3].alpha[block(60) & ~block(10)].max() < 40


def test_flow_finds_a_shift_and_fetch_undoes_it():
    here = texture()
    there = np.roll(here, (3, 5), axis=(0, 1))
    flow = Motion().flow(here, there)
    middle = flow[16:-16, 16:-16].reshape(-1, 2)
    assert np.median(middle, axis=0) == pytest.approx((5, 3), abs=0.5)
    back = fetch(there, flow, outside="edge").astype(int)
    assert np.abs(back - here)[16:-16, 16:-16].mean() < 6
    assert fetch(np.full(SIZE, 9, np.uint8), flow + 500, outside="empty").max() == 0


@pytest.mark.parametrize("size", [(8, 8), (8, 300), (300, 9)])
def test_tiny_pictures_have_no_flow_but_no_error(size):
    image = np.zeros((*size, 3), np.uint8)
    assert Motion().flow(image, image).shape == (*size, 2)
