"""The panels as gradio components: order, switch, pasting; gradio 3.41 and 4.x."""

from __future__ import annotations

import pytest

from animeseg.options import Options, OutputOptions, PassOptions

gr = pytest.importorskip("gradio", reason="gradio is not installed here")

from animeseg.webui import extras, panel  # noqa: E402
from animeseg.webui.panel_args import BACKDROP, NAMES, is_enabled, read_request  # noqa: E402
from animeseg.webui.pass_args import NAMES as PASS_NAMES  # noqa: E402
from animeseg.webui.pass_args import read_passes  # noqa: E402
from animeseg.webui.pass_controls import build_passes  # noqa: E402


@pytest.fixture(params=[False, True], ids=["txt2img", "img2img"])
def built(request):
    with gr.Blocks():
        return panel.build(request.param)


def test_components_are_in_the_order_of_the_arguments(built):
    ids = [component.elem_id for component in built.components]
    assert [one.removeprefix("script_")[8:].removeprefix("animeseg_") for one in ids] == list(NAMES)
    assert len(set(ids)) == len(ids)


def test_it_is_off_and_its_values_are_the_defaults(built):
    values = [component.value for component in built.components]
    assert not is_enabled(values)
    request = read_request(values)
    assert (request.output, request.options) == (OutputOptions(), Options())
    assert request.notes == ()


def test_labels_are_told_apart_by_the_hosts_configuration(built):
    labels = [component.label for component in built.components]
    assert len(set(labels)) == len(labels)
    assert labels[0] == panel.TITLE == "animeseg"


def test_pasting_sets_every_component_but_the_picture(built):
    parameters = {"animeseg enabled": "True", "animeseg outputs": "mask, layers"}
    pasted = {id(part): field(parameters) for part, field in built.infotext_fields}
    for name, part in zip(NAMES, built.components, strict=True):
        if name == BACKDROP:
            assert id(part) not in pasted
        elif name == "enabled":
            assert pasted[id(part)] is True
        elif name == "outputs":
            assert pasted[id(part)] == ["mask", "layers"]
        else:
            assert pasted[id(part)] == part.value
    assert built.paste_field_names == [str(field) for _, field in built.infotext_fields]


def test_the_panel_can_be_made_again(built):
    """Hosts call it three times a tab, twice of them inside a page that is thrown away."""
    with gr.Blocks():
        again = panel.build(False)
    assert len(again.components) == len(built.components)


def test_the_automatic_mask_is_seen_in_img2img_only():
    with gr.Blocks():
        shown = panel.build(True).components[NAMES.index("auto_mask")]
        hidden = panel.build(False).components[NAMES.index("auto_mask")]
    assert (shown.visible, hidden.visible) == (True, False)


def test_the_passes_are_made_inside_the_panel_and_follow_it():
    with gr.Blocks():
        built = panel.build(True, lambda tab: build_passes(tab, 2))
    ids = [component.elem_id for component in built.components[len(NAMES) :]]
    assert ids == [
        f"script_img2img_animeseg_pass{number}_{name}" for number in (1, 2) for name in PASS_NAMES
    ]
    parameters = {"animeseg pass 2": "face"}
    pasted = [field(parameters) for _, field in built.infotext_fields[1 - len(NAMES) :]]
    assert "face" in pasted
    request = read_request([component.value for component in built.components])
    assert read_passes(request.rest) == (PassOptions(),) * 2


def test_the_extras_step_is_a_mapping_whose_first_entry_is_the_switch():
    with gr.Blocks():
        parts = extras.ui()
    assert next(iter(parts)) == "enabled"
    assert parts["enabled"].value is False
    assert set(parts) == set(NAMES) - {"auto_mask"}
    request = read_request([{name: part.value for name, part in parts.items()}])
    assert (request.output, request.options, request.notes) == (OutputOptions(), Options(), ())
