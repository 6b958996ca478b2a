"""The policy of the prompted refinement, against a network that knows the truth."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from animeseg import Instances, ModelInfo, Options
from animeseg.masks import iou
from animeseg.refine import Decoded, Embedding
from animeseg.refine.prompt import PromptRefiner
from animeseg.refine.sam import Sam

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
