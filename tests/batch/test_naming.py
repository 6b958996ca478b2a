from __future__ import annotations

from pathlib import Path, PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from animeseg.batch.naming import (
    OUTPUTS,
    clashing_stems,
    folded,
    is_numbered,
    openable,
    output_path,
    outsider_stem,
    own_stem,
)

NAMES = st.lists(
    st.from_regex(r"[aAbé.]{1,4}\.(png|PNG|jpg|webp)", fullmatch=True), unique=True, max_size=8
)


def stems_of(names):
    clashes = clashing_stems(names)
    return {name: clashes.get(name, own_stem(name)) for name in names}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.png", "b.png"], {"a.png": "a", "b.png": "b"}),
        (["a.png", "a.jpg"], {"a.png": "a.png", "a.jpg": "a.jpg"}),
        (["A.png", "a.jpg", "b.gif"], {"A.png": "A.png", "a.jpg": "a.jpg", "b.gif": "b"}),
        (["a.png", "a.png.jpg"], {"a.png": "a", "a.png.jpg": "a.png.jpg"}),
        (["漫画 🎀.png"], {"漫画 🎀.png": "漫画 🎀"}),
        ([".png"], {".png": ".png"}),
    ],
)
def test_pictures_keep_their_stem_unless_a_neighbour_has_the_same(names, expected):
    assert stems_of(names) == expected


@given(NAMES)
def test_no_two_results_of_a_directory_share_a_name_even_ignoring_case(names):
    out = Path("out")
    paths = [
        folded(str(output_path(out, stem, kind, 1 if is_numbered(kind) else None)))
        for stem in stems_of(names).values()
        for kind in OUTPUTS
    ]
    assert len(set(paths)) == len(paths)


@given(NAMES)
def test_names_do_not_depend_on_the_order_of_the_pictures(names):
    assert stems_of(names) == stems_of(names[::-1])


def test_names_that_differ_in_case_only_get_different_results():
    stems = stems_of(["a.PNG", "A.png"])
    assert len({folded(stem) for stem in stems.values()}) == 2


@pytest.mark.parametrize("name", ["x" * 251 + ".png", "漫" * 83 + ".jpg", "🎀" * 62 + ".webp"])
def test_the_longest_names_leave_room_for_endings(name):
    stem = own_stem(name)
    longest = output_path(Path("o"), stem, "character-masks", 500).name
    assert len(longest.encode()) <= 255
    assert stem[:40] == name[:40]
    assert own_stem("y" + name[1:]) != stem


def test_a_file_without_a_picture_ending_keeps_clear_of_its_neighbours():
    assert outsider_stem("photo.dat", ["a.png"]) == "photo.dat"
    assert outsider_stem("photo", ["Photo.png"]).startswith("photo~")


@pytest.mark.parametrize(
    ("length", "windows", "prefixed"), [(300, True, True), (300, False, False), (20, True, False)]
)
def test_only_long_paths_on_windows_get_the_prefix_that_lifts_the_limit(length, windows, prefixed):
    path = Path("/" + "d" * length)
    assert str(openable(path, windows=windows)).startswith("\\\\?\\") is prefixed


def test_mirrored_directories_stay_below_the_output_directory():
    path = output_path(Path("out"), "sub/deep/a", "characters", 2)
    assert PurePath(path).as_posix() == "out/sub/deep/a.character-2.png"
