"""Whether a refined mask still shows what was detected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from animeseg.instances import Note
from animeseg.masks import iou

if TYPE_CHECKING:
    from numpy.typing import NDArray

FILLED = 0.99
"""A mask that covers more than this of its box says no more than the box (box models)."""


def is_shapeless(mask: NDArray[np.bool_], box: NDArray[np.float32]) -> bool:
    """Whether ``mask`` (H, W) says no more than ``box`` (XYXY): it fills it, or it is empty."""
    extent = (box[2:] - box[:2]).astype(np.float64)
    area = np.count_nonzero(mask)
    return bool(not area or area > FILLED * extent.prod())


def box_mask(box: NDArray[np.float32], size: tuple[int, ...]) -> NDArray[np.bool_]:
    """(H, W) bool: all pixels that ``box`` (XYXY) touches."""
    left, top = np.floor(box[:2]).clip(0).astype(int)
    right, bottom = np.ceil(box[2:]).astype(int)
    mask = np.zeros(size, np.bool_)
    mask[top:bottom, left:right] = True
    return mask


def agreement(refined: NDArray[np.bool_], detected: NDArray[np.bool_], *, shapeless: bool) -> float:
    """IoU of two masks (H, W) bool; of their extents only where the detection has no shape."""
    if shapeless:
        refined = np.outer(refined.any(axis=1), refined.any(axis=0))
    return iou(refined, detected)


def rejected(row: int, found: float, least: float, who: str) -> Note:
    """The note of a refinement of the instance ``row`` by ``who`` that contradicts its detection.

    Args:
        row: index of the instance.
        found: its agreement.
        least: the agreement that was asked for.
        who: for example "Segment Anything".
    """
    return Note(
        "refinement_rejected",
        f"character {row + 1} keeps the detector's mask: that of {who} agrees with it by "
        f"IoU {found:.2f}, less than {least:.2f}",
        "lower min_agreement to take it all the same",
    )


def interrupted(way: str, left: int, total: int) -> Note:
    """The note of a refinement that was ended from outside with ``left`` instances undone.

    Args:
        way: ``vote``, ``prompt`` or ``edge``; begins the code of the note.
        left: instances that keep what was detected.
        total: instances in all.
    """
    return Note(
        f"{way}_interrupted",
        f"the refinement was interrupted: {left} of {total} characters keep the detector's mask",
    )
