"""Arguments of the panel in every form that hosts and API users send."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from animeseg.options import Options, OutputOptions, PanelOptions, knobs
from animeseg.webui.panel_args import BACKDROP, NAMES, OWN_KEYS, SETS, is_enabled, read_request

MACHINE = {"device", "precision"}


def test_every_option_has_its_place_and_the_first_is_the_switch():
    known = [name for options in SETS for name in knobs(options)]
    assert NAMES[0] == "enabled"
    assert sorted(NAMES) == sorted(set(known) - MACHINE)
    assert len(set(known)) == len(known), "names are told apart without their set"
    assert len(set(OWN_KEYS)) == len(OWN_KEYS)


FROZEN = "enabled outputs background background_colour background_blur background_picture"


def test_places_are_frozen():
    """Scripts of API users count on them: new options go to the end."""
    assert " ".join(NAMES[:6]) == FROZEN
    assert NAMES.index("model") == 9
    assert NAMES.index("cutout_feather") == 52


def positional(**values):
    both = {"enabled": True, **values}
    return [both.get(name) for name in NAMES]


@pytest.mark.parametrize(
    "args",
    [
        [True, {"confidence": 0.4, "outputs": ["mask"], "auto_mask": True}, {"a": 1}, 3],
        [
            {"enabled": True, "confidence": 0.4, "outputs": "mask", "auto_mask": "True"},
            None,
            {"a": 1},
        ],
        [*positional(confidence=0.4, outputs=["mask"], auto_mask=True), {"a": 1}],
    ],
    ids=["switch and mapping", "mapping", "by position"],
)
def test_all_forms_mean_the_same(args):
    request = read_request(args)
    assert request.panel == PanelOptions(enabled=True, auto_mask=True)
    assert request.output == OutputOptions(outputs=("mask",))
    assert request.options == Options(confidence=0.4)
    assert request.rest == ({"a": 1},)
    assert request.notes == ()


def test_what_the_hosts_api_fills_up_with_behind_a_mapping_means_nothing():
    """It fills a short list up with the values of the page, each in its own place."""
    filled = [None, ["cutout"], "transparent", *[0.5] * (len(NAMES) - 3), True, "its target"]
    request = read_request([True, {"outputs": ["mask"]}, *filled[2:]])
    assert request.output.outputs == ("mask",)
    assert request.options == Options()
    assert request.rest == ()
    request = read_request([True, {}, {"prompt": "a"}, {"prompt": "b"}, *filled[4:]])
    assert request.rest == ({"prompt": "a"}, {"prompt": "b"})


@pytest.mark.parametrize("count", [0, 1, 2, 7, len(NAMES)])
def test_short_lists_keep_the_defaults(count):
    request = read_request([None] * count)
    assert (request.output, request.options) == (OutputOptions(), Options())
    assert request.panel.enabled is False


def test_axes_of_a_grid_go_over_the_arguments():
    request = read_request([True, {"confidence": 0.4}], {"confidence": 0.7, "model": "other"})
    assert request.options == Options(confidence=0.7, model="other")


def test_what_cannot_be_taken_is_told():
    request = read_request([True, {"confidence": "much", "soup": 1}])
    assert request.options == Options()
    assert [note.code for note in request.notes] == ["option_unknown", "option_changed"]


def test_the_background_picture_is_handed_on_and_is_no_path():
    request = read_request([True, {BACKDROP: "/etc/passwd", "background": "picture"}])
    assert request.backdrop == "/etc/passwd"
    assert request.output.background_picture == ""


@pytest.mark.parametrize(
    ("args", "enabled"),
    [
        ([], False), ([None], False), ([False], False), ([True], True), (["True"], True),
        ([1], True), ([{"enabled": True}], True), ([{}], False), ([{"enabled": 0}], False),
        ([[True]], False), (["no"], False),
    ],
)  # fmt: skip
def test_the_switch_is_read_without_reading_the_rest(args, enabled):
    assert is_enabled(args) is enabled


VALUES = st.none() | st.booleans() | st.floats() | st.text(max_size=9) | st.lists(st.text())


@given(st.lists(VALUES | st.dictionaries(st.sampled_from(NAMES), VALUES), max_size=60))
def test_anything_is_read(args):
    is_enabled(args)
    read_request(args)
