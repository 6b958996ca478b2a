"""Who is who from frame to frame: by where a character is, and by the colours it has.

Places decide while a character is in sight; colours bring back one that was hidden. The pairs are
chosen greedily, best first, which for the few characters of a frame is what the optimal assignment
would choose, save for ties.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.instances import Instances

    Histogram = NDArray[np.float32]

_BINS = (6, 8, 8)
_RANGES = (0.0, 256.0) * 3
_LONGEST_SIDE = 256
"""Colours are counted on a picture reduced to this longer side, in pixels."""

_SAME_PLACE = 0.1
"""Least IoU of boxes of a character in two frames that follow each other."""

_SAME_LOOK = 0.75
"""Least similarity of the colours of a character that was out of sight, or moved far."""

_LEARNING = 0.1
"""Share of the newest frame in what is remembered of a character's colours."""


@dataclass
class _Track:
    """What is remembered of a character.

    Attributes:
        identity: its number, from 1.
        box: (4,) float32 XYXY where it was last.
        label: its class.
        look: its colours.
        seen: number of the frame it was last seen in.
    """

    identity: int
    box: NDArray[np.float32]
    label: int
    look: Histogram
    seen: int


class Tracker:
    """Gives instances their identities, frame after frame.

    Args:
        remember: frames after which a character that was not seen again is forgotten.
    """

    def __init__(self, remember: int = 60) -> None:
        self._remember = remember
        self._tracks: list[_Track] = []
        self._given = 0

    def identify(self, number: int, image: NDArray[np.uint8], instances: Instances) -> Instances:
        """``instances`` with ``ids``, numbers from 1 in the order of first appearance.

        Args:
            number: of the frame; each call has a higher one.
            image: (H, W, 3) uint8 RGB, the frame.
            instances: of the frame.
        """
        self._tracks = [t for t in self._tracks if number - t.seen <= self._remember + 1]
        looks = looks_of(image, instances)
        ids = np.zeros(len(instances), np.int64)
        for row, track in self._pairs(number, instances, looks):
            ids[row] = track.identity
            track.box, track.seen = instances.boxes[row], number
            track.look = (1 - _LEARNING) * track.look + _LEARNING * looks[row]
        for row in np.flatnonzero(ids == 0).tolist():
            self._given += 1
            ids[row] = self._given
            label = int(instances.labels[row])
            box = instances.boxes[row]
            self._tracks.append(_Track(self._given, box, label, looks[row], number))
        return replace(instances, ids=ids)

    def _pairs(
        self, number: int, instances: Instances, looks: list[Histogram]
    ) -> Iterator[tuple[int, _Track]]:
        scored = [
            (score, row, at)
            for row in range(len(instances))
            for at, track in enumerate(self._tracks)
            if (score := _score(number, track, instances, row, looks[row])) > 0
        ]
        rows: set[int] = set()
        taken: set[int] = set()
        for _, row, at in sorted(scored, key=lambda found: (-found[0], found[1], found[2])):
            if row not in rows and at not in taken:
                rows.add(row)
                taken.add(at)
                yield row, self._tracks[at]


def _score(number: int, track: _Track, instances: Instances, row: int, look: Histogram) -> float:
    """How well an instance continues a track, 0 to 3; 0 if it cannot."""
    if track.label != int(instances.labels[row]):
        return 0.0
    alike = similarity(track.look, look)
    overlap = box_iou(track.box, instances.boxes[row])
    if number - track.seen == 1 and overlap >= _SAME_PLACE:
        return 1 + overlap + alike  # before all that only look alike
    return alike if alike >= _SAME_LOOK else 0.0


def looks_of(image: NDArray[np.uint8], instances: Instances) -> list[Histogram]:
    """Colour histograms in Lab, which sum to 1, of ``instances`` in ``image``."""
    height, width = instances.size
    factor = min(1.0, _LONGEST_SIDE / max(height, width))
    small = max(1, round(width * factor)), max(1, round(height * factor))
    lab = cv2.cvtColor(cv2.resize(image, small, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2LAB)
    looks = []
    for mask in instances.masks:
        inside = cv2.resize(mask.view(np.uint8), small, interpolation=cv2.INTER_NEAREST)
        histogram = cv2.calcHist([lab], [0, 1, 2], inside, list(_BINS), list(_RANGES))
        total = float(histogram.sum())
        looks.append(np.asarray(histogram / total if total else histogram, np.float32))
    return looks


def similarity(first: Histogram, second: Histogram) -> float:
    """Bhattacharyya's coefficient of two histograms: 1 for the same, 0 for nothing in common."""
    return float(np.sqrt(first * second).sum())


def box_iou(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Intersection over union of two boxes (4,) XYXY."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (first, second))
    return float(width * height / (areas - width * height))
