"""A network of COCO's layout with random weights, and a few composed pictures."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from animeseg.detect import _ultralytics

HERE = str(Path(__file__).parent)
if HERE not in sys.path:
    sys.path.append(HERE)

LAYOUT = {
    "nc": 80,
    "depth_multiple": 0.33,
    "width_multiple": 0.25,
    "backbone": [
        [-1, 1, "Conv", [64, 3, 2]],
        [-1, 1, "Conv", [128, 3, 2]],
        [-1, 3, "C2f", [128, True]],
        [-1, 1, "Conv", [256, 3, 2]],
        [-1, 6, "C2f", [256, True]],
        [-1, 1, "Conv", [512, 3, 2]],
        [-1, 6, "C2f", [512, True]],
        [-1, 1, "Conv", [1024, 3, 2]],
        [-1, 3, "C2f", [1024, True]],
        [-1, 1, "SPPF", [1024, 5]],
    ],
    "head": [
        [-1, 1, "nn.Upsample", ["None", 2, "nearest"]],
        [[-1, 6], 1, "Concat", [1]],
        [-1, 3, "C2f", [512]],
        [-1, 1, "nn.Upsample", ["None", 2, "nearest"]],
        [[-1, 4], 1, "Concat", [1]],
        [-1, 3, "C2f", [256]],
        [-1, 1, "Conv", [256, 3, 2]],
        [[-1, 12], 1, "Concat", [1]],
        [-1, 3, "C2f", [512]],
        [-1, 1, "Conv", [512, 3, 2]],
        [[-1, 9], 1, "Concat", [1]],
        [-1, 3, "C2f", [1024]],
        [[15, 18, 21], 1, "Segment", ["nc", 32, 256]],
    ],
    "ch": 3,
}


@pytest.fixture(scope="module")
def coco():
    torch.manual_seed(0)
    network = _ultralytics.find("ultralytics.nn.tasks:SegmentationModel")
    return network(dict(LAYOUT), nc=80, verbose=False).float().eval()


@pytest.fixture
def composed(tmp_path):
    for folder in ("images", "masks", "faces"):
        (tmp_path / folder).mkdir()
    rng = np.random.default_rng(0)
    for k in range(4):
        index = np.zeros((64, 96), np.uint8)
        index[10:50, 5:40], index[20:60, 50:90] = 1, 3  # number 2 is hidden
        cv2.imwrite(str(tmp_path / "images" / f"{k}.jpg"), rng.integers(0, 255, (64, 96, 3)))
        cv2.imwrite(str(tmp_path / "masks" / f"{k}.png"), index)
        rows = "0 0.25 0.25 0.2 0.25\n0 0.75 0.5 0.05 0.05\n" * (k > 0)
        (tmp_path / "faces" / f"{k}.txt").write_text(rows)
    return tmp_path


@pytest.fixture(scope="session")
def figures(tmp_path_factory):
    """A set of six small pictures of drawn figures, two of them to measure on."""
    from training_runs import write_set

    return write_set(tmp_path_factory.mktemp("figures"))
