"""The faults of a COCO file, row by row as it is read: a damaged row does not hide the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from animeseg.data.checking import Fault
from animeseg.data.coco import annotation_of, items
from animeseg.data.pictures import picture_size
from animeseg.errors import BadImageError


def check_coco(path: Path, images: Path) -> Iterator[Fault]:
    """Looks through a COCO file; the line of a fault is the annotation's or picture's ``id``.

    Args:
        path: the JSON file.
        images: folder of its pictures.

    Yields:
        Its faults.

    Raises:
        BadDatasetError: it is no JSON at all, or no COCO file.
    """
    categories = {row.get("id") for row in items(path, "categories.item")}
    sizes: dict[Any, tuple[int, int]] = {}
    names: set[str] = set()
    for row in items(path, "images.item"):
        yield from _image(path, images, row, sizes, names)
    if not sizes:
        yield Fault("no_pictures", path.name, 0, "it names no pictures")
    ids: set[Any] = set()
    for row in items(path, "annotations.item"):
        number = _number(row.get("id"))
        if row.get("id") in ids:
            yield Fault("same_line", path.name, number, "this id is there twice")
        ids.add(row.get("id"))
        yield from _annotation(path, row, number, sizes, categories)


def _image(
    path: Path,
    images: Path,
    row: Mapping[str, Any],
    sizes: dict[Any, tuple[int, int]],
    names: set[str],
) -> Iterator[Fault]:
    number, name = _number(row.get("id")), str(row.get("file_name"))
    try:
        sizes[row["id"]] = size = int(row["height"]), int(row["width"])
    except (KeyError, TypeError, ValueError) as error:
        yield Fault("bad_annotation", path.name, number, f"a picture without {error}")
        return
    if name in names:
        yield Fault("duplicate", path.name, number, f"{name} is there twice")
    names.add(name)
    if not (images / name).is_file():
        yield Fault("missing_image", path.name, number, f"there is no {name}")
        return
    try:
        found = picture_size(images / name)
    except BadImageError as error:
        yield Fault("bad_image", name, 0, error.cause)
        return
    if found != size:
        shown = f"{name} has {found[1]} x {found[0]} pixels, the file says {size[1]} x {size[0]}"
        yield Fault("wrong_size", path.name, number, shown)


def _annotation(
    path: Path,
    row: Mapping[str, Any],
    number: int,
    sizes: Mapping[Any, tuple[int, int]],
    categories: set[Any],
) -> Iterator[Fault]:
    if row.get("category_id") not in categories:
        yield Fault("wrong_class", path.name, number, f"category {row.get('category_id')}")
    size = sizes.get(row.get("image_id"))
    if size is None:
        yield Fault("missing_image", path.name, number, f"no picture has id {row.get('image_id')}")
        return
    try:
        found = annotation_of(row, 0, size)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        few = "points are needed" in str(error)
        yield Fault("few_points" if few else "bad_annotation", path.name, number, str(error))
        return
    if found is None:
        yield Fault("empty", path.name, number, "covers no pixel of its picture")
    elif _beyond(row, size):
        yield Fault("outside", path.name, number, "reaches beyond its picture")


def _beyond(row: Mapping[str, Any], size: tuple[int, int], slack: float = 2.0) -> bool:
    shape = row.get("segmentation")
    if not isinstance(shape, list):
        return False
    across = [value for polygon in shape for value in polygon[0::2]]
    down = [value for polygon in shape for value in polygon[1::2]]
    low, right, bottom = min(across + down), max(across), max(down)
    return bool(low < -slack or right > size[1] + slack or bottom > size[0] + slack)


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0
