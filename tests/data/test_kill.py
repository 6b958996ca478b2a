"""SIGKILL at ten moments of a run: whole files only, and in the end the same bytes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest

from animeseg.data.dataset import open_dataset
from animeseg.data.yolo import read_label

KILLS = 10
PICTURES = 36

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here"),
]


def start(*words):
    command = [sys.executable, "-m", "animeseg.data", *map(str, words), "--quiet"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)  # fmt: skip


def pictures(root):
    return list((root / "images").rglob("[!.]*.*")) if root.is_dir() else []


def whole(root):
    """Everything that has its name is complete, whenever the run was killed."""
    for path in pictures(root):
        assert path.stat().st_size > 0
        picture = cv2.imread(str(path))
        assert picture is not None, path
        assert path.read_bytes()[-2:] == b"\xff\xd9"  # the end of a JPEG
        label = root / "labels" / f"{path.stem}.txt"
        assert label.is_file()  # a picture is never without its label
        text = label.read_text()
        assert not text or text.endswith("\n")
        read_label(text, picture.shape[:2], label.name, 1)


def killed_at_random(words, out, chance):
    """Kills runs of one command until ten were hit before they ended; gives their number."""
    hits = 0
    for _ in range(4 * KILLS):
        process = start(*words)
        before, wait = len(pictures(out)), chance.randrange(0, 5)
        jitter = chance.random() * 0.05
        while process.poll() is None and len(pictures(out)) < before + wait:
            time.sleep(0.01)
        if wait:
            time.sleep(jitter)
        else:
            time.sleep(jitter * 20)  # while it starts
        process.kill()
        process.communicate()
        hits += process.returncode == -signal.SIGKILL
        whole(out)
        if process.returncode == 0 or hits == KILLS:
            break
    return hits


def finished(words):
    process = start(*words)
    _, err = process.communicate()
    assert process.returncode == 0, err


@pytest.fixture
def material(tmp_path):
    """Two characters and a background, as files."""
    for folder in ("characters", "backgrounds"):
        (tmp_path / folder).mkdir()
    for k in range(2):
        rgba = np.zeros((90, 60, 4), np.uint8)
        cv2.ellipse(rgba, (30, 50), (22, 38), 0, 0, 360, (90 * k, 80, 200, 255), -1)
        cv2.imwrite(str(tmp_path / "characters" / f"{k}.png"), rgba)
    noise = np.random.default_rng(0).integers(0, 255, (6, 8, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "backgrounds" / "a.png"), cv2.resize(noise, (160, 120)))
    return ["--characters", tmp_path / "characters", "--backgrounds", tmp_path / "backgrounds"]


def test_synth_survives_ten_kills(tmp_path, material, files_in):
    def words(out):
        return ["synth", "--out", out, "--count", PICTURES, "--size", 96, "--alpha",
                "--workers", 2, *material]  # fmt: skip

    hits = killed_at_random(words(tmp_path / "killed"), tmp_path / "killed", random.Random(4))
    assert hits >= KILLS // 2  # a fast machine may be done before the last ones
    finished(words(tmp_path / "killed"))
    finished(words(tmp_path / "quiet"))
    assert files_in(tmp_path / "killed") == files_in(tmp_path / "quiet")
    assert len(open_dataset(tmp_path / "killed")) == PICTURES


def test_convert_survives_ten_kills(tmp_path, made, files_in):
    source = made["build"](tmp_path / "set", names=[f"{k:03}.jpg" for k in range(300)])

    def words(out):
        return ["convert", source / "annotations.json", "--out", out]

    hits = killed_at_random(words(tmp_path / "killed"), tmp_path / "killed", random.Random(5))
    assert hits >= 1
    finished(words(tmp_path / "killed"))
    finished(words(tmp_path / "quiet"))
    assert files_in(tmp_path / "killed") == files_in(tmp_path / "quiet")


def test_no_worker_outlives_a_killed_parent(tmp_path, material):
    psutil = pytest.importorskip("psutil")
    process = start("synth", "--out", tmp_path / "set", "--count", 5000, "--size", 96,
                    "--workers", 2, *material)  # fmt: skip
    while process.poll() is None and len(pictures(tmp_path / "set")) < 3:
        time.sleep(0.05)
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 2
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(children, timeout=60)
    assert alive == []
