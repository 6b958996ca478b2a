"""The language of targets: what it accepts, how it groups, and what it says about a slip."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from animeseg.errors import OptionError
from animeseg.targets import PICKS, parse
from animeseg.targets.grammar import Combined, Inverse, Name, Picked

CHARACTER, FACE = Name("character"), Name("face")


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("character", CHARACTER),
        ("  Character ", CHARACTER),
        ("characters", CHARACTER),
        ("faces", FACE),
        ("background", Inverse(CHARACTER)),
        ("'long sleeve top'", Name("long sleeve top")),
        ('"background"', Name("background")),
        ("skirt", Name("skirt")),
        ("character[0]", Picked(CHARACTER, (0,))),
        ("character[-1]", Picked(CHARACTER, (-1,))),
        ("character[0, 2]", Picked(CHARACTER, (0, 2))),
        ("character[0:2]", Picked(CHARACTER, slice(0, 2))),
        ("character[:-1]", Picked(CHARACTER, slice(None, -1))),
        ("character[1:]", Picked(CHARACTER, slice(1, None))),
        ("character[*]", CHARACTER),
        ("character[:]", CHARACTER),
        ("face@largest", Picked(FACE, "largest")),
        ("face[@Largest]", Picked(FACE, "largest")),
        ("@left", Picked(CHARACTER, "left")),
        ("(character | face)[0]", Picked(Combined("|", CHARACTER, FACE), (0,))),
        ("character[0:2][1]", Picked(Picked(CHARACTER, slice(0, 2)), (1,))),
    ],
)
def test_what_is_written_is_what_is_meant(text, root):
    assert parse(text).root == root


@pytest.mark.parametrize(
    ("text", "grouped"),
    [
        ("character - face | hand", "(character - face) | hand"),
        ("character | face - hand", "(character | face) - hand"),
        ("character + face", "character | face"),
        ("character | face & hand", "character | (face & hand)"),
        ("!character & face", "(!character) & face"),
        ("!character[0]", "!(character[0])"),
        ("!!face", "!(!face)"),
        ("character-face", "character - face"),
        ("character[0]-face", "(character[0]) - (face)"),
    ],
)
def test_operators_bind_as_documented(text, grouped):
    assert parse(text).root == parse(grouped).root


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        ("", 1, "a word"),
        ("character -", 12, "a word"),
        ("character face", 11, "an operator or the end"),
        ("character[", 11, "a number"),
        ("character[]", 11, "a number"),
        ("character[0", 12, "]"),
        ("character[0,]", 13, "a number"),
        ("character[x]", 11, "a number"),
        ("character[99999]", 11, "a number up to"),
        ("character@middle", 11, "one of left, right"),
        ("(character", 11, ")"),
        ("character)", 10, "an operator or the end"),
        ("character ^ face", 11, "a word or an operator"),
        ("''", 1, "between the quotes"),
        ("[0]", 1, "a word"),
        ("__import__('os').system('x')", 17, "a word or an operator"),
    ],
)
def test_a_slip_is_told_with_its_column_and_what_was_expected(text, column, expected):
    with pytest.raises(OptionError) as caught:
        parse(text)
    assert caught.value.field == "target"
    assert f"column {column}: expected" in caught.value.cause
    assert expected in caught.value.cause
    assert "character[0] - face" in caught.value.cure


def test_depth_is_limited():
    parse("(" * 30 + "face" + ")" * 30)
    for text in ("(" * 5000 + "face", "!" * 5000 + "face"):
        with pytest.raises(OptionError, match="at most 32 levels"):
            parse(text)


@given(st.text(alphabet="character face[]()@!&|+-:,*0123\"' left\t€", max_size=60))
def test_any_text_is_understood_or_refused_as_an_option(text):
    with suppress(OptionError):
        assert parse(text).kinds


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("character", ("character",)),
        ("background", ("character",)),
        ("face - character", ("face", "character")),
        ("character[0] - (face | hand) - face", ("character", "face", "hand")),
        ("@left & skirt", ("character", "skirt")),
    ],
)
def test_kinds_are_named_once_in_their_order(text, kinds):
    expression = parse(text)
    assert (expression.kinds, expression.leading) == (kinds, kinds[0])


@pytest.mark.parametrize("name", PICKS)
def test_every_pick_can_be_written(name):
    assert parse(f"@{name}").root == Picked(CHARACTER, name)
