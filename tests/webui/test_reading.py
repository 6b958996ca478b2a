"""Whatever a form, an API call or an infotext gives becomes options; nothing raises."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from animeseg.options import Options, OutputOptions, PassOptions, knobs
from animeseg.webui.reading import clamp, read, read_noting, read_values

SETS = [Options, OutputOptions, PassOptions]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@pytest.mark.parametrize("options", SETS, ids=lambda one: one.__name__)
class TestEverySet:
    @given(data=st.data())
    def test_anything_gives_options(self, options, data):
        names = st.sampled_from([*knobs(options), "unknown"])
        values = data.draw(st.dictionaries(names, JSON, max_size=6))
        assert isinstance(read(options, values), options)

    def test_nothing_and_none_mean_the_defaults(self, options):
        assert read(options, {}) == options()
        assert read_noting(options, dict.fromkeys(knobs(options))) == (options(), ())
        assert read_values(options, list(knobs(options)), []) == options()

    def test_what_is_right_is_left_alone(self, options):
        changed = {
            name: (not knob.default if knob.kind == "bool" else knob.maximum)
            for name, knob in knobs(options).items()
            if knob.kind in ("bool", "float")
        }
        read_back, notes = read_noting(options, changed)
        assert read_back.as_dict() == options(**changed).as_dict()
        assert notes == ()


@pytest.mark.parametrize(
    ("name", "given_value", "expected", "changed"),
    [
        ("confidence", 7, 1.0, True),
        ("confidence", -1, 0.0, True),
        ("confidence", "0.25", 0.25, False),
        ("confidence", math.nan, 0.0, True),
        ("confidence", [1], 0.0, True),
        ("top_k", 2.6, 3, True),
        ("top_k", 3.0, 3, False),
        ("prompt_mask", "off", False, False),
        ("prompt_mask", "perhaps", True, True),
        ("prompt_mask", 0, False, False),
        ("order", "Reading", "reading", False),
        ("order", "sideways", "left-to-right", True),
        ("model", "", "character-n", False),
        ("model", "a\0b", "ab", True),
        ("classes", "person, , girl", ["person", "girl"], False),
    ],
)
def test_values_are_clamped_and_changes_told(name, given_value, expected, changed):
    assert clamp(knobs()[name], given_value) == (expected, changed)


def test_lists_of_choices_and_colours_of_pickers_are_understood():
    some = read(
        OutputOptions, {"outputs": "mask,cutout", "background_colour": "rgba(255, 0, 10.2, 1)"}
    )
    assert some.outputs == ("mask", "cutout")
    assert some.background_colour == "#ff000a"
    odd, notes = read_noting(OutputOptions, {"outputs": ["mask", "soup"], "background_colour": "x"})
    assert (odd.outputs, odd.background_colour) == (("mask",), "#ffffff")
    assert [note.code for note in notes] == ["option_changed"] * 2


def test_limits_that_cross_fall_back_and_are_told():
    options, notes = read_noting(Options, {"min_area": 0.5, "max_area": 0.1, "top_k": 3})
    assert (options.min_area, options.max_area, options.top_k) == (0.0, 0.1, 3)
    assert "min_area" in notes[0].message


def test_unknown_names_are_told():
    _, notes = read_noting(Options, {"<script>": 1})
    assert notes[0].code == "option_unknown"
