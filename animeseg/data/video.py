"""Frames of a video that are worth labelling: few per scene, none nearly twice."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from animeseg.data.similar import distance, perceptual_hash
from animeseg.video.frames import Frame as VideoFrame
from animeseg.video.reading import open_video

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

SMALL = (64, 36)
SCENE = 28.0
"""Mean difference of two frames' small pictures, of 255, from which a new scene begins."""

NEAR = 10
"""Frames whose hashes differ in at most this many of 64 bits are nearly the same."""


@dataclass(frozen=True, eq=False)
class Frame:
    """A frame of a video: its time in seconds and (H, W, 3) uint8 RGB."""

    time: float
    rgb: Pixels


@dataclass(frozen=True, eq=False)
class Chosen:
    """A frame that was taken.

    Attributes:
        frame: the frame.
        scene: number of its scene, from 1.
        phash: its hash.
    """

    frame: Frame
    scene: int
    phash: str


class FrameFilter:
    """Decides which frames are taken.

    Args:
        scene: difference from which a new scene begins; 0 makes every frame one.
        near: bits in which two frames must differ at least, plus one; below 0 all are taken.
        per_scene: frames of one scene at most; 0 for no limit.
    """

    def __init__(self, *, scene: float = SCENE, near: int = NEAR, per_scene: int = 0) -> None:
        self._scene, self._near, self._per_scene = scene, near, per_scene
        self._before: NDArray[np.int16] | None = None
        self._kept: list[str] = []
        self.scenes = 0
        self._in_scene = 0

    def take(self, frame: Frame) -> Chosen | None:
        """The frame if it is taken; scenes are counted in any case."""
        small = cv2.resize(frame.rgb, SMALL, interpolation=cv2.INTER_AREA).astype(np.int16)
        change = math.inf if self._before is None else float(np.abs(small - self._before).mean())
        self._before = small
        if change >= self._scene:
            self.scenes += 1
            self._in_scene = 0
        if self._per_scene and self._in_scene >= self._per_scene:
            return None
        phash = perceptual_hash(frame.rgb)
        # A video comes back to the same view: compared is with all that was taken, not the last.
        if any(distance(phash, other) <= self._near for other in self._kept):
            return None
        self._kept.append(phash)
        self._in_scene += 1
        return Chosen(frame, self.scenes, phash)


def read_frames(path: Path, every: float) -> Iterator[Frame]:
    """Frames of a video or an animation, one at a time.

    Args:
        path: of the file.
        every: seconds between two of them; 0 gives all.

    Raises:
        BadVideoError: no video, or damaged.
        MissingDependencyError: PyAV is not installed.
    """
    due = -math.inf
    with open_video(path) as reader:
        for event in reader:
            if not isinstance(event, VideoFrame):
                continue
            time = float(event.time * reader.clip.time_base)
            if time + 1e-6 >= due:
                due = time + every
                yield Frame(time, event.picture.rgb)


def frames_of(
    path: Path,
    keep: FrameFilter,
    *,
    every: float,
    wanted: Callable[[Pixels], bool] | None = None,
    tell: Callable[[float], None] = lambda time: None,
) -> Iterator[Chosen]:
    """The frames of a video that a filter takes and that show what is wanted.

    Args:
        path: of the video.
        keep: the filter; use one for several videos to compare across them.
        every: seconds between frames that are looked at.
        wanted: asked last, since it may be a network.
        tell: called with the time of every frame that was looked at.
    """
    for frame in read_frames(path, every):
        tell(frame.time)
        chosen = keep.take(frame)
        if chosen is not None and (wanted is None or wanted(frame.rgb)):
            yield chosen


def name_of(video: Path, chosen: Chosen) -> str:
    """File name of a frame: video, scene and time in milliseconds, so that they sort by time."""
    return f"{video.stem}_{chosen.scene:04d}_{round(chosen.frame.time * 1000):09d}.jpg"
