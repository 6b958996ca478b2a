"""Every fault is found and named by file and line; what is repaired has none left."""

from __future__ import annotations

import json
import shutil

import cv2
import numpy as np
import pytest

from animeseg.data.checking import CODES, WARNINGS, by_code, check_set
from animeseg.data.checking_coco import check_coco
from animeseg.data.dataset import open_dataset
from animeseg.data.repairing import repair
from animeseg.errors import BadDatasetError, OutputError


def check(root, near=6):
    return check_set(root, near=near, workers=2, tell=lambda *_: None)


def found(root):
    return [(fault.code, fault.file, fault.line) for fault in check(root)]


def with_line(text):
    def spoil(root):
        with (root / "labels" / "a.txt").open("a") as stream:
            stream.write(text + "\n")

    return spoil


def cut_picture(root):
    path = root / "images" / "a.jpg"
    path.write_bytes(path.read_bytes()[:200])


def swap_picture(root):
    cv2.imwrite(str(root / "images" / "a.jpg"), np.zeros((10, 10, 3), np.uint8))


def twin(name):
    def spoil(root):
        for folder, tail in (("images", "jpg"), ("labels", "txt")):
            target = root / folder / f"{name}.{tail}"
            target.parent.mkdir(exist_ok=True)
            shutil.copy(root / folder / f"a.{tail}", target)

    return spoil


def near_twin(root):
    picture = cv2.imread(str(root / "images" / "a.jpg"))
    cv2.imwrite(str(root / "images" / "z.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 60])
    shutil.copy(root / "labels" / "a.txt", root / "labels" / "z.txt")


SPOILT = {
    "not_numbers": (with_line("0 0.1 what"), "labels/a.txt", 3),
    "few_points": (with_line("0 0.1 0.1 0.2 0.2"[:11]), "labels/a.txt", 3),
    "wrong_class": (with_line("4 0.1 0.1 0.2 0.1 0.2 0.2"), "labels/a.txt", 3),
    "outside": (with_line("0 0.1 0.1 1.4 0.1 0.2 0.2"), "labels/a.txt", 3),
    "empty": (with_line("0 1.0 1.0 1.0 1.0 1.0 1.0"), "labels/a.txt", 3),
    "missing_label": (lambda root: (root / "labels/a.txt").unlink(), "images/a.jpg", 0),
    "missing_image": (lambda root: (root / "images/a.jpg").unlink(), "labels/a.txt", 0),
    "bad_image": (cut_picture, "images/a.jpg", 0),
    "wrong_size": (swap_picture, "images/a.jpg", 0),
    "duplicate": (twin("z"), "images/z.jpg", 0),
    "near_duplicate": (near_twin, "images/z.jpg", 0),
    "leak": (twin("train/z"), "images/train/z.jpg", 0),
    "bad_manifest": (lambda root: (root / "manifest.jsonl").write_text("x"), "manifest.jsonl", 0),
    "bad_yaml": (lambda root: (root / "data.yaml").write_text("names:"), "data.yaml", 0),
}


@pytest.mark.parametrize("code", SPOILT)
def test_every_fault_is_named(small_set, code):
    assert check(small_set) == []
    spoil, file, line = SPOILT[code]
    spoil(small_set)
    assert (code, file, line) in found(small_set)


def test_the_same_line_twice_is_named(small_set):
    path = small_set / "labels" / "b.txt"
    path.write_text(path.read_text() + path.read_text())
    assert [(f.code, f.line) for f in check(small_set)] == [("same_line", 3), ("same_line", 4)]
    assert str(check(small_set)[0]).startswith("labels/b.txt:3: same_line: ")


def test_changed_pictures_are_a_warning(small_set):
    picture = cv2.imread(str(small_set / "images" / "a.jpg"))
    cv2.imwrite(str(small_set / "images" / "a.jpg"), picture)
    assert by_code(check(small_set)) == {"stale": 1}
    assert "stale" in WARNINGS
    assert set(SPOILT) | {"stale", "same_line", "no_pictures", "bad_annotation"} == set(CODES)


def test_blank_pictures_in_two_parts_are_no_leak(tmp_path, made):
    root = made["build"](tmp_path / "set", names=("train/a.jpg", "val/b.jpg"))
    for name, quality in (("train/x", 90), ("val/y", 50)):
        blank = np.full((48, 64, 3), 200, np.uint8)
        path = str(root / "images" / f"{name}.jpg")
        cv2.imwrite(path, blank, [cv2.IMWRITE_JPEG_QUALITY, quality])
        (root / "labels" / f"{name}.txt").write_text("")
    assert by_code(check(root)) == {"near_duplicate": 1}


def test_an_empty_set_is_a_fault(tmp_path):
    (tmp_path / "images").mkdir()
    assert [fault.code for fault in check(tmp_path)] == ["no_pictures"]


@pytest.mark.parametrize("code", sorted(set(SPOILT) - {"bad_yaml", "near_duplicate", "wrong_size"}))
def test_what_is_repaired_has_no_fault_left(small_set, tmp_path, files_in, code):
    SPOILT[code][0](small_set)
    before = files_in(small_set)
    done = repair(small_set, check(small_set), tmp_path / "new", lambda _: None)
    assert done.done.failed == {}
    assert files_in(small_set) == before
    assert check(tmp_path / "new") == []
    assert len(open_dataset(tmp_path / "new")) >= 2


def test_a_repair_keeps_what_was_sound(small_set, tmp_path, made):
    with_line("0 0.1 0.1 1.4 0.1 0.2 0.2")(small_set)
    with_line("nonsense")(small_set)
    repair(small_set, check(small_set), tmp_path / "new", lambda _: None)
    found = open_dataset(tmp_path / "new")
    masks = found.instances(0).masks
    assert len(masks) == 3
    assert np.count_nonzero(masks[0] ^ made["shapes"](0)[1][0]) < 20
    assert found.entry(1).annotations[0].identity == "who-1-0"  # untouched pictures keep all


def test_a_repair_in_place_keeps_a_backup(small_set, files_in):
    with_line("nonsense")(small_set)
    before = files_in(small_set)
    done = repair(small_set, check(small_set), None, lambda _: None)
    assert done.backup is not None
    assert files_in(done.backup) == before
    assert check(small_set) == []
    with pytest.raises(OutputError, match="is there already"):
        repair(small_set, [], None, lambda _: None)


def test_nothing_sound_cannot_be_repaired(small_set, tmp_path):
    for path in (small_set / "images").iterdir():
        path.write_bytes(b"")
    with pytest.raises(BadDatasetError, match="no sound picture"):
        repair(small_set, check(small_set), tmp_path / "new", lambda _: None)


COCO_FAULTS = {
    "wrong_class": {"category_id": 8},
    "few_points": {"segmentation": [[1, 1, 5, 5]]},
    "outside": {"segmentation": [[1, 1, 90, 1, 90, 40]]},
    "empty": {"segmentation": [], "bbox": [200, 200, 4, 4]},
    "bad_annotation": {"segmentation": {"size": [1, 1], "counts": "0"}},
    "missing_image": {"image_id": 99},
}


@pytest.mark.parametrize("code", COCO_FAULTS)
def test_faults_of_coco_files_are_named_by_id(small_set, code):
    path = small_set / "annotations.json"
    assert list(check_coco(path, small_set / "images")) == []
    body = json.loads(path.read_text())
    body["annotations"][2].update(COCO_FAULTS[code])
    path.write_text(json.dumps(body))
    (fault,) = check_coco(path, small_set / "images")
    assert (fault.code, fault.file, fault.line) == (code, "annotations.json", 3)


def test_pictures_of_coco_files_are_looked_for(small_set):
    (small_set / "images" / "a.jpg").unlink()
    (small_set / "images" / "b.jpg").write_bytes(b"no picture")
    cv2.imwrite(str(small_set / "images" / "c.jpg"), np.zeros((9, 9, 3), np.uint8))
    faults = check_coco(small_set / "annotations.json", small_set / "images")
    assert [fault.code for fault in faults] == ["missing_image", "bad_image", "wrong_size"]
