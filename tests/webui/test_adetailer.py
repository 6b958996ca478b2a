"""Everything ADetailer offers has its equal here, and its units are understood."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from animeseg.options import PassOptions, knobs
from animeseg.webui.adetailer import OPTIONS, PARAMETERS, SETTINGS
from animeseg.webui.pass_args import read_passes, read_passes_noting
from animeseg.webui.settings import BY_KEY

DOCS = Path(__file__).parents[2] / "docs"

_PARAMETERS = """
    ad_model ad_model_classes ad_tab_enable ad_prompt ad_negative_prompt ad_confidence
    ad_mask_filter_method ad_mask_k ad_mask_min_ratio ad_mask_max_ratio ad_dilate_erode
    ad_x_offset ad_y_offset ad_mask_merge_invert ad_mask_blur ad_denoising_strength
    ad_inpaint_only_masked ad_inpaint_only_masked_padding ad_use_inpaint_width_height
    ad_inpaint_width ad_inpaint_height ad_use_steps ad_steps ad_use_cfg_scale ad_cfg_scale
    ad_use_checkpoint ad_checkpoint ad_use_vae ad_vae ad_use_sampler ad_sampler ad_scheduler
    ad_use_noise_multiplier ad_noise_multiplier ad_use_clip_skip ad_clip_skip ad_restore_face
    ad_controlnet_model ad_controlnet_module ad_controlnet_weight ad_controlnet_guidance_start
    ad_controlnet_guidance_end
"""

_SETTINGS = """
    ad_max_models ad_extra_models_dir ad_save_images_dir ad_save_previews ad_save_images_before
    ad_only_selected_scripts ad_script_names ad_bbox_sortby ad_same_seed_for_each_tab
    ad_dynamic_denoise_power ad_match_inpaint_bbox_size
"""

THEIR_PARAMETERS, THEIR_SETTINGS = _PARAMETERS.split(), _SETTINGS.split()


@pytest.mark.parametrize("name", THEIR_PARAMETERS)
def test_every_parameter_has_its_equal(name):
    (row,) = [row for row in PARAMETERS if row.theirs == name]
    assert row.ours
    assert set(row.ours) <= set(knobs(PassOptions))


@pytest.mark.parametrize("name", THEIR_SETTINGS)
def test_every_setting_has_its_equal(name):
    assert SETTINGS.get(name) in BY_KEY or OPTIONS.get(name) in knobs(PassOptions)


def test_the_page_is_made_from_the_options():
    made = runpy.run_path(str(DOCS / "make_passes.py"))
    text = (DOCS / "passes.md").read_text(encoding="utf-8")
    assert made["page"](text) == text, "run python docs/make_passes.py"
    assert all(f"`{name}`" in text for name in (*THEIR_PARAMETERS, *THEIR_SETTINGS))
    assert all(f"(`{name}`)" in text for name in knobs(PassOptions))


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ({"ad_model": "face_yolov8n.pt"}, {"target": "face", "model": "face_yolov8n.pt"}),
        ({"ad_model": "hand_yolov8n.pt"}, {"target": "hand", "model": "hand_yolov8n.pt"}),
        ({"ad_model": "person_yolov8n-seg.pt"}, {"model": "person_yolov8n-seg.pt"}),
        ({"ad_model": "mediapipe_face_full"}, {"target": "face"}),
        ({"ad_model": "my/own.pt"}, {"model": "own.pt"}),
    ],
)
def test_a_model_says_the_target(theirs, ours):
    assert read_passes([theirs]) == (PassOptions(enabled=True, **ours),)


def test_a_unit_is_understood():
    unit, notes = read_passes_noting(
        [
            {
                "ad_model": "face_yolov8n.pt", "ad_prompt": "a [SEP] b", "ad_confidence": 0.5,
                "ad_mask_filter_method": "Confidence", "ad_mask_k": 2, "ad_mask_min_ratio": 0.1,
                "ad_dilate_erode": 8, "ad_x_offset": 3, "ad_y_offset": 5,
                "ad_mask_merge_invert": "Merge and Invert", "ad_denoising_strength": 0.3,
                "ad_use_steps": True, "ad_steps": 12, "ad_use_cfg_scale": False,
                "ad_cfg_scale": 9.0, "ad_use_sampler": True, "ad_sampler": "DDIM",
                "ad_scheduler": "Use same scheduler", "ad_use_inpaint_width_height": True,
                "ad_inpaint_width": 640, "ad_controlnet_model": "None",
                "ad_controlnet_module": "tile_resample", "ad_restore_face": True,
            }
        ]
    )  # fmt: skip
    assert notes == ()
    assert unit[0] == PassOptions(
        enabled=True, target="face", model="face_yolov8n.pt", prompt="a [SEP] b", confidence=0.5,
        top_by="confidence", top_k=2, min_area=0.1, grow=8.0, offset_x=3, offset_y=-5,
        merge="merge and invert", denoise=0.3, steps=12, sampler="DDIM", width=640,
        controlnet_module="tile_resample", restore_faces=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    "unit",
    [
        {"ad_model": "None", "ad_prompt": "x"},
        {"ad_prompt": "x"},
        {"ad_model": "face_yolov8n.pt", "ad_tab_enable": False},
    ],
)
def test_a_unit_that_is_off_there_is_off_here(unit):
    assert read_passes([unit])[0].enabled is False


def test_what_has_no_equal_is_told():
    _, (note,) = read_passes_noting([{"ad_model": "face_yolov8n.pt", "ad_new_thing": 1}])
    assert "ad_new_thing" in note.message
