"""YOLO labels and the ``data.yaml`` beside them.

A line is ``class x y w h`` (a box by its centre) or ``class x1 y1 x2 y2 x3 y3 ...`` (a polygon),
all as parts of the picture's width and height. A trailing sixth number after a box, the confidence
that ultralytics writes on request, is passed over.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from animeseg.data.entries import Annotation
from animeseg.data.polygons import INSET, SMALLEST, mask_to_polygon, polygon_to_mask
from animeseg.errors import BadDatasetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Points = NDArray[np.float64]

TOLERANCE = 0.5
"""Pixels that the outline of a label may be off, where nothing else is asked for."""

OUTSIDE = 1e-3
"""Corners this far beyond the frame, as part of its side, are rounding and not a fault."""

_CURE = "see `python -m animeseg.data check SET`, which lists every fault and can repair the set"


@dataclass(frozen=True)
class Line:
    """One line of a label file.

    Attributes:
        label: class.
        points: (N, 2) corners, 0..1; of a box its four.
        is_box: whether the line gives a box.
    """

    label: int
    points: Points
    is_box: bool


class LineError(ValueError):
    """A line that cannot be read; ``code`` says why, as `animeseg.data.check` names it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def parse_line(text: str, classes: int | None = None) -> Line:
    """Reads one line.

    Args:
        text: not blank.
        classes: how many there are; None accepts every class.

    Raises:
        LineError: codes ``not_numbers``, ``few_points``, ``wrong_class``.
    """
    head, *tail = text.split()
    try:
        label, values = float(head), np.array([float(word) for word in tail])
    except ValueError as error:
        raise LineError("not_numbers", f"not numbers: {text[:60]!r}") from error
    if not np.isfinite(values).all() or not math.isfinite(label):
        raise LineError("not_numbers", "a number is not finite")
    if label != int(label) or label < 0 or (classes is not None and label >= classes):
        accepted = "" if classes is None else f", classes are 0 to {classes - 1}"
        raise LineError("wrong_class", f"class {head}{accepted}")
    if len(tail) in (4, 5):
        x, y, w, h = values[:4]
        if w <= 0 or h <= 0:
            raise LineError("few_points", f"a box of {w:g} x {h:g}")
        corners = [[-w, -h], [w, -h], [w, h], [-w, h]]
        return Line(int(label), np.array([x, y]) + np.array(corners) / 2, True)
    if len(tail) % 2 or len(tail) < 2 * SMALLEST:
        raise LineError("few_points", f"{len(tail)} coordinates make no polygon of 3 points")
    return Line(int(label), values.reshape(-1, 2), False)


def annotation_of(line: Line, size: tuple[int, int]) -> Annotation | None:
    """The annotation of a line in a picture of ``size`` (height, width); None if nothing is in it.

    What lies beyond the frame is cut off.
    """
    scale = np.array([size[1], size[0]], np.float64)
    if line.is_box:
        low = np.clip(line.points[0] * scale, 0, scale)
        high = np.clip(line.points[2] * scale, 0, scale)
        box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
        return Annotation(line.label, box) if (high > low).all() else None
    mask = polygon_to_mask(line.points * scale, size)
    return Annotation.of_mask(mask, line.label) if mask.any() else None


def read_label(
    text: str, size: tuple[int, int], where: str, classes: int | None = None
) -> tuple[Annotation, ...]:
    """The annotations of a label file.

    Args:
        text: its content.
        size: (height, width) of the picture.
        where: name of the file, for errors.
        classes: how many there are; None accepts every class.

    Raises:
        BadDatasetError: a line cannot be read; the error names file and line.
    """
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            annotation = annotation_of(parse_line(line, classes), size)
        except LineError as error:
            raise BadDatasetError(f"{where}, line {number}: {error}", _CURE) from error
        if annotation is not None:
            found.append(annotation)
    return tuple(found)


def label_text(
    annotations: Iterable[Annotation],
    size: tuple[int, int],
    *,
    tolerance: float = TOLERANCE,
    boxes: bool = False,
) -> str:
    """The label file of a picture: polygons where masks are known, boxes elsewhere or if asked.

    Crowd regions are left out, since YOLO has none.
    """
    lines = []
    for found in annotations:
        if found.crowd:
            continue
        if boxes or found.counts is None:
            lines.append(_box_line(found, size))
            continue
        polygon = mask_to_polygon(found.mask(size), tolerance=tolerance, smallest_part=4)
        if polygon is not None:
            lines.append(polygon_line(found.label, polygon + INSET, size))
    return "".join(f"{line}\n" for line in lines)


def polygon_line(label: int, polygon: Points, size: tuple[int, int]) -> str:
    """The line of a polygon (N, 2) in pixels."""
    shares = np.clip(polygon / np.array([size[1], size[0]], np.float64), 0, 1)
    return f"{label} " + " ".join(f"{value:.6f}" for value in shares.ravel())


def data_yaml(names: Sequence[str], parts: Mapping[str, str]) -> str:
    """The text of a ``data.yaml``.

    Args:
        names: of the classes.
        parts: folder of pictures by part (``train``, ``val``, ``test``), relative to the file.
    """
    import yaml

    # Without `path` ultralytics takes the folder of the file: the set can be moved.
    content: dict[str, Any] = {**parts, "nc": len(names), "names": dict(enumerate(names))}
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def read_data_yaml(path: Path) -> tuple[tuple[str, ...], dict[str, list[Path]]]:
    """Class names and, by part, the folders or lists of pictures that a ``data.yaml`` names.

    Raises:
        BadDatasetError: unreadable, not YAML, or without names.
    """
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        named = content["names"]
        ordered = [named[key] for key in sorted(named)] if isinstance(named, dict) else list(named)
        names = tuple(str(name) for name in ordered)
        root = path.parent / str(content.get("path") or "")
        parts = {
            part: [_resolved(root, value) for value in _listed(content[part])]
            for part in ("train", "val", "test")
            if content.get(part)
        }
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadDatasetError(f"{path} cannot be read: {error}", "check the file") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise BadDatasetError(
            f"{path} names no classes or pictures", "it needs `names:` and `train:`"
        ) from error
    if not names:
        raise BadDatasetError(f"{path} has no class", "give at least one under `names:`")
    return names, parts


def _resolved(root: Path, value: Any) -> Path:
    # ultralytics also accepts ../images/train for what lies beside the file (Roboflow's exports).
    path = root / str(value)
    return path if path.exists() else root / str(value).removeprefix("../")


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _box_line(found: Annotation, size: tuple[int, int]) -> str:
    x0, y0, x1, y1 = found.box
    centre = ((x0 + x1) / 2 / size[1], (y0 + y1) / 2 / size[0])
    spans = ((x1 - x0) / size[1], (y1 - y0) / size[0])
    return f"{found.label} " + " ".join(f"{value:.6f}" for value in (*centre, *spans))
