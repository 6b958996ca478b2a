"""The detector: what it finds, in which order, and what it does when the network goes wrong."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
import torch

from animeseg.detect._ultralytics import find, load
from animeseg.detect.letterbox import Letterbox
from animeseg.detect.yolo import YoloDetector
from animeseg.errors import BadWeightsError, OptionError

LOW = 1e-7  # random weights believe in nothing


def same(one, other):
    return (
        np.array_equal(one.boxes, other.boxes)
        and np.array_equal(one.masks, other.masks)
        and np.array_equal(one.scores, other.scores)
        and np.array_equal(one.labels, other.labels)
    )


def everywhere(count):
    """Prototypes that are positive in every cell."""
    return lambda size: np.full((count, size[0] // 4, size[1] // 4), 5.0)


def grid_of(size, side, test):
    """One prototype: +4 where ``test(across, down)`` holds for a cell's centre, else -4."""
    box = Letterbox.fit(size, side, 32)

    def prototypes(shape):
        down = (np.arange(shape[0] // 4)[:, None] * 4 + 2.0) * size[0] / box.inner[0]
        across = (np.arange(shape[1] // 4)[None] * 4 + 2.0) * size[1] / box.inner[1]
        return np.where(test(across, down), 4.0, -4.0)[None]

    return prototypes


@pytest.mark.parametrize(
    "size", [(512, 768), (832, 1216), (768, 1344), (1000, 1500), (640, 1536), (1536, 640)]
)
def test_box_and_mask_come_back_to_the_picture(yolo, size):
    """A character that fills the right part of the picture, cut by three borders."""
    box, left = Letterbox.fit(size, 640, 32), size[1] / 4
    gain = box.inner[1] / size[1]
    rows = [[left * gain - 8, -20, box.outer[1] + 20, box.outer[0] + 20, 0.8, 0]]
    said = yolo.Says(rows, grid_of(size, 640, lambda across, down: (across > left) & (down > -1)))
    found = yolo.saying(said).detect(np.zeros((*size, 3), np.uint8)).instances
    assert found.size == size
    assert np.allclose(found.boxes, [[left - 8 / gain, 0, size[1], size[0]]], atol=0.1)
    expected = np.zeros(size, np.bool_)
    expected[:, round(left) :] = True
    wrong = found.masks[0] != expected
    assert not wrong[:, : int(left - 4 / gain)].any()
    assert not wrong[:, int(left + 4 / gain) :].any()
    assert abs(found.masks.mean() / 0.75 - 1) < 0.01


def test_box_models_give_masks_that_fill_their_boxes(yolo, picture):
    rows = [[16.4, 16, 48, 63.5, 0.9, 0], [90, 90, 200, 200, 0.8, 0]]
    found = yolo.saying(yolo.Says(rows), 128).detect(picture).instances
    assert found.masks.sum(axis=(1, 2)).tolist() == [32 * 48, 38 * 6]
    assert found.masks[0, 16:64, 16:48].all()


def test_what_lies_in_the_padding_or_has_no_mask_is_no_instance(yolo):
    rows = [[10, 100, 90, 126, 0.9, 0], [20, 20, 50, 60, 0.8, 0], [30, 30, 90, 90, 0.7, 0]]
    maps = grid_of((96, 128), 128, lambda across, down: (across > 60) & (down > 0))
    said = yolo.Says(rows, maps, coefficients=[[1.0]] * 3)
    found = yolo.saying(said, 128).detect(np.zeros((96, 128, 3), np.uint8)).instances
    assert found.scores.tolist() == [np.float32(0.7)]
    boxes_only = (
        yolo.saying(yolo.Says(rows), 128).detect(np.zeros((96, 128, 3), np.uint8)).instances
    )
    assert len(boxes_only) == 2


def test_most_confident_come_first_and_equals_by_position(yolo, picture):
    rows = [
        [60, 40, 80, 60, 0.5, 0],
        [10, 40, 30, 60, 0.5, 0],
        [60, 10, 80, 30, 0.5, 0],
        [10, 10, 30, 30, 0.9, 0],
    ]
    found = yolo.saying(yolo.Says(rows, everywhere(4)), 128).detect(picture).instances
    assert found.boxes[:, :2].tolist() == [[10, 10], [60, 10], [10, 40], [60, 40]]


def test_sixty_characters_on_one_spot_are_capped_in_a_fixed_order(yolo, picture):
    scores = np.linspace(0.95, 0.3, 60).round(3)
    rows = [[20, 20, 100, 90, float(score), 0] for score in scores]
    detector = yolo.saying(yolo.Says(rows, everywhere(60)), 128)
    crowd = detector.detect(picture, nms_iou=1.0).instances
    assert len(crowd) == 60
    assert np.allclose(crowd.scores, scores)
    assert (crowd.masks == crowd.masks[0]).all()
    few = detector.detect(picture, nms_iou=1.0, max_instances=7).instances
    assert same(few, crowd[:7])
    assert len(detector.detect(picture, nms_iou=0.7).instances) == 1


@pytest.mark.parametrize(
    ("classes", "expected"), [((), [0]), (("cat",), [1]), (("Cat", "person"), [0, 1])]
)
def test_classes_are_those_meant_unless_others_are_asked_for(yolo, picture, classes, expected):
    rows = [[10, 10, 50, 50, 0.9, 0], [60, 10, 90, 50, 0.8, 1]]
    said = yolo.Says(rows, everywhere(2), classes=2)
    detector = yolo.saying(said, 128, names=("person", "cat"), classes=(0,))
    found = detector.detect(picture, classes=classes).instances
    assert found.labels.tolist() == expected
    assert found.names == ("person", "cat")


def test_class_that_the_detector_does_not_know_is_refused(yolo, picture):
    with pytest.raises(OptionError, match=r"cow.*character"):
        yolo.saying(yolo.Says([], everywhere(0)), 128).detect(picture, classes=("cow",))


@pytest.mark.parametrize("flaw", ["nan", "inf", "-inf"])
@pytest.mark.parametrize("where", ["rows", "prototypes"])
def test_numbers_that_are_not_finite_give_an_empty_result_and_a_note(yolo, picture, flaw, where):
    rows = [[10, 10, 50, 50, float(flaw) if where == "rows" else 0.9, 0]]
    maps = np.full((1, 24, 32), float(flaw) if where == "prototypes" else 1.0)
    found = yolo.saying(yolo.Says(rows, lambda size: maps), 128).detect(picture)
    assert len(found.instances) == 0
    assert found.instances.size == (96, 128)
    assert [note.code for note in found.notes] == ["detector_not_finite"]


def test_half_precision_that_overflows_is_tried_again_in_single(yolo, picture):
    rows = [[10, 10, 50, 50, 0.9, 0]]
    maps = np.full((1, 24, 32), 1e6)  # too large for half precision
    network = yolo.Says(rows, lambda size: maps)
    network.weight = torch.nn.Parameter(torch.ones(1))
    detector = yolo.saying(network, 128)
    detector._dtype = torch.float16
    network.half()
    found = detector.detect(picture)
    assert network.calls == [torch.float16, torch.float32]
    assert network.weight.dtype is torch.float16
    assert len(found.instances) == 1
    assert not found.notes


def test_half_precision_on_the_cpu_is_refused(yolo):
    state, metadata = yolo.weights_of(yolo.tiny_arch())
    with pytest.raises(OptionError, match="fp16"):
        YoloDetector.from_state(state, metadata, yolo.INFO, precision="fp16")
    auto = YoloDetector.from_state(state, metadata, yolo.INFO, precision="auto")
    assert next(auto.network.parameters()).dtype is torch.float32


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (1, 8000), (8000, 1), (9, 700), (33, 31)])
@pytest.mark.parametrize("value", [0, 255])
def test_tiny_thin_and_flat_pictures_are_looked_at_like_any_other(yolo, size, value):
    state, metadata = yolo.weights_of(yolo.tiny_arch())
    detector = YoloDetector.from_state(state, metadata, yolo.INFO)
    found = detector.detect(
        np.full((*size, 3), value, np.uint8), confidence=LOW, max_instances=3
    ).instances
    assert found.size == size
    assert (found.boxes[:, 2:] <= [size[1], size[0]]).all()


@pytest.mark.parametrize("task", ["segment", "detect"])
def test_the_same_picture_gives_the_same_result(yolo, picture, task):
    state, metadata = yolo.weights_of(yolo.tiny_arch(task), task)
    one, other = (YoloDetector.from_state(state, metadata, yolo.INFO) for _ in range(2))
    first = one.detect(picture, confidence=LOW, max_instances=20).instances
    assert len(first) > 3
    assert same(one.detect(picture, confidence=LOW, max_instances=20).instances, first)
    assert same(other.detect(picture, confidence=LOW, max_instances=20).instances, first)


def test_eight_threads_find_what_one_finds(yolo, rng):
    """Pictures of many shapes: the head remembers the grid of the last one."""
    state, metadata = yolo.weights_of(yolo.tiny_arch())
    detector = YoloDetector.from_state(state, metadata, yolo.INFO)
    sizes = [(96, 128), (128, 96), (64, 200), (50, 50)] * 6
    pictures = [rng.integers(0, 256, (*size, 3), dtype=np.uint8) for size in sizes]

    def look(picture):
        return detector.detect(picture, confidence=LOW, max_instances=5).instances

    serial = [look(picture) for picture in pictures]
    with ThreadPoolExecutor(8) as threads:
        parallel = list(threads.map(look, pictures))
    assert all(same(one, other) for one, other in zip(serial, parallel, strict=True))


def test_no_two_threads_are_ever_inside_the_network(yolo, picture):
    class Slow(yolo.Says):
        inside, most = 0, 0

        def forward(self, pixels):
            self.inside += 1
            self.most = max(self.most, self.inside)
            time.sleep(0.01)
            self.inside -= 1
            return super().forward(pixels)

    network = Slow([[10, 10, 50, 50, 0.9, 0]])
    detector = yolo.saying(network, 128)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(detector.detect, [picture] * 16))
    assert network.most == 1
    assert all(same(one.instances, found[0].instances) for one in found)


def test_size_of_the_input_is_the_models_own_unless_asked_for(yolo):
    shapes = []

    def prototypes(size):
        shapes.append(size)
        return np.zeros((0, size[0] // 4, size[1] // 4))

    detector = yolo.saying(yolo.Says([], prototypes), 128)
    for size in (0, 64, 100, 7):
        detector.detect(np.zeros((100, 200, 3), np.uint8), image_size=size)
    assert shapes == [(64, 128), (32, 64), (64, 128), (32, 32)]


def test_only_colour_pictures_of_bytes_are_taken(yolo):
    detector = yolo.saying(yolo.Says([]), 128)
    for wrong in (np.zeros((9, 9), np.uint8), np.zeros((9, 9, 3)), np.zeros((9, 9, 4), np.uint8)):
        with pytest.raises(ValueError, match="uint8"):
            detector.detect(wrong)


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("yolov8n-seg.yaml", "segment"),
        ("yolov10n.yaml", "detect"),
        ("yolo11n-seg.yaml", "segment"),
        ("yolo26n-seg.yaml", "segment"),
    ],
)
def test_families_with_and_without_suppression_find_what_ultralytics_finds(
    yolo, picture, name, task
):
    arch = yolo.arch_of(name)
    state, metadata = yolo.weights_of(arch, task, names=[str(n) for n in range(arch["nc"])])
    metadata["classes"] = json.dumps(json.loads(metadata["names"]))
    detector = YoloDetector.from_state(state, metadata, yolo.INFO)
    found = detector.detect(picture, confidence=LOW, nms_iou=0.5, max_instances=30).instances
    box = Letterbox.fit((96, 128), 128, 32)
    with torch.inference_mode():
        pixels = torch.from_numpy(box.apply(picture)).permute(2, 0, 1)[None] / 255
        rows = yolo.first_tensor(detector.network(pixels)).clone()
        if rows.shape[2] in (6, 38):  # final boxes, v10 and 26
            expected = rows[0, :, :6]
        else:
            suppress = find(
                "ultralytics.utils.nms:non_max_suppression",
                "ultralytics.utils.ops:non_max_suppression",
            )
            expected = suppress(rows, LOW, 0.5, nc=arch["nc"])[0][:, :6]
    assert len(found) > 3
    expected = {tuple(row) for row in expected[:, 4:6].numpy().round(6).tolist()}
    there = np.stack([found.scores, found.labels], axis=1).astype(np.float32).round(6)
    assert {tuple(row) for row in there.tolist()} <= expected


def test_weights_of_another_kind_are_refused_by_name(yolo):
    state, metadata = yolo.weights_of(yolo.tiny_arch())
    with pytest.raises(BadWeightsError, match=r"model\.0\.conv\.weight"):
        YoloDetector.from_state(
            {"image_encoder": state["model.0.conv.weight"]}, metadata, yolo.INFO
        )


@pytest.fixture(scope="session")
def coco(shared):
    """COCO's YOLOv8n-seg: its network as unpickled by torch, and what the weights room makes."""
    from animeseg.weights.load import read_torch_file

    load("ultralytics.nn.tasks")
    path = shared / "weights" / "yolov8n-seg.pt"
    network = torch.load(path, map_location="cpu", weights_only=False)["model"].float().eval()
    return network, read_torch_file(path)


@pytest.fixture(scope="session")
def demo(repository):
    picture = cv2.imread(str(repository / "docs" / "pictures" / "demo.jpg"))
    return np.ascontiguousarray(picture[:, :, ::-1])


@pytest.mark.shared
def test_coco_weights_find_what_their_own_network_finds(yolo, coco, demo):
    network, (state, metadata) = coco
    detector = YoloDetector.from_state(state, metadata, yolo.INFO)
    assert detector.names[detector.classes[0]] == "person"
    found = detector.detect(demo).instances
    assert len(found) > 0
    box = Letterbox.fit(demo.shape[:2], 640, 32)
    suppress = find(
        "ultralytics.utils.nms:non_max_suppression", "ultralytics.utils.ops:non_max_suppression"
    )
    with torch.inference_mode():
        answer = network(torch.from_numpy(box.apply(demo)).permute(2, 0, 1)[None] / 255)
        maps = answer[0][1] if isinstance(answer[0], tuple) else answer[1][-1]
        rows = suppress(yolo.first_tensor(answer), 0.25, 0.7, classes=[0], nc=80)[0]
        masks = (rows[:, 6:] @ maps[0].flatten(1)).view(-1, *maps.shape[2:])
        masks = masks[:, : box.inner[0] // 4, : box.inner[1] // 4]
        masks = torch.nn.functional.interpolate(masks[None], demo.shape[:2], mode="bilinear")[0]
    assert np.allclose(found.scores, rows[:, 4], atol=1e-3)
    assert np.allclose(found.boxes, box.boxes_back(rows[:, :4].numpy()), atol=0.5)
    for mask, (left, top, right, bottom), logits in zip(
        found.masks, found.boxes.astype(int), masks.numpy(), strict=True
    ):
        inside = np.s_[top + 1 : bottom, left + 1 : right]
        assert (mask[inside] != (logits[inside] > 0)).mean() < 1e-3


@pytest.mark.shared
def test_persons_only_unless_coco_is_asked_for_more(yolo, coco, demo):
    _, (state, metadata) = coco
    detector = YoloDetector.from_state(state, metadata, yolo.INFO)
    assert {"person"} == set(detector.detect(demo, confidence=0.01).instances.label_names())
    everything = detector.detect(demo, confidence=0.01, classes=detector.names).instances
    assert len(set(everything.label_names())) > 1


def test_bundled_detector_finds_the_characters_of_the_demo_picture(yolo, repository, demo):
    from animeseg.weights.load import read_safetensors

    state, metadata = read_safetensors(repository / "models" / "character-n" / "model.safetensors")
    detector = YoloDetector.from_state(state, metadata, yolo.INFO)
    found = detector.detect(demo).instances
    assert detector.names == ("character",)
    assert len(found) >= 1
    assert found.masks.any(axis=(1, 2)).all()
