"""COCO files: every form of annotation, read as pycocotools reads it, and streamed."""

from __future__ import annotations

import json

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from animeseg.data.coco import CocoFile, annotation_of
from animeseg.data.dataset import open_dataset
from animeseg.errors import BadDatasetError


def test_pycocotools_reads_what_we_write(small_set, capsys):
    theirs = COCO(str(small_set / "annotations.json"))
    ours = open_dataset(small_set)
    assert sorted(theirs.imgs) == [1, 2, 3]
    for row in range(3):
        rows = theirs.imgToAnns[row + 1]
        masks = [theirs.annToMask(one).astype(bool) for one in rows]
        assert [mask.tolist() for mask in masks] == ours.instances(row).masks.tolist()
        assert [one["area"] for one in rows] == [mask.sum() for mask in masks]


@pytest.mark.parametrize("form", ["polygons", "rle", "runs", "box"])
def test_every_form_of_annotation_is_read(form):
    size = (40, 60)
    polygons = [[5, 5, 30, 5, 30, 25, 5, 25], [40, 10, 55, 10, 55, 30, 40, 30]]
    expected = coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(polygons, *size)))
    row = {"bbox": [5, 5, 50, 25], "category_id": 1}
    if form == "polygons":
        row["segmentation"] = polygons
    elif form == "rle":
        rle = coco_mask.encode(np.asfortranarray(expected))
        row["segmentation"] = {"size": list(size), "counts": rle["counts"].decode()}
    elif form == "runs":
        flat = expected.T.ravel()
        edges = np.flatnonzero(np.diff(flat)) + 1
        runs = np.diff([0, *edges, flat.size])
        row["segmentation"] = {"size": list(size), "counts": [int(run) for run in runs]}
        row["iscrowd"] = 1
    found = annotation_of(row, 0, size)
    assert found.crowd == (form == "runs")
    if form == "box":
        assert found.counts is None
        assert found.box == (5, 5, 55, 30)
        return
    assert np.array_equal(found.mask(size), expected.astype(bool))


@pytest.mark.parametrize(
    "shape",
    [
        [[1, 2, 3, 4]],
        [[1, 2, 3, 4, 5]],
        [[1, 2, 3, float("nan"), 5, 6]],
        {"size": [4, 4], "counts": [16, 1]},
        {"size": [9, 9], "counts": "01"},
        {"size": [4, 4], "counts": "\x7f"},
        "text",
    ],
)
def test_damaged_shapes_never_reach_the_c_code(shape):
    with pytest.raises((ValueError, TypeError)):
        annotation_of({"segmentation": shape, "bbox": [0, 0, 1, 1]}, 0, (4, 4))


IMAGE = {"file_name": "x.png", "width": 8, "height": 6}


def write(path, **changes):
    body = {
        "images": [IMAGE | {"id": 7}],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 5, "bbox": [1, 1, 4, 3]},
            {"id": 2, "image_id": 7, "category_id": 9, "bbox": [0, 0, 8, 6]},
        ],
        "categories": [{"id": 9, "name": "dog"}, {"id": 5, "name": "person"}],
    }
    path.write_text(json.dumps(body | changes))
    return path


def test_categories_keep_their_names_whatever_their_ids(tmp_path):
    found = open_dataset(write(tmp_path / "c.json"))
    assert found.names == ("person", "dog")
    assert [a.label for a in found.entry(0).annotations] == [0, 1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": [{"id": 1, "file_name": "x.png"}]}, "not a COCO file"),
        ({"images": [IMAGE | {"id": 1}, IMAGE | {"id": 2}]}, "twice"),
        ({"annotations": [{"id": 3, "image_id": 7, "category_id": 5}]}, "annotation 3"),
        ({"images": [1]}, "not a COCO file"),
    ],
)  # fmt: skip
def test_damaged_files_are_refused_with_the_reason(tmp_path, changes, message):
    with pytest.raises(BadDatasetError, match=message):
        open_dataset(write(tmp_path / "c.json", **changes)).entry(0)


def test_what_is_no_json_is_refused(tmp_path):
    path = tmp_path / "c.json"
    path.write_text('{"images": [{"id"')
    with pytest.raises(BadDatasetError, match="not JSON"):
        CocoFile(path, tmp_path / "index")
