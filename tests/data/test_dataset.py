"""A set is read as it lies there: what a person edits wins, and nothing is passed over."""

from __future__ import annotations

import pickle
import shutil

import numpy as np
import pytest

from animeseg.data.dataset import open_dataset
from animeseg.data.entries import Annotation, Entry
from animeseg.errors import BadDatasetError, BadImageError


def test_a_set_holds_what_was_written(small_set, made):
    found = open_dataset(small_set)
    assert [picture.name for picture in found.pictures] == ["a.jpg", "b.jpg", "c.jpg"]
    assert [len(found.instances(row)) for row in range(3)] == [2, 2, 0]
    rgb, masks = made["shapes"](1)
    assert np.array_equal(found.instances(1).masks, np.stack(masks))
    assert np.abs(found.image(1).astype(int) - rgb).mean() < 12
    assert found.entry(0).annotations[1].identity == "who-0-1"


def test_the_coco_file_alone_says_the_same(small_set, tmp_path):
    coco = open_dataset(small_set / "annotations.json")
    whole = open_dataset(small_set)
    for row in range(3):
        assert np.array_equal(coco.instances(row).masks, whole.instances(row).masks)
    shutil.rmtree(small_set / "labels")
    (small_set / "manifest.jsonl").unlink()
    assert [len(open_dataset(small_set).instances(row)) for row in range(3)] == [2, 2, 0]


def test_plain_yolo_folders_are_read(small_set):
    before = [open_dataset(small_set).instances(row).masks for row in range(3)]
    for name in ("manifest.jsonl", "annotations.json", "data.yaml"):
        (small_set / name).unlink()
    found = open_dataset(small_set)
    for row in range(3):
        assert np.count_nonzero(found.instances(row).masks ^ before[row]) < 60  # the bridges


def test_an_edited_label_wins_and_a_deleted_one_removes_its_picture(small_set):
    (small_set / "labels" / "a.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    (small_set / "labels" / "b.txt").unlink()
    found = open_dataset(small_set)
    assert [picture.name for picture in found.pictures] == ["a.jpg", "c.jpg"]
    assert len(found.instances(0)) == 1
    assert found.instances(0).boxes[0].tolist() == [16, 12, 48, 36]


def test_a_set_can_be_sent_to_other_processes(small_set):
    for path in (small_set, small_set / "annotations.json"):
        found = open_dataset(path)
        copy = pickle.loads(pickle.dumps(found))
        assert copy.entry(1) == found.entry(1)


def test_the_content_hash_is_of_pictures_and_labels_alone(small_set, tmp_path, made):
    found = open_dataset(small_set).content_hash()
    twin = made["build"](tmp_path / "elsewhere", recipe={"command": "another"})
    assert open_dataset(twin).content_hash() == found
    (twin / "labels" / "c.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    assert open_dataset(twin).content_hash() != found
    assert open_dataset(small_set / "annotations.json").content_hash() != found


def test_parts_come_from_folders_and_from_data_yaml(tmp_path, made):
    root = made["build"](tmp_path / "set", names=("train/a.jpg", "val/b.jpg", "train/c.jpg"))
    found = open_dataset(root)
    assert found.parts() == ("train", "val")
    assert [p.name for p in found.part("val").pictures] == ["val/b.jpg"]
    with pytest.raises(BadDatasetError, match="no part 'test'"):
        open_dataset(root, part="test")
    listed = tmp_path / "listed"
    listed.mkdir()
    (listed / "all.txt").write_text(f"{root}/images/train/a.jpg\n\n{root}/images/val/b.jpg\n")
    (listed / "data.yaml").write_text("names: [x]\nval: all.txt\n")
    other = open_dataset(listed)
    assert [len(other.instances(row)) for row in range(2)] == [2, 2]
    assert other.parts() == ("val",)


@pytest.mark.parametrize("what", ["nothing", "empty", "no_labels", "text"])
def test_what_is_no_set_is_refused(tmp_path, small_set, what):
    path = tmp_path / "other"
    if what == "empty":
        path.mkdir()
    elif what == "no_labels":
        shutil.copytree(small_set / "images", path / "images")
    elif what == "text":
        path.write_text("hello")
    with pytest.raises(BadDatasetError):
        open_dataset(path)


def test_a_damaged_manifest_is_named(small_set):
    path = small_set / "manifest.jsonl"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(BadDatasetError, match=r"manifest\.jsonl is damaged"):
        open_dataset(small_set)
    path.write_text('{"format": "animeseg.set", "version": 99, "names": ["x"], "recipe": {}}\n')
    with pytest.raises(BadDatasetError, match="newer"):
        open_dataset(small_set)


def test_a_missing_picture_is_named(small_set):
    found = open_dataset(small_set)
    (small_set / "images" / "a.jpg").unlink()
    with pytest.raises(BadImageError, match=r"a\.jpg"):
        found.image(0)


def test_entries_survive_any_name_and_their_line():
    mask = np.zeros((5, 7), bool)
    mask[1:3, 2:6] = True
    found = Annotation.of_mask(mask, crowd=True, identity='"width":1')
    entry = Entry('a "quoted",\\"width":絵\udcff.png', 7, 5, (found,), sources={"x": [1]})
    line = entry.as_line()
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert Entry.from_line(line) == entry
