"""The prompt of each instance, as ADetailer's users expect it, and bound by name."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from animeseg import Instances
from animeseg.webui.prompts import Prompt, prompts_for

SIZE = (20, 60)


def row_of(count, names=("character",), labels=None):
    """``count`` instances from left to right, each larger than the one before."""
    masks = np.zeros((count, *SIZE), np.bool_)
    for number, mask in enumerate(masks):
        mask[: 5 + number, number * 10 : number * 10 + 8] = True
    given_labels = None if labels is None else np.array(labels, np.int64)
    return Instances.from_masks(masks, labels=given_labels, names=names)


def texts(text, count=3, picture="a girl", **more):
    found = prompts_for(text, picture, row_of(count, **more))
    return [None if one is None else one.text for one in found]


@pytest.mark.parametrize(
    ("text", "given_texts"),
    [
        ("", ["a girl"] * 3),
        ("   ", ["a girl"] * 3),
        ("smile", ["smile"] * 3),
        ("smile [SEP] frown", ["smile", "frown", "frown"]),
        ("smile[SEP]frown[SEP]cry[SEP]too many", ["smile", "frown", "cry"]),
        ("[SEP] frown", ["a girl", "frown", "frown"]),
        ("smile [SEP]", ["smile", "a girl", "a girl"]),
        ("[SKIP] [SEP] smile", [None, "smile", "smile"]),
        ("smile [SEP] [SKIP]", ["smile", None, None]),
        ("smile [SEP]\n [SKIP] \n[SEP] cry", ["smile", None, "cry"]),
        ("[SKIP], smile", ["[SKIP], smile"] * 3),
        ("[PROMPT], smile", ["a girl, smile"] * 3),
        ("[PROMPT] [SEP] sad [PROMPT]", ["a girl", "sad a girl", "sad a girl"]),
        ("[prompt] [sep] x", ["[prompt] [sep] x"] * 3),
        ("<lora:eyes:0.8> (blue:1.2) [red|green] __hair__ {a|b}",
         ["<lora:eyes:0.8> (blue:1.2) [red|green] __hair__ {a|b}"] * 3),
        ("[face] soft", ["[face] soft"] * 3),
    ],
)  # fmt: skip
def test_parts_are_dealt_in_order_and_the_last_repeats(text, given_texts):
    assert texts(text) == given_texts


@pytest.mark.parametrize(
    ("text", "given_texts"),
    [
        ("[@left] red [SEP] [@right] blue", ["red", "a girl", "blue"]),
        ("[@right] blue [SEP] [@left] red [SEP] [SKIP]", ["red", None, "blue"]),
        ("x [SEP] [@left] red [SEP] y", ["red", "x", "y"]),
        ("[@largest] big [SEP] small", ["small", "small", "big"]),
        ("[@left][SKIP] [SEP] all", [None, "all", "all"]),
        ("[@left] [PROMPT], red", ["a girl, red", "a girl", "a girl"]),
        ("[@0] first [SEP] [@-1] last [SEP] rest", ["first", "rest", "last"]),
        ("[@7] nobody [SEP] all", ["all"] * 3),
        ("[@-7] nobody [SEP] all", ["all"] * 3),
        ("[@left] one [SEP] [@smallest] the same one", ["one", "a girl", "a girl"]),
        ("[@unheard] of", ["[@unheard] of"] * 3),
        ("smile [@left] here it binds nothing", ["smile [@left] here it binds nothing"] * 3),
    ],
)
def test_a_part_bound_by_name_goes_to_that_instance(text, given_texts):
    assert texts(text) == given_texts


def test_a_part_bound_to_a_class_goes_to_all_of_it():
    found = texts(
        "[@face] eyes [SEP] [@hand] fingers [SEP] rest",
        names=("character", "face"),
        labels=[1, 0, 1],
    )
    assert found == ["eyes", "rest", "eyes"]


def test_only_what_was_written_for_the_pass_lacks_the_pictures_styles():
    found = prompts_for("own [SEP] [PROMPT], more [SEP]", "a girl", row_of(3))
    assert found == [Prompt("own", is_own=True), Prompt("a girl, more"), Prompt("a girl")]


def test_no_instance_needs_no_prompt():
    assert prompts_for("a [SEP] b", "c", row_of(0)) == []


def test_a_picture_prompt_with_our_words_is_not_read_again():
    assert texts("[PROMPT]", count=2, picture="x [SEP] y [SKIP]") == ["x [SEP] y [SKIP]"] * 2


@given(st.text(alphabet="ab []@SEPKIROMT0-left", max_size=80), st.integers(0, 5))
def test_any_text_gives_each_instance_a_prompt_or_a_skip(text, count):
    assert len(prompts_for(text, "p", row_of(count))) == count
