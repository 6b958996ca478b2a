"""Synthesis: the same bytes for any number of workers, after a stop, and with the disk full."""

from __future__ import annotations

import errno
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from animeseg.data.checking import check_set
from animeseg.data.dataset import open_dataset
from animeseg.data.synth.material import Row, find_backgrounds, find_characters, identity_rule
from animeseg.data.synth.recipe import make_recipe
from animeseg.data.synth.run import DRAWN, Job, Totals, synthesise
from animeseg.errors import BadDatasetError, DiskFullError


def make_job(out, preset="default", *, characters=None, backgrounds=None, fixes=(), **changes):
    settings = {"size": 96, **changes.pop("recipe", {})}
    values = {"seed": 3, "count": 6, "val": 0.0, "alpha": False, **changes}
    return Job(
        out=out,
        recipe=make_recipe(preset, settings, fixes),
        characters=find_characters(
            characters, figures=5, identity=identity_rule(None, characters or Path())
        ),
        backgrounds=find_backgrounds(backgrounds, scenes=5),
        **values,
    )


def run(made, workers=1):
    return synthesise(made, workers, lambda totals: None)


@pytest.fixture
def folders(tmp_path):
    """Characters of two identities and two backgrounds, as files."""
    for name in ("ann/1.png", "ann/2.png", "bob/1.png", "hill.jpg", "wall.jpg"):
        path = tmp_path / ("characters" if "/" in name else "backgrounds") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(len(name) + ord(name[0]))
        if path.suffix == ".png":
            rgba = np.zeros((90, 50, 4), np.uint8)
            cv2.ellipse(rgba, (25, 60), (20, 28), 0, 0, 360, (40, 90, 200, 255), -1)
            cv2.circle(rgba, (25, 22), 18, (200, 220, 250, 255), -1)
            cv2.circle(rgba, (25, 60), 6, (0, 0, 0, 0), -1)
            cv2.imwrite(str(path), rgba)
        else:
            noise = rng.integers(0, 255, (6, 8, 3), np.uint8)
            cv2.imwrite(str(path), cv2.resize(noise, (160, 120)))
    return tmp_path / "characters", tmp_path / "backgrounds"


@pytest.fixture
def job(folders):
    """Jobs with the characters and backgrounds of the folders."""
    return partial(make_job, characters=folders[0], backgrounds=folders[1])


@pytest.mark.parametrize("preset", ["default", "report-simple", "report-enhanced"])
def test_pictures_and_labels_are_sound(tmp_path, preset, job):
    made = job(tmp_path / "set", preset, alpha=True)
    totals = run(made)
    assert totals.made + totals.lost == 6
    assert totals.failed == 0
    faults = check_set(tmp_path / "set", near=-1, workers=1, tell=lambda *_: None)
    assert faults == []
    found = open_dataset(tmp_path / "set")
    assert len(found) == totals.made
    assert not (tmp_path / "set" / DRAWN).exists()


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["default", "report-enhanced"])
def test_bytes_do_not_depend_on_the_number_of_workers(tmp_path, files_in, preset):
    run(make_job(tmp_path / "1", preset, alpha=True))
    run(make_job(tmp_path / "2", preset, alpha=True), workers=2)
    assert files_in(tmp_path / "1") == files_in(tmp_path / "2")
    assert len(files_in(tmp_path / "1")) > 15


def test_a_stopped_run_ends_with_the_same_bytes(tmp_path, files_in, job):
    run(job(tmp_path / "whole"))

    class Stop(Exception):
        """In place of Ctrl-C."""

    def stop(totals: Totals) -> None:
        if totals.made == 3:
            raise Stop

    with pytest.raises(Stop):
        synthesise(job(tmp_path / "set"), 1, stop)
    again = run(job(tmp_path / "set"))
    assert (again.kept, again.made) == (3, 3)
    assert files_in(tmp_path / "set") == files_in(tmp_path / "whole")


def test_a_set_grows_by_a_larger_count(tmp_path, files_in, job):
    run(job(tmp_path / "set", count=3))
    totals = run(job(tmp_path / "set", count=6))
    assert (totals.kept, totals.made) == (3, 3)
    run(job(tmp_path / "whole", count=6))
    assert files_in(tmp_path / "set") == files_in(tmp_path / "whole")


@pytest.mark.parametrize("change", [{"seed": 4}, {"recipe": {"size": 128}}, {"alpha": True}])
def test_other_settings_are_refused(tmp_path, change, job):
    run(job(tmp_path / "set", count=1))
    with pytest.raises(BadDatasetError, match="made otherwise"):
        run(job(tmp_path / "set", count=1, **change))


def test_a_full_disk_ends_the_run_and_the_next_goes_on(tmp_path, monkeypatch, files_in, job):
    real, left = Path.write_bytes, [12]

    def full(self, data):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DiskFullError, match="no space left"):
        run(job(tmp_path / "set"))
    monkeypatch.undo()
    assert not [p for p in (tmp_path / "set").rglob("*") if p.name.endswith(".incomplete")]
    assert run(job(tmp_path / "set")).kept >= 1
    run(job(tmp_path / "whole"))
    assert files_in(tmp_path / "set") == files_in(tmp_path / "whole")


@pytest.mark.parametrize("bad", ["text", "no alpha", "transparent"])
def test_a_bad_character_costs_its_pictures_only(tmp_path, folders, job, bad):
    path = folders[0] / "bob" / "1.png"
    if bad == "text":
        path.write_bytes(b"no picture")
    else:
        cv2.imwrite(str(path), np.zeros((9, 9, 3 if bad == "no alpha" else 4), np.uint8))
    totals = run(job(tmp_path / "set", count=10, recipe={"counts": [[1, 1, 1.0]]}))
    assert totals.failed
    assert totals.made
    assert all("bob" in reason for reason in totals.errors.values())
    assert len(open_dataset(tmp_path / "set")) == totals.made


def test_training_and_validation_share_nobody(tmp_path, job):
    run(job(tmp_path / "set", count=6, val=0.34))
    found = open_dataset(tmp_path / "set")
    assert found.parts() == ("train", "val")
    sides = {}
    for part in found.parts():
        entries = list(found.part(part))
        who = {name for entry in entries for name in entry.sources["characters"]}
        where = {name for entry in entries for name in entry.sources["background"]}
        sides[part] = who, where
    for train, val in zip(sides["train"], sides["val"], strict=True):
        assert not train & val
    assert len(found.part("val")) == 2


def test_alphas_lie_beside_and_add_up(tmp_path, job):
    run(job(tmp_path / "set", alpha=True, recipe={"counts": [[2, 3, 1.0]]}))
    found = open_dataset(tmp_path / "set")
    seen = 0
    for row, picture in enumerate(found.pictures):
        stem = picture.name.removesuffix(".jpg")
        folder = tmp_path / "set" / "alpha"
        parts = [cv2.imread(str(p), 0) for p in sorted(folder.glob(f"{stem}-*.png"))]
        whole = cv2.imread(str(folder / f"{stem}.png"), 0)
        instances = found.instances(row)
        assert len(parts) == len(instances)
        assert np.abs(np.sum(parts, axis=0).clip(0, 255) - whole.astype(int)).max() <= 1
        for mask, alpha in zip(instances.masks, parts, strict=True):
            assert (alpha[mask] > 0).all()
            assert np.count_nonzero((alpha >= 200) & ~mask) == 0
            seen += 1
    assert seen > 4


def test_errors_of_the_material_are_told(tmp_path, job):
    with pytest.raises(BadDatasetError, match="no folder"):
        find_characters(tmp_path / "none", figures=1, identity=str)
    (tmp_path / "backgrounds" / "none").mkdir()
    with pytest.raises(BadDatasetError, match="no pictures"):
        find_backgrounds(tmp_path / "backgrounds" / "none", scenes=1)
    with pytest.raises(BadDatasetError, match="no pattern"):
        identity_rule("(", tmp_path)
    alone = replace(job(tmp_path / "set", val=0.5), characters=[Row("a", "a")])
    totals = run(alone)
    assert totals.failed == 6
    assert "cannot be divided" in totals.errors["train/000000.jpg"]


def test_identities_come_from_folders_patterns_and_manifests(folders):
    characters, _ = folders
    rows = find_characters(characters, figures=0, identity=identity_rule(None, characters))
    assert [row.identity for row in rows] == ["ann", "ann", "bob"]
    rule = identity_rule(r"/(\d)\.", characters)
    rows = find_characters(characters, figures=0, identity=rule)
    assert [row.identity for row in rows] == ["1", "2", "1"]
    (characters / "manifest.json").write_text('[{"file":"bob/1.png","kind":"fg","identity":"B"}]')
    (row,) = find_characters(characters, figures=0, identity=rule)
    assert (row.identity, row.name) == ("B", "bob/1.png")
