"""Pixels that several characters claim: each goes to the one with the strongest claim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Window = tuple[slice, slice]

NESTED = 0.7
"""Two masks that share more than this of the smaller one are the same character found twice, or
one worn by the other; taking pixels from either would leave a rag."""


@dataclass(frozen=True, eq=False)
class Claim:
    """How strongly an instance claims the pixels of a part of the picture.

    Attributes:
        window: rows and columns of the picture; the mask lies within.
        strength: (h, w) float16 of the window, larger is stronger.
    """

    window: Window
    strength: NDArray[np.float16]

    def within(self, window: Window) -> NDArray[np.float16]:
        """The strengths in ``window``, which lies within this claim's own."""
        rows, columns = (
            slice(inner.start - own.start, inner.stop - own.start)
            for inner, own in zip(window, self.window, strict=True)
        )
        return self.strength[rows, columns]


def settle(masks: NDArray[np.bool_], claims: Sequence[Claim]) -> None:
    """Leaves each pixel of ``masks`` (N, H, W) to one instance, in place; the union stays.

    Of two masks that overlap, a pixel stays with the stronger claim, and with the earlier instance
    where claims are equal. Pairs that share more than `NESTED` of the smaller mask are left as
    they are, and so are pairs of which one would vanish.
    """
    areas = [int(np.count_nonzero(mask)) for mask in masks]
    for second in range(len(masks)):
        for first in range(second):
            window = _shared(claims[first].window, claims[second].window)
            if window is None:
                continue
            both = masks[first][window] & masks[second][window]
            shared = int(np.count_nonzero(both))
            if not shared or shared > NESTED * min(areas[first], areas[second]):
                continue
            later = claims[second].within(window) > claims[first].within(window)
            _take(masks[first], window, both & later)
            _take(masks[second], window, both & ~later)


def _take(mask: NDArray[np.bool_], window: Window, lost: NDArray[np.bool_]) -> None:
    """Takes the pixels ``lost`` of ``window`` from ``mask``, unless nothing would be left."""
    if np.count_nonzero(mask) > np.count_nonzero(lost):
        mask[window] &= ~lost


def _shared(first: Window, second: Window) -> Window | None:
    rows, columns = (
        slice(max(a.start, b.start), min(a.stop, b.stop))
        for a, b in zip(first, second, strict=True)
    )
    return (rows, columns) if rows.start < rows.stop and columns.start < columns.stop else None
