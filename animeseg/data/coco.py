"""COCO annotation files, read and written as streams: memory does not grow with their length."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from animeseg.data.entries import Annotation, Entry
from animeseg.errors import BadDatasetError, MissingDependencyError
from animeseg.files import whole_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_SCHEMA = """
CREATE TABLE images (id TEXT PRIMARY KEY, name TEXT UNIQUE, width INTEGER, height INTEGER);
CREATE TABLE annotations (image TEXT, row INTEGER, body TEXT);
"""


_CURE = "it needs lists of images, annotations and categories"


class CocoFile:
    """A COCO file, indexed on disk; only names are in memory, masks are read when asked for.

    It holds no open file, so that it can be sent to worker processes.

    Args:
        path: the JSON file.
        index: where the index is made, a file that does not exist.

    Attributes:
        names: of the categories, in the order of their ids.

    Raises:
        BadDatasetError: not COCO, damaged, or two pictures of one name.
        MissingDependencyError: ijson is not installed.
    """

    def __init__(self, path: Path, index: Path) -> None:
        self.path = path
        self._index = index
        try:
            with self._understood(), closing(sqlite3.connect(index)) as database, database:
                database.executescript(_SCHEMA)
                database.executemany("INSERT INTO images VALUES (?, ?, ?, ?)", self._images())
                database.executemany("INSERT INTO annotations VALUES (?, ?, ?)", self._bodies())
                database.execute("CREATE INDEX of_image ON annotations (image)")
                rows = database.execute("SELECT name FROM images ORDER BY name")
                self._pictures = dict.fromkeys(name for (name,) in rows)
        except sqlite3.IntegrityError as error:
            raise BadDatasetError(
                f"{path} names a picture twice ({error})", "remove one of the two"
            ) from error
        with self._understood():
            every = {int(row["id"]): str(row["name"]) for row in items(path, "categories.item")}
        self._labels = {key: label for label, key in enumerate(sorted(every))}
        self.names = tuple(every[key] for key in self._labels)

    def __contains__(self, image: str) -> bool:
        return image in self._pictures

    def __iter__(self) -> Iterator[str]:
        return iter(self._pictures)

    def __getitem__(self, image: str) -> Entry:
        """The entry of a picture; annotations of unknown categories are left out.

        Raises:
            KeyError: no such picture.
            BadDatasetError: an annotation cannot be read; the error gives its id.
        """
        if image not in self._pictures:
            raise KeyError(image)
        with closing(sqlite3.connect(self._index)) as database:
            key, width, height = database.execute(
                "SELECT id, width, height FROM images WHERE name = ?", (image,)
            ).fetchone()
            bodies = database.execute(
                "SELECT body FROM annotations WHERE image = ? ORDER BY row", (key,)
            )
            rows = [json.loads(body) for (body,) in bodies]
        chosen = [row for row in rows if row.get("category_id") in self._labels]
        found = [self._annotation(row, (height, width)) for row in chosen]
        return Entry(image, width, height, tuple(one for one in found if one is not None))

    def _images(self) -> Iterator[tuple[str, str, int, int]]:
        with self._understood():
            for row in items(self.path, "images.item"):
                yield str(row["id"]), str(row["file_name"]), int(row["width"]), int(row["height"])

    def _bodies(self) -> Iterator[tuple[str, int, str]]:
        kept = ("id", "category_id", "bbox", "segmentation", "iscrowd", "identity")
        with self._understood():
            for number, row in enumerate(items(self.path, "annotations.item")):
                body = {key: row[key] for key in kept if key in row}
                yield str(row["image_id"]), number, json.dumps(body)

    @contextmanager
    def _understood(self) -> Iterator[None]:
        try:
            yield
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, BadDatasetError):
                raise
            raise BadDatasetError(
                f"{self.path} is not a COCO file ({type(error).__name__}: {error})", _CURE
            ) from error

    def _annotation(self, row: Mapping[str, Any], size: tuple[int, int]) -> Annotation | None:
        label = self._labels[row["category_id"]]
        try:
            return annotation_of(row, label, size)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise BadDatasetError(
                f"{self.path}, annotation {row.get('id')}: {error}",
                "see `python -m animeseg.data check`, which lists every fault",
            ) from error


def items(path: Path, where: str) -> Iterator[dict[str, Any]]:
    """The rows of a list in a JSON file, one after the other.

    Args:
        path: the file.
        where: ``images.item``, ``annotations.item`` or ``categories.item``.

    Raises:
        BadDatasetError: unreadable, or no JSON.
        MissingDependencyError: ijson is not installed.
    """
    try:
        import ijson
    except ImportError as error:
        raise MissingDependencyError(
            "reading COCO files needs ijson", "pip install 'animeseg[data]'"
        ) from error
    try:
        with path.open("rb") as stream:
            for row in ijson.items(stream, where, use_float=True):
                if not isinstance(row, dict):
                    raise BadDatasetError(f"{path} is not a COCO file", _CURE)
                yield row
    except OSError as error:
        raise BadDatasetError(f"{path} cannot be read: {error}", "check it") from error
    except (ijson.JSONError, UnicodeDecodeError) as error:
        raise BadDatasetError(f"{path} is not JSON ({error})", _CURE) from error


def annotation_of(row: Mapping[str, Any], label: int, size: tuple[int, int]) -> Annotation | None:
    """The annotation of a COCO row: polygons, run lengths in both forms, or the box alone.

    Args:
        row: with ``bbox`` or ``segmentation``.
        label: the class it gets.
        size: (height, width) of its picture.

    Returns:
        None when nothing of it lies in the picture.

    Raises:
        ValueError, KeyError, TypeError: the row is damaged.
    """
    crowd, identity = bool(row.get("iscrowd", 0)), str(row.get("identity", ""))
    shape = row.get("segmentation")
    if not shape:
        x, y, w, h = (float(value) for value in row["bbox"])
        box = (max(x, 0.0), max(y, 0.0), min(x + w, size[1]), min(y + h, size[0]))
        inside = box[2] > box[0] and box[3] > box[1]
        return Annotation(label, box, None, crowd, identity) if inside else None
    mask = decode_segmentation(shape, size)
    return Annotation.of_mask(mask, label, crowd=crowd, identity=identity) if mask.any() else None


def decode_segmentation(shape: Any, size: tuple[int, int]) -> Any:
    """(H, W) bool of COCO's ``segmentation``; input is checked before C code gets it."""
    from animeseg.masks import decode_rle

    if isinstance(shape, dict):
        if [int(side) for side in shape["size"]] != list(size):
            raise ValueError(f"run lengths of {shape['size']} in a picture of {list(size)}")
        if isinstance(shape["counts"], str):
            return decode_rle(shape)
        runs = np.array(shape["counts"], np.int64)
        if (runs < 0).any() or runs.sum() != size[0] * size[1]:
            raise ValueError("the run lengths do not fill the picture")
        flat = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
        return np.ascontiguousarray(flat.reshape(size[1], size[0]).T)
    from pycocotools import mask as coco

    polygons = [[float(value) for value in polygon] for polygon in shape]
    for polygon in polygons:
        if len(polygon) < 6 or len(polygon) % 2:
            raise ValueError(f"a polygon of {len(polygon)} numbers, at least 3 points are needed")
        if not np.isfinite(polygon).all():
            raise ValueError("a polygon has a number that is not finite")
    limits = np.array([size[1], size[0]])
    clipped = [np.clip(np.reshape(p, (-1, 2)), 0, limits).ravel().tolist() for p in polygons]
    return coco.decode(coco.merge(coco.frPyObjects(clipped, *size))).astype(np.bool_)


def write_coco(
    path: Path, names: Sequence[str], entries: Callable[[], Iterable[Entry]], description: str
) -> None:
    """Writes a COCO file, one line per picture and annotation.

    Args:
        path: where; a file of that name is replaced when all is written.
        names: of the classes; category ids count from 1.
        entries: gives the pictures, each time in the same order; called twice.
        description: what the set is.

    Raises:
        DiskFullError, OutputError: as `animeseg.files.write_file`.
    """
    categories = [{"id": row + 1, "name": name} for row, name in enumerate(names)]
    with whole_file(path) as stream:
        head = {"description": description}
        stream.write(b'{\n"info": ' + _json(head) + b',\n"categories": ' + _json(categories))
        stream.write(b',\n"images": [')
        images = (_image(number, entry) for number, entry in enumerate(entries(), start=1))
        _write_rows(stream, images)
        stream.write(b'],\n"annotations": [')
        _write_rows(stream, _annotations(entries()))
        stream.write(b"]\n}\n")


def _image(number: int, entry: Entry) -> dict[str, Any]:
    return {
        "id": number,
        "file_name": entry.image,
        "width": entry.width,
        "height": entry.height,
    }


def _annotations(entries: Iterable[Entry]) -> Iterator[dict[str, Any]]:
    number = 0
    for image, entry in enumerate(entries, start=1):
        for found in entry.annotations:
            number += 1
            yield {"id": number, "image_id": image, **found.coco(entry.size)}


def _write_rows(stream: BinaryIO, rows: Iterable[dict[str, Any]]) -> None:
    for number, row in enumerate(rows):
        stream.write((b",\n" if number else b"\n") + _json(row))


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8", "surrogatepass")
