"""The recipe of the face detector: its targets, its start, its file."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import safe_open

from animeseg.detect.yolo import YoloDetector
from animeseg.instances import ModelInfo
from animeseg.train import face, finetune, surgery
from animeseg.train.batches import Batches, faces_of, shapes_of


@pytest.fixture(scope="module")
def beheaded(coco):
    return surgery.behead(coco).eval()


def test_all_but_the_class_branch_is_kept(coco, beheaded):
    ours, theirs = beheaded.state_dict(), coco.state_dict()
    changed = {k for k, v in ours.items() if v.shape != theirs[k].shape or not v.equal(theirs[k])}
    assert changed
    assert all(k.startswith("model.22.cv3") for k in changed)


def test_before_training_every_place_scores_low_and_alike(beheaded):
    picture = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        scores = beheaded(picture)[0][0, 4]
    levels = scores.split([64, 16, 4])
    assert all(level.max() - level.min() < 1e-6 for level in levels)
    assert scores.max() < 0.02


@pytest.mark.parametrize(("mirror", "centre"), [(False, 0.25), (True, 0.75)])
def test_targets_are_the_faces_large_enough_to_see(composed, mirror, centre):
    rows = faces_of(composed / "images" / "1.jpg", (64, 96), mirror)
    np.testing.assert_allclose(rows, [[centre, 0.25, 0.2, 0.25]])


def test_a_picture_without_faces_has_no_target(composed):
    assert faces_of(composed / "images" / "0.jpg", (64, 96), False).shape == (0, 4)


def face_batches(folder):
    settings = {"batch": 2, "scales": (1.0,), "mask_stride": 4, "seed": [0, 0]}
    return Batches(shapes_of([folder]), **settings, faces=True)


def test_a_batch_names_the_picture_of_every_face(composed):
    epoch = face_batches(composed)
    owners = [epoch[k]["batch_idx"].tolist() for k in range(2)]
    assert sorted(owners) in ([[0, 1], [0]], [[0], [0, 1]], [[0, 1], [1]])


@pytest.mark.slow
def test_a_trained_network_becomes_a_box_detector_named_face(beheaded, composed, tmp_path):
    recipe = finetune.Recipe(**vars(face.RECIPE) | {"batch": 2, "scales": (1.0,)})
    before = {k: v.clone() for k, v in beheaded.state_dict().items()}
    (average,) = finetune.train(beheaded, [face_batches(composed)], recipe, workers=0)
    after = average.state_dict()
    assert any(not v.equal(before[k]) for k, v in after.items() if k.startswith("model.22.cv3"))
    header = {"task": "detect", "names": {"0": "face"}, "imgsz": 640, "confidence": 0.3}
    finetune.export(beheaded, after, tmp_path / "face.safetensors", header)
    assert (tmp_path / "face.safetensors").stat().st_size < 8_000_000
    with safe_open(tmp_path / "face.safetensors", "pt") as stored:
        state = {k: stored.get_tensor(k).float() for k in stored.keys()}  # noqa: SIM118
        info = ModelInfo("detector", "face-n", "")
        detector = YoloDetector.from_state(state, stored.metadata(), info)
    assert (detector.task, detector.names) == ("detect", ("face",))
    picture = np.zeros((64, 96, 3), np.uint8)
    assert detector.detect(picture, confidence=0.0, max_instances=3).instances.masks.shape[1:] == (
        64,
        96,
    )
