"""Finders: each kind searched once, with its own detector, and told clearly when it cannot be."""

from __future__ import annotations

import numpy as np
import pytest

from animeseg import Instances, ModelInfo, Note, Options, Segmentation, Segmenter
from animeseg.detect import Detection
from animeseg.errors import AnimesegError, OptionError
from animeseg.targets import PictureFinder, evaluate, kind_options, parse
from animeseg.targets.find import ellipses

SIZE = (40, 60)


def boxes(*corners, names=("character",)):
    masks = np.zeros((len(corners), *SIZE), np.bool_)
    for mask, (left, top, right, bottom) in zip(masks, corners, strict=True):
        mask[top:bottom, left:right] = True
    return Instances.from_masks(masks, names=names)


class Searches:
    """Stands for a segmenter: answers by model, remembers the options."""

    def __init__(self, **answers):
        self.answers, self.asked = answers, []

    def __call__(self, options):
        self.asked.append(options)
        found = self.answers[options.model]
        if isinstance(found, Exception):
            raise found
        model = ModelInfo("detector", options.model, "0" * 64)
        return Segmentation(SIZE, found, options, (model,), (Note("told", options.model),))


def finder(search, options=None):
    options = options or Options(model="people")
    return PictureFinder(SIZE, search, lambda kind: kind_options(options, kind, {"face": "faces"}))


def test_each_kind_is_searched_once():
    search = Searches(people=boxes((0, 0, 20, 40)), faces=boxes((5, 5, 15, 15)))
    found = finder(search)
    evaluate(parse("character - face | character & face"), found)
    assert [options.model for options in search.asked] == ["people", "faces"]
    assert [note.message for note in found.notes] == ["people", "faces"]
    assert [model.name for model in found.models] == ["people", "faces"]


def test_faces_are_found_without_what_the_options_ask_of_characters():
    options = Options(
        model="people", min_area=0.5, top_k=1, classes=["x"], refine="prompt", confidence=0.9,
        order="right-to-left", device="cpu", nms_iou=0.5, target="face",
    )  # fmt: skip
    asked = kind_options(options, "face", {"face": "faces"})
    expected = {
        "model": "faces", "refine": "none", "order": "right-to-left", "device": "cpu",
        "nms_iou": 0.5,
    }  # fmt: skip
    assert asked.changed() == expected


def test_a_class_is_asked_of_the_options_own_detector():
    asked = kind_options(Options(model="clothes", min_area=0.1), "skirt")
    assert asked.changed() == {"model": "clothes", "min_area": 0.1, "classes": ["skirt"]}


def test_an_unknown_word_is_an_error_of_the_target():
    unknown = OptionError("classes", "unknown: skrt", "choose of skirt, trousers")
    with pytest.raises(OptionError, match="'skrt' is no character") as caught:
        evaluate(parse("skrt"), finder(Searches(people=unknown)))
    assert (caught.value.field, caught.value.cure) == ("target", "choose of skirt, trousers")


def test_a_face_box_becomes_the_ellipse_inside_it():
    found = evaluate(parse("face"), finder(Searches(faces=boxes((10, 5, 30, 35)))))
    mask = found.masks[0]
    assert mask.sum() == pytest.approx(np.pi * 10 * 15, rel=0.02)
    assert not mask[5, 10]
    assert mask[20, 10]
    assert found.boxes.tolist() == [[10, 5, 30, 35]]


def test_ellipses_leave_masks_of_another_shape_and_cut_at_the_frame():
    found = boxes((0, 0, 1, 1), (50, 30, 60, 40), (2, 2, 20, 20))
    found.masks[2, 5, 5] = False
    result = ellipses(found)
    assert result.masks[0].sum() == 1
    assert 0 < result.masks[1].sum() < 100
    assert np.array_equal(result.masks[2], found.masks[2])
    assert len(ellipses(Instances.empty(SIZE))) == 0


class StubDetector:
    info = ModelInfo("detector", "stub", "0" * 64)
    names = ("character",)
    confidence = 0.3

    def detect(self, image, **asked):
        return Detection(boxes((0, 0, 20, 40), (30, 10, 60, 40)))


def test_the_segmenter_says_what_the_mask_covers():
    segmenter = Segmenter(Options(refine="none"), detector=StubDetector())
    picture = np.zeros((*SIZE, 3), np.uint8)
    plain = segmenter(picture)
    assert plain.target is None
    assert plain.masked is plain.instances
    aimed = segmenter(picture, Options(refine="none", target="background"))
    assert len(aimed.instances) == 2
    assert np.array_equal(aimed.masked.union(), ~plain.instances.union())


def test_a_slip_in_the_target_is_told_before_anything_is_searched():
    segmenter = Segmenter(Options(refine="none", target="character -"), detector=StubDetector())
    with pytest.raises(OptionError, match="column 12"):
        segmenter(b"not even a picture")
    with pytest.raises(OptionError, match="column 12"):
        segmenter.load()


def test_a_missing_detector_of_faces_is_an_error_with_a_cure(monkeypatch):
    monkeypatch.setattr("animeseg.segmenter.kind_options", _absent)
    segmenter = Segmenter(Options(refine="none", target="face"), detector=StubDetector())
    with pytest.raises(AnimesegError) as caught:
        segmenter(np.zeros((*SIZE, 3), np.uint8))
    assert caught.value.cure


def _absent(options, kind):
    return kind_options(options, kind, {"face": "face-yolov9c"})


@pytest.mark.slow
def test_the_bundled_detectors_find_who_has_which_face(repository):
    picture = repository / "docs" / "pictures" / "demo.jpg"
    result = Segmenter(Options(refine="none", target="face"))(picture)
    assert len(result.instances) == len(result.masked) == 3
    assert [model.name for model in result.models] == ["character-n", "face-n"]
    shares = (result.masked.masks & result.instances.masks).sum((1, 2))
    areas = result.masked.masks.sum((1, 2))
    assert (shares > 0.8 * areas).all()  # both are numbered from left to right
    boxes = result.masked.boxes
    inside = np.pi / 4 * (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    assert areas == pytest.approx(inside, rel=0.02)
