"""Scripts of others in a nested run: only those named, ControlNet in the form it takes."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from animeseg.options import PassOptions
from animeseg.webui import controlnet
from animeseg.webui.controlnet import participants


class Script:
    def __init__(self, title, filename, args_from, args_to):
        self._title, self.filename = title, filename
        self.args_from, self.args_to = args_from, args_to

    def title(self):
        return self._title


class Runner:
    def __init__(self, *scripts):
        self.scripts = list(scripts)
        self.alwayson_scripts = list(scripts)
        self.selectable_scripts = ["x/y/z"]
        self.callback_map = {"script_process": (9, ["everybody"])}


class Unit:
    """What ControlNet's page hands over."""

    enabled = True


@pytest.fixture
def p():
    runner = Runner(
        Script("animeseg", "/e/animeseg/scripts/animeseg_generate.py", 1, 3),
        Script("Dynamic Prompts", "/e/dp/scripts/dynamic_prompting.py", 3, 4),
        Script("ControlNet", "/e/cn/scripts/controlnet.py", 4, 7),
        Script("Soft Inpainting", r"C:\e\scripts\soft-inpainting.py", 7, 8),
    )
    args = [0, True, {"a": 1}, [1, 2], Unit(), Unit(), Unit(), False]
    return SimpleNamespace(scripts=runner, script_args=args)


def titles(found):
    return [script.title() for script in found.scripts.alwayson_scripts]


def test_only_named_scripts_take_part(p):
    found = participants(p, PassOptions(), ["dynamic_prompting", " soft_inpainting "])
    assert titles(found) == ["Dynamic Prompts", "Soft Inpainting"]
    assert len(found.script_args) == len(p.script_args)
    assert found.scripts.callback_map == {}
    assert found.scripts.selectable_scripts == []
    assert found.note is None


def test_a_star_names_all_but_those_that_would_start_over(p):
    p.scripts.alwayson_scripts.append(Script("ADetailer", "/e/ad/scripts/!adetailer.py", 8, 8))
    assert titles(participants(p, PassOptions(), ["*"])) == ["Dynamic Prompts", "Soft Inpainting"]
    found = participants(p, PassOptions(controlnet_model="tile"), ["*"])
    assert titles(found) == ["Dynamic Prompts", "ControlNet", "Soft Inpainting"]


def test_the_outer_run_is_left_as_it_was(p):
    found = participants(p, PassOptions(controlnet_model="tile"), ["dynamic_prompting"])
    found.script_args[3].append("changed while it ran")
    assert p.script_args[3] == [1, 2]
    assert isinstance(p.script_args[4], Unit)
    assert len(p.scripts.alwayson_scripts) == 4
    assert p.scripts.callback_map == {"script_process": (9, ["everybody"])}


def test_nobody_named_means_no_runner_at_all(p):
    assert participants(p, PassOptions(), []).scripts is None
    assert participants(SimpleNamespace(scripts=None), PassOptions(), ["x"]).scripts is None


def test_a_unit_of_the_pass_takes_the_place_of_all_units(p):
    unit = PassOptions(
        controlnet_model="control_tile", controlnet_module="tile_resample",
        controlnet_weight=0.5, controlnet_start=0.1, controlnet_end=0.8,
    )  # fmt: skip
    found = participants(p, unit, [])
    assert titles(found) == ["ControlNet"]
    own, *others = found.script_args[4:7]
    assert own["enabled"]
    assert (own["model"], own["module"]) == ("control_tile", "tile_resample")
    assert (own["weight"], own["guidance_start"], own["guidance_end"]) == (0.5, 0.1, 0.8)
    assert own["pixel_perfect"]
    assert "image" not in own
    assert others == [{"enabled": False}] * 2
    assert found.script_args[7] is False


def test_passthrough_keeps_the_units_of_the_generation(p):
    found = participants(p, PassOptions(controlnet_model="passthrough"), [])
    assert titles(found) == ["ControlNet"]
    assert all(isinstance(value, Unit) for value in found.script_args[4:7])


@pytest.mark.parametrize(
    ("module", "spelled"), [("lib_controlnet.global_state", "None"), ("x", "none")]
)
def test_no_preprocessor_is_spelled_as_each_family_knows_it(p, monkeypatch, module, spelled):
    monkeypatch.setitem(sys.modules, module, SimpleNamespace())
    found = participants(p, PassOptions(controlnet_model="x"), [])
    assert found.script_args[4]["module"] == spelled


@pytest.mark.parametrize("model", ["control_tile", "passthrough"])
def test_without_controlnet_the_pass_says_so(p, model):
    del p.scripts.alwayson_scripts[2]
    found = participants(p, PassOptions(controlnet_model=model), [])
    assert found.scripts is None
    assert found.note.code == "controlnet_absent"
    assert model in found.note.message
    assert found.note.cure


def test_an_argument_that_cannot_be_copied_is_handed_on(p):
    class Stubborn:
        def __copy__(self):
            raise TypeError("no")

    p.script_args[0] = stubborn = Stubborn()
    assert participants(p, PassOptions(), ["dynamic_prompting"]).script_args[0] is stubborn


@pytest.mark.parametrize(
    ("module", "function"),
    [
        ("lib_controlnet.global_state", "get_all_controlnet_names"),
        ("internal_controlnet.external_code", "get_models"),
        ("scripts.external_code", "get_models"),
    ],
)
def test_models_are_listed_wherever_controlnet_lives(monkeypatch, module, function):
    stub = SimpleNamespace(**{function: lambda: ["None", "tile [abc]"]})
    monkeypatch.setitem(sys.modules, module, stub)
    assert controlnet.models() == ["none", "passthrough", "tile [abc]"]


def test_without_controlnet_the_choices_are_still_there():
    assert controlnet.models() == ["none", "passthrough"]
    assert controlnet.preprocessors() == ["none"]
