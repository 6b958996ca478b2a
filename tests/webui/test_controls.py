"""Every knob becomes a component whose value reads back as the knob's; gradio 3.41 and 4.x."""

from __future__ import annotations

import pytest

from animeseg.options import Options, OutputOptions, PassOptions, knobs

gr = pytest.importorskip("gradio", reason="gradio is not installed here")
controls = pytest.importorskip("animeseg.webui.controls")

from animeseg.webui.reading import read, read_values  # noqa: E402

SETS = [Options, OutputOptions, PassOptions]


@pytest.fixture(params=SETS, ids=lambda one: one.__name__)
def built(request):
    with gr.Blocks():
        return request.param, controls.controls(request.param, "script_txt2img_animeseg")


def test_what_components_start_with_is_the_default(built):
    options, parts = built
    values = [part.value for part in parts.values()]
    assert read_values(options, list(parts), values) == options()


def test_ids_and_labels_are_those_of_the_knobs(built):
    options, parts = built
    for name, part in parts.items():
        assert part.elem_id == f"script_txt2img_animeseg_{name}"
        assert part.label == knobs(options)[name].label
        assert part.info == knobs(options)[name].help


def test_what_components_return_is_understood(built):
    """Values go through the component's own preprocessing, as they do in a real page."""
    options, parts = built
    values = {name: part.preprocess(_sent(part)) for name, part in parts.items()}
    assert read(options, values) == options()


def _sent(part):
    """What the page sends for a component that nobody touched."""
    if not hasattr(part, "data_model") or part.data_model is None:
        return part.value
    return part.data_model(part.value)


def test_kinds_of_components_follow_the_knobs(built):
    options, parts = built
    for name, part in parts.items():
        knob = knobs(options)[name]
        if knob.kind == "bool":
            assert isinstance(part, gr.Checkbox)
        elif knob.kind in ("int", "float"):
            assert (part.minimum, part.maximum, part.step) == (
                knob.minimum, knob.maximum, knob.step,
            )  # fmt: skip
        elif knob.choices:
            assert [choice[-1] if isinstance(choice, tuple) else choice for choice in part.choices]


def test_models_are_offered_and_others_can_be_typed():
    with gr.Blocks():
        part = controls.controls(Options, "x", ["model"])["model"]
    offered = [one[-1] if isinstance(one, tuple) else one for one in part.choices]
    assert "character-n" in offered
    assert part.allow_custom_value
    assert part.preprocess("my-own.pt") == "my-own.pt"


def test_the_host_can_give_the_names_and_values_to_begin_with():
    with gr.Blocks():
        part = controls.control(
            knobs(PassOptions)["sampler"], "x", choices=lambda: ["Euler", "DDIM"], refresh=False
        )
        other = controls.controls(Options, "x", ["confidence"], values={"confidence": 0.5})
    offered = [one[-1] if isinstance(one, tuple) else one for one in part.choices]
    assert offered == [PassOptions().sampler, "Euler", "DDIM"]
    assert other["confidence"].value == 0.5
