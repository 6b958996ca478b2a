"""Every label of ours can be read in Japanese and Chinese; names and units stay as they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import animeseg.options
from animeseg.batch.naming import OUTPUTS
from animeseg.options import OptionSet, knobs
from animeseg.webui.settings import SETTINGS
from animeseg.webui.tab import texts

FOLDER = Path(__file__).resolve().parents[2] / "localizations"

SAME_EVERYWHERE = {
    "%", "animeseg", "iou", "fp16", "fp32", "cpu", "cuda", "cuda:0", "cuda:1", "mps", "xpu",
    "1:1", "2:3", "3:2",
}  # fmt: skip
"""Names and units that no language changes."""


def option_sets():
    members = vars(animeseg.options).values()
    return [
        member
        for member in members
        if isinstance(member, type) and issubclass(member, OptionSet) and member is not OptionSet
    ]


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            yield from strings(item)


def labels():
    """What stands on our panels, in Settings and on the page."""
    shown = set()
    for options in option_sets():
        for knob in knobs(options).values():
            shown |= {knob.label, *knob.choices}
    for setting in SETTINGS:
        shown |= {setting.label, *setting.choices}
    for name, value in vars(texts).items():
        if name.isupper():
            shown |= set(strings(value))
    return (shown | set(OUTPUTS)) - SAME_EVERYWHERE


@pytest.mark.parametrize("language", ["ja_JP", "zh_CN"])
def test_every_label_is_translated(language):
    translated = json.loads((FOLDER / f"{language}.json").read_text("utf-8"))
    assert sorted(labels() - set(translated)) == []
    assert all(text.strip() for text in translated.values())


def test_both_languages_know_the_same_labels():
    japanese, chinese = (
        set(json.loads((FOLDER / f"{name}.json").read_text("utf-8"))) for name in ("ja_JP", "zh_CN")
    )
    assert japanese == chinese


def test_nothing_is_translated_that_is_not_on_a_page():
    translated = json.loads((FOLDER / "ja_JP.json").read_text("utf-8"))
    assert sorted(set(translated) - labels()) == []
