"""The labels of the report's test set, and the words about the order."""

from __future__ import annotations

import json

import numpy as np
from PIL import Image

from animeseg.data.coco import decode_segmentation
from animeseg.masks import encode_rle
from benchmarks import ablation


def test_touching_characters_become_one_and_a_divided_one_becomes_two(tmp_path):
    left, right, divided = (np.zeros((40, 60), bool) for _ in range(3))
    left[5:20, 5:15] = True
    left[10:14, 8:12] = False  # a hole, which an outer contour fills
    right[5:20, 15:25] = True
    divided[25:30, 5:50] = True
    divided[:, 30:33] = False
    source = tmp_path / "set"
    (source / "images").mkdir(parents=True)
    Image.new("RGB", (60, 40)).save(source / "images/a.png")
    rows = [
        {"id": n, "image_id": 7, "category_id": 1, "segmentation": encode_rle(mask)}
        for n, mask in enumerate((left, right, divided), start=1)
    ]
    image = {"id": 7, "file_name": "a.png", "height": 40, "width": 60, "ignore_rle": {"kept": 1}}
    content = {"images": [image], "annotations": rows, "categories": [{"id": 1, "name": "x"}]}
    (source / "instances.json").write_text(json.dumps(content))
    for _ in range(2):  # what is there is left as it is
        ablation.merge_labels(source, tmp_path / "merged")
    merged = json.loads((tmp_path / "merged/instances.json").read_text())
    assert merged["images"] == [image]
    assert (tmp_path / "merged/images/a.png").is_file()
    found = [decode_segmentation(row["segmentation"], (40, 60)) for row in merged["annotations"]]
    areas = sorted(int(mask.sum()) for mask in found)
    assert areas == [5 * 17, 5 * 25, 15 * 20]


def test_whether_the_order_holds_is_said_for_every_score():
    def system(ap):
        names = ("mask_map50", "mask_map", "iou")
        return {"scores": {name: {"value": ap} for name in names}}

    rising = {"COCO": system(0.1), "simple": system(0.2), "enhanced": system(0.3)}
    falling = {**rising, "enhanced": system(0.2), "mended": system(0.4)}
    told = list(ablation.verdicts({"a/real/instances.json": rising, "b/c/x.json": falling}))
    assert [line.strip() for line in told if "enhanced holds" in line] == [
        "COCO < simple < enhanced holds"
    ] * 3
    assert sum("enhanced does not hold" in line for line in told) == 3
    assert sum("mended holds" in line for line in told) == 3
    assert "simple 0.200" in told[1]
