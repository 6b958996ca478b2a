"""labelme: one JSON per picture with polygons, rectangles or masks."""

from __future__ import annotations

import base64
import binascii
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from animeseg.data.entries import Annotation, Entry, stem_of
from animeseg.data.formats.source import distinct, grey_png, sample_of
from animeseg.data.polygons import INSET, mask_to_polygon, polygon_to_mask
from animeseg.data.writing import Sample
from animeseg.errors import BadDatasetError, BadImageError
from animeseg.files import write_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VERSION = "5.5.0"
_ROUND = ("circle",)


class FromLabelme:
    """A folder of labelme files with their pictures.

    Shapes of one label and ``group_id`` are one character in several parts.

    Args:
        folder: is searched with its subfolders.

    Raises:
        BadDatasetError: no such folder, or no labelme files.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise BadDatasetError(f"{folder} is no folder", "check the path")
        self._files = sorted(folder.rglob("*.json"), key=lambda path: path.as_posix())
        bodies = [(path, read_labelme(path)) for path in self._files]
        if not bodies:
            raise BadDatasetError(f"{folder} holds no labelme files", "they end in .json")
        self.names = tuple(
            sorted({str(shape["label"]) for _, body in bodies for shape in body["shapes"]})
        ) or ("character",)
        self._paths = [path.parent / _file_name(body["imagePath"]) for path, body in bodies]
        below = [path.parent.relative_to(folder) / f"{path.stem}" for path in self._files]
        self.images = distinct(
            [
                f"{where.as_posix()}{path.suffix.lower()}"
                for where, path in zip(below, self._paths, strict=True)
            ]
        )

    def sample(self, row: int) -> Sample:
        """See `animeseg.data.formats.source.Source`."""
        body, path = read_labelme(self._files[row]), self._paths[row]
        size = int(body["imageHeight"]), int(body["imageWidth"])
        found = annotations_of(body["shapes"], self.names, size, str(self._files[row]))
        return sample_of(path, Entry(self.images[row], size[1], size[0], found))


def read_labelme(path: Path) -> dict[str, Any]:
    """The content of a labelme file.

    Raises:
        BadDatasetError: damaged, or not of labelme.
    """
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        shapes, name = body["shapes"], body["imagePath"]
        if not isinstance(shapes, list) or not isinstance(name, str):
            raise TypeError("shapes or imagePath is of a wrong type")
        int(body["imageHeight"]), int(body["imageWidth"])
        return dict(body)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadDatasetError(f"{path} is no labelme file ({error})", "remove it") from error


def annotations_of(
    shapes: Sequence[Mapping[str, Any]], names: Sequence[str], size: tuple[int, int], where: str
) -> tuple[Annotation, ...]:
    """The annotations of labelme's shapes.

    Raises:
        BadDatasetError: a shape cannot be read; the error gives its number.
    """
    joined: dict[Any, tuple[int, np.ndarray]] = {}
    for number, shape in enumerate(shapes, start=1):
        try:
            label = names.index(str(shape["label"]))
            mask = _mask_of(shape, size)
            group = shape.get("group_id")
        except (KeyError, TypeError, ValueError, BadImageError, binascii.Error) as error:
            cause = f"{where}, shape {number}: {error}"
            raise BadDatasetError(cause, "mend or remove it") from error
        key = ("alone", number) if group is None else (label, group)
        before = joined.get(key)
        joined[key] = (label, mask if before is None else before[1] | mask)
    return tuple(Annotation.of_mask(mask, label) for label, mask in joined.values() if mask.any())


def write_labelme(out: Path, sample: Sample, names: Sequence[str]) -> None:
    """Writes the picture and its labelme file beside it; holes and parts are bridged."""
    entry = sample.entry
    shapes = []
    for found in entry.annotations:
        polygon = mask_to_polygon(found.mask(entry.size), tolerance=0)
        if polygon is None or found.crowd:
            continue
        corners = (polygon + INSET).tolist()
        shapes.append(
            {
                "label": names[found.label],
                "points": corners,
                "group_id": None,
                "shape_type": "polygon",
                "flags": {},
            }
        )
    body: dict[str, Any] = {
        "version": VERSION,
        "flags": {},
        "shapes": shapes,
        "imagePath": Path(entry.image).name,
        "imageData": None,
        "imageHeight": entry.height,
        "imageWidth": entry.width,
    }
    write_file(out / entry.image, sample.data, overwrite=True)
    text = json.dumps(body, ensure_ascii=False, indent=1)
    write_file(out / f"{stem_of(entry.image)}.json", text.encode(), overwrite=True)


def _mask_of(shape: Mapping[str, Any], size: tuple[int, int]) -> np.ndarray:
    kind = shape.get("shape_type") or "polygon"
    points = np.array(shape["points"], np.float64).reshape(-1, 2)
    if not np.isfinite(points).all():
        raise ValueError("a point is not finite")
    if kind == "mask":
        return _pasted(shape["mask"], points, size)
    if kind == "rectangle":
        (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0) - 1
        points = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    elif kind in _ROUND:
        radius = float(np.hypot(*(points[1] - points[0])))
        turn = np.linspace(0, 2 * np.pi, 64, endpoint=False)
        points = points[0] + radius * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    elif kind != "polygon":
        raise ValueError(f"a {kind} has no area")
    if len(points) < 3:
        raise ValueError(f"a polygon of {len(points)} points, at least 3 are needed")
    return polygon_to_mask(points, size)


def _pasted(encoded: str, points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """labelme's mask shape: a PNG for the box between two points."""
    import io

    small = grey_png(io.BytesIO(base64.b64decode(encoded, validate=True))) > 0
    x, y = (int(value) for value in points.min(axis=0))
    mask = np.zeros(size, np.bool_)
    part = mask[max(y, 0) : y + small.shape[0], max(x, 0) : x + small.shape[1]]
    part[:] = small[max(-y, 0) :, max(-x, 0) :][: part.shape[0], : part.shape[1]]
    return mask


def _file_name(stored: str) -> str:
    # Written on Windows it has backslashes; folders of the other machine do not matter.
    return stored.replace("\\", "/").rpartition("/")[2]
