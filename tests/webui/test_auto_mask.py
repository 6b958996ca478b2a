"""img2img: what is found becomes the inpaint mask, as if it had been drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hostlike import SIZE, Finder, Processing, picture
from PIL import Image

from animeseg.errors import MissingWeightsError
from animeseg.webui import auto_mask, generate

ARGS = [True, {"auto_mask": True, "mask_grow": 0.0, "outputs": []}]


@pytest.fixture
def finder(monkeypatch):
    found = Finder()
    monkeypatch.setattr(auto_mask, "find", found)
    return found


def job(mask=None, invert=0, only_masked=True, images=1):
    return Processing(
        1,
        init_images=[picture()] * images,
        image_mask=mask,
        inpainting_mask_invert=invert,
        inpaint_full_res=only_masked,
    )


def left_half(mode="L"):
    drawn = np.zeros(SIZE, np.uint8)
    drawn[:, :30] = 255
    grey = Image.fromarray(drawn)
    if mode == "L":
        return grey
    editor = Image.new("RGBA", grey.size, (0, 0, 0, 255))
    editor.putalpha(grey)
    return editor


def found_mask(count=2):
    mask = np.zeros(SIZE, np.bool_)
    for row in range(count):
        mask[5:30, 5 + 25 * row : 20 + 25 * row] = True
    return mask


def mask_of(p):
    return np.asarray(p.image_mask) == 255


def test_img2img_becomes_an_inpaint_of_what_is_found(finder):
    p = job()
    generate.before_process(p, ARGS)
    np.testing.assert_array_equal(mask_of(p), found_mask())
    assert p.image_mask.mode == "L"
    assert p.inpaint_full_res is True


@pytest.mark.parametrize("mode", ["L", "RGBA"])
def test_a_drawn_mask_is_kept_to_what_is_found(mode, finder):
    p = job(left_half(mode))
    generate.before_process(p, ARGS)
    expected = found_mask()
    expected[:, 30:] = False
    np.testing.assert_array_equal(mask_of(p), expected)


def test_inpaint_not_masked_turns_the_drawn_mask(finder):
    p = job(left_half(), invert=1)
    generate.before_process(p, ARGS)
    expected = found_mask()
    expected[:, :30] = False
    np.testing.assert_array_equal(mask_of(p), expected)
    assert p.inpainting_mask_invert == 0, "or the host would turn it once more"


def test_a_mask_of_another_size_is_scaled(finder):
    p = job(left_half().resize((120, 80)))
    generate.before_process(p, ARGS)
    expected = found_mask()
    expected[:, 30:] = False
    np.testing.assert_array_equal(mask_of(p), expected)


@pytest.mark.parametrize("turned", [False, True])
def test_where_nothing_is_found_nothing_is_drawn(turned, finder):
    finder.count = 0
    p = job()
    generate.before_process(p, [True, {"auto_mask": True, "mask_invert": turned}])
    assert not mask_of(p).any()
    assert p.inpaint_full_res is False, "hosts take an empty mask for none where it is only masked"
    assert "no character was found" in p.animeseg_run.told[0]


def test_in_a_batch_each_picture_has_its_own_mask_and_the_users_settings(finder):
    p = job(invert=1)
    finder.count = 0
    generate.before_process(p, ARGS)
    finder.count = 2
    generate.before_process(p, ARGS)
    np.testing.assert_array_equal(mask_of(p), found_mask())
    assert p.inpaint_full_res is True
    p.image_mask = left_half()  # as the host does with a folder of masks
    generate.before_process(p, ARGS)
    expected = found_mask()
    expected[:, :30] = False
    np.testing.assert_array_equal(mask_of(p), expected)


def test_several_pictures_share_a_mask_and_that_is_told(finder):
    p = job()
    p.init_images = [picture(), picture((1, 2, 3))]
    generate.before_process(p, ARGS)
    assert "first input picture" in p.animeseg_run.told[0]
    same = job(images=3)
    generate.before_process(same, ARGS)
    assert same.animeseg_run.told == []


@pytest.mark.parametrize("args", [[True, {}], [False, {"auto_mask": True}], []])
def test_it_has_to_be_asked_for(args, finder):
    p = job(left_half())
    before = p.image_mask
    generate.before_process(p, args)
    assert p.image_mask is before
    assert finder.asked == []


def test_txt2img_has_no_input_picture(finder):
    generate.before_process(Processing(1), ARGS)
    assert finder.asked == []


def test_a_failure_leaves_the_job_as_it_was(finder):
    finder.error = MissingWeightsError("x is not here", "fetch it")
    p = job(left_half(), invert=1)
    before = p.image_mask
    generate.before_process(p, ARGS)
    assert (p.image_mask, p.inpainting_mask_invert) == (before, 1)
    assert "x is not here" in p.animeseg_run.told[0]
    generate.process(p, ARGS)
    assert "x is not here" in p.extra_generation_params["animeseg automatic mask failed"]
