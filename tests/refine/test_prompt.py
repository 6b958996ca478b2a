"""The policy of the prompted refinement, against a network that knows the truth."""

from __future__ import annotations

import dataclasses
import json

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from animeseg import Instances, ModelInfo, Options
from animeseg.masks import decode_rle, iou
from animeseg.refine import Decoded, Embedding
from animeseg.refine._square import fit
from animeseg.refine.prompt import PromptRefiner
from animeseg.refine.sam import Sam, load_sam
from animeseg.watch import Watch

SIZE = (384, 512)
INPUT = (768, 1024)


class Oracle:
    """Answers each box with the true mask that overlaps it most, one candidate of three."""

    info = ModelInfo("refiner", "oracle", "0" * 64)
    upscale = Sam.upscale
    shrink = Sam.shrink

    def __init__(self, *truth, fault=None):
        self.truth, self.fault = truth, fault
        self.encoder_calls = self.decoder_calls = 0

    def embed(self, image):
        self.encoder_calls += 1
        return Embedding(None, image.shape[:2], INPUT, "")

    def decode(self, embedding, *, boxes, points=None, point_labels=None, mask_logits=None):
        self.decoder_calls += 1
        logits = np.full((len(boxes), 3, 256, 256), -10, np.float32)
        for row, (left, top, right, bottom) in enumerate(boxes.round().astype(int)):
            inside = [mask[top:bottom, left:right].sum() for mask in self.truth]
            logits[row, 1] = self.shrink(embedding, self.truth[int(np.argmax(inside))][None])[0]
        if self.fault is not None:
            logits[:] = self.fault
        estimate = np.tile(np.float32([0.95, 0.9, 0.8]), (len(boxes), 1))
        return Decoded(torch.from_numpy(logits), torch.from_numpy(estimate))


def _disc(x, y, radius):
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    return (rows - y) ** 2 + (columns - x) ** 2 <= radius**2


@pytest.fixture
def picture(rng):
    return rng.integers(0, 255, (*SIZE, 3), np.uint8)


def _found(*masks):
    return Instances.from_masks(np.stack(masks))


def test_the_candidate_that_agrees_is_taken_not_the_one_rated_highest(picture):
    truth = _disc(250, 190, 120)
    refined = PromptRefiner(Oracle(truth)).refine(picture, _found(_disc(256, 195, 112))).instances
    assert iou(refined.masks[0], truth) > 0.97 > iou(_disc(256, 195, 112), truth)


def test_one_encoder_pass_serves_all_characters_and_ways_of_asking(picture):
    left, right = _disc(140, 190, 110), _disc(370, 190, 110)
    oracle = Oracle(left, right)
    refinement = PromptRefiner(oracle).refine(picture, _found(left, right))
    assert (oracle.encoder_calls, oracle.decoder_calls) == (1, 3)
    assert len(refinement.instances) == 2
    assert not refinement.notes


def test_order_and_scores_stay_those_of_the_detections(picture):
    left, right = _disc(140, 190, 110), _disc(370, 190, 110)
    found = Instances.from_masks(np.stack([right, left]), np.float32([0.4, 0.9]))
    refined = PromptRefiner(Oracle(left, right)).refine(picture, found).instances
    assert refined.scores.tolist() == found.scores.tolist()
    assert iou(refined.masks[0], right) > 0.97
    assert iou(refined.masks[1], left) > 0.97


def test_an_answer_that_contradicts_the_detection_is_rejected_and_said(picture):
    detected = _disc(250, 190, 120)
    oracle = Oracle(_disc(250, 190, 40))
    refinement = PromptRefiner(oracle, min_agreement=0.5).refine(picture, _found(detected))
    assert np.array_equal(refinement.instances.masks[0], detected)
    (note,) = refinement.notes
    assert note.code == "refinement_rejected"
    assert "character 1" in note.message
    assert note.cure


@pytest.mark.parametrize("fault", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_never_become_a_mask(picture, fault):
    detected = _disc(250, 190, 120)
    refined = PromptRefiner(Oracle(detected, fault=fault)).refine(picture, _found(detected))
    assert np.array_equal(refined.instances.masks[0], detected)


def test_no_pixel_belongs_to_two_refined_characters(picture):
    left, right = _disc(200, 190, 110), _disc(330, 190, 110)
    refined = PromptRefiner(Oracle(left, right)).refine(picture, _found(left, right)).instances
    assert not (refined.masks[0] & refined.masks[1]).any()


def test_no_instances_cost_no_encoder_pass(picture):
    oracle = Oracle(_disc(250, 190, 120))
    assert len(PromptRefiner(oracle).refine(picture, Instances.empty(SIZE)).instances) == 0
    assert oracle.encoder_calls == 0


def test_a_picture_of_another_size_is_refused():
    found = _found(_disc(250, 190, 120))
    with pytest.raises(ValueError, match="instances are"):
        PromptRefiner(Oracle()).refine(np.zeros((9, 9, 3), np.uint8), found)


def test_options_set_points_mask_guard_and_crops():
    options = Options(
        prompt_positive=3, prompt_negative=2, prompt_mask=False, min_agreement=0.7, crop_below=0.1
    )
    refiner = PromptRefiner.from_options(Oracle(), options)
    assert (refiner.positive, refiner.negative, refiner.use_mask) == (3, 2, False)
    assert (refiner.min_agreement, refiner.crop_below) == (0.7, 0.1)


class ByColour:
    """Answers each box with all that has the colour of the box's middle, where nothing crosses."""

    info = ModelInfo("refiner", "colours", "0" * 64)
    upscale = Sam.upscale
    shrink = Sam.shrink

    def __init__(self):
        self.seen = []
        self.ways = []

    def embed(self, image):
        self.seen.append(image.shape[:2])
        return Embedding((image,), image.shape[:2], fit(*image.shape[:2]), "")

    def decode(self, embedding, *, boxes, points=None, point_labels=None, mask_logits=None):
        self.ways.append((points is not None, mask_logits is not None))
        image = embedding.features[0]
        middles = ((boxes[:, :2] + boxes[:, 2:]) / 2).astype(int)
        masks = np.stack([(image == image[y, x]).all(axis=2) for x, y in middles])
        logits = torch.from_numpy(self.shrink(embedding, masks))[:, None]
        return Decoded(logits, torch.ones(len(boxes), 1))


def _painted(size, *shapes):
    picture = np.zeros((*size, 3), np.uint8)
    for number, shape in enumerate(shapes, start=1):
        picture[shape] = 40 * number
    return picture


def _oval(size, x, y, radius):
    rows, columns = np.mgrid[: size[0], : size[1]]
    return np.hypot((rows - y) / 1.5, columns - x) <= radius


def test_small_characters_in_a_large_picture_are_refined_in_their_crop_and_put_back():
    size = (1500, 2400)
    truth = [_oval(size, 300, 400, 60), _oval(size, 2200, 1300, 80), _oval(size, 1300, 700, 350)]
    found = _found(
        *(_oval(size, x, y, r) for x, y, r in ((306, 396, 55), (2206, 1296, 74), (1306, 704, 330)))
    )
    sam = ByColour()
    refinement = PromptRefiner(sam).refine(_painted(size, *truth), found)
    assert len(sam.seen) == 3
    assert sam.seen[-1] == size
    assert all(max(seen) < 600 for seen in sam.seen[:-1])
    assert not refinement.notes
    for mask, true in zip(refinement.instances.masks, truth, strict=True):
        assert iou(mask, true) > 0.97


def test_a_box_without_shape_is_asked_about_as_a_box_only_and_judged_by_its_extent():
    true = _disc(250, 190, 120)
    box = np.zeros(SIZE, np.bool_)
    box[70:311, 130:371] = True
    sam = ByColour()
    refinement = PromptRefiner(sam, min_agreement=0.9).refine(_painted(SIZE, true), _found(box))
    assert sam.ways == [(False, False)]
    assert not refinement.notes
    assert iou(refinement.instances.masks[0], true) > 0.97


def test_an_empty_mask_with_a_box_is_refined_from_its_box():
    true = _disc(250, 190, 120)
    found = _found(true)
    bare = dataclasses.replace(found, masks=np.zeros_like(found.masks))
    refined = PromptRefiner(ByColour()).refine(_painted(SIZE, true), bare).instances
    assert iou(refined.masks[0], true) > 0.97


def test_an_instance_without_any_extent_stays_as_it_is():
    found = _found(np.zeros(SIZE, np.bool_), _disc(250, 190, 120))
    sam = ByColour()
    refinement = PromptRefiner(sam).refine(_painted(SIZE, found.masks[1]), found)
    assert not refinement.instances.masks[0].any()
    assert refinement.instances.masks[1].any()
    assert not refinement.notes


@pytest.mark.parametrize("size", [(8, 8), (8, 400), (400, 8), (1, 1)])
@pytest.mark.parametrize("kind", ["pixel", "half", "everything"])
def test_tiny_pictures_and_masks_are_refined_or_kept(size, kind):
    mask = np.zeros(size, np.bool_)
    if kind == "pixel":
        mask[-1, -1] = True
    else:
        mask[: size[0] // 2 if kind == "half" else None] = True
    refinement = PromptRefiner(ByColour(), negative=2).refine(_painted(size, mask), _found(mask))
    assert refinement.instances.size == size
    assert refinement.instances.masks.any() == mask.any()


@pytest.mark.parametrize("negative", [0, 2])
@pytest.mark.parametrize("positive", [0, 1])
@pytest.mark.parametrize("use_mask", [False, True])
def test_ways_of_asking_that_are_switched_off_are_not_paid_for(positive, negative, use_mask):
    mask = _disc(250, 190, 120)
    sam = ByColour()
    refiner = PromptRefiner(sam, positive=positive, negative=negative, use_mask=use_mask)
    refiner.refine(_painted(SIZE, mask), _found(mask))
    points = bool(positive or negative)
    expected = [(False, False), *[(True, False)] * points, *[(False, True)] * use_mask]
    assert sam.ways == expected


@pytest.mark.shared
@pytest.mark.slow
def test_mobile_sam_betters_degraded_masks_of_real_composites(shared):
    state = torch.load(shared / "weights" / "mobile_sam.pt", weights_only=True)
    refiner = PromptRefiner(load_sam("mobile", state, ModelInfo("refiner", "mobile-sam", "0" * 64)))
    content = json.loads((shared / "data/bench/composite/instances.json").read_text("utf-8"))
    gains = []
    for record in content["images"][::30][:5]:
        rles = [a["segmentation"] for a in content["annotations"] if a["image_id"] == record["id"]]
        truth = [decode_rle(rle) for rle in rles if decode_rle(rle).sum() > 5000]
        if not truth:
            continue
        found = _found(*(_degraded(mask) for mask in truth))
        with Image.open(shared / "data/bench/composite/images" / record["file_name"]) as opened:
            image = np.asarray(opened.convert("RGB"))
        calls = refiner.sam.encoder_calls
        refined = refiner.refine(image, found).instances
        assert refiner.sam.encoder_calls <= calls + 3
        for before, after, true in zip(found.masks, refined.masks, truth, strict=True):
            gains.append((iou(before, true), iou(after, true)))
    assert len(gains) >= 4
    print(gains)
    assert np.mean(gains, axis=0)[1] > np.mean(gains, axis=0)[0] + 0.05


def _degraded(mask):
    """As a weak detector sees it: round where it is fine, and too small."""
    width = 0.05 * np.sqrt(np.count_nonzero(mask))
    return cv2.GaussianBlur(mask.astype(np.float32), (0, 0), width) > 0.7


@pytest.mark.parametrize(("allowed", "encoded", "decoded"), [(0, 0, 0), (1, 1, 1), (3, 1, 3)])
def test_an_interrupted_refinement_ends_at_once_and_keeps_what_was_detected(
    picture, allowed, encoded, decoded
):
    asked = []
    watch = Watch(should_stop=lambda: asked.append(1) or len(asked) > allowed)
    oracle = Oracle(_disc(250, 190, 120))
    detected = _disc(256, 195, 112)
    refinement = PromptRefiner(oracle, watch=watch).refine(picture, _found(detected))
    assert (oracle.encoder_calls, oracle.decoder_calls) == (encoded, decoded)
    assert np.array_equal(refinement.instances.masks[0], detected)
    assert [note.code for note in refinement.notes] == ["prompt_interrupted"]


def test_an_interrupted_refinement_gives_back_the_groups_it_completed():
    masks = np.zeros((2, 1200, 1600), np.bool_)
    masks[0, 50:150, 50:150] = masks[1, 1000:1100, 1400:1500] = True
    told = []
    watch = Watch(should_stop=lambda: bool(told), progress=lambda *at: told.append(at))

    class Everything(Oracle):
        def decode(self, embedding, **asked):
            self.truth = (np.ones(embedding.image_size, np.bool_),)
            return super().decode(embedding, **asked)

    refinement = PromptRefiner(Everything(), watch=watch, min_agreement=0).refine(
        np.zeros((1200, 1600, 3), np.uint8), Instances.from_masks(masks)
    )
    changed = [
        not np.array_equal(*pair) for pair in zip(refinement.instances.masks, masks, strict=True)
    ]
    assert sorted(changed) == [False, True]
    assert told == [(1, 2)]
    assert [note.code for note in refinement.notes] == ["prompt_interrupted"]
    assert "1 of 2" in refinement.notes[0].message
