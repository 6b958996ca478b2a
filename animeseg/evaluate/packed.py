"""What became of the detections of one picture, packed: it is kept for every picture of a set."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

IOUS = 10
"""Thresholds of IoU at which pycocotools matches: .50, .55, ... .95."""

_COUNTS = struct.Struct("<HH")


@dataclass(frozen=True)
class Match:
    """What became of the detections and the characters of one picture, for one size class.

    Attributes:
        scores: (D,) float32 of the detections, falling.
        matched: (10, D) bool, whether it met a character, at IoU .50, .55, ... .95.
        void: (10, D) bool, whether it counts neither way.
        found: (10, G) bool, whether a character was met.
        outside: (G,) bool, characters that do not count (crowds, other sizes).
    """

    scores: NDArray[np.float32]
    matched: NDArray[np.bool_]
    void: NDArray[np.bool_]
    found: NDArray[np.bool_]
    outside: NDArray[np.bool_]


class Matches(Sequence[Match]):
    """The matches of one picture for each size class, some hundred bytes together.

    Args:
        matches: one per size class.
    """

    __slots__ = ("_parts",)

    def __init__(self, matches: Sequence[Match]) -> None:
        self._parts = tuple(_pack(one) for one in matches)

    def __len__(self) -> int:
        return len(self._parts)

    @overload
    def __getitem__(self, index: int) -> Match: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Match]: ...

    def __getitem__(self, index: Any) -> Any:
        """The match of a size class, by its number."""
        if isinstance(index, slice):
            return [_unpack(part) for part in self._parts[index]]
        return _unpack(self._parts[index])


def _pack(one: Match) -> bytes:
    detections, characters = len(one.scores), len(one.outside)
    flags = np.concatenate(
        [one.matched.ravel(), one.void.ravel(), one.found.ravel(), one.outside.ravel()]
    )
    head = _COUNTS.pack(detections, characters)
    return head + one.scores.astype("<f4").tobytes() + np.packbits(flags).tobytes()


def _unpack(data: bytes) -> Match:
    detections, characters = _COUNTS.unpack_from(data)
    start = _COUNTS.size
    scores = np.frombuffer(data, "<f4", detections, start).astype(np.float32)
    packed = np.frombuffer(data, np.uint8, offset=start + 4 * detections)
    shapes = [(IOUS, detections), (IOUS, detections), (IOUS, characters), (1, characters)]
    lengths = [rows * columns for rows, columns in shapes]
    flags = np.unpackbits(packed, count=sum(lengths)).astype(np.bool_)
    parts = np.split(flags, np.cumsum(lengths)[:-1])
    matched, void, found, outside = (p.reshape(s) for p, s in zip(parts, shapes, strict=True))
    return Match(scores, matched, void, found, outside[0])
