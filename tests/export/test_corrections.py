"""A correction holds its picture, its masks and where they come from, and becomes training data."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from animeseg.data.converting import convert
from animeseg.data.corrections import FromCorrections, read_correction
from animeseg.data.dataset import open_dataset
from animeseg.errors import BadDatasetError
from animeseg.export.corrections import correction_files
from animeseg.instances import Instances

PROVENANCE = {"models": ["character-n"], "options": {}}


def correction(seed=0, count=2):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 255, (30, 40, 3), np.uint8)
    masks = np.zeros((count, 30, 40), bool)
    for row in range(count):
        masks[row, 3:20, 5 + 15 * row : 15 + 15 * row] = True
    return image, Instances.from_masks(masks)


def saved(folder, *corrections):
    for image, instances in corrections:
        files = correction_files(image, instances, provenance=PROVENANCE, edits=["brush"])
        for name, data in files.items():
            (folder / name).write_bytes(data)
    return folder


def test_corrections_become_a_set(tmp_path):
    folder = tmp_path / "saved"
    folder.mkdir()
    saved(folder, correction(0), correction(1, count=0))
    done = convert(FromCorrections(folder), tmp_path / "set", {}, lambda _: None)
    assert done.failed == {}
    found = open_dataset(tmp_path / "set")
    assert sorted(len(found.instances(row)) for row in range(2)) == [0, 2]
    full = max(range(2), key=lambda row: len(found.instances(row)))
    image, instances = correction(0)
    assert np.array_equal(found.image(full), image)
    assert np.array_equal(found.instances(full).masks, instances.masks)
    assert found.entry(full).sources["provenance"] == PROVENANCE


def test_saving_again_replaces(tmp_path):
    saved(tmp_path, correction(0))
    image, _ = correction(0)
    saved(tmp_path, (image, correction(0, count=1)[1]))
    assert len(list(tmp_path.iterdir())) == 2
    body = read_correction(next(tmp_path.glob("*.json")))
    assert len(body["annotations"]) == 1
    assert body["animeseg"]["edits"] == ["brush"]


def test_the_json_is_coco_and_the_png_has_no_metadata(tmp_path):
    saved(tmp_path, correction(0))
    coco = COCO(str(next(tmp_path.glob("*.json"))))
    assert [int(coco.annToMask(a).sum()) for a in coco.anns.values()] == [170, 170]
    with Image.open(next(tmp_path.glob("*.png"))) as picture:
        assert picture.info == {}


def test_a_changed_picture_is_refused(tmp_path):
    folder = tmp_path / "saved"
    folder.mkdir()
    saved(folder, correction(0))
    Image.fromarray(correction(5)[0]).save(next(folder.glob("*.png")))
    done = convert(FromCorrections(folder), tmp_path / "set", {}, lambda _: None)
    assert "was changed" in next(iter(done.failed.values()))


@pytest.mark.parametrize("text", ["", "{}", '{"animeseg": {"format": "x", "version": 1}}'])
def test_what_is_no_correction_is_refused(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(BadDatasetError, match="no correction"):
        FromCorrections(tmp_path)


def test_what_cannot_be_written_is_refused():
    image, instances = correction()
    with pytest.raises(ValueError, match="picture of"):
        correction_files(image[:5], instances, provenance={})
    with pytest.raises(ValueError, match="JSON"):
        correction_files(image, instances, provenance={"x": object()})
    assert json.dumps(PROVENANCE)
