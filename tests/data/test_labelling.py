"""Labelling with the model: a picture is asked about once, and what was deleted stays deleted."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from animeseg.data.dataset import open_dataset
from animeseg.data.labelling import REVIEW, Labelled, keep, label_folder, read_review
from animeseg.errors import BadDatasetError
from animeseg.images import read_image
from animeseg.instances import Instances, Segmentation
from animeseg.options import Options


@pytest.fixture
def folder(tmp_path):
    """Pictures whose bright part is the character; one shows nobody, one is no picture."""
    root = tmp_path / "pictures"
    (root / "sub").mkdir(parents=True)
    for number, name in enumerate(("a.png", "sub/b.png", "dark.png", "c.png")):
        picture = np.full((40, 60, 3), 20, np.uint8)
        if name != "dark.png":
            cv2.rectangle(picture, (5 + 3 * number, 5), (30, 30), (240, 240, 240), -1)
        cv2.imwrite(str(root / name), picture)
    (root / "broken.png").write_bytes(b"x")
    return root


class Model:
    """Finds what is bright."""

    def __init__(self):
        self.asked = []

    def __call__(self, path):
        self.asked.append(path.name)
        rgb = read_image(path).rgb
        masks = (rgb[..., 0] > 128)[None]
        found = Instances.from_masks(masks) if masks.any() else Instances.empty(rgb.shape[:2])
        return Segmentation(rgb.shape[:2], found, Options()), rgb


def label(folder, review, model, **more):
    return label_folder(folder, review, model, lambda *_: None, **more)


def test_overlays_and_labels_are_written_for_what_was_found(folder, tmp_path, files_in):
    done = label(folder, tmp_path / "review", Model())
    assert done == Labelled(found=3, empty=1, kept=0, failed=1)
    assert sorted(files_in(tmp_path / "review")) == sorted(
        ["a.jpg", "a.txt", "c.jpg", "c.txt", REVIEW, "sub/b.jpg", "sub/b.txt"]
    )
    assert cv2.imread(str(tmp_path / "review" / "a.jpg")).shape == (40, 60, 3)


def test_a_picture_is_asked_about_once(folder, tmp_path):
    review, model = tmp_path / "review", Model()
    label(folder, review, model)
    (review / "a.txt").unlink()
    (review / "c.jpg").unlink()
    again = Model()
    done = label(folder, review, again)
    assert again.asked == ["broken.png"]
    assert (done.kept, done.failed) == (4, 1)
    assert not (review / "a.txt").exists()


def test_what_is_left_becomes_a_set(folder, tmp_path):
    review = tmp_path / "review"
    label(folder, review, Model())
    (review / "a.txt").unlink()
    (review / "c.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    done = keep(review, tmp_path / "set", "", lambda _: None)
    assert (done.written, done.failed) == (2, {})
    found = open_dataset(tmp_path / "set")
    by_name = {p.name.split("-")[0]: row for row, p in enumerate(found.pictures)}
    assert sorted(by_name) == ["labelled/c", "labelled/sub/b"]
    assert found.instances(by_name["labelled/c"]).boxes[0].tolist() == [24, 16, 36, 24]
    exact = (found.image(by_name["labelled/sub/b"])[..., 0] > 128).sum()
    assert found.instances(by_name["labelled/sub/b"]).masks[0].sum() == exact


def test_survivors_are_added_to_a_set_that_is_there(folder, tmp_path, made):
    root = made["build"](tmp_path / "set", names=("train/a.jpg", "val/b.jpg"))
    review = tmp_path / "review"
    label(folder, review, Model())
    for _ in range(2):
        keep(review, root, "", lambda _: None)
        found = open_dataset(root)
        assert len(found) == 5
        assert len(found.part("train")) == 4


def test_empty_pictures_are_negatives_if_asked_for(folder, tmp_path):
    review = tmp_path / "review"
    label(folder, review, Model(), with_empty=True)
    assert (review / "dark.txt").read_text() == ""
    keep(review, tmp_path / "set", "val", lambda _: None)
    found = open_dataset(tmp_path / "set", part="val")
    assert sorted(len(found.instances(row)) for row in range(len(found))) == [0, 1, 1, 1]


def test_a_line_that_a_kill_cut_off_is_written_again(folder, tmp_path, files_in):
    review = tmp_path / "review"
    label(folder, review, Model())
    whole = files_in(review)
    path = review / REVIEW
    path.write_bytes(path.read_bytes()[:-30])
    assert len(list(read_review(review))) == 3
    done = label(folder, review, Model())
    assert (done.kept, done.found + done.empty) == (3, 1)
    assert files_in(review) == whole


def test_changed_pictures_are_not_kept(folder, tmp_path):
    review = tmp_path / "review"
    label(folder, review, Model())
    cv2.imwrite(str(folder / "a.png"), np.zeros((40, 60, 3), np.uint8))
    done = keep(review, tmp_path / "set", "", lambda _: None)
    assert len(done.failed) == 1
    assert "was changed" in next(iter(done.failed.values()))


def test_nothing_to_do_is_said(tmp_path):
    with pytest.raises(BadDatasetError, match="no pictures"):
        label(tmp_path / "none", tmp_path / "review", Model())
    with pytest.raises(BadDatasetError, match="is no review"):
        keep(tmp_path, tmp_path / "set", "", lambda _: None)
