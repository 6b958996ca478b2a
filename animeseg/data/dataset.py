"""Reading a set: `open_dataset` takes what this package writes, YOLO folders and COCO files."""

from __future__ import annotations

import hashlib
import tempfile
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from animeseg.data import yolo
from animeseg.data.coco import CocoFile
from animeseg.data.entries import Entry, stem_of
from animeseg.data.manifest import NAME as MANIFEST
from animeseg.data.manifest import Manifest
from animeseg.data.pictures import picture_size, pictures_in
from animeseg.errors import BadDatasetError
from animeseg.images import read_image
from animeseg.weights.hashes import hash_file as sha256_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from animeseg.instances import Instances

DEFAULT_NAMES = ("character",)
COCO_NAME = "annotations.json"
PARTS = ("train", "val", "test")
_CHECK = "`python -m animeseg.data check SET` lists every fault and can repair the set"


@dataclass(frozen=True)
class Picture:
    """Where a picture of a set lies.

    Attributes:
        name: relative to ``images/``, with forward slashes.
        path: of the file.
        label: of its YOLO label, which need not exist.
        part: ``train``, ``val``, ``test`` or empty.
    """

    name: str
    path: Path
    label: Path
    part: str = ""


class Dataset:
    """A set of pictures with their characters; only names are kept in memory.

    It can be sent to worker processes (no open files) and be read from several threads.

    Args:
        root: the folder, for messages.
        names: of the classes.
        pictures: in the order of names.
        manifest: what is known of the pictures, or None.
        trusted: the manifest's annotations hold even where labels differ (COCO files).

    Attributes:
        root, names, pictures: as given.
    """

    def __init__(
        self,
        root: Path,
        names: Sequence[str],
        pictures: Sequence[Picture],
        manifest: Manifest | CocoFile | None = None,
        *,
        trusted: bool = False,
    ) -> None:
        self.root = root
        self.names = tuple(names)
        self.pictures = tuple(pictures)
        self._manifest = manifest
        self._trusted = trusted

    def __len__(self) -> int:
        return len(self.pictures)

    def __iter__(self) -> Iterator[Entry]:
        return (self.entry(row) for row in range(len(self)))

    def image(self, row: int) -> NDArray[np.uint8]:
        """The picture, (H, W, 3) uint8 RGB.

        Raises:
            BadImageError: it is missing or damaged.
        """
        return read_image(self.pictures[row].path).rgb

    def instances(self, row: int) -> Instances:
        """The characters of a picture, crowd regions left out; scores are 1.

        Raises:
            BadDatasetError: the annotation is damaged.
        """
        return self.entry(row).instances(self.names)

    def entry(self, row: int) -> Entry:
        """Everything known of a picture, crowd regions among its annotations.

        Raises:
            BadDatasetError: the annotation is damaged.
            BadImageError: the size had to be read from the picture, which is damaged.
        """
        picture = self.pictures[row]
        known = None
        if self._manifest is not None and picture.name in self._manifest:
            known = self._manifest[picture.name]
            if self._trusted:
                return known
        data = _bytes_of(picture.label)
        if known is not None and known.label_sha256 == hashlib.sha256(data).hexdigest():
            return known
        if known is None:
            height, width = picture_size(picture.path)
            known = Entry(picture.name, width, height)
        found = yolo.read_label(
            data.decode("utf-8", "replace"), known.size, str(picture.label), len(self.names)
        )
        return replace(known, annotations=found, label_sha256=hashlib.sha256(data).hexdigest())

    def part(self, name: str) -> Dataset:
        """The pictures of ``train``, ``val`` or ``test``.

        Raises:
            BadDatasetError: there is no such part.
        """
        chosen = [picture for picture in self.pictures if picture.part == name]
        if not chosen:
            parts = ", ".join(sorted({p.part for p in self.pictures if p.part})) or "none"
            raise BadDatasetError(
                f"{self.root} has no part {name!r}, it has: {parts}",
                "make parts with `python -m animeseg.data split`",
            )
        return Dataset(self.root, self.names, chosen, self._manifest, trusted=self._trusted)

    def parts(self) -> tuple[str, ...]:
        """The parts it is divided into; empty for one that is not."""
        return tuple(sorted({picture.part for picture in self.pictures if picture.part}))

    def content_hash(self) -> str:
        """SHA-256, hex, of class names, picture and label bytes; reads every file.

        Two sets with the same pictures under the same names and the same annotations have the same
        hash, wherever they lie and however they were made.
        """
        total = hashlib.sha256(repr(self.names).encode())
        for row, picture in enumerate(self.pictures):
            shapes = repr(self.entry(row).annotations).encode() if self._trusted else b""
            label = b"" if self._trusted else _bytes_of(picture.label)
            total.update(picture.name.encode("utf-8", "surrogatepass") + b"\0")
            total.update(sha256_of(picture.path).encode())
            total.update(hashlib.sha256(label + shapes).digest())
        return total.hexdigest()


def open_dataset(
    path: str | Path, *, part: str | None = None, images: str | Path | None = None
) -> Dataset:
    """Opens a set.

    Args:
        path: a folder as `animeseg.data` describes it, any YOLO folder (``images/`` and
            ``labels/``, with or without ``data.yaml``), a ``data.yaml``, or a COCO JSON file.
        part: only ``train``, ``val`` or ``test``.
        images: for a COCO file: the folder of its pictures; default ``images/`` beside it if there
            is one, else the folder of the file.

    Raises:
        BadDatasetError: there is nothing, or what is there is damaged or incomplete.
    """
    given = Path(path)
    if not given.exists():
        raise BadDatasetError(f"{given} does not exist", "check the path")
    if given.suffix.lower() == ".json":
        found = _open_coco(given, Path(images) if images is not None else None)
    elif given.is_file() and given.suffix.lower() not in (".yaml", ".yml"):
        raise BadDatasetError(f"{given} is no set", "give a folder, a data.yaml or a COCO file")
    else:
        found = _open_yolo(given)
    if not len(found):
        raise BadDatasetError(f"{given} holds no pictures", "they belong into images/")
    return found if part is None else found.part(part)


def _open_yolo(given: Path) -> Dataset:
    root = given.parent if given.is_file() else given
    yaml_path = given if given.is_file() else root / "data.yaml"
    manifest = Manifest(root / MANIFEST) if (root / MANIFEST).is_file() else None
    names: tuple[str, ...] = manifest.names if manifest is not None else DEFAULT_NAMES
    if (root / "images").is_dir() and not given.is_file():
        pictures = pictures_below(root / "images", root / "labels")
        if yaml_path.is_file():
            names = yolo.read_data_yaml(yaml_path)[0]
        has_labels = (root / "labels").is_dir()
    elif yaml_path.is_file():
        names, parts = yolo.read_data_yaml(yaml_path)
        pictures, has_labels = pictures_of_yaml(root, parts), True
    else:
        pictures, has_labels = [], False
    if pictures and not has_labels and (root / COCO_NAME).is_file():
        return _open_coco(root / COCO_NAME, root / "images")
    # A picture without a label was removed by whoever looked the set through.
    labelled = [picture for picture in pictures if picture.label.is_file()]
    if pictures and not labelled:
        raise BadDatasetError(f"{root} has pictures but no labels", _CHECK)
    return Dataset(root, names, labelled, manifest)


def pictures_below(images: Path, labels: Path) -> list[Picture]:
    """The pictures of a folder, in the order of names, with the places of their labels."""
    names = (path.relative_to(images).as_posix() for path in pictures_in(images))
    return [_picture(name, images, labels) for name in names]


def _picture(name: str, images: Path, labels: Path) -> Picture:
    part = name.split("/", 1)[0]
    label = labels / f"{stem_of(name)}.txt"
    return Picture(name, images / name, label, part if part in PARTS and part != name else "")


def pictures_of_yaml(root: Path, parts: Mapping[str, Sequence[Path]]) -> list[Picture]:
    """The pictures of the folders and lists that a ``data.yaml`` names, in the order of names.

    A label lies where ultralytics looks for it: ``images`` in the path becomes ``labels``.

    Raises:
        BadDatasetError: a folder or list does not exist.
    """
    found: dict[str, Picture] = {}
    for part, places in parts.items():
        for place in places:
            for path in _paths_at(place):
                name = _name_of(path, root)
                found.setdefault(name, Picture(name, path, _label_beside(path), part))
    return [found[name] for name in sorted(found)]


def _paths_at(place: Path) -> list[Path]:
    if place.is_dir():
        return list(pictures_in(place))
    try:
        lines = place.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        cure = "check the paths in data.yaml"
        raise BadDatasetError(f"{place} is no folder or list of pictures", cure) from error
    return [place.parent / line.strip() for line in lines if line.strip()]


def _name_of(path: Path, root: Path) -> str:
    parts = path.parts
    if "images" in parts[:-1]:
        last = len(parts) - 2 - parts[-2::-1].index("images")
        return "/".join(parts[last + 1 :])
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def _label_beside(path: Path) -> Path:
    parts = list(path.parts)
    if "images" in parts[:-1]:
        parts[len(parts) - 2 - parts[-2::-1].index("images")] = "labels"
    return Path(*parts).with_suffix(".txt")


def _open_coco(path: Path, images: Path | None) -> Dataset:
    beside = path.parent / "images"
    folder = images or (beside if beside.is_dir() else path.parent)
    scratch = tempfile.TemporaryDirectory(prefix="animeseg-", ignore_cleanup_errors=True)
    coco = CocoFile(path, Path(scratch.name) / "index.sqlite")
    # The index is what all parts of the set share: the file goes when nobody has it any more.
    weakref.finalize(coco, scratch.cleanup)
    pictures = [_picture(name, folder, folder) for name in coco]
    return Dataset(path, coco.names, pictures, coco, trusted=True)


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadDatasetError(f"{path} cannot be read: {error.strerror}", _CHECK) from error
