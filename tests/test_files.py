"""Files are written whole or not at all."""

from __future__ import annotations

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from animeseg.errors import AnimesegError, DiskFullError, OutputError, OutputExistsError
from animeseg.files import whole_path, write_file, write_png


def left_in(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_missing_folders_are_made(tmp_path):
    target = tmp_path / "a" / "ü 絵" / "x.bin"
    assert write_file(target, b"data") == target
    assert target.read_bytes() == b"data"
    assert left_in(tmp_path) == ["x.bin"]


def test_existing_files_are_refused_unless_told(tmp_path):
    target = tmp_path / "x.bin"
    target.write_bytes(b"old")
    with pytest.raises(OutputExistsError, match=r"x\.bin exists; choose"):
        write_file(target, b"new")
    assert target.read_bytes() == b"old"
    write_file(target, b"new", overwrite=True)
    assert target.read_bytes() == b"new"
    assert left_in(tmp_path) == ["x.bin"]


@pytest.mark.parametrize("links", [True, False])
def test_of_many_writers_exactly_one_wins(tmp_path, monkeypatch, links):
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    monkeypatch.setattr(os.path, "lexists", lambda _: False)  # all of them look before any leaps

    def attempt(number):
        try:
            write_file(tmp_path / "x", bytes([number]) * 1000)
        except AnimesegError:
            return None
        return number

    with ThreadPoolExecutor(8) as pool:
        winners = [number for number in pool.map(attempt, range(24)) if number is not None]
    assert len(winners) == 1
    assert (tmp_path / "x").read_bytes() == bytes(winners) * 1000
    assert left_in(tmp_path) == ["x"]


def no_links(*_):
    raise OSError(errno.EPERM, "no hard links on this volume")


def test_volumes_without_hard_links_work(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", no_links)
    write_file(tmp_path / "x", b"data")
    with pytest.raises(OutputExistsError):
        write_file(tmp_path / "x", b"other")
    assert (tmp_path / "x").read_bytes() == b"data"


@pytest.mark.parametrize("number", [errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)])
@pytest.mark.parametrize("overwrite", [True, False])
def test_full_disk_leaves_nothing_half_written(tmp_path, monkeypatch, number, overwrite):
    target = tmp_path / "x"
    if overwrite:
        target.write_bytes(b"old")

    def write_half(self, data):
        with self.open("wb") as stream:
            stream.write(data[: len(data) // 2])
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "write_bytes", write_half)
    with pytest.raises(DiskFullError, match=r"no space left.*free some space"):
        write_file(target, b"new data", overwrite=overwrite)
    monkeypatch.undo()
    assert left_in(tmp_path) == (["x"] if overwrite else [])
    assert not overwrite or target.read_bytes() == b"old"


def test_interruption_leaves_nothing_half_written(tmp_path, monkeypatch):
    def interrupted(self, data):
        self.touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_bytes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_file(tmp_path / "x", b"data")
    assert left_in(tmp_path) == []


@pytest.mark.parametrize("overwrite", [True, False])
def test_no_permission_is_said(tmp_path, monkeypatch, overwrite):
    def denied(self, data):
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "write_bytes", denied)
    with pytest.raises(OutputError, match="Permission denied; check the folder"):
        write_file(tmp_path / "x", b"data", overwrite=overwrite)


@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize(
    "name", ["n" * 300, "ni\0l", "folder", "file/inside"], ids=["long", "NUL", "folder", "file"]
)
def test_impossible_names_are_explained(tmp_path, name, overwrite):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"kept")
    with pytest.raises(OutputError, match="cannot write") as caught:
        write_file(tmp_path / name, b"data", overwrite=overwrite)
    assert not isinstance(caught.value, OutputExistsError)
    assert left_in(tmp_path) == ["file"]


def test_results_are_as_readable_as_other_files(tmp_path):
    other = tmp_path / "other"
    other.touch()
    assert write_file(tmp_path / "x", b"data").stat().st_mode == other.stat().st_mode


@pytest.mark.parametrize("channels", [(), (3,), (4,)])
def test_png_holds_the_very_pixels(tmp_path, rng, channels):
    pixels = rng.integers(0, 256, (9, 12, *channels), np.uint8)
    write_png(tmp_path / "x.png", pixels)
    with Image.open(tmp_path / "x.png") as image:
        np.testing.assert_array_equal(np.asarray(image), pixels)


def test_a_large_file_has_its_name_only_when_the_block_ends_well(tmp_path):
    target = tmp_path / "new" / "film.webm"
    with whole_path(target) as partial:
        partial.write_bytes(b"half")
        assert not target.exists()
        partial.write_bytes(b"whole")
    assert target.read_bytes() == b"whole"

    def broken(error):
        with whole_path(tmp_path / "other") as partial:
            partial.write_bytes(b"half")
            raise error

    for error in (ValueError, KeyboardInterrupt, OSError):
        with pytest.raises(error):
            broken(error)
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_a_directory_has_its_name_only_when_the_block_ends_well(tmp_path):
    target = tmp_path / "frames"

    def fill(count):
        with whole_path(target) as partial:
            partial.mkdir()
            (partial / "1.png").write_bytes(b"1")
            assert count == 1, "damaged"

    with pytest.raises(AssertionError, match="damaged"):
        fill(2)
    assert list(tmp_path.iterdir()) == []
    fill(1)
    assert (target / "1.png").read_bytes() == b"1"
    for overwrite in (False, True):
        with pytest.raises(OutputError), whole_path(target, overwrite=overwrite):
            pytest.fail("a directory would be replaced")


def test_a_large_file_replaces_another_only_if_told(tmp_path):
    target = tmp_path / "film.webm"
    target.write_bytes(b"precious")
    with pytest.raises(OutputExistsError), whole_path(target):
        pytest.fail("the work would be for nothing")
    with whole_path(target, overwrite=True) as partial:
        partial.write_bytes(b"new")
        assert target.read_bytes() == b"precious"
    assert target.read_bytes() == b"new"
    late = tmp_path / "late"

    def overtaken():
        with whole_path(late) as partial:
            partial.write_bytes(b"new")
            late.write_bytes(b"came first")

    with pytest.raises(OutputExistsError):
        overtaken()
    assert late.read_bytes() == b"came first"
