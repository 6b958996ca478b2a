"""A nested img2img run, against a stand-in with the signature both hosts have."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from animeseg.webui import host

PICTURE = Image.new("RGB", (64, 64), (1, 2, 3))
MASK = Image.new("L", (64, 64), 255)


@dataclass
class Img2Img:
    """The fields of the host's class that a nested run names, and no others."""

    init_images: list = None
    mask: Any = None
    mask_blur: int = None
    inpainting_fill: int = 0
    inpaint_full_res: bool = True
    inpaint_full_res_padding: int = 0
    inpainting_mask_invert: int = 0
    resize_mode: int = 0
    denoising_strength: float = 0.75
    initial_noise_multiplier: float = None
    sd_model: object = None
    outpath_samples: str = None
    outpath_grids: str = None
    prompt: str = ""
    negative_prompt: str = ""
    styles: list = None
    seed: int = -1
    subseed: int = -1
    subseed_strength: float = 0
    seed_resize_from_h: int = -1
    seed_resize_from_w: int = -1
    sampler_name: str = None
    scheduler: str = None
    batch_size: int = 1
    n_iter: int = 1
    steps: int = 50
    cfg_scale: float = 7.0
    width: int = 512
    height: int = 512
    restore_faces: bool = None
    tiling: bool = None
    extra_generation_params: dict = None
    do_not_save_samples: bool = False
    do_not_save_grid: bool = False
    override_settings: dict = None
    scripts: Any = field(default=None, init=False)
    script_args: Any = field(default=None, init=False)
    closed: bool = field(default=False, init=False)

    def close(self):
        self.closed = True


@pytest.fixture
def webui(monkeypatch):
    """The host's modules, and what it saw while it ran."""
    for name in ("modules", "scripts", "shared", "processing", "sd_models"):
        full = name if name == "modules" else f"modules.{name}"
        monkeypatch.setitem(sys.modules, full, ModuleType(full))
    shared = sys.modules["modules.shared"]
    shared.cmd_opts = SimpleNamespace(no_prompt_history=False)
    shared.opts = SimpleNamespace(data={"save_init_img": True}, data_labels={})
    shared.state = SimpleNamespace(
        job_count=3, job_no=1, sampling_step=20, sampling_steps=20, current_latent="outer",
        interrupted=False, skipped=False,
    )  # fmt: skip
    seen = SimpleNamespace(run=None, data=None, history=None, fails=False, merged=[], shared=shared)

    def process_images(run):
        seen.run, seen.data = run, dict(shared.opts.data)
        seen.history = shared.cmd_opts.no_prompt_history
        shared.state.sampling_step = 7
        shared.state.job_no += 1
        if seen.fails:
            raise RuntimeError("out of memory")
        return SimpleNamespace(images=[PICTURE, MASK, MASK], index_of_first_image=0)

    processing = sys.modules["modules.processing"]
    processing.StableDiffusionProcessingImg2Img = Img2Img
    processing.process_images = process_images
    sys.modules["modules.sd_models"].apply_token_merging = lambda _, ratio: seen.merged.append(
        ratio
    )
    return seen


@pytest.fixture
def p():
    return SimpleNamespace(
        sd_model="model", outpath_samples="out", outpath_grids="grids", styles=["s"],
        subseed_strength=0.25, seed_resize_from_h=0, seed_resize_from_w=0, sampler_name="Euler a",
        scheduler="Karras", steps=20, cfg_scale=7.0, width=512, height=768, tiling=False,
        user=None, get_token_merging_ratio=lambda: 0.5,
    )  # fmt: skip


def job(**changes):
    values = {"image": PICTURE, "mask": MASK, "prompt": "a", "negative_prompt": "b", "seed": 5}
    return host.InpaintJob(**{**values, **changes})


def test_masks_that_the_host_returns_as_well_are_left_out(webui, p):
    assert host.inpaint(p, job()) == [PICTURE]


def test_the_run_has_what_the_job_names_and_else_what_the_generation_has(webui, p):
    host.inpaint(p, job(steps=4, sampler="DDIM", width=640))
    run = webui.run
    assert (run.steps, run.sampler_name, run.width) == (4, "DDIM", 640)
    assert (run.cfg_scale, run.scheduler, run.height) == (7.0, "Karras", 768)
    assert (run.sd_model, run.subseed_strength) == ("model", 0.25)
    assert run.do_not_save_samples
    assert run.do_not_save_grid


def test_nobodys_scripts_run_unless_the_job_names_them(webui, p):
    host.inpaint(p, job())
    assert webui.run.scripts is None
    host.inpaint(p, job(scripts="runner", script_args=(1, 2)))
    assert (webui.run.scripts, webui.run.script_args) == ("runner", (1, 2))


def test_attributes_go_over_everything(webui, p):
    host.inpaint(p, job(attributes={"styles": [], "animeseg_nested": True}))
    assert webui.run.styles == []
    assert webui.run.animeseg_nested


@pytest.mark.parametrize("fails", [False, True])
def test_the_run_leaves_no_traces(webui, p, fails):
    webui.fails = fails
    if fails:
        with pytest.raises(RuntimeError, match="out of memory"):
            host.inpaint(p, job())
    else:
        host.inpaint(p, job())
    assert webui.run.closed
    assert webui.history is True
    assert webui.data == {
        "multiple_tqdm": False, "overlay_inpaint": True, "return_mask": False,
        "return_mask_composite": False, "save_init_img": False,
    }  # fmt: skip
    assert webui.shared.opts.data == {"save_init_img": True}
    assert webui.shared.cmd_opts.no_prompt_history is False
    assert webui.shared.state.sampling_step == 20
    assert webui.shared.state.current_latent == "outer"
    assert (webui.shared.state.job_no, webui.shared.state.job_count) == (2, 3)


def test_an_overridden_option_that_was_never_saved_is_put_back_too(webui, p):
    """The host keeps what its data holds of the overridden options, and nothing else."""
    webui.shared.opts.data_labels = {"CLIP_stop_at_last_layers": SimpleNamespace(default=1)}
    host.inpaint(p, job(override_settings={"CLIP_stop_at_last_layers": 2, "unknown": 3}))
    assert webui.run.override_settings == {"CLIP_stop_at_last_layers": 2, "unknown": 3}
    assert webui.data["CLIP_stop_at_last_layers"] == 1
    assert webui.shared.opts.data == {"save_init_img": True}


def test_token_merging_of_the_batches_that_follow_is_put_back(webui, p):
    host.inpaint(p, job())
    assert webui.merged == [0.5]
    p.get_token_merging_ratio = lambda: 0
    host.inpaint(p, job())
    assert webui.merged == [0.5]


def test_without_a_host_nothing_is_drawn(p):
    assert host.inpaint(p, job()) == []


@pytest.mark.parametrize(
    ("state", "stops", "cut"),
    [
        ({}, False, False),
        ({"interrupted": True}, True, True),
        ({"stopping_generation": True}, True, False),
        ({"skipped": True}, False, True),
    ],
)
def test_a_host_that_stops_after_this_finishes_what_it_samples(webui, state, stops, cut):
    vars(webui.shared.state).update(state)
    assert (host.stopping(), host.cut_short()) == (stops, cut)
