"""Every knob accepts what it says and refuses the rest by name."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from animeseg.cli.reference import markdown
from animeseg.errors import OptionError
from animeseg.options import ORDERS, Options, knobs

EVERY = list(knobs().values())
NUMBERS = [knob for knob in EVERY if knob.kind in ("int", "float")]
WRONG = {
    "bool": [1, 0, "true", None, []],
    "int": [1.5, 2.0, True, "3", None, [1], math.nan],
    "float": [True, "0.5", None, [0.5], math.nan, math.inf, -math.inf, 1j],
    "str": [1, None, True, ["x"], b"x", "", "a\0b", "x" * 5000],
    "list": ["person", None, 5, [1], [None], {"a": 1}, ["x"] * 1001],
}


def named(knob):
    return knob.name


@pytest.mark.parametrize("knob", EVERY, ids=named)
class TestEveryKnob:
    def test_the_default_is_accepted(self, knob):
        assert getattr(Options(**{knob.name: knob.default}), knob.name) == knob.default

    def test_wrong_types_are_refused_by_name(self, knob):
        for value in WRONG[knob.kind]:
            with pytest.raises(OptionError, match=rf"^{knob.name}: ") as caught:
                Options(**{knob.name: value})
            assert caught.value.field == knob.name
            assert caught.value.cure
            assert len(str(caught.value)) < 400

    def test_it_is_shown_in_words(self, knob):
        assert knob.label
        assert knob.help.endswith(".")
        assert knob.section
        assert knob.infotext == f"animeseg {knob.label.lower()}"
        assert ":" not in knob.label  # they separate the infotext
        assert "," not in knob.label


@pytest.mark.parametrize("knob", NUMBERS, ids=named)
class TestEveryNumber:
    def test_both_ends_are_accepted_and_nothing_beyond(self, knob):
        whole = int if knob.kind == "int" else float
        partners = {"min_area": "max_area", "min_aspect": "max_aspect"}
        partners |= {high: low for low, high in partners.items()}
        for end, beyond in ((knob.minimum, -1), (knob.maximum, 1)):
            values = {knob.name: whole(end)}
            if knob.name in partners:
                values[partners[knob.name]] = whole(end)
            assert getattr(Options(**values), knob.name) == end
            with pytest.raises(OptionError, match=rf"^{knob.name}: .*out of range; give") as caught:
                Options(**{knob.name: whole(end + beyond * knob.step)})
            assert f"{knob.maximum:g}" in caught.value.cure

    def test_a_slider_reaches_the_default(self, knob):
        assert knob.minimum <= knob.default <= knob.maximum
        steps = (knob.default - knob.minimum) / knob.step
        assert steps == pytest.approx(round(steps))


@pytest.mark.parametrize("knob", [knob for knob in EVERY if knob.choices], ids=named)
def test_every_choice_is_accepted_and_no_other(knob):
    for choice in knob.choices:
        assert getattr(Options(**{knob.name: choice}), knob.name) == choice
    with pytest.raises(OptionError, match=f"choose one of {knob.choices[0]}"):
        Options(**{knob.name: "something else"})


def test_labels_and_names_are_unique():
    assert len({knob.label for knob in EVERY}) == len({knob.infotext for knob in EVERY})
    assert len({knob.label for knob in EVERY}) == len(EVERY)


def test_there_are_at_least_ten_orders():
    assert len(set(ORDERS)) == len(ORDERS) >= 10


@pytest.mark.parametrize("name", ["min_areas", "", "__class__", "x" * 10_000, "knobs"])
def test_unknown_names_are_refused(name):
    with pytest.raises(OptionError, match="is not an option") as caught:
        Options.from_mapping({name: 1})
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(("low", "high"), [("min_area", "max_area"), ("min_aspect", "max_aspect")])
def test_a_range_upside_down_is_refused(low, high):
    with pytest.raises(OptionError, match=f"{low}: is above {high}"):
        Options(**{low: 0.9, high: 0.1})


def test_whole_numbers_are_taken_for_floats():
    value = Options(confidence=1).confidence
    assert value == 1.0
    assert type(value) is float


@st.composite
def any_options(draw):
    values = {}
    for knob in EVERY:
        if draw(st.booleans()):
            continue
        if knob.choices:
            values[knob.name] = draw(st.sampled_from(knob.choices))
        elif knob.kind == "int":
            values[knob.name] = draw(st.integers(int(knob.minimum), int(knob.maximum)))
        elif knob.kind == "float":
            values[knob.name] = draw(st.floats(knob.minimum, knob.maximum))
        elif knob.kind == "bool":
            values[knob.name] = draw(st.booleans())
        elif knob.kind == "list":
            values[knob.name] = draw(st.lists(st.text(max_size=5), max_size=3))
    for low, high in (("min_area", "max_area"), ("min_aspect", "max_aspect")):
        if values.get(low, 0) > values.get(high, knobs()[high].default):
            values.pop(low)
    return Options(**values)


@given(any_options())
def test_options_survive_json(options):
    assert Options.from_mapping(json.loads(options.to_json())) == options
    assert Options.from_mapping(options.changed()) == options
    assert options.replace() == options
    assert list(options.as_dict()) == list(knobs())


def test_only_what_differs_is_called_changed():
    assert Options().changed() == {}
    changed = Options(top_k=3, classes=("person",), confidence=0.0).changed()
    assert changed == {"top_k": 3, "classes": ["person"]}


def test_replacing_checks_like_making():
    assert Options(top_k=3).replace(order="reading").top_k == 3
    with pytest.raises(OptionError, match="top_k"):
        Options().replace(top_k=-1)
    with pytest.raises(OptionError, match="nothing"):
        Options().replace(nothing=1)


def test_the_reference_in_the_docs_is_in_step(repository):
    page = (repository / "docs" / "options.md").read_text("utf-8")
    assert page == markdown() + "\n", "run: animeseg options --markdown > docs/options.md"
