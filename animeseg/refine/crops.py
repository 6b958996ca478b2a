"""Which parts of a large picture get an encoder pass of their own, so that small characters count.

Networks of the Segment Anything family look at 1024 pixels, whatever the size of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Box = tuple[int, int, int, int]

NETWORK_SIDE = 1024
"""Longer side, in pixels, at which the networks look; smaller pictures hide nothing from them."""

MARGIN = 0.25
"""Room around a character on each side, as a share of its longer side."""

LARGEST = 0.5
"""Characters share a crop while its longer side is at most this share of the picture's."""

MOST = 6
"""At most so many crops; characters beyond are seen in the whole picture."""


@dataclass(frozen=True)
class View:
    """A part of the picture and the instances that are refined in it.

    Attributes:
        box: left, top, right, bottom in pixels.
        rows: indices of the instances.
    """

    box: tuple[int, int, int, int]
    rows: tuple[int, ...]

    @property
    def window(self) -> tuple[slice, slice]:
        """Index of this part in an (H, W) array."""
        left, top, right, bottom = self.box
        return slice(top, bottom), slice(left, right)


def plan_views(boxes: NDArray[np.float32], size: tuple[int, int], crop_below: float) -> list[View]:
    """Views that together hold every instance once, the whole picture last.

    Args:
        boxes: (N, 4) XYXY in pixels.
        size: (height, width) of the picture.
        crop_below: share of the picture's longer side below which a character gets a crop.
    """
    height, width = size
    longer = max(size)
    groups: list[tuple[Box, list[int]]] = []
    if longer > NETWORK_SIDE:
        extents = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0)
        small = np.flatnonzero((extents > 0) & (extents < crop_below * longer))
        for row in sorted(small.tolist(), key=lambda index: (*boxes[index].tolist(), index)):
            _join(groups, _roomy(boxes[row], size), row, LARGEST * longer)
    groups.sort(key=lambda group: -len(group[1]))
    views = [View(box, tuple(sorted(rows))) for box, rows in groups[:MOST]]
    seen = {row for view in views for row in view.rows}
    rest = tuple(row for row in range(len(boxes)) if row not in seen)
    # Last, so that its embedding is the freshest: clicks afterwards ask the whole picture.
    return [*views, View((0, 0, width, height), rest)] if rest else views


def _join(groups: list[tuple[Box, list[int]]], box: Box, row: int, limit: float) -> None:
    """Puts ``row`` into the group that grows least by its ``box``, or into one of its own."""
    options = []
    for index, (other, _) in enumerate(groups):
        joined = (
            min(box[0], other[0]),
            min(box[1], other[1]),
            max(box[2], other[2]),
            max(box[3], other[3]),
        )
        if max(joined[2] - joined[0], joined[3] - joined[1]) <= limit:
            options.append((_area(joined) - _area(other), index, joined))
    if options:
        _, index, joined = min(options)
        groups[index] = (joined, [*groups[index][1], row])
    else:
        groups.append((box, [row]))


def _roomy(box: NDArray[np.float32], size: tuple[int, int]) -> Box:
    left, top, right, bottom = (float(edge) for edge in box)
    room = MARGIN * max(right - left, bottom - top)
    return (
        max(0, int(left - room)),
        max(0, int(top - room)),
        min(size[1], int(np.ceil(right + room))),
        min(size[0], int(np.ceil(bottom + room))),
    )


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])
