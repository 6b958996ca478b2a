"""The command line with the weights that come with animeseg, on the picture of the README."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.slow

ALL = "cutout,mask,characters,character-masks,overlay,json"


@pytest.fixture
def demo(repository):
    picture = repository / "docs/pictures/demo.jpg"
    weights = repository / "models/character-n/model.safetensors"
    if not (picture.is_file() and weights.is_file()):
        pytest.skip("the demo picture or the bundled weights are not in this checkout")
    return picture


def run(*args, cwd):
    command = [sys.executable, "-m", "animeseg", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, encoding="utf-8")


def test_the_main_job_runs_offline_and_says_which_path_it_took(demo, tmp_path):
    done = run("segment", demo, "--out", "out", "-o", ALL, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "out/demo.json").read_text(encoding="utf-8"))
    count = len(record["instances"])
    assert count >= 1
    assert [note["code"] for note in record["notes"]] == ["edge_fallback"]
    assert "animeseg weights fetch mobile-sam" in done.stderr
    with Image.open(demo) as original, Image.open(tmp_path / "out/demo.cutout.png") as cut:
        assert cut.size == original.size
        rgba, rgb = np.array(cut), np.array(original.convert("RGB"))
    inside = rgba[:, :, 3] == 255
    assert 0.05 < inside.mean() < 0.95
    assert (rgba[inside][:, :3] == rgb[inside]).all()
    for number in range(1, count + 1):
        with Image.open(tmp_path / f"out/demo.character-mask-{number}.png") as mask:
            assert mask.size == (rgb.shape[1], rgb.shape[0])
    assert len(done.stdout.splitlines()) == 4 + 2 * count

    again = run("segment", demo, "--out", "out", "-o", ALL, "--resume", cwd=tmp_path)
    assert again.returncode == 0
    assert again.stdout == ""
    assert "1 skipped" in again.stderr


def test_asking_for_weights_that_are_not_here_is_one_clear_line(demo, tmp_path):
    done = run("segment", demo, "--refine", "prompt", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("[animeseg] missing_weights: mobile-sam (40.7 MB, Apache-2.0)")
    assert len(done.stderr.splitlines()) == 1


def test_an_unknown_model_is_a_wrong_option(demo, tmp_path):
    done = run("segment", demo, "--model", "nonsense", cwd=tmp_path)
    assert done.returncode == 2
    assert "[animeseg] unknown_model" in done.stderr
