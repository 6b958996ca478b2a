"""What single frames get wrong, mended by their neighbours: gaps bridged, edges steadied.

A window of frames is held, so that each can look at those before and after it; it never grows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from animeseg.instances import Instances, Segmentation, tight_boxes
from animeseg.masks import union_alpha
from animeseg.video.flow import Motion, fetch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.video.frames import Frame

_TOLERANCE = 14.0
"""Difference of colours, 0 to 255, at which a neighbour's word counts 1/e."""

_FADING = 0.7
"""How much less each further frame counts."""

_CARRIED_SCORE = 0.0
"""Score of a character that was carried through a frame: nobody found it there."""


@dataclass(frozen=True, eq=False)
class Found:
    """A frame and what was found in it.

    Attributes:
        frame: the frame.
        result: with ``ids``.
        alpha: (H, W) uint8 of all characters that are shown.
    """

    frame: Frame
    result: Segmentation
    alpha: NDArray[np.uint8]


class Steadier:
    """Holds a window of frames; each leaves it mended.

    Args:
        smooth: frames before and after that edges are steadied by.
        bridge: most frames through which a missed character is carried.
    """

    def __init__(self, smooth: int, bridge: int) -> None:
        self._smooth = smooth
        self._bridge = bridge
        self._motion = Motion()
        self._ahead: deque[Found] = deque()
        self._ready: deque[Found] = deque()
        self._done = 0
        """How many of ``_ready`` were given away; they are kept as neighbours."""

    def push(self, frame: Frame, result: Segmentation) -> Iterator[Found]:
        """Takes the next frame, and gives those whose neighbours are now known."""
        alpha = union_alpha(result.instances, result.options)
        self._ahead.append(Found(frame, result, alpha))
        if len(self._ahead) > self._bridge:
            yield from self._bridged()

    def flush(self) -> Iterator[Found]:
        """Gives the last frames."""
        while self._ahead:
            yield from self._bridged()
        while self._done < len(self._ready):
            yield self._steadied()

    def _bridged(self) -> Iterator[Found]:
        """Moves the oldest frame on to those whose gaps are bridged."""
        found = self._ahead.popleft()
        if self._ready and self._bridge:
            found = self._carried(self._ready[-1], found)
        self._ready.append(found)
        if len(self._ready) - self._done > self._smooth:
            yield self._steadied()

    def _carried(self, before: Found, found: Found) -> Found:
        """``found`` with the characters that it misses between two frames that have them."""
        here = _ids(found)
        later = {identity for other in self._ahead for identity in _ids(other)}
        rows = [
            row
            for row, identity in enumerate(_ids(before))
            if identity not in here and identity in later
        ]
        if not rows:
            return found
        flow = self._motion.flow(found.frame.picture.rgb, before.frame.picture.rgb)
        missed = before.result.instances[rows]
        masks = np.stack(
            [
                fetch(mask.view(np.uint8) * np.uint8(255), flow, outside="empty") > 127
                for mask in missed.masks
            ]
        )
        instances = _joined(found.result.instances, missed, masks)
        result = replace(found.result, instances=instances)
        return Found(found.frame, result, union_alpha(instances, result.options))

    def _steadied(self) -> Found:
        """The next frame, its edges the mean over those neighbours that show the same."""
        at = self._done
        found = self._ready[at]
        neighbours = [
            (other, abs(position - at))
            for position, other in enumerate(self._ready)
            if position != at and abs(position - at) <= self._smooth
        ]
        alpha = found.alpha
        if neighbours:
            alpha = self._mean(found, neighbours)
        self._done += 1
        while self._done > max(self._smooth, 1):  # one is kept for carrying characters on
            self._ready.popleft()
            self._done -= 1
        return replace(found, alpha=alpha)

    def _mean(self, found: Found, neighbours: list[tuple[Found, int]]) -> NDArray[np.uint8]:
        here = found.frame.picture.rgb
        total = found.alpha.astype(np.float32)
        weights = np.ones(total.shape, np.float32)
        for other, distance in neighbours:
            if not (found.alpha.any() or other.alpha.any()):
                continue
            there = other.frame.picture.rgb
            flow = self._motion.flow(here, there)
            difference = np.abs(fetch(there, flow, outside="edge").astype(np.float32) - here).mean(
                axis=2
            )
            weight = _FADING**distance * np.exp(-difference / _TOLERANCE)
            total += weight * fetch(other.alpha, flow, outside="edge")
            weights += weight
        return np.asarray(np.rint(total / weights), np.uint8)


def _ids(found: Found) -> list[int]:
    ids = found.result.instances.ids
    return [] if ids is None else [int(identity) for identity in ids]


def _joined(found: Instances, missed: Instances, masks: NDArray[np.bool_]) -> Instances:
    """The instances of a frame and those that are carried into it, as far as they are visible."""
    visible = np.asarray(masks.any(axis=(1, 2)), np.bool_)
    masks, missed = masks[visible], missed[visible]
    carried = np.full(len(missed), _CARRIED_SCORE, np.float32)
    assert found.ids is not None and missed.ids is not None  # noqa: S101, PT018
    return replace(
        found,
        boxes=np.concatenate((found.boxes, tight_boxes(masks))),
        masks=np.concatenate((found.masks, masks)),
        scores=np.concatenate((found.scores, carried)),
        labels=np.concatenate((found.labels, missed.labels)),
        alphas=None,
        ids=np.concatenate((found.ids, missed.ids)),
    )
