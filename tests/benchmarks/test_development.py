import json

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

from benchmarks.development import foreground_iou, load_composites, load_real


def _rle(mask):
    coded = coco_mask.encode(np.asfortranarray(mask, dtype=np.uint8))
    return {"size": coded["size"], "counts": coded["counts"].decode()}


@pytest.fixture
def square():
    mask = np.zeros((4, 6), bool)
    mask[1:3, 1:3] = True
    return mask


def test_a_picture_comes_with_its_masks_and_ignored_pixels(tmp_path, square):
    folder = tmp_path / "real"
    (folder / "images").mkdir(parents=True)
    for name in ("b", "a"):
        Image.new("RGBA", (6, 4), (255, 0, 0, 10)).save(folder / "images" / f"{name}.png")
    sizes = {"width": 6, "height": 4}
    content = {
        "images": [
            {"id": 7, "file_name": "b.png", **sizes},
            {"id": 9, "file_name": "a.png", "ignore_rle": _rle(~square), **sizes},
        ],
        "annotations": [{"id": 1, "image_id": 9, "segmentation": _rle(square)}],
    }
    (folder / "instances.json").write_text(json.dumps(content), encoding="utf-8")

    first, second = load_real(tmp_path)

    assert (first.name, second.name) == ("a", "b")
    assert first.image.shape == (4, 6, 3)
    np.testing.assert_array_equal(first.masks, square[None])
    np.testing.assert_array_equal(first.ignore, ~square)
    assert second.masks.shape == (0, 4, 6)
    assert not second.ignore.any()


@pytest.mark.parametrize(("moved", "expected"), [(0, 1.0), (1, 2 / 6), (3, 0.0)])
def test_iou_is_intersection_over_union(square, moved, expected):
    assert foreground_iou(np.roll(square, moved, axis=1), square) == pytest.approx(expected)


def test_ignored_pixels_change_no_score(square):
    wrong = square.copy()
    wrong[3] = True
    assert foreground_iou(wrong, square, ignore=wrong & ~square) == 1.0


def test_finding_nothing_where_there_is_nothing_is_right(square):
    assert foreground_iou(np.zeros_like(square), np.zeros_like(square)) == 1.0


@pytest.mark.shared
def test_the_development_sets_have_the_counts_their_readme_states(shared):
    real, composites = load_real(shared / "data/bench"), load_composites(shared / "data/bench")
    assert (len(real), sum(len(picture.rles) for picture in real)) == (36, 61)
    assert len(composites) == 187
    assert sum(not picture.rles for picture in composites) == 22
