"""Masks as COCO's compressed run lengths, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from animeseg import limits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]


def encode_rle(mask: Mask) -> dict[str, Any]:
    """COCO's compressed run lengths of ``mask`` (H, W) bool, ready for JSON.

    Returns:
        ``{"size": [H, W], "counts": str}``, the counts in ASCII.
    """
    from pycocotools import mask as coco

    rle = coco.encode(np.asfortranarray(mask, np.uint8))
    return {"size": [int(side) for side in rle["size"]], "counts": rle["counts"].decode("ascii")}


def decode_rle(rle: Mapping[str, Any]) -> Mask:
    """The mask (H, W) bool of COCO's compressed run lengths.

    Raises:
        ValueError: when the runs do not fill the size, or the size is not acceptable. (Unpacked
            here and not by pycocotools, whose C code trusts its input.)
    """
    height, width, runs = _checked(rle)
    columns = np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(width, height)
    return np.ascontiguousarray(columns.T)


def rle_area(rle: Mapping[str, Any]) -> int:
    """Pixels inside the mask of COCO's compressed run lengths, without unpacking it.

    Raises:
        ValueError: as `decode_rle`.
    """
    return sum(_checked(rle)[2][1::2])


def _checked(rle: Mapping[str, Any]) -> tuple[int, int, list[int]]:
    """Height, width and runs, which fill them."""
    try:
        height, width = (int(side) for side in rle["size"])
        counts = str(rle["counts"]).encode("ascii")
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError("run lengths need a size [H, W] and ASCII counts") from error
    if not (height > 0 and width > 0 and height * width <= limits.MAX_IMAGE_PIXELS):
        raise ValueError(f"run lengths of a {height} x {width} mask are not accepted")
    runs = _runs(counts)
    if min(runs, default=0) < 0 or sum(runs) != height * width:
        raise ValueError(f"the run lengths do not fill a {height} x {width} mask")
    return height, width, runs


def _runs(counts: bytes) -> list[int]:
    """COCO's run lengths: groups of 5 bits, low first, each from the third on a difference to the
    one two before."""
    runs: list[int] = []
    value = shift = 0
    for byte in counts:
        code = byte - 48
        if not 0 <= code < 64 or shift > 30:
            raise ValueError("the run lengths are damaged")
        value |= (code & 31) << shift
        shift += 5
        if not code & 32:
            if code & 16:
                value -= 1 << shift
            runs.append(value + runs[-2] if len(runs) > 2 else value)
            value = shift = 0
    if shift:
        raise ValueError("the run lengths are cut off")
    return runs
