"""Which instances are kept, and in which order: a pure function of instances and options.

Nothing here looks at the picture. Every order is total: instances that are equal by it follow
each other from left to right, then from top to bottom (by the centres of their boxes), then as
they were given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from animeseg.errors import OptionError
from animeseg.options import knobs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.instances import Instances
    from animeseg.options import Options

    Floats = NDArray[np.float64]
    Rows = NDArray[np.intp]

ROW_OVERLAP = 0.5
"""Two boxes stand in one row of ``reading`` if they share this part of the lower one's height."""

DEPTH_MARGIN = 0.1
"""An overlap tells depth if what the two own of it differs by more than this part of the sum."""

DEPTH_EVIDENCE = 0.01
"""An overlap tells depth if they own at least this part of the smaller one's area in it."""

_DEPTH_SIDE = 512
"""Masks are compared for depth at about this longer side, in pixels."""


def select(instances: Instances, options: Options) -> Instances:
    """The instances that ``options`` keep, in the order they ask for.

    Kept are, in this sequence: the classes; scores of at least ``confidence``; areas of mask or
    box within ``min_area..max_area`` of the picture; width / height of the box within
    ``min_aspect..max_aspect`` (the end of the range means no limit); of what is left the ``top_k``
    most confident or largest. Limits are inclusive.

    Raises:
        OptionError: ``options.classes`` names a class that the instances do not know.
    """
    kept = np.flatnonzero(_within_limits(instances, options))
    if options.top_k:
        keys = instances.scores if options.top_by == "confidence" else areas(instances, options)
        best = np.argsort(-keys[kept].astype(np.float64), kind="stable")[: options.top_k]
        kept = kept[np.sort(best)]
    chosen = _rows(instances, kept)
    return _rows(chosen, order(chosen, options))


def order(instances: Instances, options: Options) -> Rows:
    """(N,) indices that bring ``instances`` into ``options.order``.

    - ``left-to-right``, ``top-to-bottom`` and their opposites: by the centres of the boxes.
    - ``reading``: rows from top to bottom, from left to right within a row. Going down the
      centres, a box belongs to the row above if it shares `ROW_OVERLAP` of the lower height with
      the first box of that row.
    - ``center-out``, ``edge-in``: by the distance of the box's centre from the picture's.
    - ``area-*``, ``confidence-*``: by area (of mask or box, as the options say) or score.
    - ``front-to-back``, ``back-to-front``: by depth, see `front_to_back`.
    """
    boxes = instances.boxes.astype(np.float64)
    across, down = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    height, width = instances.size
    keys: dict[str, Callable[[], Floats]] = {
        "left-to-right": lambda: across,
        "right-to-left": lambda: -across,
        "top-to-bottom": lambda: down,
        "bottom-to-top": lambda: -down,
        "reading": lambda: _text_rows(boxes, across, down),
        "center-out": lambda: np.hypot(across - width / 2, down - height / 2),
        "edge-in": lambda: -np.hypot(across - width / 2, down - height / 2),
        "area-descending": lambda: -areas(instances, options),
        "area-ascending": lambda: areas(instances, options),
        "confidence-descending": lambda: -instances.scores.astype(np.float64),
        "confidence-ascending": lambda: instances.scores.astype(np.float64),
        "front-to-back": lambda: _ranks(front_to_back(instances)),
        "back-to-front": lambda: -_ranks(front_to_back(instances)),
    }
    return np.lexsort((down, across, keys[options.order]()))


def areas(instances: Instances, options: Options) -> Floats:
    """(N,) areas as fractions of the picture, of masks or boxes as ``options.area_of`` says."""
    height, width = instances.size
    if options.area_of == "box":
        sides = np.maximum(instances.boxes[:, 2:] - instances.boxes[:, :2], 0).astype(np.float64)
        counted = sides[:, 0] * sides[:, 1]
    else:
        counted = np.array([np.count_nonzero(mask) for mask in instances.masks], np.float64)
    fractions: Floats = counted / max(height * width, 1)
    return fractions


def front_to_back(instances: Instances) -> Rows:
    """(N,) indices from the nearest instance to the farthest, estimated from overlaps.

    Of two instances whose boxes overlap, the nearer one is whole where the other is hidden: it is
    the one that owns more of the overlap (`DEPTH_MARGIN`, `DEPTH_EVIDENCE`). Where overlaps say
    nothing, or contradict each other in a circle, the one that stands lower in the
    picture is nearer, then the larger one.
    """
    nearer = _nearer(instances)
    sizes = [np.count_nonzero(mask) for mask in instances.masks]
    boxes = instances.boxes.astype(np.float64)
    across, down = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    waiting = list(np.lexsort((down, across, -np.array(sizes, np.float64), -boxes[:, 3])))
    hidden_by = nearer.sum(axis=0)
    result = []
    while waiting:
        free = next((row for row in waiting if hidden_by[row] == 0), waiting[0])
        waiting.remove(free)
        hidden_by = hidden_by - nearer[free]
        result.append(free)
    return np.array(result, np.intp)


def _nearer(instances: Instances) -> NDArray[np.bool_]:
    """(N, N) whether the instance of the row is in front of the instance of the column."""
    step = max(max(instances.size) // _DEPTH_SIDE, 1)
    masks = np.ascontiguousarray(instances.masks[:, ::step, ::step])
    corners = np.concatenate(
        [np.floor(instances.boxes[:, :2] / step), np.ceil(instances.boxes[:, 2:] / step)], axis=1
    ).astype(np.intp)
    count = len(masks)
    owned = np.zeros((count, count), np.int64)  # pixels of the row's mask in the column's box
    for row, mask in enumerate(masks):
        low = np.maximum(corners[row, :2], corners[:, :2])
        high = np.minimum(corners[row, 2:], corners[:, 2:])
        for column in np.flatnonzero((low < high).all(axis=1)):
            (left, top), (right, bottom) = low[column], high[column]
            owned[row, column] = np.count_nonzero(mask[top:bottom, left:right])
    sizes = np.array([np.count_nonzero(mask) for mask in masks], np.float64)
    told = owned + owned.T >= DEPTH_EVIDENCE * np.minimum(sizes, sizes[:, None])
    return np.asarray(told & (owned - owned.T > DEPTH_MARGIN * (owned + owned.T)), np.bool_)


def _within_limits(instances: Instances, options: Options) -> NDArray[np.bool_]:
    """(N,) whether classes, confidence, area and aspect let an instance pass."""
    passed = instances.scores >= np.float32(options.confidence)
    if options.classes:
        known = {name.casefold() for name in instances.names}
        wanted = {name.casefold() for name in options.classes}
        if not wanted <= known:
            unknown, cure = sorted(wanted - known), ", ".join(instances.names)[:300]
            raise OptionError("classes", f"unknown: {', '.join(unknown)[:80]}", f"choose of {cure}")
        passed &= np.array([n.casefold() in wanted for n in instances.label_names()], np.bool_)
    if options.min_area > 0 or options.max_area < 1:
        area = areas(instances, options)
        passed &= (area >= options.min_area) & (area <= options.max_area)
    sides = (instances.boxes[:, 2:] - instances.boxes[:, :2]).astype(np.float64)
    aspect = sides[:, 0] / np.maximum(sides[:, 1], 1e-9)
    passed &= aspect >= options.min_aspect
    if options.max_aspect < (knobs()["max_aspect"].maximum or 0):
        passed &= aspect <= options.max_aspect
    return np.asarray(passed, np.bool_)


def _text_rows(boxes: Floats, across: Floats, down: Floats) -> Floats:
    """(N,) number of the row of text that each box would stand in."""
    rows = np.zeros(len(boxes))
    top, bottom, row = np.inf, -np.inf, -1
    for index in np.lexsort((across, down)):
        low, high = boxes[index, 1], boxes[index, 3]
        shared = min(bottom, high) - max(top, low)
        if row < 0 or shared < ROW_OVERLAP * min(bottom - top, high - low):
            top, bottom, row = low, high, row + 1
        rows[index] = row
    return rows


def _ranks(indices: Rows) -> Floats:
    """(N,) place of each index in ``indices``."""
    ranks = np.empty(len(indices), np.float64)
    ranks[indices] = np.arange(len(indices))
    return ranks


def _rows(instances: Instances, indices: Rows) -> Instances:
    """``instances[indices]``, without a copy of all masks where nothing changes."""
    unchanged = len(indices) == len(instances) and bool((indices == np.arange(len(indices))).all())
    return instances if unchanged else instances[indices]
