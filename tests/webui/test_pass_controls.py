"""The controls of the passes as gradio components; gradio 3.41 and 4.x."""

from __future__ import annotations

import pytest

from animeseg.options import PassOptions, knobs

gr = pytest.importorskip("gradio", reason="gradio is not installed here")

from animeseg.webui.pass_args import NAMES, read_passes, write_passes  # noqa: E402
from animeseg.webui.pass_controls import TARGETS, build_passes  # noqa: E402


@pytest.fixture(params=["txt2img", "img2img"])
def built(request):
    with gr.Blocks():
        return build_passes(request.param, 3)


def test_components_are_in_the_order_of_the_arguments(built):
    ids = [component.elem_id.split("_animeseg_")[1] for component in built.components]
    assert ids == [f"pass{number}_{name}" for number in (1, 2, 3) for name in NAMES]


def test_their_values_are_passes_that_are_off(built):
    assert read_passes([part.value for part in built.components]) == (PassOptions(),) * 3


def test_labels_are_those_of_the_options_in_every_pass(built):
    labels = [component.label for component in built.components]
    assert labels == [knobs(PassOptions)[name].label for name in NAMES] * 3


def test_what_was_written_is_pasted(built):
    units = (PassOptions(), PassOptions(enabled=True, target="face", steps=7, merge="merge"))
    parameters = write_passes(units)
    values = [field(parameters) for _, field in built.infotext_fields]
    assert read_passes(values) == (*units, PassOptions())
    assert built.paste_field_names == [str(field) for _, field in built.infotext_fields]


def test_as_many_passes_as_set():
    with gr.Blocks():
        assert len(build_passes("txt2img").components) == 2 * len(NAMES)


def test_every_suggested_target_can_be_read():
    from animeseg.targets import parse

    for target in TARGETS:
        assert parse(target).text == target
