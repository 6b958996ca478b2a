"""What goes from one format into another and back is what it was."""

from __future__ import annotations

import shutil

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from animeseg.data.converting import convert
from animeseg.data.dataset import open_dataset
from animeseg.data.entries import Annotation, Entry
from animeseg.data.formats.cutouts import FromCutouts
from animeseg.data.formats.labelme import FromLabelme
from animeseg.data.formats.masks import FromMasks, aniseg
from animeseg.data.formats.source import Chosen, Classes, FromDataset, distinct
from animeseg.data.formats.targets import TARGETS, write_files
from animeseg.data.formats.voc import FromVoc
from animeseg.data.pictures import encode_jpeg
from animeseg.data.writing import Sample, SetWriter, write_sample
from animeseg.errors import BadDatasetError, BadImageError, OptionError


def into_set(source, out, **more):
    done = convert(source, out, {"command": "test"}, lambda _: None, **more)
    assert done.failed == {}
    return open_dataset(out)


def everything(dataset):
    return FromDataset(dataset, Classes.chosen(dataset.names))


def through(dataset, target, folder):
    """A set in another format and back."""
    failed = write_files(everything(dataset), folder / target, target, lambda _: None)
    assert failed == {}
    root = folder / target
    back = {
        "labelme": lambda: FromLabelme(root),
        "masks": lambda: FromMasks(root / "images", root / "masks"),
        "rgba": lambda: FromCutouts(root),
        "voc": lambda: FromVoc(root / "images", root / "annotations"),
    }[target]()
    return into_set(back, folder / "back")


def bridges(a, b):
    """Pixels in which masks differ, where only bridges may."""
    return int(np.count_nonzero(a ^ b))


@pytest.mark.parametrize("target", sorted(set(TARGETS) - {"rgba"}))
def test_masks_survive_every_format(small_set, tmp_path, target):
    before = open_dataset(small_set)
    after = through(before, target, tmp_path)
    assert [p.name for p in after.pictures] == [p.name for p in before.pictures]
    for row in range(3):
        a, b = before.instances(row).masks, after.instances(row).masks
        if target == "voc" and row < 2:
            # supervision makes an object of every part, and is off by a pixel at the border.
            assert np.count_nonzero(b.any(axis=0) & a.any(axis=0)) > 0.85 * a.any(axis=0).sum()
            continue
        assert a.shape == b.shape
        assert bridges(a, b) <= (0 if target == "masks" else 40)


def test_pictures_are_copied_byte_for_byte(small_set, tmp_path):
    into_set(everything(open_dataset(small_set)), tmp_path / "copy")
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        first, second = (root / "images" / name for root in (small_set, tmp_path / "copy"))
        assert first.read_bytes() == second.read_bytes()


def test_cutouts_have_the_alpha_of_their_masks(small_set, tmp_path, made):
    after = through(open_dataset(small_set), "rgba", tmp_path)
    assert [p.name for p in after.pictures] == ["a-1.png", "a-2.png", "b-1.png", "b-2.png"]
    _, masks = made["shapes"](1)
    assert after.instances(2).masks[0].sum() == masks[0].sum()
    rgba = cv2.imread(str(tmp_path / "rgba" / "b-1.png"), cv2.IMREAD_UNCHANGED)
    assert set(np.unique(rgba[..., 3])) == {0, 255}
    assert (rgba[rgba[..., 3] == 0] == 0).all()
    assert (after.image(2)[~after.instances(2).masks[0]] == 255).all()


@st.composite
def pictures(draw):
    """Sizes, and masks of up to three rectangles that do not overlap."""
    height, width = draw(st.integers(8, 40)), draw(st.integers(12, 40))
    thirds = np.array_split(np.arange(width), draw(st.integers(1, 3)))
    masks = []
    for columns in thirds:
        mask = np.zeros((height, width), bool)
        top, bottom = sorted(draw(st.tuples(st.integers(0, height), st.integers(0, height))))
        mask[top : bottom + 1, columns[0] : columns[-1] + 1] = True
        if draw(st.booleans()):
            mask[top, columns[0]] = False
        if mask.any():
            masks.append(mask)
    return masks, (height, width)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(pictures(), min_size=1, max_size=3))
def test_sets_labelme_and_masks_give_back_what_they_got(tmp_path_factory, drawn):
    folder = tmp_path_factory.mktemp("any")
    with SetWriter(folder / "set", ["a", "b"], {}) as writer:
        for number, (masks, size) in enumerate(drawn):
            found = tuple(Annotation.of_mask(m, k % 2) for k, m in enumerate(masks))
            data = encode_jpeg(np.full((*size, 3), 40 * number, np.uint8))
            entry = Entry(f"{number}.jpg", size[1], size[0], found)
            writer.add(write_sample(folder / "set", Sample(entry, data), tolerance=0))
        writer.finish("test")
    before = open_dataset(folder / "set")
    coco = open_dataset(folder / "set" / "annotations.json")
    labelme = through(before, "labelme", folder)
    copy = into_set(everything(before), folder / "copy")
    for row in range(len(before)):
        for other in (coco, labelme, copy):
            mine, theirs = before.instances(row), other.instances(row)
            assert np.array_equal(mine.masks, theirs.masks)
            assert mine.label_names() == theirs.label_names()


@pytest.mark.parametrize(("kind", "expected"), [("values", 2), ("one", 1), ("components", 2)])
def test_masks_tell_characters_apart_as_asked(tmp_path, kind, expected):
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    mask = np.zeros((30, 40), np.uint8)
    mask[5:20, 3:10], mask[5:20, 20:30] = 200, 255
    cv2.imwrite(str(tmp_path / "masks" / "a.png"), mask)
    cv2.imwrite(str(tmp_path / "images" / "a.jpg"), np.zeros((30, 40, 3), np.uint8))
    found = into_set(FromMasks(tmp_path / "images", tmp_path / "masks", kind=kind), tmp_path / "s")
    assert len(found.instances(0)) == expected


def test_aniseg_palettes_are_read_by_index(tmp_path):
    from PIL import Image

    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    mask = np.zeros((30, 40), np.uint8)
    mask[5:20, 3:10], mask[5:20, 10:14], mask[25:28, 30:38] = 31, 255, 31
    palette = Image.fromarray(mask, "L").convert("P")
    palette.putdata(mask.ravel().tolist())
    palette.putpalette([0, 0, 0] + [90, 10, 10] * 255)
    palette.save(tmp_path / "masks" / "a.png")
    cv2.imwrite(str(tmp_path / "images" / "a.png"), np.zeros((30, 40, 3), np.uint8))
    found = into_set(aniseg(tmp_path / "images", tmp_path / "masks"), tmp_path / "out")
    assert sorted(int(mask.sum()) for mask in found.instances(0).masks) == [24, 165]


def test_persons_are_taken_from_coco_and_crowds_kept_apart(tmp_path, small_set):
    import json

    path = small_set / "annotations.json"
    body = json.loads(path.read_text())
    body["categories"] = [{"id": 18, "name": "dog"}, {"id": 1, "name": "person"}]
    body["annotations"][0]["category_id"] = 18
    body["annotations"][3]["iscrowd"] = 1
    path.write_text(json.dumps(body))
    dataset = open_dataset(path)
    classes = Classes.chosen(dataset.names, ["person"], "character")
    whole = into_set(FromDataset(dataset, classes), tmp_path / "whole")
    assert whole.names == ("character",)
    assert [len(e.annotations) for e in whole] == [1, 2, 0]
    assert [len(whole.instances(row)) for row in range(3)] == [1, 1, 0]
    assert (tmp_path / "whole" / "labels" / "b.txt").read_text().count("\n") == 1
    some = FromDataset(dataset, classes, crowd=False, only_annotated=True)
    assert [len(e.annotations) for e in into_set(some, tmp_path / "some")] == [1, 1]


def test_unknown_classes_are_refused():
    with pytest.raises(OptionError, match="no class 'cat'"):
        Classes.chosen(["dog", "person"], ["cat"])


def test_classes_of_any_source_can_be_chosen(small_set, tmp_path):
    chosen = Chosen(everything(open_dataset(small_set)), Classes.chosen(["character"], [], "x"))
    assert into_set(chosen, tmp_path / "out").names == ("x",)


def test_boxes_stay_boxes(small_set, tmp_path):
    found = into_set(everything(open_dataset(small_set)), tmp_path / "out", boxes=True)
    (line, _) = (tmp_path / "out" / "labels" / "a.txt").read_text().splitlines()
    assert len(line.split()) == 5
    assert found.instances(0).masks[0].sum() > 100  # the manifest keeps the mask
    (tmp_path / "out" / "manifest.jsonl").unlink()
    box = open_dataset(tmp_path / "out").instances(0)
    assert box.masks[0].sum() == pytest.approx(np.prod(box.boxes[0][2:] - box.boxes[0][:2]))


def test_a_damaged_picture_does_not_stop_the_others(small_set, tmp_path):
    (small_set / "images" / "a.jpg").write_bytes(b"")
    source = everything(open_dataset(small_set))
    done = convert(source, tmp_path / "out", {}, lambda _: None)
    assert list(done.failed) == ["a.jpg"]
    assert "is empty" in done.failed["a.jpg"]
    assert len(open_dataset(tmp_path / "out")) == 2
    shutil.copy(small_set / "images" / "b.jpg", small_set / "images" / "a.jpg")
    again = convert(source, tmp_path / "out", {}, lambda _: None)
    assert (again.kept, again.written) == (2, 1)


def test_pictures_of_another_size_than_annotated_are_refused(small_set, tmp_path):
    cv2.imwrite(str(small_set / "images" / "a.jpg"), np.zeros((9, 9, 3), np.uint8))
    done = convert(everything(open_dataset(small_set)), tmp_path / "s", {}, lambda _: None)
    assert "9 x 9 pixels, its annotations say 64 x 48" in done.failed["a.jpg"]


def test_stems_that_would_share_a_label_are_told_apart():
    assert distinct(["x/a.png", "x/A.jpg", "b.png"]) == ["x/a_png.png", "x/A_jpg.jpg", "b.png"]
    with pytest.raises(BadDatasetError, match="twice"):
        distinct(["a.png", "a.png"])


@pytest.mark.parametrize(
    ("shape", "area"),
    [
        ({"shape_type": "polygon", "points": [[2, 2], [12, 2], [12, 8], [2, 8]]}, 77),
        ({"shape_type": "rectangle", "points": [[12, 8], [2, 2]]}, 60),
        ({"shape_type": "circle", "points": [[15, 12], [15, 17]]}, 85),
    ],
)
def test_labelme_shapes_are_read(tmp_path, shape, area):
    import json

    write_labelme_file(tmp_path, [{"label": "x", **shape}])
    found = into_set(FromLabelme(tmp_path / "lm"), tmp_path / "out")
    assert found.instances(0).masks[0].sum() == pytest.approx(area, abs=8)
    assert json.loads((tmp_path / "lm" / "a.json").read_text())


def test_labelme_groups_are_one_character(tmp_path):
    square = [[2, 2], [8, 2], [8, 8], [2, 8]]
    other = [[12, 2], [18, 2], [18, 8], [12, 8]]
    shapes = [{"label": "x", "points": p, "group_id": 4} for p in (square, other)]
    shapes.append({"label": "x", "points": other, "group_id": None})
    write_labelme_file(tmp_path, shapes)
    found = into_set(FromLabelme(tmp_path / "lm"), tmp_path / "out")
    assert sorted(int(mask.sum()) for mask in found.instances(0).masks) == [49, 98]


@pytest.mark.parametrize(
    "shape",
    [
        {"label": "x", "points": [[1, 1], [2, 2]]},
        {"label": "x", "points": [[1, 1], [2, 2]], "shape_type": "line"},
        {"label": "x", "points": "text"},
        {"label": "x", "points": [[0, 0]], "shape_type": "mask", "mask": "no base64!"},
        {"points": [[1, 1], [2, 2], [3, 1]], "label": "x", "shape_type": 5},
    ],
)
def test_damaged_labelme_shapes_are_named(tmp_path, shape):
    write_labelme_file(tmp_path, [{"label": "x", "points": [[1, 1], [9, 1], [9, 9]]}, shape])
    done = convert(FromLabelme(tmp_path / "lm"), tmp_path / "s", {}, lambda _: None)
    assert "shape 2" in done.failed["a.png"]


def write_labelme_file(folder, shapes):
    import json

    (folder / "lm").mkdir()
    cv2.imwrite(str(folder / "lm" / "a.png"), np.zeros((24, 30, 3), np.uint8))
    body = {"shapes": shapes, "imagePath": "C:\\work\\a.png", "imageHeight": 24, "imageWidth": 30}
    (folder / "lm" / "a.json").write_text(json.dumps(body))


@pytest.mark.parametrize("reader", [FromLabelme, FromCutouts])
def test_folders_without_anything_are_refused(tmp_path, reader):
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(BadDatasetError):
            reader(path)


def test_colour_pictures_are_no_masks(tmp_path, small_set):
    masks = tmp_path / "masks"
    masks.mkdir()
    shutil.copy(small_set / "images" / "a.jpg", masks / "a.jpg")
    source = FromMasks(small_set / "images", masks)
    with pytest.raises(BadImageError, match="colour"):
        source.sample(0)
    with pytest.raises(BadImageError, match="no mask"):
        source.sample(1)
