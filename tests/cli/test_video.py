"""``animeseg video``, with a segmenter that needs no weights."""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("av", reason="videos need PyAV")


def listing(folder="."):
    return sorted(path.name for path in Path(folder).iterdir())


@pytest.fixture
def animation():
    """Writes an animated WebP with a bright block that moves; gives its path."""

    def write(name, frames=6):
        rng = np.random.default_rng(0)
        pictures = []
        for number in range(frames):
            array = rng.integers(0, 100, (32, 48, 3), np.uint8)
            array[5:25, 4 + number : 16 + number] = (250, 200, 180)
            pictures.append(Image.fromarray(array))
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        pictures[0].save(
            path, save_all=True, append_images=pictures[1:], duration=40, lossless=True
        )
        return path

    return write


def test_an_animation_becomes_a_video(animeseg, animation):
    animation("in.webp")
    run = animeseg("video", "in.webp", "--out", "out.webm", "--record", "out.jsonl")
    assert run.code == 0
    assert run.lines == ["out.webm"]
    assert "6 frames; characters, and the frames they are in: 1 in 6" in run.err
    assert "edge_fallback" in run.err
    assert "(6 frames)" in run.err
    assert listing() == ["in.webp", "out.jsonl", "out.webm"]
    lines = [json.loads(line) for line in Path("out.jsonl").read_text("utf-8").splitlines()]
    assert [line["instances"][0]["id"] for line in lines] == [1] * 6


def test_flags_reach_the_video(animeseg, animation):
    animation("in.webp")
    run = animeseg(
        "video", "in.webp", "--out", "frames", "--format", "png", "--content", "mask",
        "--smooth", "0", "--bridge", "0", "--cutout-feather", "0", "--no-audio",
    )  # fmt: skip
    assert run.code == 0
    shown = np.asarray(Image.open("frames/frame-000003.png"))
    assert np.argwhere(shown[:, :, 0] > 127).min(axis=0).tolist() == [5, 6]


def test_several_videos_go_into_a_directory_and_one_that_fails_does_not_cost_the_others(
    animeseg, animation
):
    animation("in/a.webp")
    animation("in/c.webp")
    Path("in/b.webp").write_bytes(b"no video")
    run = animeseg(
        "video", "in/a.webp", "in/b.webp", "in/c.webp", "--out", "out", "--format", "mp4",
        "--background", "colour",
    )  # fmt: skip
    assert run.code == 1
    assert listing("out") == ["a.mp4", "c.mp4"]
    assert "bad_video: in/b.webp" in run.err.replace("\\", "/")


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        (("--out", "out.mp4"), "holds no transparency"),
        (("--out", "out.avi"), "no ending that is known"),
        (("--out", "."), "--format"),
        (("--out", "out.webm", "--smooth", "9"), "smooth"),
        (("--out", "out.webm", "--identities", "x"), "identities"),
        (("--out", "out.webm", "--background", "picture"), "--background-picture"),
    ],
)
def test_wrong_usage_is_refused_before_anything_is_written(animeseg, animation, flags, text):
    animation("in.webp")
    run = animeseg("video", "in.webp", *flags)
    assert run.code == 2
    assert text in run.err
    assert listing() == ["in.webp"]


def test_files_are_replaced_only_if_told(animeseg, animation):
    animation("in.webp")
    Path("out.webm").write_bytes(b"precious")
    assert animeseg("video", "in.webp", "--out", "out.webm").code == 1
    assert Path("out.webm").read_bytes() == b"precious"
    assert animeseg("video", "in.webp", "--out", "out.webm", "--overwrite").code == 0


def test_without_av_the_command_to_install_it_is_told(animeseg, animation, monkeypatch):
    animation("in.webp")
    monkeypatch.setitem(sys.modules, "av", None)
    run = animeseg("video", "in.webp", "--out", "out.webm")
    assert run.code == 1
    assert "missing_dependency" in run.err
    assert 'pip install "animeseg[video]"' in run.err
    assert listing() == ["in.webp"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to a child there")
def test_ctrl_c_leaves_nothing_behind(process, tmp_path, animation, monkeypatch):
    monkeypatch.chdir(tmp_path)
    animation("in.webp", frames=100)
    child = process(
        "video", "in.webp", "--out", "out.webm", FAKE_SECONDS="0.2", FAKE_LOG=tmp_path / "log"
    )
    for _ in range(600):
        if (tmp_path / "log").exists() and (tmp_path / "log").stat().st_size > 8:
            break
        time.sleep(0.1)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=120)
    assert child.returncode == 130
    assert "nothing of the unfinished video is left" in err
    assert listing(tmp_path) == ["in.webp", "log"]
