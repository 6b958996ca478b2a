import json

import numpy as np
import pytest
from PIL import Image

from animeseg.errors import BadDatasetError
from animeseg.evaluate.truth import open_truth
from animeseg.masks import encode_rle
from tests.evaluate.conftest import SIZE, squares


@pytest.fixture
def coco(tmp_path):
    """A COCO file with one character, one crowd, ignored pixels and exact alpha."""
    character, crowd, ignored = squares((0, 0), (30, 0), (50, 30))
    (tmp_path / "images").mkdir()
    (tmp_path / "alpha").mkdir()
    Image.new("RGB", SIZE[::-1], (9, 9, 9)).save(tmp_path / "images/a.png")
    Image.fromarray(np.full(SIZE, 77, np.uint8)).save(tmp_path / "alpha/a.png")
    size = {"height": SIZE[0], "width": SIZE[1]}
    shape = {"image_id": 1, "category_id": 1, "area": 400}
    content = {
        "images": [{"id": 1, "file_name": "a.png", **size, "background": "scene",
                    "ignore_rle": encode_rle(ignored)}],
        "annotations": [
            {"id": 1, **shape, "iscrowd": 0, "bbox": [0, 0, 20, 20],
             "segmentation": encode_rle(character)},
            {"id": 2, **shape, "iscrowd": 1, "bbox": [30, 0, 20, 20],
             "segmentation": encode_rle(crowd)},
        ],
        "categories": [{"id": 1, "name": "character"}],
    }  # fmt: skip
    path = tmp_path / "instances.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_a_coco_file_tells_characters_crowds_ignored_pixels_group_and_alpha(coco):
    (truth,) = open_truth(coco)
    character, crowd, ignored = squares((0, 0), (30, 0), (50, 30))
    np.testing.assert_array_equal(truth.instances.masks, character[None])
    np.testing.assert_array_equal(truth.ignore, crowd | ignored)
    np.testing.assert_array_equal(truth.ignored_boxes, [[30, 0, 50, 20]])
    assert (truth.name, truth.group, truth.has_masks) == ("a.png", "scene", True)
    assert (truth.alpha == 77).all()
    assert truth.image.shape == (*SIZE, 3)


def test_no_set_is_a_clear_error(tmp_path):
    with pytest.raises(BadDatasetError):
        open_truth(tmp_path / "nothing")


@pytest.mark.shared
def test_the_development_pictures_open(shared):
    truths = open_truth(shared / "data/bench/real/instances.json")
    assert len(truths) == 36
    assert truths[0].group in ("plain", "scene")
