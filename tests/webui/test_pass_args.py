"""Passes as arguments and in the generation parameters: whatever is given, options come out."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from animeseg.options import PassOptions, knobs
from animeseg.webui.pass_args import (
    MOST_PASSES,
    NAMES,
    PassField,
    key_of,
    pasted_passes,
    read_passes,
    read_passes_noting,
    write_passes,
)

DEFAULTS = [knobs(PassOptions)[name].default for name in NAMES]
KEY = re.compile(r"\w[\w \-/]+")
"""What the host reads as a key of the generation parameters."""


def test_every_option_of_a_pass_has_its_argument():
    assert sorted(NAMES) == sorted(knobs(PassOptions))


def test_values_by_position_are_passes_in_turn():
    second = list(DEFAULTS)
    second[NAMES.index("enabled")] = True
    second[NAMES.index("target")] = "face"
    assert read_passes(DEFAULTS + second) == (
        PassOptions(),
        PassOptions(enabled=True, target="face"),
    )


def test_a_short_list_keeps_defaults_for_the_rest():
    assert read_passes([True, "face"]) == (PassOptions(enabled=True, target="face"),)
    assert read_passes([]) == ()


def test_a_mapping_is_a_pass_that_is_made():
    units = read_passes([{"target": "face", "denoise": 0.2}, {"enabled": False}])
    assert units == (PassOptions(enabled=True, target="face", denoise=0.2), PassOptions())


def test_what_the_host_fills_up_with_behind_a_mapping_is_no_pass():
    assert read_passes([{"target": "face"}, True, "left over", 0.5, *DEFAULTS]) == (
        PassOptions(enabled=True, target="face"),
    )


def test_what_is_wrong_is_clamped_and_told_with_the_number_of_the_pass():
    units, notes = read_passes_noting([{}, {"denoise": 7, "nothing": 1, "steps": None}])
    assert units[1] == PassOptions(enabled=True, denoise=1.0)
    assert all(note.message.startswith("pass 2: ") for note in notes)
    assert len(notes) == 2


def test_there_is_a_most():
    assert len(read_passes([{}] * 40)) == MOST_PASSES


@given(
    st.lists(
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(),
            st.floats(),
            st.text(),
            st.dictionaries(st.sampled_from(NAMES), st.text()),
        ),
        max_size=60,
    )
)
def test_any_arguments_give_passes(values):
    for unit in read_passes(values):
        assert isinstance(unit, PassOptions)


def test_only_passes_that_are_made_and_what_is_not_default_is_written():
    units = (
        PassOptions(target="hand"),
        PassOptions(enabled=True, target="face - hand", denoise=0.3, prompt="a, b: c [SEP] d"),
        PassOptions(enabled=True),
    )
    assert write_passes(units) == {
        "animeseg pass 2": "face - hand",
        "animeseg pass 2 prompt": "a, b: c [SEP] d",
        "animeseg pass 2 inpaint denoising strength": "0.3",
        "animeseg pass 3": "character",
    }


VALUES = {
    "bool": st.booleans(),
    "str": st.text(alphabet="abc [SEP],:\n\"'", min_size=1, max_size=20).filter(str.strip),
}


def _value(knob):
    if knob.choices:
        return st.sampled_from(knob.choices)
    if knob.kind == "int":
        return st.integers(int(knob.minimum), int(knob.maximum))
    if knob.kind == "float":
        return st.floats(knob.minimum, knob.maximum)
    return VALUES[knob.kind]


LIMITS = ("min_area", "max_area", "controlnet_start", "controlnet_end")
FREE = [knob for name, knob in knobs(PassOptions).items() if name not in (*LIMITS, "enabled")]


@given(st.fixed_dictionaries({}, optional={knob.name: _value(knob) for knob in FREE}))
def test_what_is_written_is_read_back(values):
    units = (PassOptions(), PassOptions(enabled=True, **values))
    assert pasted_passes(_through_the_host(write_passes(units))) == units


def _through_the_host(written):
    """Hosts quote what has a comma, colon or line break, and unquote all that is in quotes."""
    return {key: _unquoted(_quoted(value)) for key, value in written.items()}


def _quoted(text):
    return json.dumps(text, ensure_ascii=False) if any(sign in text for sign in ",:\n") else text


def _unquoted(text):
    try:
        return json.loads(text) if text[:1] == text[-1:] == '"' else text
    except ValueError:
        return text


@pytest.mark.parametrize("name", NAMES)
def test_keys_are_such_as_the_host_reads_and_no_two_alike(name):
    key = key_of(3, knobs(PassOptions)[name])
    assert KEY.fullmatch(key)
    others = [key_of(n, knob) for n in (1, 3) for knob in knobs(PassOptions).values()]
    assert others.count(key) == 1


def test_parameters_of_others_change_nothing_and_ours_reset_what_they_do_not_name():
    enabled = PassField(1, knobs(PassOptions)["enabled"])
    denoise = PassField(1, knobs(PassOptions)["denoise"])
    assert enabled({"Steps": "20"}) is None
    assert denoise({"Steps": "20"}) is None
    assert enabled({"animeseg enabled": "True"}) is False
    assert denoise({"animeseg enabled": "True"}) == 0.4
    assert enabled({"animeseg pass 1": "face"}) is True


@pytest.mark.parametrize(
    ("given_value", "read"), [("9", 1.0), ("many", 0.4), ("0.25", 0.25), ("x" * 99_999, 0.4)]
)
def test_a_hand_edited_value_is_clamped_or_ignored(given_value, read):
    key = "animeseg pass 1 inpaint denoising strength"
    found = pasted_passes({"animeseg pass 1": "face", key: given_value})
    assert found == (PassOptions(enabled=True, target="face", denoise=read),)


def test_the_field_is_its_key():
    assert PassField(2, knobs(PassOptions)["target"]) == "animeseg pass 2"
