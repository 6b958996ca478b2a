"""Contact sheets: many small pictures with their masks on one page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from animeseg.data.pictures import encode_jpeg
from animeseg.export.overlay import colour_of
from animeseg.files import write_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.data.dataset import Dataset
    from animeseg.instances import Instances

    Pixels = NDArray[np.uint8]

PAPER = 250


def write_sheet(
    dataset: Dataset,
    path: Path,
    *,
    count: int = 36,
    columns: int = 6,
    tile: int = 256,
    rows: Sequence[int] | None = None,
) -> Path:
    """Writes a JPEG of pictures spread evenly over a set, or of chosen rows.

    Args:
        dataset: the set.
        path: of the JPEG; replaced if it is there.
        count: pictures at most.
        columns: pictures side by side.
        tile: side of a picture's place, in pixels.
        rows: which pictures; default: spread over the set.
    """
    if rows is None:
        spread = np.linspace(0, len(dataset) - 1, min(count, len(dataset)))
        rows = sorted({int(row) for row in spread})
    tiles = (drawn(dataset.image(row), dataset.instances(row), tile) for row in rows[:count])
    return write_file(path, encode_jpeg(sheet(tiles, columns, tile), 90), overwrite=True)


def sheet(tiles: Iterable[Pixels], columns: int, tile: int) -> Pixels:
    """Pictures (h, w, 3) of at most ``tile`` pixels a side, side by side on paper."""
    lines: list[Pixels] = []
    for number, picture in enumerate(tiles):
        if number % columns == 0:
            lines.append(np.full((tile, columns * tile, 3), PAPER, np.uint8))
        height, width = picture.shape[:2]
        x, y = (number % columns) * tile + (tile - width) // 2, (tile - height) // 2
        lines[-1][y : y + height, x : x + width] = picture
    if not lines:
        return np.full((tile, columns * tile, 3), PAPER, np.uint8)
    return np.concatenate(lines)


def drawn(rgb: Pixels, instances: Instances, tile: int) -> Pixels:
    """A picture made small, with every mask tinted and outlined in its colour, boxes where given.

    Args:
        rgb: (H, W, 3) uint8 RGB.
        instances: of the same size.
        tile: longest side of the result, less a margin of 4 pixels.
    """
    scale = (tile - 4) / max(rgb.shape[:2])
    size = max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    tinted = small.copy()
    outlines = []
    for row, mask in enumerate(instances.masks):
        shrunk = cv2.resize(mask.view(np.uint8) * 255, size, interpolation=cv2.INTER_AREA)
        tinted[shrunk > 127] = colour_of(row)
        found, _ = cv2.findContours(
            (shrunk > 127).view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE
        )
        outlines.append(found)
    small = cv2.addWeighted(small, 0.65, tinted, 0.35, 0)
    for row, found in enumerate(outlines):
        cv2.drawContours(small, found, -1, colour_of(row), 1, cv2.LINE_AA)
    return np.asarray(small, np.uint8)
