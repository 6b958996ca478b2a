from __future__ import annotations

import os
import sys
import tracemalloc
from pathlib import Path

import pytest

from animeseg.batch.ledger import LEDGER_NAME, Ledger, Origin
from animeseg.batch.sources import Sources


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A tree of empty files, as the current directory."""
    names = [
        "pics/b.png", "pics/a.JPG", "pics/notes.txt", "pics/.hidden.png", "pics/._b.png",
        "pics/sub/c.webp", "pics/sub/deep/d.gif", "pics/.thumbs/e.png", "other/b.png",
    ]  # fmt: skip
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(*paths, **settings):
    return [(source.path.as_posix(), source.key) for source in Sources(paths, **settings)]


def faults(*paths):
    return [str(source.fault) for source in Sources(paths) if source.fault]


def test_a_directory_is_walked_with_all_below_it_in_a_stable_order(tree):
    assert found("pics") == [
        ("pics/a.JPG", "a"),
        ("pics/b.png", "b"),
        ("pics/sub/c.webp", "sub/c"),
        ("pics/sub/deep/d.gif", "sub/deep/d"),
    ]


def test_without_recursion_only_the_directory_itself_is_walked(tree):
    assert found("pics", recursive=False) == [("pics/a.JPG", "a"), ("pics/b.png", "b")]


def test_files_that_are_no_pictures_are_counted_and_left_alone(tree):
    sources = Sources(["pics"])
    assert len(list(sources)) == 4
    assert sources.ignored == 1


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("pics/*.png", ["pics/b.png"]),
        ("pics/*.[jJ][pP][gG]", ["pics/a.JPG"]),
        ("pics/**/*.webp", ["pics/sub/c.webp"]),
        ("*/b.png", ["other/b.png", "pics/b.png"]),
        ("pics/s*", ["pics/sub/c.webp", "pics/sub/deep/d.gif"]),
    ],
)
def test_patterns_that_no_shell_expanded_are_expanded(tree, pattern, expected):
    assert [path for path, _ in found(pattern)] == expected


def test_a_pattern_names_its_results_like_the_expanded_files(tree):
    assert found("pics/*.png") == found("pics/b.png")
    assert found("pics/**/*.webp") == [("pics/sub/c.webp", "sub/c")]


def test_an_existing_file_with_brackets_in_its_name_is_no_pattern(tree):
    (tree / "pics/[a].png").touch()
    assert found("pics/[a].png") == [("pics/[a].png", "[a]")]


def test_same_names_in_two_directories_go_to_two_directories(tree):
    assert found("pics/b.png", "other") == [("pics/b.png", "pics/b"), ("other/b.png", "other/b")]


def test_overlapping_arguments_give_every_picture_once(tree):
    assert found("pics", "pics/b.png", "pics/sub", "./pics") == found("pics")


def test_same_stems_are_kept_apart_however_few_of_them_are_chosen(tree):
    (tree / "pics/b.gif").touch()
    assert found("pics/b.png") == [("pics/b.png", "b.png")]
    assert ("pics/b.gif", "b.gif") in found("pics")


def test_a_file_that_is_named_may_have_any_ending(tree):
    assert found("pics/notes.txt") == [("pics/notes.txt", "notes.txt")]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("nothing.png", "no such file"),
        ("none*.png", "no file matches"),
        ("", "empty"),
        ("a\0b", "NUL"),
    ],
)
def test_paths_that_lead_nowhere_are_told_and_the_others_still_found(tree, path, words):
    assert words in faults(path, "pics/b.png")[0]
    assert ("pics/b.png", "pics/b") in found(path, "pics/b.png")


def test_a_dangling_link_is_given_to_the_reader_and_a_loop_is_not_followed(tree):
    try:
        (tree / "pics/gone.png").symlink_to("nowhere.png")
        (tree / "pics/sub/loop").symlink_to(tree / "pics", target_is_directory=True)
    except OSError:
        pytest.skip("no symbolic links here")
    assert len(found("pics")) == 5


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are Unicode there")
def test_names_that_are_not_unicode_are_found(tree):
    raw = os.fsencode(tree / "pics") + b"/\xff\xfe.png"
    os.close(os.open(raw, os.O_CREAT))
    assert ("pics/\udcff\udcfe.png", "\udcff\udcfe") in found("pics")


def test_results_in_the_directory_of_the_pictures_are_not_pictures(tree):
    result = tree / "pics/b.cutout.png"
    result.touch()
    (tree / "pics/mine.png").touch()
    ledger = Ledger(tree / "pics")
    ledger.begin(Origin("b", "b.png", "0", "0"), {"cutout": [result]})
    ledger.close()
    assert [path for path, _ in found("pics")] == [
        "pics/a.JPG", "pics/b.png", "pics/mine.png", "pics/sub/c.webp", "pics/sub/deep/d.gif",
    ]  # fmt: skip
    assert "pics/b.cutout.png" not in [path for path, _ in found("pics/*.png")]
    assert found("pics/b.cutout.png") == []


def test_results_below_the_pictures_are_not_pictures(tree):
    out = tree / "pics/animeseg-out"
    (out / "sub").mkdir(parents=True)
    (out / "sub/c.cutout.png").touch()
    ledger = Ledger(out)
    ledger.begin(Origin("sub/c", "c.png", "0", "0"), {"cutout": [out / "sub/c.cutout.png"]})
    ledger.close()
    assert len(found("pics")) == 4
    assert found("pics/animeseg-out/sub/c.cutout.png") == []


def test_a_damaged_ledger_is_told_and_other_arguments_are_still_walked(tree):
    (tree / "pics" / LEDGER_NAME).write_bytes(b"this is no database" * 100)
    assert "damaged" in faults("pics")[0]
    assert "other/b.png" in [path for path, _ in found("pics", "other")]


@pytest.mark.parametrize(
    ("named", "path", "expected"),
    [
        ("pics", "pics/new.png", True),
        ("pics", "pics/out/new.png", True),
        ("pics/b.png", "pics/new.png", True),
        ("pics/b.png", "pics/out/new.png", False),
        ("pics", "other/b.png", False),
        ("pics/**/*.png", "pics/sub/new.png", True),
    ],
)
def test_it_is_known_where_a_file_could_be_an_original(tree, named, path, expected):
    assert Sources([named]).may_take(Path(path)) is expected


def test_walking_holds_the_names_of_one_directory_at_a_time(tmp_path):
    for folder in range(40):
        (tmp_path / f"{folder:02}").mkdir()
        for number in range(50):
            (tmp_path / f"{folder:02}" / f"{number:03}-{'n' * 100}.png").touch()
    peaks = []
    # The interpreter builds its table of interned strings, which pathlib fills, anew in one piece
    # when it is full: many MB, but not twice in a row.
    for _ in range(2):
        sources = Sources([str(tmp_path)])
        tracemalloc.start()
        count = sum(1 for _ in sources)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert count == 2000
    assert min(peaks) < 2000 * 100  # less than the names alone would take
