"""Options survive the generation parameters, and hostile parameters do no harm (fault 23)."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from animeseg.options import Options, OutputOptions, PanelOptions, PassOptions, knobs
from animeseg.webui.infotext import Field, mentions, value_of, write
from animeseg.webui.panel_args import SETS
from animeseg.webui.reading import read

HOSTS_PATTERN = re.compile(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')
"""How hosts take parameters apart."""

ALL = [knob for options in (*SETS, PassOptions) for knob in knobs(options).values()]


def quoted(text):
    plain = not any(sign in text for sign in ",\n:")
    return text if plain else json.dumps(text, ensure_ascii=False)


def parsed(line):
    found = {}
    for key, value in HOSTS_PATTERN.findall(line):
        found[key] = unquoted(value)
    return found


def unquoted(text):
    if text[:1] != '"' or text[-1:] != '"':
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def through_the_host(written):
    return parsed(", ".join(f"{key}: {quoted(value)}" for key, value in written.items()))


@pytest.mark.parametrize("knob", ALL, ids=lambda knob: knob.infotext)
def test_keys_are_such_that_hosts_can_read_them(knob):
    assert parsed(f"Steps: 20, {knob.infotext}: 7, Size: 1x1")[knob.infotext] == "7"


def test_only_what_differs_is_written():
    assert write(PanelOptions(), OutputOptions(), Options()) == {}
    options = Options(confidence=0.25, classes=("a", "b"), prompt_mask=False)
    assert write(PanelOptions(enabled=True), options) == {
        "animeseg enabled": "True",
        "animeseg confidence": "0.25",
        "animeseg classes": "a, b",
        "animeseg mask prompt": "False",
    }
    assert write(Options(device="cpu"), without=("device",)) == {}


SOME = st.fixed_dictionaries(
    {},
    optional={
        "confidence": st.floats(0, 1),
        "mask_grow": st.floats(-256, 256),
        "top_k": st.integers(0, 500),
        "prompt_mask": st.booleans(),
        "classes": st.lists(st.text("abc'\"\\:ä<>", min_size=1, max_size=5), max_size=3),
        "target": st.sampled_from(["character - face", "character[0], face", "@largest"]),
        "order": st.sampled_from(["reading", "center-out"]),
    },
)


@given(SOME)
@example({"classes": ['"']})
@example({"classes": ['"a"']})
@example({"classes": ['"a', 'b"']})
def test_what_was_written_is_read_back(values):
    options = Options.from_mapping(values)
    line = through_the_host({"animeseg enabled": "True", **write(options)})
    read_back = {name: value_of(knob, line) for name, knob in knobs(Options).items()}
    assert read(Options, read_back) == options


def test_nothing_chosen_is_read_back_as_nothing():
    line = through_the_host(write(PanelOptions(enabled=True), OutputOptions(outputs=()), Options()))
    assert value_of(knobs(OutputOptions)["outputs"], line) == []


def test_what_is_not_mentioned_goes_back_to_its_default():
    knob = knobs()["confidence"]
    assert value_of(knob, {"animeseg enabled": "True"}) == knob.default


def test_parameters_without_us_leave_everything_alone():
    parameters = {"Steps": "20", "Prompt": "animeseg confidence"}
    assert not mentions(parameters)
    assert all(value_of(knob, parameters) is None for knob in ALL)


@pytest.mark.parametrize(
    "value",
    ["9" * 10_240, "nan", "1e999", "-5", "<img src=x onerror=alert(1)>", '"', "a\nb", "\0", "Ω, :"],
)
def test_hostile_values_give_values_in_range(value):
    parameters = {knob.infotext: value for knob in ALL} | {"animeseg future option": "1"}
    for options in (*SETS, PassOptions):
        values = {name: value_of(knob, parameters) for name, knob in knobs(options).items()}
        for name, knob in knobs(options).items():
            if knob.kind in ("int", "float"):
                assert knob.minimum <= values[name] <= knob.maximum
            if knob.choices and knob.kind == "str":
                assert values[name] in knob.choices
        read(options, values)


@given(st.text(max_size=400))
def test_any_text_is_read(text):
    line = parsed(text) | {"animeseg enabled": text}
    for knob in ALL:
        value_of(knob, line)


def test_lists_come_as_their_components_want_them():
    parameters = {"animeseg outputs": "mask, cutout, soup", "animeseg classes": "a, b"}
    assert value_of(knobs(OutputOptions)["outputs"], parameters) == ["mask", "cutout"]
    assert value_of(knobs(Options)["classes"], parameters) == "a, b"


def test_fields_are_keys_and_functions_at_once():
    field = Field(knobs()["confidence"])
    assert field == "animeseg confidence"
    assert field in ["animeseg confidence"]
    assert field({"animeseg confidence": "0.5"}) == 0.5
    assert field({}) is None
