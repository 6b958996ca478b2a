"""Contact sheets: many figures on one page, to be judged by eye."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from animeseg.data.figures.drawing import Figure

_GROUNDS = ((236, 236, 240), (120, 160, 190), (190, 150, 140), (70, 74, 90))


def contact_sheet(
    figures: Sequence[Figure], *, cell: int = 256, columns: int = 8, boxes: bool = False
) -> npt.NDArray[np.uint8]:
    """Return the figures over plain grounds, in rows.

    Args:
        figures: What to show.
        cell: Side of the square given to each figure, in pixels.
        columns: Figures in a row.
        boxes: Whether to draw the face boxes.

    Returns:
        RGB uint8 array (rows * cell, columns * cell, 3).
    """
    rows = -(-len(figures) // columns)
    page = np.full((max(rows, 1) * cell, columns * cell, 3), 255, np.uint8)
    for index, figure in enumerate(figures):
        y, x = cell * (index // columns), cell * (index % columns)
        page[y : y + cell, x : x + cell] = _tile(figure, cell, _GROUNDS[index % 4], boxes)
    return page


def _tile(
    figure: Figure, cell: int, ground: tuple[int, int, int], boxes: bool
) -> npt.NDArray[np.uint8]:
    """Return one figure fitted into a square of `cell` pixels over `ground`, RGB uint8."""
    h, w = figure.rgba.shape[:2]
    scale = (cell - 4) / max(h, w)
    alpha = figure.rgba[..., 3:].astype(np.float32) / 255.0
    picture = figure.rgba[..., :3] * alpha + np.array(ground, np.float32) * (1.0 - alpha)
    picture = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    if boxes and figure.face_box[2] > 0:
        x0, y0, x1, y1 = (round(v) for v in figure.face_box)
        cv2.rectangle(picture, (x0, y0), (x1, y1), (230, 30, 30), max(1, round(1.5 / scale)))
    size = (max(1, round(w * scale)), max(1, round(h * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    tile = np.empty((cell, cell, 3), np.uint8)
    tile[:] = ground
    top, left = (cell - size[1]) // 2, (cell - size[0]) // 2
    tile[top : top + size[1], left : left + size[0]] = small
    return tile
