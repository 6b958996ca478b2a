from __future__ import annotations

import multiprocessing
import sqlite3
from dataclasses import replace

import pytest

from animeseg.batch.ledger import LEDGER_NAME, Ledger, Origin, read_ledger
from animeseg.errors import DiskFullError, OutputError

ORIGIN = Origin("sub/a", "/pics/sub/a.png", "5ha", "recipe")


@pytest.fixture
def ledger(tmp_path):
    opened = Ledger(tmp_path)
    yield opened
    opened.close()


def put(ledger, name, content=b"x"):
    path = ledger.out / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_what_is_about_to_be_written_is_known_but_not_done(ledger):
    path = ledger.out / "sub/a.cutout.png"
    ledger.begin(ORIGIN, {"cutout": [path]})
    made = ledger.made("sub/a", "cutout")
    assert made.origin == ORIGIN
    assert not made.done
    assert ledger.lists(path)
    assert ledger.made("sub/a", "mask") is None


def test_what_is_finished_is_known_with_its_sizes_by_another_process(ledger):
    path = put(ledger, "sub/a.cutout.png", b"12345")
    ledger.begin(ORIGIN, {"cutout": [path]})
    ledger.finish(ORIGIN, {"cutout": [path]}, 2)
    other = read_ledger(ledger.out)
    made = other.made("sub/a", "cutout")
    other.close()
    assert made.done
    assert made.characters == 2
    assert made.files == {"sub/a.cutout.png": 5}


def test_a_picture_without_characters_is_done_without_files(ledger):
    ledger.begin(ORIGIN, {"characters": []})
    ledger.finish(ORIGIN, {"characters": []}, 0)
    assert ledger.made("sub/a", "characters").done


def test_files_of_characters_that_are_no_longer_found_are_removed(ledger):
    first, second, edited = (put(ledger, f"sub/a.character-{n}.png") for n in (1, 2, 3))
    files = {"characters": [first, second, edited]}
    ledger.begin(ORIGIN, files)
    ledger.finish(ORIGIN, files, 3)
    edited.write_bytes(b"retouched by hand")
    again = replace(ORIGIN, recipe="other")
    ledger.begin(again, {"characters": [first]})
    ledger.finish(again, {"characters": [first]}, 1)
    assert first.exists()
    assert not second.exists()
    assert edited.exists(), "somebody's work was thrown away"
    assert not ledger.lists(second)


def test_other_kinds_of_output_are_left_alone(ledger):
    overlay, mask = put(ledger, "sub/a.overlay.png"), put(ledger, "sub/a.mask.png")
    for kind, path in (("overlay", overlay), ("mask", mask)):
        ledger.begin(ORIGIN, {kind: [path]})
        ledger.finish(ORIGIN, {kind: [path]}, 1)
    assert ledger.made("sub/a", "overlay").done
    assert overlay.exists()


@pytest.mark.parametrize("name", ["漫画 🎀", "\udcff\udcfe", "it's; DROP TABLE files"])
def test_any_name_can_be_kept(ledger, name):
    origin = replace(ORIGIN, key=name, source="/" + name)
    path = ledger.out / f"{name}.mask.png"
    ledger.begin(origin, {"mask": [path]})
    assert ledger.made(name, "mask").origin == origin
    assert ledger.lists(path)


def test_a_directory_without_a_ledger_is_left_without_one(tmp_path):
    assert read_ledger(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_ledger_is_an_error_that_names_the_file(tmp_path):
    (tmp_path / LEDGER_NAME).write_bytes(b"garbage" * 1000)
    with pytest.raises(OutputError, match=r"animeseg\.sqlite is damaged.*delete it"):
        Ledger(tmp_path)


def test_a_directory_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(OutputError, match="permissions"):
        Ledger(tmp_path / "missing")


def test_a_full_disk_is_told_as_such(ledger):
    ledger._database.close()

    class Full:
        def execute(self, *_):
            raise sqlite3.OperationalError("database or disk is full")

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def close(self):
            pass

    ledger._database = Full()
    with pytest.raises(DiskFullError, match="free some space"):
        ledger.begin(ORIGIN, {"mask": []})


def _write_and_die(out, started):
    ledger = Ledger(out)
    for number in range(100_000):
        origin = replace(ORIGIN, key=f"{number:06}")
        ledger.begin(origin, {"mask": [out / f"{number:06}.mask.png"]})
        started.set()


def test_a_kill_in_the_middle_of_writing_leaves_a_ledger_that_can_be_used(tmp_path):
    context = multiprocessing.get_context("spawn")
    started = context.Event()
    process = context.Process(target=_write_and_die, args=(tmp_path, started))
    process.start()
    assert started.wait(60)
    process.kill()
    process.join()
    ledger = Ledger(tmp_path)
    assert ledger.made("000000", "mask") is not None
    ledger.begin(ORIGIN, {"mask": []})
    ledger.close()


def test_two_runs_can_share_a_ledger(tmp_path):
    one, two = Ledger(tmp_path), Ledger(tmp_path)
    for number in range(20):
        origin = replace(ORIGIN, key=str(number))
        (one if number % 2 else two).begin(origin, {"mask": [tmp_path / f"{number}.mask.png"]})
    assert all(one.made(str(number), "mask") for number in range(20))
    one.close()
    two.close()
    assert [path.name for path in tmp_path.iterdir()] == [LEDGER_NAME]
