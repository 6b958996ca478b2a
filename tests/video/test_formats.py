"""Which format is meant, and that options of videos refuse what is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from animeseg.errors import OptionError
from animeseg.options import VideoOptions
from animeseg.video.formats import FORMATS, format_of


@pytest.mark.parametrize(
    ("target", "name", "meant"),
    [
        ("a.mp4", None, "mp4"),
        ("a.MP4", None, "mp4"),
        ("a.webm", None, "webm"),
        ("a.mov", None, "prores"),
        ("a.apng", None, "apng"),
        ("a.webp", None, "webp"),
        ("frames", None, "png"),
        ("frames.d", "png", "png"),
        ("a.bin", "webm", "webm"),
    ],
)
def test_the_ending_or_the_name_say_the_format(target, name, meant):
    assert format_of(Path(target), name).name == meant


@pytest.mark.parametrize(("target", "name"), [("a.avi", None), ("a.png", None), ("a.mp4", "gif")])
def test_other_formats_are_refused_with_those_there_are(target, name):
    with pytest.raises(OptionError, match="webm") as caught:
        format_of(Path(target), name)
    assert caught.value.field == "format"


def test_endings_mean_one_format_each():
    suffixes = [suffix for form in FORMATS.values() for suffix in form.suffixes]
    assert len(suffixes) == len(set(suffixes))


@pytest.mark.parametrize("identities", [("a",), ("-1",), ("1.5",), ("9" * 10,), ("",)])
def test_identities_are_numbers(identities):
    with pytest.raises(OptionError, match="numbers"):
        VideoOptions(identities=identities)


def test_kept_identities():
    assert VideoOptions().keeps(7)
    assert VideoOptions(identities=("2", "07")).keeps(7)
    assert not VideoOptions(identities=("2",)).keeps(7)
