from __future__ import annotations

import argparse

import pytest

from animeseg.cli.flags import add_option_flags, flag_of, options_from
from animeseg.errors import OptionError
from animeseg.options import Options, knobs

OTHER = {"bool": True, "int": 1, "float": 0.5, "str": "other", "list": ("a", "b")}


@pytest.fixture
def parse():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--options")
    add_option_flags(parser)
    return lambda *args: options_from(parser.parse_args(list(args)))


def other_value(knob):
    """A value of the knob that is not its default."""
    if knob.choices:
        return knob.choices[-1] if knob.choices[-1] != knob.default else knob.choices[0]
    if knob.kind == "bool":
        return not knob.default
    if knob.minimum is not None:
        value = knob.minimum if knob.minimum != knob.default else knob.maximum
        return int(value) if knob.kind == "int" else float(value)
    return OTHER[knob.kind]


def words(knob, value):
    if knob.kind == "bool":
        return [flag_of(knob) if value else flag_of(knob).replace("--", "--no-", 1)]
    return [flag_of(knob), ",".join(value) if knob.kind == "list" else str(value)]


# A range needs both ends: the other end is moved along.
PARTNERS = {"max_area": ["--min-area", "0"], "max_aspect": ["--min-aspect", "0"]}


@pytest.mark.parametrize("name", knobs())
def test_every_option_can_be_set_by_a_flag(parse, name):
    knob = knobs()[name]
    value = other_value(knob)
    assert getattr(parse(*PARTNERS.get(name, []), *words(knob, value)), name) == value


def test_no_flag_gives_the_defaults(parse):
    assert parse() == Options()


@pytest.mark.parametrize(
    "args", [["--classes", "a,b", "--classes", "c"], ["--classes", " a , b,,c "]]
)
def test_lists_may_be_repeated_or_separated_by_commas(parse, args):
    assert parse(*args).classes == ("a", "b", "c")


def test_negative_numbers_are_values_not_flags(parse):
    assert parse("--mask-grow", "-3.5").mask_grow == -3.5


@pytest.mark.parametrize("content", ["", "{", "[1]", "null", "[" * 100_000, "\0", '"text"'])
def test_a_damaged_options_file_is_a_clear_error(parse, tmp_path, content):
    path = tmp_path / "options.json"
    path.write_text(content)
    args = argparse.Namespace(options=path)
    with pytest.raises(OptionError, match=r"--options: .*give a JSON file"):
        options_from(args)
