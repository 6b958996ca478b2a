"""Inpaint passes from the panel to the nested run, with a host whose answers are drawn by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from animeseg import Instances, Note, Options, Segmentation
from animeseg.errors import MissingWeightsError
from animeseg.options import PassOptions
from animeseg.webui import host
from animeseg.webui.pass_job import NESTED
from animeseg.webui.passes import run_passes

WIDTH, HEIGHT = 96, 64
PANEL = Options(refine="none")


def block(left, top, right, bottom):
    mask = np.zeros((HEIGHT, WIDTH), np.bool_)
    mask[top:bottom, left:right] = True
    return mask


LEFT, RIGHT = block(8, 16, 24, 56), block(60, 16, 92, 60)
FACE = block(12, 20, 20, 28)


class Finder:
    """Stands for the service: two characters, a face; remembers what it was asked, and on what."""

    def __init__(self):
        self.asked = []
        self.error = None

    def __call__(self, picture, options):
        self.asked.append((picture.rgb[0, 0].tolist(), options))
        if self.error:
            raise self.error
        masks = np.stack([FACE] if options.model.startswith("face") else [LEFT, RIGHT])
        size = (HEIGHT, WIDTH)
        return Segmentation(size, Instances.from_masks(masks), options, notes=(Note("x", "told"),))


class Host:
    """The host, as far as passes ask for it; every nested run paints its mask in a new grey."""

    def __init__(self):
        self.jobs, self.saved, self.shown, self.added = [], [], [], []
        self.stop_after, self.skip_after, self.fail_at = None, None, None
        self.interrupt_after = None
        self.settings = {}

    def inpaint(self, p, job):
        self.jobs.append(job)
        if self.fail_at == len(self.jobs):
            raise RuntimeError("CUDA out of memory\nand much more")
        pixels = np.array(job.image)
        pixels[np.array(job.mask) > 127] = 40 * len(self.jobs)
        return [Image.fromarray(pixels), Image.new("RGB", (1, 1))]

    def stopping(self):
        return self._after(self.stop_after) or self._after(self.interrupt_after)

    def skipping(self):
        return self._after(self.skip_after)

    def cut_short(self):
        return self._after(self.interrupt_after) or self.skipping()

    def _after(self, count):
        return count is not None and len(self.jobs) >= count

    def setting(self, key):
        return self.settings.get(key, _setting(key))

    def save_image(self, image, p, *, index, suffix, infotext=""):
        self.saved.append((suffix, index, np.array(image)))


_setting = host.setting


@pytest.fixture
def stub(monkeypatch):
    made = Host()
    for name in ("inpaint", "stopping", "skipping", "cut_short", "setting", "save_image"):
        monkeypatch.setattr(host, name, getattr(made, name))
    monkeypatch.setattr(host, "add_jobs", made.added.append)
    monkeypatch.setattr(host, "show_progress", made.shown.append)
    monkeypatch.setattr(host, "saves", lambda p: True)
    monkeypatch.setattr(host, "infotext", lambda p, index: f"infotext {index}")
    return made


@pytest.fixture
def finder():
    return Finder()


@pytest.fixture
def image():
    return Image.new("RGB", (WIDTH, HEIGHT), (10, 10, 10))


@pytest.fixture
def p():
    return SimpleNamespace(
        width=512, height=768, iteration=1, batch_size=2, batch_index=1, styles=["bright"],
        all_prompts=["no", "no", "no", "a girl"], all_negative_prompts=["bad"],
        all_seeds=[1, 2, 3, 100], all_subseeds=[5, 6, 7, 200],
        prompt="raw", negative_prompt="raw bad", seed=-1, subseed=-1, scripts=None,
    )  # fmt: skip


@pytest.fixture
def go(p, image, stub, finder):
    def run(*units, **more):
        made = [PassOptions(enabled=True, **unit) for unit in units]
        return run_passes(p, image, made, more.pop("panel", PANEL), segment=finder)

    return run


def grey(result, x, y):
    return result.image.getpixel((x, y))[0]


# ---------------------------------------------------------------- what is drawn


def test_every_character_is_drawn_on_what_the_one_before_left(go, stub):
    result = go({"grow": 0})
    assert result.drawn == len(stub.jobs) == 2
    assert (grey(result, 10, 20), grey(result, 70, 20), grey(result, 0, 0)) == (40, 80, 10)
    assert stub.jobs[1].image.getpixel((10, 20)) == (40, 40, 40)
    assert stub.added == [2]
    assert stub.shown[-1] == ""


def test_a_second_pass_finds_its_target_on_what_the_first_drew(go, finder):
    result = go({"target": "background", "grow": 0}, {"target": "face", "grow": 0})
    assert [corner for corner, _ in finder.asked] == [[10] * 3, [40] * 3]
    assert [options.model for _, options in finder.asked] == ["character-n", "face-n"]
    assert (grey(result, 0, 0), grey(result, 16, 24)) == (40, 80)


def test_a_picture_that_did_not_change_is_not_searched_twice(go, finder):
    go({"prompt": "[SKIP]"}, {"prompt": "[SKIP]"})
    assert len(finder.asked) == 1


def test_expressions_reach_both_detectors(go, stub):
    go({"target": "character[0] - face", "grow": 0})
    mask = np.array(stub.jobs[0].mask) > 127
    assert mask[18, 10]
    assert not mask[24, 16]
    assert not mask[30, 70]


def test_prompts_seeds_and_sizes_of_each_instance(go, stub):
    go({"prompt": "[PROMPT], red [SEP] blue", "negative_prompt": "", "steps": 3, "cfg_scale": 2.5})
    first, second = stub.jobs
    assert (first.prompt, second.prompt) == ("a girl, red", "blue")
    assert (first.negative_prompt, second.negative_prompt) == ("bad", "bad")
    assert [(job.seed, job.subseed) for job in stub.jobs] == [(100, 200), (101, 201)]
    assert (first.width, first.height, first.steps, first.cfg_scale) == (512, 768, 3, 2.5)
    assert first.attributes["styles"] == []
    assert first.attributes[NESTED] is True


def test_a_skipped_instance_keeps_its_place_in_seeds_and_prompts(go, stub):
    go({"prompt": "[SKIP] [SEP] blue"})
    (job,) = stub.jobs
    assert (job.prompt, job.seed) == ("blue", 101)
    assert stub.added == [1]


def test_same_seed_by_the_pass_or_by_the_setting(go, stub):
    go({"same_seed": True})
    stub.settings["animeseg_same_seed"] = True
    go({})
    assert [job.seed for job in stub.jobs] == [100] * 4


def test_zero_and_keep_leave_it_to_the_generation(go, stub):
    go({})
    job = stub.jobs[0]
    assert (job.steps, job.cfg_scale, job.sampler, job.scheduler) == (None,) * 4
    assert job.noise_multiplier is None
    assert job.override_settings == {}
    assert (job.mask_blur, job.padding, job.denoising_strength) == (4, 32, 0.4)
    assert job.only_masked


def test_names_of_the_pass_go_to_the_host(go, stub):
    go({"sampler": "DDIM", "scheduler": "Karras", "checkpoint": "other", "vae": "v", "clip_skip": 2,
        "noise_multiplier": 0.9, "restore_faces": True, "only_masked": False})  # fmt: skip
    job = stub.jobs[0]
    assert (job.sampler, job.scheduler) == ("DDIM", "Karras")
    assert job.override_settings == {
        "sd_model_checkpoint": "other", "sd_vae": "v", "CLIP_stop_at_last_layers": 2,
    }  # fmt: skip
    assert (job.noise_multiplier, job.restore_faces, job.only_masked) == (0.9, True, False)
    assert (job.width, job.height) == (WIDTH, HEIGHT)


def test_the_order_of_the_settings_is_over_that_of_the_pass(go, stub, finder):
    stub.settings["animeseg_order"] = "right-to-left"
    go({"order": "left-to-right"})
    assert finder.asked[0][1].order == "right-to-left"


# ---------------------------------------------------------------- inpainting


def test_only_what_touches_the_users_mask_is_drawn_and_all_of_it(go, p, stub):
    p.mask_for_overlay = Image.fromarray(block(20, 20, 30, 30).astype(np.uint8) * 255)
    go({"grow": 0})
    (job,) = stub.jobs
    assert np.array_equal(np.array(job.mask) > 127, LEFT)


def test_only_masked_the_users_mask_is_that_of_the_part_at_hand(go, p, stub):
    big = np.zeros((200, 300), np.uint8)
    big[120:130, 110:120] = 255
    p.mask_for_overlay = Image.fromarray(big)
    p.paste_to = (100, 100, WIDTH, HEIGHT)
    go({"grow": 0})
    assert [np.array_equal(np.array(job.mask) > 127, LEFT) for job in stub.jobs] == [True]


# ---------------------------------------------------------------- ending


@pytest.mark.parametrize("how", ["interrupt_after", "skip_after"])
def test_what_was_drawn_stays_and_what_was_half_drawn_does_not(go, stub, how):
    setattr(stub, how, 2)
    result = go({"grow": 0}, {"target": "background"})
    assert (result.drawn, len(stub.jobs)) == (1, 2)
    assert (grey(result, 10, 20), grey(result, 70, 20)) == (40, 10)


def test_told_to_stop_after_this_the_instance_in_hand_is_finished(go, stub):
    stub.stop_after = 1
    result = go({"grow": 0}, {"target": "background"})
    assert (result.drawn, len(stub.jobs)) == (1, 1)
    assert grey(result, 10, 20) == 40


def test_an_interrupted_generation_gets_no_pass(go, stub, finder, image):
    stub.stop_after = 0
    result = go({})
    assert result.image is image
    assert not finder.asked


def test_a_host_that_gives_nothing_back_leaves_the_picture(go, monkeypatch, image):
    monkeypatch.setattr(host, "inpaint", lambda p, job: [])
    assert go({}).image is image


# ---------------------------------------------------------------- what can go wrong


def test_an_error_costs_its_pass_and_is_told_in_one_line(go, stub, capsys):
    stub.fail_at = 2
    result = go({"grow": 0}, {"target": "character[1]", "grow": 0})
    assert (grey(result, 10, 20), grey(result, 70, 20)) == (10, 120)
    assert result.drawn == 1
    (note,) = [note for note in result.notes if note.code == "pass_failed"]
    assert "CUDA out of memory" in note.message
    assert "\n" not in note.message
    assert capsys.readouterr().out.count("[animeseg]") == 1


def test_missing_weights_are_told_with_their_cure(go, finder, image):
    finder.error = MissingWeightsError("face-n is not here", "press Download")
    result = go({"target": "face"})
    assert result.image is image
    assert [note.message for note in result.notes] == [
        "pass 1: missing_weights: face-n is not here; press Download"
    ]


def test_a_slip_in_the_target_is_told_with_its_column(go):
    (note,) = go({"target": "character -"}).notes
    assert "column 12" in note.message


def test_nothing_found_is_said_and_leaves_the_picture(go, image):
    result = go({"target": "character[5]"})
    assert result.image is image
    assert "no character[5] to draw on picture 4" in result.notes[-1].message


def test_notes_of_the_search_are_told_once(go):
    result = go({}, {"denoise": 0.1})
    assert [note.message for note in result.notes].count("told") == 1


def test_a_drawn_picture_of_another_size_is_brought_back(go, monkeypatch, image):
    monkeypatch.setattr(host, "inpaint", lambda p, job: [Image.new("RGBA", (512, 512))])
    result = go({})
    assert (result.image.size, result.image.mode) == (image.size, "RGB")


def test_without_passes_the_picture_itself_comes_back(p, image, finder):
    for units in ([], [PassOptions()], [PassOptions(target="face")]):
        assert run_passes(p, image, units, PANEL, segment=finder).image is image
    assert not finder.asked


@pytest.mark.parametrize("name", [NESTED, "_ad_inner"])
def test_there_are_no_passes_inside_a_nested_run(p, image, finder, name):
    setattr(p, name, True)
    assert run_passes(p, image, [PassOptions(enabled=True)], PANEL, segment=finder).image is image
    assert not finder.asked


def test_controlnet_that_is_not_there_is_told(go, stub):
    result = go({"controlnet_model": "tile"})
    assert [note.code for note in result.notes] == ["x", "controlnet_absent"]
    assert len(stub.jobs) == 2


# ---------------------------------------------------------------- files


def test_pictures_before_and_previews_are_saved_if_so_set(go, stub):
    stub.settings |= {"animeseg_save_before": True, "animeseg_save_previews": True}
    go({"grow": 0}, {"target": "face", "grow": 0}, {"target": "character[9]"})
    assert [(suffix, index) for suffix, index, _ in stub.saved] == [
        ("-animeseg-before", 3), ("-animeseg-pass-1", 3), ("-animeseg-pass-2", 3),
    ]  # fmt: skip
    assert (stub.saved[0][2] == 10).all()


def test_nothing_is_saved_by_default_nor_against_the_users_will(go, stub, monkeypatch):
    go({})
    stub.settings |= {"animeseg_save_before": True, "animeseg_save_previews": True}
    monkeypatch.setattr(host, "saves", lambda p: False)
    go({})
    assert stub.saved == []
