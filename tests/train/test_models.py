"""`make models`: from a pack without characters to both bundled models with their cards."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from animeseg.train import card


@pytest.fixture
def material(tmp_path, coco):
    """A pack that has two backgrounds and no characters, and a checkpoint of COCO's layout."""
    pack, rng = tmp_path / "pack", np.random.default_rng(0)
    pack.mkdir()
    for name in ("hill", "wall"):
        picture = cv2.resize(rng.integers(0, 255, (6, 8, 3), np.uint8), (320, 240))
        cv2.imwrite(str(pack / f"{name}.png"), picture)
    rows = [{"file": f"{name}.png", "kind": "bg"} for name in ("hill", "wall")]
    (pack / "manifest.json").write_text(json.dumps(rows))
    torch.save({"model": coco, "train_args": {}}, tmp_path / "coco.pt")
    return pack, tmp_path / "coco.pt"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
@pytest.mark.skipif(sys.platform == "win32", reason="the README gives the commands for Windows")
def test_both_models_come_out_of_drawn_figures_alone(repository, material, tmp_path):
    pack, coco = material
    values = {
        "PACK": pack,
        "COCO": coco,
        "BUILD": tmp_path / "build",
        "BIN": Path(sys.executable).parent,
        "READY": tmp_path / "pack",  # this interpreter has what is needed
        "PICTURES": 24,
        "WORKERS": 1,
        "TRAIN": "--workers 0 --set batch=2 scales=[0.25] warmup=2",
    }
    command = ["make", "models", *(f"{name}={value}" for name, value in values.items())]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = {}
    for name in ("character-n", "face-n"):
        path = tmp_path / "build" / name / "card.json"
        found[name] = json.loads(path.read_text(encoding="utf-8"))
    assert {(c["task"], *c["classes"]) for c in found.values()} == {
        ("segment", "character"),
        ("detect", "face"),
    }
    assert all(c["bytes"] < 8_000_000 for c in found.values())
    assert subprocess.run([*command, "-q"], cwd=repository, check=False).returncode == 0


def test_the_card_of_a_bundled_model_is_that_of_its_file(repository):
    for folder in sorted((repository / "models").iterdir()):
        written = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        made = card.describe(folder, [], "")
        assert {k: written[k] for k in made} == made


def test_a_card_keeps_scores_and_leaves_out_what_depends_on_the_machine(repository):
    row = {"dataset": "real", "ap50": 0.123456, "found": 3, "seconds_per_picture": 9.0}
    made = card.describe(repository / "models" / "character-n", [row], "a command")
    assert made["metrics"] == {"real": {"ap50": 0.1235, "found": 3}}
    assert made["measured_with"] == "a command"
