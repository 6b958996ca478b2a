from __future__ import annotations

import numpy as np
import pytest
import torch

from animeseg.errors import OptionError
from animeseg.instances import ModelInfo
from animeseg.refine import Decoded, Embedding
from animeseg.refine._square import shrink, upscale
from animeseg.refine.click import click

SIZE = (300, 400)


class Recorder:
    """Candidates are discs of three sizes around the prompt's centre; the middle one is rated best.

    What it was asked is kept.
    """

    info = ModelInfo("refiner", "recorder", "0" * 64)

    def __init__(self, ratings=(0.2, 0.9, 0.5)):
        self.ratings = ratings
        self.encoder_calls = self.decoder_calls = 0
        self.asked = {}

    def embed(self, image):
        self.encoder_calls += 1
        return Embedding(None, image.shape[:2], (768, 1024), "")

    def decode(self, embedding, **asked):
        self.asked = asked
        centre = (200, 150)
        if asked["points"] is not None:
            centre = asked["points"][0, 0]
        masks = np.stack([disc(*centre, radius) for radius in (20, 50, 90)])
        logits = torch.from_numpy(self.shrink(embedding, masks))[None]
        ratings = torch.tensor([self.ratings])
        if not asked["multimask"]:
            logits, ratings = logits[:, 1:2], ratings[:, 1:2]
        return Decoded(logits, ratings)

    def upscale(self, embedding, logits):
        return upscale(logits, embedding.image_size, embedding.input_size)

    def shrink(self, embedding, masks):
        return shrink(masks, embedding.input_size)


def disc(x, y, radius):
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    return (rows - y) ** 2 + (columns - x) ** 2 <= radius**2


@pytest.fixture
def image(rng):
    return rng.integers(0, 256, (*SIZE, 3), dtype=np.uint8)


def test_one_click_gives_the_candidate_rated_highest(image):
    sam = Recorder()
    mask = click(sam, image, np.array([[120, 160]], np.float32))
    assert sam.asked["multimask"]
    assert sam.asked["point_labels"].tolist() == [[1]]
    assert mask.dtype == np.bool_
    assert mask.shape == SIZE
    assert (mask != disc(120, 160, 50)).mean() < 0.01


@pytest.mark.parametrize(
    "more",
    [
        {"points": np.array([[50, 60], [80, 90]], np.float32), "labels": np.array([1, 0])},
        {"box": np.array([10, 10, 90, 90], np.float32)},
        {"points": np.array([[50, 60]], np.float32), "previous": disc(50, 60, 40)},
    ],
    ids=["two points", "a box", "a correction"],
)
def test_prompts_that_leave_no_doubt_ask_for_one_candidate(image, more):
    sam = Recorder()
    click(sam, image, **more)
    assert not sam.asked["multimask"]


def test_a_correction_hands_the_answer_before_on(image):
    sam = Recorder()
    before = disc(50, 60, 40)
    click(sam, image, np.array([[50, 60]]), previous=before)
    assert np.array_equal(sam.asked["mask_logits"], shrink(before[None], (768, 1024)))
    assert sam.asked["points"].dtype == np.float32


def test_an_answer_that_is_not_finite_is_no_mask(image):
    sam = Recorder(ratings=(float("nan"), float("nan"), float("nan")))
    sam.shrink = lambda embedding, masks: np.full((len(masks), 256, 256), np.nan, np.float32)
    assert not click(sam, image, np.array([[120, 160]], np.float32)).any()


@pytest.mark.parametrize(
    ("prompt", "field"),
    [
        ({}, "points"),
        ({"points": np.zeros((0, 2), np.float32)}, "points"),
        ({"points": np.zeros((2, 2), np.float32), "labels": np.array([1])}, "labels"),
    ],
)
def test_prompts_that_say_nothing_or_do_not_agree_are_refused(image, prompt, field):
    with pytest.raises(OptionError) as caught:
        click(Recorder(), image, **prompt)
    assert caught.value.field == field
