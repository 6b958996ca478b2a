"""Axes of the grid are added once and reach the pipeline."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from animeseg import Instances
from animeseg.options import Options, PassOptions
from animeseg.webui import generate, xyz
from animeseg.webui.pass_axes import pass_axes
from animeseg.webui.pass_job import plans_of
from animeseg.webui.pass_mask import Regions


class AxisOption:
    def __init__(self, label, kind, apply, format_value=None, choices=None, **_):
        self.label, self.type, self.apply, self.choices = label, kind, apply, choices


@pytest.fixture
def grid(monkeypatch):
    made = SimpleNamespace(AxisOption=AxisOption, axis_options=[])
    entry = SimpleNamespace(path="/host/scripts/xyz_grid.py", module=made)
    other = SimpleNamespace(path="/host/scripts/loopback.py", module=None)
    scripts = SimpleNamespace(scripts_data=[other, entry])
    monkeypatch.setattr(xyz, "module", lambda name: scripts if name == "scripts" else None)
    return made


def axis(grid, name):
    return next(one for one in grid.axis_options if one.label == f"[animeseg] {name}")


def test_axes_are_added_once(grid):
    assert xyz.add_axes()
    count = len(grid.axis_options)
    assert xyz.add_axes()
    assert len(grid.axis_options) == count == len(xyz.AXIS_NAMES) + len(pass_axes())


def test_values_of_several_axes_reach_the_options(grid):
    xyz.add_axes()
    p = SimpleNamespace(extra_generation_params={})
    axis(grid, "Confidence").apply(p, 0.7, [0.5, 0.7])
    axis(grid, "SAM model").apply(p, "sam-vit-b", [])
    axis(grid, "Refinement").apply(p, "edge", [])
    axis(grid, "Grow").apply(p, 9.0, [])
    axis(grid, "Detector").apply(p, "my.pt", [])
    options = generate._begin(p, [True]).request.options
    expected = Options(
        confidence=0.7, sam_model="sam-vit-b", refine="edge", mask_grow=9.0, model="my.pt"
    )
    assert options == expected


def test_cells_do_not_share_values(grid):
    xyz.add_axes()
    first, second = SimpleNamespace(), SimpleNamespace()
    axis(grid, "Confidence").apply(first, 0.7, [])
    axis(grid, "Grow").apply(second, 9.0, [])
    assert second.animeseg_axes == {"mask_grow": 9.0}


def test_types_and_choices_are_those_of_the_options(grid):
    xyz.add_axes()
    assert axis(grid, "Confidence").type is float
    assert axis(grid, "Refinement").choices() == ["auto", "prompt", "vote", "edge", "none"]
    assert "character-n" in axis(grid, "Detector").choices()
    assert axis(grid, "Grow").choices is None


def test_a_host_without_the_grid_is_fine(monkeypatch):
    monkeypatch.setattr(xyz, "module", lambda name: None)
    assert not xyz.add_axes()


def test_the_first_pass_has_axes(grid):
    xyz.add_axes()
    p = SimpleNamespace(extra_generation_params={})
    axis(grid, "Pass 1: Inpaint denoising strength").apply(p, 0.7, [0.5, 0.7])
    axis(grid, "Pass 1: Inpaint only masked").apply(p, "False", ["True", "False"])
    units = generate._begin(p, [True, {}, {"target": "face"}, {}]).passes
    face = PassOptions(enabled=True, target="face", denoise=0.7, only_masked=False)
    assert units == (face, PassOptions(enabled=True))
    assert generate._begin(p, [True, {}]).passes == ()


def test_prompts_of_passes_are_searched_and_replaced(grid):
    xyz.add_axes()
    p = SimpleNamespace(
        prompt="a red hat", negative_prompt="no red", styles=[], all_prompts=["a red hat"],
        all_negative_prompts=["no red"], all_seeds=[1], all_subseeds=[1],
    )  # fmt: skip
    axis(grid, "Prompt S/R in passes").apply(p, "blue", ["red", "blue"])
    mask = np.ones((1, 8, 8), np.bool_)
    found = Regions(Instances.from_masks(mask), list(mask))
    (plan,) = plans_of(p, 0, PassOptions(prompt="[PROMPT], red eyes"), found)
    assert (plan.prompt, plan.negative_prompt) == ("a blue hat, blue eyes", "no blue")
    assert p.prompt == "a red hat"
    axis(grid, "Prompt S/R in passes and picture").apply(p, "blue", ["red", "blue"])
    assert (p.prompt, p.negative_prompt) == ("a blue hat", "no blue")
