"""What a pass works on: its filters, masks and sizes, on pictures drawn by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from animeseg import Instances, Options
from animeseg.options import PassOptions
from animeseg.webui.pass_mask import (
    SDXL_SIZES,
    chosen,
    draw_size,
    meeting,
    pass_options,
    regions,
    strength,
)

SIZE = (100, 200)


def block(left, top, right, bottom):
    mask = np.zeros(SIZE, np.bool_)
    mask[top:bottom, left:right] = True
    return mask


def of(*masks, scores=None):
    stacked = np.stack(masks) if masks else np.zeros((0, *SIZE), np.bool_)
    return Instances.from_masks(stacked, None if scores is None else np.float32(scores))


SMALL, MIDDLE, LARGE = block(0, 0, 10, 10), block(20, 0, 60, 50), block(100, 0, 200, 80)
THREE = of(LARGE, SMALL, MIDDLE, scores=[0.4, 0.9, 0.6])


# ---------------------------------------------------------------- which instances


@pytest.mark.parametrize(
    ("unit", "areas"),
    [
        ({}, [8000, 100, 2000]),
        ({"min_area": 0.01}, [8000, 2000]),
        ({"max_area": 0.1}, [100, 2000]),
        ({"min_area": 0.005, "max_area": 0.1}, [100, 2000]),
        ({"top_k": 1}, [8000]),
        ({"top_k": 2}, [8000, 2000]),
        ({"top_k": 2, "top_by": "confidence"}, [100, 2000]),
        ({"top_k": 9}, [8000, 100, 2000]),
        ({"top_k": 1, "max_area": 0.1}, [2000]),
    ],
)
def test_limits_then_top_k_and_the_order_stays(unit, areas):
    found = chosen(THREE, PassOptions(**unit))
    assert [int(mask.sum()) for mask in found.masks] == areas


def test_areas_can_be_those_of_the_box():
    hollow = block(0, 0, 100, 100) & ~block(5, 5, 95, 95)
    assert len(chosen(of(hollow), PassOptions(min_area=0.4))) == 0
    assert len(chosen(of(hollow), PassOptions(min_area=0.4, area_of="box"))) == 1


# ---------------------------------------------------------------- masks


def test_a_mask_is_moved_before_it_grows():
    found = regions(of(block(190, 40, 200, 60)), PassOptions(offset_x=8, grow=4))
    # Moved out to 198..200, then grown: growing first would have left 194..200 and more.
    assert np.flatnonzero(found.masks[0].any(axis=0)).tolist() == list(range(194, 200))


@pytest.mark.parametrize(("grown", "side"), [(4.0, 28), (0.0, 20), (-4.0, 12)])
def test_growing_and_shrinking_is_in_pixels(grown, side):
    found = regions(of(block(50, 40, 70, 60)), PassOptions(grow=grown))
    assert found.masks[0].any(axis=0).sum() == side


@pytest.mark.parametrize(
    ("merge", "masks"),
    [
        ("none", [LARGE, SMALL, MIDDLE]),
        ("merge", [LARGE | SMALL | MIDDLE]),
        ("merge and invert", [~(LARGE | SMALL | MIDDLE)]),
    ],
)
def test_masks_are_merged_and_inverted(merge, masks):
    found = regions(THREE, PassOptions(grow=0, merge=merge))
    assert len(found) == len(found.instances) == len(masks)
    for mask, expected in zip(found.masks, masks, strict=True):
        assert np.array_equal(mask, expected)


def test_a_mask_that_vanishes_takes_its_instance_along():
    found = regions(THREE, PassOptions(grow=-12))
    assert found.instances.scores.tolist() == pytest.approx([0.4, 0.6])
    assert len(regions(of(), PassOptions(merge="merge and invert"))) == 0


def test_only_regions_that_meet_the_users_mask_stay_and_stay_whole():
    found = regions(THREE, PassOptions(grow=0))
    kept = meeting(found, block(59, 49, 101, 60))
    assert [int(mask.sum()) for mask in kept.masks] == [8000, 2000]
    assert kept.instances.scores.tolist() == pytest.approx([0.4, 0.6])
    assert len(meeting(found, np.zeros(SIZE, np.bool_))) == 0
    assert meeting(found, None) is found


# ---------------------------------------------------------------- how they are found


PANEL = Options(
    model="panel-model", confidence=0.7, classes=["a"], min_area=0.2, top_k=1, refine="edge",
    fill_holes=1.0, order="right-to-left", device="cpu", target="face",
)  # fmt: skip


def test_characters_are_found_as_the_panel_says_but_chosen_as_the_pass_says():
    found = pass_options(PANEL, PassOptions(order="area-descending"), "character", "character")
    assert found.changed() == {
        "model": "panel-model", "confidence": 0.7, "classes": ["a"], "refine": "edge",
        "fill_holes": 1.0, "order": "area-descending", "device": "cpu",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "leading", "model", "confidence", "classes"),
    [
        ("face", "face", "mine", 0.5, ["x", "y"]),
        ("character", "character", "mine", 0.5, ["x", "y"]),
        ("face", "character", "face-n", 0.0, []),
        ("character", "face", "panel-model", 0.7, ["a"]),
        ("skirt", "skirt", "mine", 0.5, ["skirt"]),
        ("skirt", "character", "panel-model", 0.7, ["skirt"]),
    ],
)
def test_the_passs_detector_is_for_what_its_target_names_first(
    kind, leading, model, confidence, classes
):
    unit = PassOptions(model="mine", confidence=0.5, classes="x, y,")
    found = pass_options(PANEL, unit, kind, leading)
    assert (found.model, found.confidence) == (model, pytest.approx(confidence))
    assert list(found.classes) == classes


# ---------------------------------------------------------------- how they are drawn


WIDE, TALL = block(0, 40, 200, 60), block(90, 0, 110, 100)


@pytest.mark.parametrize(
    ("unit", "mask", "size"),
    [
        ({}, SMALL, (512, 768)),
        ({"width": 640}, SMALL, (640, 768)),
        ({"width": 640, "height": 641}, SMALL, (640, 640)),
        ({"only_masked": False}, SMALL, (200, 104)),
        ({"only_masked": False, "width": 512, "height": 256}, SMALL, (512, 256)),
        ({"match_size": "strict"}, SMALL, (1024, 1024)),
        ({"match_size": "strict", "padding": 0}, WIDE, (1536, 640)),
        ({"match_size": "strict", "padding": 0}, TALL, (640, 1536)),
        ({"match_size": "free", "padding": 0}, SMALL, (624, 624)),
        ({"match_size": "free", "padding": 0, "width": 512, "height": 512}, MIDDLE, (456, 576)),
        ({"match_size": "free", "only_masked": False}, TALL, (200, 104)),
    ],
)
def test_a_region_is_drawn_at_this_size(unit, mask, size):
    assert draw_size(PassOptions(**unit), mask, (512, 768)) == size


@given(
    st.integers(0, 199), st.integers(0, 99), st.integers(1, 200), st.integers(1, 100),
    st.sampled_from(["off", "strict", "free"]), st.integers(0, 128),
)  # fmt: skip
def test_sizes_can_be_drawn_by_the_host(left, top, width, height, how, padding):
    mask = block(left, top, left + width, top + height)
    unit = PassOptions(match_size=how, padding=padding)
    size = draw_size(unit, mask, (512, 512))
    assert all(side % 8 == 0 and side >= 64 for side in size)
    if how == "strict":
        assert size in SDXL_SIZES


HALF, WHOLE = block(0, 0, 100, 100), np.ones(SIZE, np.bool_)


@pytest.mark.parametrize(
    ("power", "mask", "expected"),
    [
        (0.0, HALF, 0.4),
        (1.0, HALF, 0.2),
        (2.0, HALF, 0.1),
        (-1.0, HALF, 0.8),
        (-5.0, HALF, 1.0),
        (1.0, WHOLE, 0.0),
        (-1.0, WHOLE, 1.0),
        (1.0, SMALL, 0.4 * 0.995),
    ],
)
def test_dynamic_denoising_follows_the_free_share(power, mask, expected):
    assert strength(PassOptions(denoise_power=power), mask) == pytest.approx(expected)


def test_nothing_stays_nothing_however_it_is_denoised():
    unit = PassOptions(denoise=0.0, denoise_power=-10.0)
    for mask in (HALF, WHOLE, WHOLE & ~block(0, 0, 1, 1)):
        assert strength(unit, mask) == 0
