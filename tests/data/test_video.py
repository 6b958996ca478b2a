"""Frames of a video: one of every view, scenes counted, time told."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest

from animeseg.data.video import Frame, FrameFilter, frames_of, name_of, read_frames
from animeseg.errors import BadVideoError


def view(seed, shift=0):
    rng = np.random.default_rng(seed)
    picture = cv2.resize(rng.integers(0, 255, (6, 8, 3), np.uint8), (160, 96))
    return np.roll(picture, shift, axis=1)


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """Three scenes of a second at 10 frames a second; the third is the first again."""
    av = pytest.importorskip("av")
    path = tmp_path_factory.mktemp("video") / "scènes.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        stream.time_base = Fraction(1, 10)
        stream.bit_rate = 2_000_000
        for seed in (1, 2, 1):
            for step in range(10):
                frame = av.VideoFrame.from_ndarray(view(seed, step), format="rgb24")
                container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def test_frames_come_with_their_times(video):
    frames = list(read_frames(video, 0.5))
    assert [round(frame.time, 1) for frame in frames] == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]
    assert frames[0].rgb.shape == (96, 160, 3)
    assert np.abs(frames[0].rgb.astype(int) - view(1)).mean() < 15
    assert len(list(read_frames(video, 0))) == 30


def test_a_view_is_taken_once_even_if_it_comes_back(video):
    keep = FrameFilter(near=12)
    chosen = list(frames_of(video, keep, every=0.1))
    assert keep.scenes == 3
    assert 2 <= len(chosen) <= 6
    assert {one.scene for one in chosen} == {1, 2}
    names = [name_of(video, one) for one in chosen]
    assert names == sorted(names)
    assert names[0] == "scènes_0001_000000000.jpg"


def test_frames_per_scene_can_be_limited_and_all_be_taken(video):
    assert len(list(frames_of(video, FrameFilter(near=-1, per_scene=2), every=0.1))) == 6
    assert len(list(frames_of(video, FrameFilter(near=-1), every=0.1))) == 30


def test_only_wanted_frames_are_given(video):
    seen = []

    def wanted(rgb):
        seen.append(rgb.shape)
        return len(seen) % 2 == 0

    chosen = list(frames_of(video, FrameFilter(near=-1), every=0.5, wanted=wanted))
    assert len(seen) == 6
    assert len(chosen) == 3


def test_a_new_scene_begins_where_much_changes():
    keep = FrameFilter(scene=28, near=-1)
    for number, seed in enumerate([1, 1, 2, 2, 2, 3]):
        keep.take(Frame(number, view(seed)))
    assert keep.scenes == 3


@pytest.mark.parametrize("content", [b"", b"no video at all", b"\0" * 5000])
def test_what_is_no_video_is_refused(tmp_path, content):
    pytest.importorskip("av")
    path = tmp_path / "x.mp4"
    path.write_bytes(content)
    with pytest.raises(BadVideoError):
        list(read_frames(path, 1))
