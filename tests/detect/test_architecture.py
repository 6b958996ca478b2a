"""Weights of every YOLO family become networks; anything else is refused by name."""

from __future__ import annotations

import json

import pytest
import torch

from animeseg.detect._ultralytics import load
from animeseg.detect.architecture import LAYERS, build, read_header
from animeseg.errors import BadWeightsError


def refused(metadata, state=None):
    """The message with which metadata (and tensors) are refused."""
    with pytest.raises(BadWeightsError) as caught:
        build(state or {}, read_header(metadata))
    return str(caught.value)


def changed(metadata, **changes):
    """The metadata with a changed architecture."""
    return {**metadata, "arch": json.dumps({**json.loads(metadata["arch"]), **changes})}


FAMILIES = [
    ("yolov3-tiny.yaml", "detect"),
    ("yolov5n.yaml", "detect"),
    ("yolov6n.yaml", "detect"),
    ("yolov8n.yaml", "detect"),
    ("yolov8n-p2.yaml", "detect"),
    ("yolov8n-seg.yaml", "segment"),
    ("yolov8n-seg-p6.yaml", "segment"),
    ("yolov9t.yaml", "detect"),
    pytest.param("yolov9c-seg.yaml", "segment", marks=pytest.mark.slow),
    ("yolov10n.yaml", "detect"),
    ("yolo11n-seg.yaml", "segment"),
    ("yolo12n-seg.yaml", "segment"),
    ("yolo26n.yaml", "detect"),
    ("yolo26n-seg.yaml", "segment"),
]


@pytest.mark.parametrize(("name", "task"), FAMILIES)
def test_every_family_is_built_from_its_tensors_and_says_the_same_fused(yolo, name, task):
    arch = yolo.arch_of(name)
    state, metadata = yolo.weights_of(arch, task, names=[str(n) for n in range(arch["nc"])])
    plain = yolo.network_of(arch, task).eval()
    with torch.inference_mode():
        pixels = torch.rand(1, 3, 192, 128, generator=torch.Generator().manual_seed(1))
        expected = yolo.first_tensor(plain(pixels))
        found = yolo.first_tensor(build(state, read_header(metadata))(pixels))
    assert torch.allclose(expected, found, rtol=1e-2, atol=1e-2)


def test_building_leaves_random_numbers_and_the_default_activation_alone(yolo):
    conv = load("ultralytics.nn.modules.conv").Conv
    arch = {**yolo.tiny_arch(), "activation": "nn.ReLU()"}
    state, metadata = yolo.weights_of(arch)
    activation, numbers = conv.default_act, torch.random.get_rng_state()
    network = build(state, read_header(metadata))
    assert conv.default_act is activation
    assert torch.equal(torch.random.get_rng_state(), numbers)
    assert isinstance(network.model[0].act, torch.nn.ReLU)
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert not network.training


def test_weights_stored_in_half_precision_are_computed_in_single(yolo):
    state, metadata = yolo.weights_of(yolo.tiny_arch())
    halves = {key: t.half() if t.is_floating_point() else t for key, t in state.items()}
    network = build(halves, read_header(metadata))
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}


def test_missing_unknown_and_misshapen_tensors_are_named(yolo):
    state, metadata = yolo.weights_of(yolo.tiny_arch())
    state["stranger"] = torch.zeros(1)
    state["model.1.conv.weight"] = torch.zeros(3, 3)
    del state["model.0.conv.weight"]
    text = refused(metadata, state)
    assert "1 missing: model.0.conv.weight" in text
    assert "1 unknown: stranger" in text
    assert "model.1.conv.weight (3, 3) in place of (8, 8, 3, 3)" in text


def test_weights_of_another_architecture_are_refused_with_a_few_names_only(yolo):
    state, _ = yolo.weights_of(yolo.tiny_arch("detect"), "detect")
    _, metadata = yolo.weights_of(yolo.tiny_arch())
    text = refused(metadata, state)
    assert "missing" in text
    assert len(text) < 700


def test_counters_of_seen_batches_may_be_absent(yolo):
    state, metadata = yolo.weights_of(yolo.tiny_arch())
    kept = {key: t for key, t in state.items() if not key.endswith("num_batches_tracked")}
    assert len(kept) < len(state)
    build(kept, read_header(metadata))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": "other"}, "format"),
        ({"format": None}, "format"),
        ({"task": "pose"}, "task"),
        ({"task": "detect"}, "last layer"),
        ({"arch": None}, "no 'arch'"),
        ({"arch": "{"}, "no JSON"),
        ({"arch": "[" * 100_000}, "no JSON"),
        ({"arch": "[1]"}, "no table"),
        ({"names": None}, "no 'names'"),
        ({"names": "[]"}, "no class names"),
        ({"names": "[1]"}, "1 class names"),
        ({"names": '{"a": "b"}'}, "not numbered"),
        ({"imgsz": "large"}, "imgsz"),
        ({"imgsz": "0"}, "imgsz"),
        ({"confidence": "nan"}, "confidence"),
        ({"classes": '["dog"]'}, "dog"),
        ({"classes": "[]"}, "classes"),
    ],
)
def test_wrong_metadata_are_refused_with_the_reason(yolo, changes, words):
    _, metadata = yolo.weights_of(yolo.tiny_arch())
    merged = {key: value for key, value in {**metadata, **changes}.items() if value is not None}
    assert words in refused(merged)


ROW = [-1, 1, "Conv", [8, 3, 2]]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"nc": 3}, "classes"),
        ({"channels": 4}, "channels"),
        ({"backbone": []}, "layer"),
        ({"backbone": [ROW] * 600}, "601 layers"),
        ({"backbone": [[-1, 1, "TorchVision", [8, "resnet18", "DEFAULT"]]]}, "TorchVision"),
        ({"backbone": [[-1, 1, "nn.Bilinear", [8, 8, 8]]]}, "nn.Bilinear"),
        ({"backbone": [[-1, 1, "LOGGER", []]]}, "LOGGER"),
        ({"backbone": [[-1, 1_000_000, "Conv", [8, 3, 2]]]}, "no layer"),
        ({"backbone": [[-1, 1, "Conv", [10**9, 3, 2]]]}, "no layer"),
        ({"backbone": [[-1, 1, "Conv", ["__import__('os')"]]]}, "no layer"),
        ({"backbone": ["Conv"]}, "no layer"),
        ({"width_multiple": 1e4}, "scaled"),
        ({"scales": {"n": ["a", 1, 1]}, "scale": "n"}, "scaled"),
        ({"scales": [1]}, "words and moderate numbers"),
        ({"backbone": [[-1, 1, "Conv", [8, 3, 2]], [7, 1, "Conv", [8, 3, 2]]]}, "built"),
        ({"backbone": [[-1, 1, "Conv", [8, 3, None, 2]]]}, "built"),
    ],
)
def test_architectures_that_are_not_a_detectors_are_never_built(yolo, changes, words):
    _, metadata = yolo.weights_of(yolo.tiny_arch())
    assert words in refused(changed(metadata, **changes))


@pytest.mark.parametrize(
    "activation",
    [
        "open('{canary}', 'w')",
        "nn.ReLU(open('{canary}', 'w'))",
        "nn.ReLU() if open('{canary}', 'w') else 0",
        "nn.ReLU(inplace=open('{canary}','w'))",
    ],
)
def test_text_of_an_activation_is_never_run(yolo, tmp_path, activation):
    canary = tmp_path / "canary"
    _, metadata = yolo.weights_of(yolo.tiny_arch())
    text = refused(changed(metadata, activation=activation.format(canary=canary)))
    assert "activation" in text
    assert not canary.exists()


def test_tensors_are_compared_before_memory_is_taken(yolo):
    """A few bytes of metadata that describe a network of some 200 GB."""
    state, metadata = yolo.weights_of(yolo.tiny_arch())
    huge = [[-1, 1, "Conv", [65_536, 3, 2]] for _ in range(5)]
    assert "another shape" in refused(changed(metadata, backbone=huge), state)


def test_names_come_from_a_list_or_from_numbered_keys_in_any_sequence(yolo):
    _, metadata = yolo.weights_of(yolo.tiny_arch(classes=2))
    assert read_header({**metadata, "names": '["a", "b"]'}).names == ("a", "b")
    assert read_header({**metadata, "names": '{"1": "b", "0": "a"}'}).names == ("a", "b")


@pytest.mark.parametrize(
    ("names", "classes", "expected"),
    [
        (["character", "animal"], None, (0, 1)),
        (["person", *(f"thing{index}" for index in range(79))], None, (0,)),
        (["cat", "person", "Cat"], ["CAT"], (0, 2)),
    ],
)
def test_classes_a_detector_is_meant_for(yolo, names, classes, expected):
    _, metadata = yolo.weights_of(yolo.tiny_arch(classes=len(names)), names=names)
    if classes:
        metadata["classes"] = json.dumps(classes)
    assert read_header(metadata).classes == expected


def test_layers_that_are_allowed_are_networks_and_none_fetches_anything():
    tasks = load("ultralytics.nn.tasks")
    for name in LAYERS:
        space = torch.nn if name.startswith("nn.") else tasks
        layer = getattr(space, name.removeprefix("nn."), None)
        assert layer is None or issubclass(layer, torch.nn.Module), name
    assert not LAYERS & {"TorchVision", "Index", "RTDETRDecoder", "WorldDetect"}
