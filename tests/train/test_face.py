"""The recipe of the face detector: its targets, its start, its file."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import safe_open

from animeseg.detect.yolo import YoloDetector
from animeseg.instances import ModelInfo
from animeseg.train import face, finetune, surgery
from animeseg.train.batches import FRINGE, Batches, close_up, faces_inside, faces_of, shapes_of


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


def test_targets_are_the_faces_large_enough_to_see(composed):
    faces = faces_of(composed / "images" / "1.jpg")
    np.testing.assert_allclose(faces[0], [0.15, 0.15, 0.35, 0.375], atol=1e-6)
    rows = faces_inside(faces, np.array([0, 0, 1, 1]), (64, 96))
    np.testing.assert_allclose(rows, [[0.25, 0.2625, 0.2, 0.225]], atol=1e-6)


def test_a_picture_without_faces_has_no_target(composed):
    assert faces_of(composed / "images" / "0.jpg").shape == (0, 4)


@pytest.mark.parametrize("seed", range(20))
def test_a_close_up_shows_a_face_large_and_mostly_whole(seed):
    faces = np.array([[0.8, 0.02, 0.9, 0.1], [0.4, 0.5, 0.5, 0.62]], np.float32)
    window = close_up(faces, np.random.default_rng(seed))
    assert window.min() >= 0
    assert window.max() <= 1
    assert window[2] - window[0] == pytest.approx(window[3] - window[1], abs=1e-6)
    sizes = faces_inside(faces, window, (640, 640))[:, 2:]
    assert 0.2 < sizes.max() < 0.8


def test_faces_too_large_already_are_shown_as_they_are():
    window = close_up(np.array([[0.1, 0.1, 0.9, 0.9]]), np.random.default_rng(0))
    assert window.tolist() == [0, 0, 1, 1]


def test_a_face_that_the_window_cuts_in_half_is_cut_and_one_that_it_loses_is_gone():
    faces = np.array([[0.4, 0.2, 0.6, 0.4], [0.45, 0.6, 0.85, 0.8], [0.9, 0.9, 1, 1]])
    rows = faces_inside(faces, np.array([0, 0, 0.5, 1]), (100, 100))
    np.testing.assert_allclose(rows, [[0.9, 0.3, 0.2, 0.2]], atol=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_targets_lie_on_the_faces_of_what_is_shown(tmp_path, seed):
    for folder in ("images", "masks", "faces"):
        (tmp_path / folder).mkdir()
    picture = np.zeros((640, 640, 3), np.uint8)
    picture[300:380, 420:490] = (40, 40, 250)  # a red face, in OpenCV's order
    for k in range(8):
        cv2.imwrite(str(tmp_path / "images" / f"{k}.jpg"), picture)
        top = 380 - 80 / (1 - FRINGE)  # under the fringe
        row = f"0 {455 / 640} {(top + 380) / 1280} {70 / 640} {(380 - top) / 640}\n"
        (tmp_path / "faces" / f"{k}.txt").write_text(row)
    settings = {"batch": 8, "scales": (1.0,), "mask_stride": 4, "seed": [seed]}
    batch = Batches(shapes_of([tmp_path]), **settings, faces=True)[0]
    for image, (x, y, w, h) in zip(batch["img"].numpy(), batch["bboxes"].numpy(), strict=True):
        rows, columns = np.nonzero(image[0] > 125)
        low, high = (columns.min(), rows.min()), (columns.max() + 1, rows.max() + 1)
        expected = np.array([x - w / 2, y - h / 2, x + w / 2, y + h / 2]) * 640
        np.testing.assert_allclose([*low, *high], expected, atol=8)


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
