"""Lists of models offer what `resolve` would find, and nothing else."""

from __future__ import annotations

import contextlib

from animeseg.weights.available import model_names
from animeseg.weights.catalog import catalog


def test_the_catalog_comes_first_and_own_files_follow_by_name(tmp_path):
    for name in ("adetailer/b.pt", "adetailer/A.safetensors", "adetailer/readme.txt", "sam/s.pth"):
        path = tmp_path / "models" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    detectors = [record.name for record in catalog().values() if record.kind == "detector"]
    assert model_names("detector", [tmp_path]) == [*detectors, "A.safetensors", "b.pt"]
    assert model_names("detector", [tmp_path / "models"])[-2:] == ["A.safetensors", "b.pt"]
    assert model_names("sam", [tmp_path])[-1] == "s.pth"


def test_files_of_the_catalog_are_listed_once_under_their_name(tmp_path):
    record = next(one for one in catalog().values() if one.kind == "sam" and not one.bundled)
    folder = tmp_path / "models/sam"
    folder.mkdir(parents=True)
    (folder / record.file_names[0]).touch()
    assert model_names("sam", [tmp_path]) == model_names("sam")


def test_folders_that_hold_anything_are_not_listed(tmp_path):
    (tmp_path / "checkpoint.safetensors").touch()
    own = tmp_path / "animeseg"
    own.mkdir()
    (own / "mine.pt").touch()
    assert "checkpoint.safetensors" not in model_names("detector", [tmp_path])
    assert "mine.pt" in model_names("detector", [own])
    assert "mine.pt" not in model_names("sam", [own])


def test_links_out_of_a_folder_and_bad_names_are_left_out(tmp_path):
    folder = tmp_path / "models/adetailer"
    folder.mkdir(parents=True)
    outside = tmp_path / "outside.pt"
    outside.touch()
    (folder / ".hidden.pt").touch()
    with contextlib.suppress(OSError):  # Windows without the right to make links
        (folder / "link.pt").symlink_to(outside)
    assert not {"link.pt", ".hidden.pt"} & set(model_names("detector", [tmp_path]))
