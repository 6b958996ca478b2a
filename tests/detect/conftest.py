"""Small YOLO weights of random numbers, and a network that says what a test wants it to say."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from animeseg.detect._ultralytics import load
from animeseg.detect.architecture import Header
from animeseg.detect.yolo import YoloDetector
from animeseg.instances import ModelInfo

INFO = ModelInfo("detector", "test-model", "0" * 64)


def tiny_arch(task="segment", classes=2):
    """Three scales and a head, as small as ultralytics lets them be."""
    head = ["Segment", ["nc", 4, 8]] if task == "segment" else ["Detect", ["nc"]]
    return {
        "nc": classes,
        "depth_multiple": 1.0,
        "width_multiple": 1.0,
        "backbone": [[-1, 1, "Conv", [channels, 3, 2]] for channels in (8, 8, 16, 16, 32)],
        "head": [[[2, 3, 4], 1, *head]],
    }


def network_of(arch, task="segment"):
    """A network of random weights, built by ultralytics alone.

    Releases before 8.4 leave the activation of the last architecture behind, for all that follow.
    """
    tasks, conv = load("ultralytics.nn.tasks"), load("ultralytics.nn.modules.conv").Conv
    kind = tasks.SegmentationModel if task == "segment" else tasks.DetectionModel
    activation = conv.default_act
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(7)
            return kind(json.loads(json.dumps(arch)), ch=3, verbose=False)
    finally:
        conv.default_act = activation


def arch_of(name):
    """The architecture that a YAML file of ultralytics describes."""
    try:
        return load("ultralytics.nn.tasks").yaml_model_load(name)
    except FileNotFoundError:
        pytest.skip(f"this ultralytics has no {name}")


def first_tensor(answer):
    """The predictions in what a network answers, whatever the release wraps them in."""
    while isinstance(answer, tuple | list):
        answer = answer[0]
    return answer


def weights_of(arch, task="segment", names=None, **metadata):
    """Random (state, metadata) of an architecture, as the weights room would give them."""
    state = {key: each.clone() for key, each in network_of(arch, task).state_dict().items()}
    named = names or [f"class{index}" for index in range(arch["nc"])]
    texts = {
        "format": "animeseg-yolo",
        "task": task,
        "arch": json.dumps(arch),
        "names": json.dumps(named),
        "imgsz": "128",
        **metadata,
    }
    return state, texts


class Says(torch.nn.Module):
    """A network that answers every picture with given rows and prototypes.

    Args:
        rows: [left, top, right, bottom, score, label] in pixels of the network's input.
        coefficients: (N, C) of the rows; by default each row has a prototype of its own.
        prototypes: a function from (height, width) of the input to (C, height/4, width/4).
    """

    def __init__(self, rows, prototypes=None, coefficients=None, classes=1):
        super().__init__()
        self.rows = torch.tensor(rows, dtype=torch.float32).reshape(-1, 6)
        self.prototypes = prototypes
        self.coefficients = coefficients
        self.classes = classes
        self.stride = torch.tensor([8.0, 16.0, 32.0])
        self.calls = []

    def forward(self, pixels):
        self.calls.append(pixels.dtype)
        rows = self.rows
        scores = torch.zeros(len(rows), self.classes)
        scores[torch.arange(len(rows)), rows[:, 5].long()] = rows[:, 4]
        centres, sides = (rows[:, :2] + rows[:, 2:4]) / 2, rows[:, 2:4] - rows[:, :2]
        table = torch.cat([centres, sides, scores], dim=1)
        if self.prototypes is None:
            return table.T[None].to(pixels.dtype), {}
        maps = torch.as_tensor(self.prototypes(tuple(pixels.shape[2:])), dtype=torch.float32)
        shares = torch.eye(len(rows)) if self.coefficients is None else self.coefficients
        table = torch.cat([table, torch.as_tensor(shares, dtype=torch.float32)], dim=1)
        return (table.T[None].to(pixels.dtype), maps[None].to(pixels.dtype)), {}


def detector_saying(network, image_size=640, names=("character",), classes=None):
    """A detector around `Says`."""
    task = "detect" if network.prototypes is None else "segment"
    meant = tuple(range(len(names))) if classes is None else classes
    return YoloDetector(network, Header(task, {}, names, meant, image_size, None), INFO)


@pytest.fixture
def yolo():
    """The helpers of this file, for tests cannot import each other."""
    return SimpleNamespace(
        INFO=INFO,
        Says=Says,
        arch_of=arch_of,
        first_tensor=first_tensor,
        network_of=network_of,
        saying=detector_saying,
        tiny_arch=tiny_arch,
        weights_of=weights_of,
    )


@pytest.fixture
def picture(rng):
    """A colourful (96, 128, 3) picture."""
    return rng.integers(0, 256, (96, 128, 3), dtype=np.uint8)
