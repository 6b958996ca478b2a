"""Making a set: whole files, one run at a time, and the same bytes however often it was stopped."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import pytest

from animeseg.data.dataset import open_dataset
from animeseg.data.writing import JOURNAL, SetWriter, write_sample
from animeseg.errors import BadDatasetError, DiskFullError, OutputError


def test_a_stopped_run_is_taken_up_and_ends_the_same(tmp_path, made, files_in):
    whole = made["build"](tmp_path / "whole")
    root = tmp_path / "stopped"
    with SetWriter(root, ["character"], {"command": "test"}) as writer:
        writer.add(write_sample(root, made["sample"]("c.jpg", 2, 0), tolerance=0))
    assert (root / JOURNAL).is_file()
    with SetWriter(root, ["character"], {"command": "test"}) as writer:
        assert writer.done("c.jpg")
        assert not writer.done("a.jpg")
    made["build"](root)
    assert files_in(root) == files_in(whole)


def test_a_finished_set_grows(tmp_path, made, files_in):
    root = made["build"](tmp_path / "set", names=("a.jpg", "b.jpg"))
    made["build"](root)
    assert files_in(root) == files_in(made["build"](tmp_path / "other"))


def test_a_lost_file_is_made_again(small_set):
    (small_set / "images" / "b.jpg").unlink()
    with SetWriter(small_set, ["character"], {"command": "test"}) as writer:
        assert writer.done("a.jpg")
        assert not writer.done("b.jpg")


def test_another_recipe_is_refused_before_anything_is_touched(small_set, files_in):
    before = files_in(small_set)
    with pytest.raises(BadDatasetError, match='command: "test" is now "other"'):
        SetWriter(small_set, ["character"], {"command": "other"})
    with pytest.raises(BadDatasetError, match="names"):
        SetWriter(small_set, ["person"], {"command": "test"})
    assert files_in(small_set) == before


def test_an_unfinished_set_of_another_recipe_is_refused(tmp_path):
    with SetWriter(tmp_path / "set", ["character"], {"seed": 1}):
        pass
    with pytest.raises(BadDatasetError, match="seed: 1 is now 2"):
        SetWriter(tmp_path / "set", ["character"], {"seed": 2})


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(BadDatasetError, match=r"holiday\.jpg"):
        SetWriter(tmp_path, ["character"], {})
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]


def test_two_runs_in_one_folder_are_refused(tmp_path):
    with (
        SetWriter(tmp_path / "set", ["character"], {}),
        pytest.raises(OutputError, match="another run"),
    ):
        SetWriter(tmp_path / "set", ["character"], {})


@pytest.mark.parametrize("spent", range(4))
def test_a_full_disk_leaves_whole_files_and_the_next_run_goes_on(
    tmp_path, made, files_in, monkeypatch, spent
):
    root = tmp_path / "set"
    real, left = Path.write_bytes, [spent]

    def full(self, data):
        if left[0] <= 0:
            real(self, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        left[0] -= 1
        return real(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DiskFullError):
        made["build"](root)
    monkeypatch.undo()
    assert not [path for path in root.rglob("*") if path.name.endswith(".incomplete")]
    made["build"](root)
    assert files_in(root) == files_in(made["build"](tmp_path / "other"))


def test_a_full_disk_while_finishing_costs_nothing(tmp_path, made, files_in, monkeypatch):
    root = tmp_path / "set"
    monkeypatch.setattr(
        "animeseg.data.writing.write_coco",
        lambda *_: (_ for _ in ()).throw(DiskFullError("full")),
    )
    with pytest.raises(DiskFullError):
        made["build"](root)
    monkeypatch.undo()
    assert not (root / "manifest.jsonl").exists()
    made["build"](root)
    assert len(open_dataset(root)) == 3
    assert files_in(root) == files_in(made["build"](tmp_path / "other"))


def test_a_full_disk_in_the_journal_is_told_as_such(tmp_path):
    with SetWriter(tmp_path / "set", ["character"], {}) as writer:
        with pytest.raises(DiskFullError, match="goes on"), writer._explained():
            raise sqlite3.OperationalError("database or disk is full")
        with pytest.raises(OutputError), writer._explained():
            raise sqlite3.OperationalError("disk I/O error")
