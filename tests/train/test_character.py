"""The recipe of the character detector: surgery, batches, schedule, export."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from safetensors import safe_open

from animeseg.detect import _ultralytics
from animeseg.train import finetune, surgery
from animeseg.train.batches import Batches, boxes_of, shapes_of


@pytest.fixture(scope="module")
def operated(coco):
    return surgery.operate(coco).eval()


def batches(folder, **changes):
    settings = {"batch": 2, "scales": (1.0,), "mask_stride": 4, "seed": [0, 0]} | changes
    return Batches(shapes_of([folder]), **settings)


def test_surgery_keeps_all_but_the_class_branch(coco, operated):
    ours, theirs = operated.state_dict(), coco.state_dict()
    changed = {k for k, v in ours.items() if v.shape != theirs[k].shape or not v.equal(theirs[k])}
    assert changed
    assert all(k.startswith("model.22.cv3") for k in changed)


def test_surgery_keeps_the_person_score_roughly(coco, operated):
    picture = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        before = coco(picture)[1]["scores"][0, surgery.PERSON]
        after = operated(picture)[1]["scores"][0, 0]
    assert (after - before).abs().max() < 0.5


def test_boxes_number_the_visible_characters_anew():
    index = np.zeros((50, 100), np.uint8)
    index[10:30, 20:60], index[40:44, 0:2], index[30:50, 80:100] = 2, 5, 7
    clean, boxes = boxes_of(index, smallest=40)
    assert set(np.unique(clean)) == {0, 1, 2}
    np.testing.assert_allclose(boxes, [[0.4, 0.4, 0.4, 0.4], [0.9, 0.8, 0.2, 0.4]])


def test_a_batch_has_what_the_loss_reads(composed):
    batch = batches(composed)[0]
    assert batch["img"].shape == (2, 3, 64, 96)
    assert batch["masks"].shape == (2, 16, 24)
    assert batch["bboxes"].shape == (4, 4)
    assert batch["batch_idx"].tolist() == [0, 0, 1, 1]
    assert int(batch["masks"].max()) == 2


def test_the_order_of_batches_depends_on_the_seed_alone(composed):
    first, again = batches(composed), batches(composed)
    assert [p for p, *_ in first.plan] == [p for p, *_ in again.plan]


def test_layers_learn_at_the_rate_of_their_row(operated):
    recipe = finetune.Recipe(rates=((0, 0.0), (10, 0.1), (22, 0.2)))
    groups = finetune.parameter_groups(operated, recipe)
    assert {g["lr"] for g in groups} == {0.1, 0.2}
    assert not any(p.requires_grad for p in operated.model[3].parameters())


def test_the_rate_rises_and_falls():
    rates = [finetune.schedule(step, 100, 10) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == pytest.approx(1.0)
    assert rates[-1] < 0.06


def test_interpolation_reaches_both_ends():
    start, tuned = {"w": torch.zeros(3)}, {"w": torch.ones(3)}
    assert finetune.interpolate(start, tuned, 0.0)["w"].tolist() == [0, 0, 0]
    assert finetune.interpolate(start, tuned, 1.0)["w"].tolist() == [1, 1, 1]


def test_calibration_moves_the_operating_score_to_the_confidence():
    logit = torch.logit(torch.tensor([0.35]))
    weights = {f"model.22.cv3.{level}.2.bias": logit for level in range(3)}
    shifted = finetune.calibrate(weights, 0.35, 0.25)
    assert all(torch.sigmoid(v).item() == pytest.approx(0.25) for v in shifted.values())


@pytest.mark.slow
def test_a_step_changes_weights_but_not_the_statistics(operated, composed):
    recipe = finetune.Recipe(batch=2, scales=(1.0,), decay=0.0)
    before = {k: v.clone() for k, v in operated.state_dict().items()}
    (average,) = finetune.train(operated, [batches(composed)], recipe, workers=0)
    after = average.state_dict()
    changed = {k for k, v in after.items() if not v.equal(before[k])}
    assert changed
    assert not any("running" in k or k.startswith("model.0.") for k in changed)


def test_the_file_is_small_and_loads_strictly(operated, tmp_path):
    path = tmp_path / "model.safetensors"
    header = {"task": "segment", "names": {"0": "character"}, "imgsz": 640, "confidence": 0.3}
    finetune.export(operated, operated.state_dict(), path, header)
    assert path.stat().st_size < 8_000_000
    with safe_open(path, "pt") as stored:
        meta = stored.metadata()
        weights = {k: stored.get_tensor(k) for k in stored.keys()}  # noqa: SIM118
    network = _ultralytics.find("ultralytics.nn.tasks:SegmentationModel")
    network(json.loads(meta["arch"]), nc=1, verbose=False).load_state_dict(weights, strict=True)
    assert json.loads(meta["names"]) == {"0": "character"}
    assert (meta["imgsz"], meta["confidence"]) == ("640", "0.3")
