"""What every reader of a format gives: pictures by row, each ready to be written into a set."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Protocol

import cv2
import numpy as np

from animeseg.data.dataset import Dataset
from animeseg.data.entries import Annotation, Entry, stem_of
from animeseg.data.similar import perceptual_hash
from animeseg.data.writing import Sample
from animeseg.errors import BadDatasetError, BadImageError, OptionError


class Source(Protocol):
    """Annotated pictures of any format."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the classes."""

    @property
    def images(self) -> Sequence[str]:
        """Names of the pictures, relative, with forward slashes; no two have one stem."""

    def sample(self, row: int) -> Sample:
        """A picture with its annotations.

        Raises:
            BadImageError, BadDatasetError: it is damaged; the others are not affected.
        """


@dataclass(frozen=True)
class Classes:
    """Which classes are taken over and what they are called.

    Attributes:
        names: of the classes that result.
        labels: the new label by the old one; what is not in it is left out.
    """

    names: tuple[str, ...]
    labels: Mapping[int, int]

    @classmethod
    def chosen(
        cls, names: Sequence[str], only: Sequence[str] = (), rename: str | None = None
    ) -> Classes:
        """Some classes of a set.

        Args:
            names: all there are.
            only: those to take over; empty takes all.
            rename: one name that all of them get.

        Raises:
            OptionError: there is no such class.
        """
        for name in only:
            if name not in names:
                shown = ", ".join(list(names)[:20])
                raise OptionError("classes", f"there is no class {name!r}", f"there are: {shown}")
        kept = [row for row, name in enumerate(names) if not only or name in only]
        if rename is not None:
            return cls((rename,), dict.fromkeys(kept, 0))
        labels = {old: new for new, old in enumerate(kept)}
        return cls(tuple(names[row] for row in kept), labels)

    def applied(self, annotations: Sequence[Annotation]) -> tuple[Annotation, ...]:
        """The annotations that are taken over, with their new labels."""
        return tuple(
            replace(found, label=self.labels[found.label])
            for found in annotations
            if found.label in self.labels
        )


class FromDataset:
    """The pictures of any set that `animeseg.data.dataset.open_dataset` reads.

    Args:
        dataset: the set.
        classes: which are taken over.
        crowd: keep crowd regions; they go into COCO only.
        only_annotated: leave out pictures in which nothing is annotated.
    """

    def __init__(
        self,
        dataset: Dataset,
        classes: Classes,
        *,
        crowd: bool = True,
        only_annotated: bool = False,
    ) -> None:
        self.names = classes.names
        self._dataset = dataset
        self._classes = classes
        self._crowd = crowd
        every = range(len(dataset))
        self._rows = [row for row in every if not only_annotated or self._entry(row).annotations]
        pictures = [dataset.pictures[row] for row in self._rows]
        self.images = distinct([named_in_part(p.name, p.part) for p in pictures])

    def sample(self, row: int) -> Sample:
        """See `Source`."""
        number = self._rows[row]
        entry = replace(self._entry(number), image=self.images[row])
        return sample_of(self._dataset.pictures[number].path, entry)

    def _entry(self, number: int) -> Entry:
        entry = self._dataset.entry(number)
        kept = self._classes.applied(entry.annotations)
        if not self._crowd:
            kept = tuple(found for found in kept if not found.crowd)
        return replace(entry, annotations=kept)


class Chosen:
    """Another source with some of its classes.

    Args:
        source: any.
        classes: which are taken over.
    """

    def __init__(self, source: Source, classes: Classes) -> None:
        self.names = classes.names
        self.images = source.images
        self._source = source
        self._classes = classes

    def sample(self, row: int) -> Sample:
        """See `Source`."""
        sample = self._source.sample(row)
        kept = self._classes.applied(sample.entry.annotations)
        return replace(sample, entry=replace(sample.entry, annotations=kept))


def named_in_part(name: str, part: str) -> str:
    """The name with its part in front, if it has one."""
    return name if not part or name.startswith(f"{part}/") else f"{part}/{name}"


def sample_of(path: Path, entry: Entry) -> Sample:
    """A picture file as it is, with its annotations.

    Raises:
        BadImageError: missing, damaged, or of another size than the annotations say.
    """
    data = read_bytes(path)
    picture = decode(data, str(path))
    if picture.shape[:2] != entry.size:
        raise BadImageError(
            f"{path} has {picture.shape[1]} x {picture.shape[0]} pixels, its annotations say "
            f"{entry.width} x {entry.height}",
            "replace the picture or its annotations",
        )
    digest = hashlib.sha256(data).hexdigest()
    return Sample(replace(entry, sha256=digest, phash=perceptual_hash(picture)), data)


def read_bytes(path: Path) -> bytes:
    """A whole file.

    Raises:
        BadImageError: it cannot be read, or is empty.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadImageError(f"{path} cannot be read: {error.strerror}", "check it") from error
    if not data:
        raise BadImageError(f"{path} is empty", "replace or remove it")
    return data


def decode(data: bytes, name: str) -> np.ndarray:
    """(H, W, 3) uint8 RGB of an encoded picture, upright.

    Raises:
        BadImageError: damaged, also where only its end is missing.
    """
    from animeseg.images import ImageLimits, read_image

    try:
        return read_image(data, accept=ImageLimits(min_side=1)).rgb
    except BadImageError as error:
        raise BadImageError(f"{name}: {error.cause}", error.cure) from error


def distinct(names: Sequence[str]) -> list[str]:
    """The names, changed where two have one stem: their labels would be one file.

    ``a.png`` and ``a.jpg`` become ``a_png.png`` and ``a_jpg.jpg``.

    Raises:
        BadDatasetError: a name is there twice.
    """
    stems = Counter(stem_of(name).casefold() for name in names)
    changed = []
    for name in names:
        stem = stem_of(name)
        suffix = name[len(stem) :]
        clash = stems[stem.casefold()] > 1
        changed.append(f"{stem}_{suffix.removeprefix('.')}{suffix}" if clash else name)
    twice = [name for name, count in Counter(changed).items() if count > 1]
    if twice:
        raise BadDatasetError(f"the picture {twice[0]} is there twice", "rename one of the two")
    return changed


def grey_png(path: Path | BinaryIO) -> np.ndarray:
    """(H, W) uint8 values of a mask; of a palette picture the indices, not the colours.

    Raises:
        BadImageError: no picture, or one with several channels that differ.
    """
    from PIL import Image

    try:
        with Image.open(path) as image:
            values = np.asarray(image)
    except (OSError, ValueError, SyntaxError) as error:
        raise BadImageError(f"{path} is missing or no picture ({error})", "replace it") from error
    if values.ndim == 3:
        if values.shape[2] in (2, 4) and (values[..., -1] < 255).any():
            return np.ascontiguousarray(values[..., -1])
        if (values[..., :3] != values[..., :1]).any():
            raise BadImageError(f"{path} is a colour picture", "a mask has one channel")
        values = values[..., 0]
    if values.dtype == np.bool_:
        return values.astype(np.uint8) * 255
    if values.max(initial=0) > 255:
        raise BadImageError(f"{path} has values above 255", "give an 8-bit mask")
    return values.astype(np.uint8)


def components(mask: np.ndarray, smallest: float) -> list[np.ndarray]:
    """The connected parts (H, W) bool of a mask, as 8 neighbours, from ``smallest`` pixels on."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=8
    )
    areas = stats[:, cv2.CC_STAT_AREA]
    return [labels == part for part in range(1, count) if areas[part] >= smallest]
