"""Into the network's input and back: scaling with padding, and its exact inverse.

The picture is scaled to fit the network's size, its top left corner stays the origin, and grey is
added right and below up to a multiple of the stride. The scaled sides are whole cells of the grid
that masks are predicted on, so that no cell is half picture and half padding. On the way back the
padding is cut off *before* masks are scaled, and they are thresholded once, after scaling: scaling
a padded mask shifts it by the padding, and thresholding twice (or at any value above zero) lets it
grow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

GREY = 114
"""Value of the padding, as in training."""

CELL = 4
"""Pixels of the input per cell of the grid that YOLO predicts masks on."""

_STRIP_PIXELS = 4_000_000
"""Largest piece of a mask, in pixels, that is held as floats at once."""


@dataclass(frozen=True)
class Letterbox:
    """How one picture lies in the network's input.

    Attributes:
        size: (height, width) of the picture.
        inner: (height, width) of the scaled picture inside the input.
        outer: (height, width) of the input.
    """

    size: tuple[int, int]
    inner: tuple[int, int]
    outer: tuple[int, int]

    @classmethod
    def fit(cls, size: tuple[int, int], side: int, stride: int) -> Letterbox:
        """The letterbox of a picture of ``size`` whose longer side becomes ``side`` pixels.

        Args:
            size: (height, width) of the picture, each at least 1.
            side: longer side of the input; rounded up to a multiple of ``stride``.
            stride: largest stride of the network.
        """
        side = max(math.ceil(side / stride), 1) * stride
        gain = side / max(size)
        # A side never vanishes, however thin the picture is.
        height, width = (max(round(length * gain / CELL), 1) * CELL for length in size)
        outer = (math.ceil(height / stride) * stride, math.ceil(width / stride) * stride)
        return cls(size, (height, width), outer)

    def apply(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """``image`` (H, W, 3) uint8, scaled and padded to ``outer``."""
        (height, width), (rows, columns) = self.inner, self.outer
        if self.inner != self.size:
            image = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
        padded: NDArray[np.uint8] = cv2.copyMakeBorder(
            image, 0, rows - height, 0, columns - width, cv2.BORDER_CONSTANT, value=(GREY,) * 3
        )
        return padded

    def boxes_back(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """XYXY boxes (N, 4) of the input as boxes of the picture, clipped to it."""
        (height, width), (inner_height, inner_width) = self.size, self.inner
        gain = np.array([width / inner_width, height / inner_height] * 2)
        limits = np.array([width, height] * 2)
        scaled: NDArray[np.float32] = np.clip(boxes * gain, 0, limits).astype(np.float32)
        return scaled

    def masks_back(
        self, logits: NDArray[np.float32], boxes: NDArray[np.float32], out: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Writes masks at the resolution of the picture: logits scaled bilinearly, then ``> 0``.

        Nothing is computed outside the boxes, and never more than a strip at a time.

        Args:
            logits: (N, h, w) float32 over the whole input, padding included.
            boxes: (N, 4) XYXY in pixels of the picture; pixels that a box touches are its own.
            out: (N, H, W) bool, all false; masks are written into it.

        Returns:
            (N,) bool: whether a mask has any pixel.
        """
        there = np.zeros(len(logits), np.bool_)
        cells = logits.shape[1:]
        # Cells of the grid whose centre lies on the picture, and the picture's pixels per cell.
        kept = [
            max(math.ceil(cell * inner / outer - 0.5), 1)
            for cell, inner, outer in zip(cells, self.inner, self.outer, strict=True)
        ]
        scale = [
            size / inner * outer / cell
            for size, inner, outer, cell in zip(
                self.size, self.inner, self.outer, cells, strict=True
            )
        ]
        for row, (grid, edges) in enumerate(zip(logits, touched(boxes), strict=True)):
            left, top, right, bottom = edges
            if right <= left or bottom <= top:
                continue
            columns = min(math.ceil(right / scale[1]) + 1, kept[1])
            # One more column, equal to the last, so that scaling reaches the picture's edge.
            inside = np.pad(grid[: kept[0], :columns], ((0, 0), (0, 1)), mode="edge")
            strip = max(_STRIP_PIXELS // right, 1)
            for start in range(top, bottom, strip):
                end = min(start + strip, bottom)
                band = _rows(inside, scale[0], start, end)
                part = out[row, start:end, left:right]
                _columns_above_zero(band, scale[1], part, left)
                there[row] |= part.any()
        return there


def touched(boxes: NDArray[np.float32]) -> NDArray[np.int64]:
    """The pixels (left, top, right, bottom) that boxes (N, 4) touch; none if a box has no area."""
    edges = np.concatenate([np.floor(boxes[:, :2]), np.ceil(boxes[:, 2:])], axis=1)
    edges[(boxes[:, :2] >= boxes[:, 2:]).any(axis=1)] = 0
    return edges.astype(np.int64)


def _rows(grid: NDArray[np.float32], scale: float, start: int, end: int) -> NDArray[np.float32]:
    """Rows ``start`` to ``end`` of ``grid`` scaled along y by ``scale``, edges repeated."""
    source = np.clip((np.arange(start, end) + 0.5) / scale - 0.5, 0, len(grid) - 1)
    above = source.astype(np.intp)
    below = np.minimum(above + 1, len(grid) - 1)
    share = (source - above).astype(np.float32)[:, None]
    rows: NDArray[np.float32] = grid[above] * (1 - share) + grid[below] * share
    return rows


def _columns_above_zero(
    band: NDArray[np.float32], scale: float, out: NDArray[np.bool_], left: int
) -> None:
    """Whether ``band`` scaled along x by ``scale`` is above zero, from column ``left`` on."""
    # The factor is given and not the width, for it is not a whole number of pixels per cell.
    scaled = cv2.resize(band, None, fx=scale, fy=1, interpolation=cv2.INTER_LINEAR)
    np.greater(scaled[:, left : left + out.shape[1]], 0, out=out)
