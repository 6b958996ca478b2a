"""SIGKILL at ten moments of a training run: whole files only, and in the end the same curve."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest
import torch
from training_runs import curve

from animeseg.weights import load_state, resolve

KILLS = 10
EPOCHS = 8
MOMENTS = (*("start", "epoch", "checkpoint") * 3, "end")
"""What a kill waits for: time since the start, an epoch's row, a file being written, the model."""

_RUN = """
import sys
from pathlib import Path
from animeseg.train.job import run
from training_runs import job_of
changes = {"epochs": int(sys.argv[3])}
run(job_of(Path(sys.argv[1]), Path(sys.argv[2]), changes=changes, resume=True), told=print)
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here"),
]


def start(figures, out, repository):
    command = [sys.executable, "-c", _RUN, str(figures), str(out), str(EPOCHS)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, cwd=repository / "tests/train", env=environment, text=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip


def rows(out):
    table = out / "train/results.csv"
    return table.read_text().count("\n") if table.is_file() else 0


def has_come(moment, out, before):
    weights = out / "train/weights"
    return {
        "start": True,
        "epoch": rows(out) > before,
        "checkpoint": any(weights.glob("*.part")),
        "end": (out / "model.safetensors").is_file() or rows(out) > EPOCHS,
    }[moment]


def kill_at(process, moment, out, chance):
    """Kills at a moment, and whether it was still at work then."""
    before = rows(out)
    while process.poll() is None and not has_come(moment, out, before):
        time.sleep(0.0005)
    if moment == "start":
        time.sleep(chance.uniform(0, 4))
    elif moment == "epoch":
        time.sleep(chance.uniform(0, 0.1))
    process.kill()
    process.communicate()
    return process.returncode == -signal.SIGKILL


def whole(out):
    """Everything that has its name is complete, whenever the run was killed."""
    if (out / "config.json").is_file():
        assert json.loads((out / "config.json").read_text())["kind"] == "character"
    for path in (out / "train/weights").glob("*.pt"):
        assert path.stat().st_size > 0
        if path.name.startswith("exact"):
            assert torch.load(path, weights_only=True)["updates"] > 0
        else:
            assert load_state(resolve(path, kind="detector", allow_paths=True))
    if (out / "model.safetensors").is_file():
        assert load_state(resolve(out / "model.safetensors", kind="detector", allow_paths=True))


def test_training_survives_ten_kills(figures, tmp_path, repository):
    out, chance, hits = tmp_path / "killed", random.Random(6), 0
    for number in range(3 * KILLS):
        process = start(figures, out, repository)
        unfinished = number < len(MOMENTS) and rows(out) <= EPOCHS
        moment = MOMENTS[number] if unfinished else "start"
        hits += kill_at(process, moment, out, chance)
        whole(out)
        if hits == KILLS:
            break
    process = start(figures, out, repository)
    _, said = process.communicate()
    assert process.returncode == 0, said
    assert hits == KILLS
    quiet = start(figures, tmp_path / "quiet", repository)
    _, said = quiet.communicate()
    assert quiet.returncode == 0, said
    assert curve(out) == curve(tmp_path / "quiet")
    assert len(curve(out)) == EPOCHS
    assert not list(out.rglob("*.part"))
