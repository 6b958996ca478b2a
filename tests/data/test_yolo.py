"""Label lines and data.yaml."""

from __future__ import annotations

import numpy as np
import pytest

from animeseg.data import yolo
from animeseg.data.entries import Annotation
from animeseg.errors import BadDatasetError


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("0 0.1 0.2 x", "not_numbers"),
        ("0 0.1 nan 0.3 0.4 0.5 0.6", "not_numbers"),
        ("0 0.1 0.2 0.3 inf 0.5 0.6", "not_numbers"),
        ("0 0.1 0.2 0.3", "few_points"),
        ("0 0.1 0.2 0.3 0.4 0.5 0.6 0.7", "few_points"),
        ("0", "few_points"),
        ("0 0.5 0.5 0 0.1", "few_points"),
        ("3 0.1 0.2 0.3 0.4 0.5 0.6", "wrong_class"),
        ("-1 0.1 0.2 0.3 0.4 0.5 0.6", "wrong_class"),
        ("0.5 0.1 0.2 0.3 0.4 0.5 0.6", "wrong_class"),
    ],
)
def test_what_is_wrong_with_a_line_is_said(text, code):
    with pytest.raises(yolo.LineError) as caught:
        yolo.parse_line(text, classes=3)
    assert caught.value.code == code


def test_boxes_and_polygons_are_told_apart():
    box = yolo.parse_line("1 0.5 0.5 0.2 0.4", classes=2)
    assert box.is_box
    assert np.allclose(box.points[[0, 2]], [[0.4, 0.3], [0.6, 0.7]])
    assert yolo.parse_line("1 0.5 0.5 0.2 0.4 0.93", classes=2).is_box  # with a confidence
    assert not yolo.parse_line("0 0 0 1 0 1 1", classes=1).is_box


def test_an_error_names_file_and_line():
    with pytest.raises(BadDatasetError, match=r"labels/a\.txt, line 3: class 7"):
        yolo.read_label("\n0 0 0 1 0 1 1\n7 0 0 1 0 1 1\n", (10, 10), "labels/a.txt", 1)


def test_a_mask_goes_through_a_label_unchanged():
    mask = np.zeros((37, 53), bool)
    mask[3:30, 8:44] = True
    mask[20:, 30:] = False
    text = yolo.label_text([Annotation.of_mask(mask)], mask.shape, tolerance=0)
    (back,) = yolo.read_label(text, mask.shape, "x")
    assert np.array_equal(back.mask(mask.shape), mask)
    assert text.endswith("\n")


def test_supervision_reads_our_labels_as_we_do():
    supervision = pytest.importorskip("supervision")
    from supervision.dataset.formats.yolo import yolo_annotations_to_detections

    assert supervision
    mask = np.zeros((60, 80), bool)
    mask[10:50, 5:60] = True
    mask[10:20, 40:] = False
    text = yolo.label_text([Annotation.of_mask(mask)], mask.shape, tolerance=0)
    theirs = yolo_annotations_to_detections(
        lines=text.splitlines(), resolution_wh=(80, 60), with_masks=True
    )
    assert np.array_equal(theirs.mask[0], mask)


@pytest.mark.slow
def test_ultralytics_reads_holes_and_parts(small_set):
    from animeseg.data.dataset import open_dataset
    from animeseg.detect import _ultralytics

    verify = _ultralytics.find("ultralytics.data.utils:verify_image_label")
    draw = _ultralytics.find("ultralytics.data.utils:polygon2mask")
    check = _ultralytics.find("ultralytics.data.utils:check_det_dataset")
    assert check(str(small_set / "data.yaml"))["names"] == {0: "character"}
    found = open_dataset(small_set)
    for row, picture in enumerate(found.pictures):
        path, label = str(picture.path), str(picture.label)
        _, _, size, polygons, *rest = verify((path, label, "", False, 1, 0, 0, False))
        assert rest[-1] == ""  # nothing to complain about
        masks = found.instances(row).masks
        assert len(polygons) == len(masks)
        for polygon, mask in zip(polygons, masks, strict=True):
            drawn = draw(size, [(polygon * np.array(size[::-1])).ravel()]).astype(bool)
            assert np.count_nonzero(drawn ^ mask) <= 15  # the bridges


def test_boxes_are_written_where_asked_or_where_nothing_else_is_known():
    mask = np.zeros((20, 40), bool)
    mask[5:15, 10:30] = True
    asked = yolo.label_text([Annotation.of_mask(mask)], (20, 40), boxes=True)
    known = yolo.label_text([Annotation(0, (10, 5, 30, 15))], (20, 40))
    assert asked == known == "0 0.500000 0.500000 0.500000 0.500000\n"


def test_crowds_have_no_line():
    mask = np.ones((4, 4), bool)
    assert yolo.label_text([Annotation.of_mask(mask, crowd=True)], (4, 4)) == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names no classes"),
        ("train: images\n", "names no classes"),
        ("names: []\ntrain: x\n", "has no class"),
        ("a: [", "cannot be read"),
        ("- 1\n", "names no classes"),
    ],
)
def test_a_bad_data_yaml_is_refused(tmp_path, text, message):
    (tmp_path / "data.yaml").write_text(text)
    with pytest.raises(BadDatasetError, match=message):
        yolo.read_data_yaml(tmp_path / "data.yaml")


def test_names_come_as_list_or_mapping_and_paths_as_ultralytics_takes_them(tmp_path):
    (tmp_path / "images").mkdir()
    path = tmp_path / "data.yaml"
    path.write_text("names: {1: b, 0: a}\ntrain: [images, ../images]\nval: images\n")
    names, parts = yolo.read_data_yaml(path)
    assert names == ("a", "b")
    assert [place.resolve() for place in parts["train"]] == [tmp_path / "images"] * 2
    path.write_text(yolo.data_yaml(["ä", "b"], {"train": "images"}), encoding="utf-8")
    assert yolo.read_data_yaml(path)[0] == ("ä", "b")
