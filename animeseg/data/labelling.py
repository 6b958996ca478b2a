"""Labelling with the model: predict, look through and delete, keep what is left.

A review folder holds for every picture an overlay to look at (``NAME.jpg``), its label
(``NAME.txt``) and one line in ``review.jsonl`` with the exact masks. Whoever looks it through
deletes the overlay or the label of what is wrong, or mends the label; the rest becomes data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from animeseg.data import yolo
from animeseg.data.converting import Conversion, convert
from animeseg.data.dataset import PARTS
from animeseg.data.entries import Annotation, Entry, stem_of
from animeseg.data.formats.source import distinct, read_bytes, sample_of
from animeseg.data.manifest import NAME as MANIFEST
from animeseg.data.manifest import Manifest
from animeseg.data.pictures import encode_jpeg, pictures_in
from animeseg.data.writing import Sample
from animeseg.errors import AnimesegError, BadDatasetError, BadImageError
from animeseg.files import write_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from animeseg.instances import Segmentation

REVIEW = "review.jsonl"
HEAD = "labelled"


@dataclass
class Labelled:
    """How a run went: pictures with characters, without, seen before, and not readable."""

    found: int = 0
    empty: int = 0
    kept: int = 0
    failed: int = 0


def label_folder(
    folder: Path,
    review: Path,
    segment: Callable[[Path], tuple[Segmentation, NDArray[np.uint8]]],
    tell: Callable[[Labelled, str], None],
    *,
    with_empty: bool = False,
) -> Labelled:
    """Predicts for every picture of a folder that the review does not know yet.

    What was deleted from the review stays deleted: a picture is asked about once.

    Args:
        folder: of the pictures.
        review: folder to write into.
        segment: gives the result and the picture as (H, W, 3) uint8 RGB.
        tell: called after every picture, with an error or an empty text.
        with_empty: also write labels, empty ones, where no character was found.

    Raises:
        BadDatasetError: no pictures.
        DiskFullError, OutputError: nothing more can be written.
    """
    paths = list(pictures_in(folder)) if folder.is_dir() else []
    if not paths:
        raise BadDatasetError(f"{folder} holds no pictures", "check the path")
    images = distinct([path.relative_to(folder).as_posix() for path in paths])
    known = {entry.image for entry in read_review(review)} if review.is_dir() else set()
    so_far = Labelled()
    for image, path in zip(images, paths, strict=True):
        message = ""
        if image in known:
            so_far.kept += 1
        else:
            try:
                found = _label_one(path, image, review, segment, with_empty)
                so_far.found += int(found)
                so_far.empty += int(not found)
            except BadImageError as error:
                so_far.failed += 1
                message = f"{image}: {error}"
        tell(so_far, message)
    return so_far


def read_review(review: Path) -> Iterator[Entry]:
    """The pictures of a review; a last line that a kill cut off is passed over."""
    path = review / REVIEW
    if not path.is_file():
        return
    with path.open("rb") as stream:
        for line in stream:
            if not line.endswith(b"\n"):
                return
            try:
                yield Entry.from_line(line)
            except (ValueError, KeyError, TypeError) as error:
                raise BadDatasetError(f"{path} is damaged ({error})", "label again") from error


class Reviewed:
    """What is left of a review, as a source.

    Args:
        review: the folder.
        part: where the pictures go, or empty.

    Raises:
        BadDatasetError: nothing is left.
    """

    def __init__(self, review: Path, part: str = "") -> None:
        if not (review / REVIEW).is_file():
            raise BadDatasetError(f"{review} is no review", "make one with `label FOLDER`")
        self._review = review
        every = list(read_review(review))
        self._entries = [entry for entry in every if self._survives(entry)]
        self.deleted = len(every) - len(self._entries)
        if not self._entries:
            raise BadDatasetError(f"nothing is left in {review}", "keep some of the pictures")
        self.names = tuple(self._entries[0].sources["names"])
        head = f"{part}/{HEAD}" if part else HEAD
        # The hash keeps pictures of one name from different folders apart.
        self.images = [
            f"{head}/{stem_of(e.image)}-{e.sha256[:8]}{Path(e.image).suffix}" for e in self._entries
        ]

    def sample(self, row: int) -> Sample:
        """See `animeseg.data.formats.source.Source`."""
        entry = self._entries[row]
        path = Path(entry.sources["path"])
        data = (self._review / f"{stem_of(entry.image)}.txt").read_bytes()
        if hashlib.sha256(data).hexdigest() != entry.label_sha256:
            text = data.decode("utf-8", "replace")
            found = yolo.read_label(text, entry.size, f"{stem_of(entry.image)}.txt")
            entry = replace(entry, annotations=found)
        if hashlib.sha256(read_bytes(path)).hexdigest() != entry.sha256:
            raise BadImageError(f"{path} was changed since it was labelled", "label it again")
        told = {key: value for key, value in entry.sources.items() if key != "path"}
        return sample_of(path, replace(entry, image=self.images[row], sources=told))

    def _survives(self, entry: Entry) -> bool:
        stem = self._review / stem_of(entry.image)
        return all(Path(f"{stem}{tail}").is_file() for tail in (".txt", ".jpg"))


def keep(review: Path, out: Path, part: str, tell: Callable[[Conversion], None]) -> Conversion:
    """Adds what is left of a review to a set, which is made if it is not there.

    Raises:
        BadDatasetError: nothing is left, or the set has other classes.
    """
    recipe: dict[str, object] = {"command": "label"}
    if (out / MANIFEST).is_file():
        known = Manifest(out / MANIFEST)
        recipe = known.recipe
        divided = any(name.split("/", 1)[0] in PARTS for name in known)
        part = part or ("train" if divided else "")
    source = Reviewed(review, part)
    return convert(source, out, recipe, tell, tolerance=yolo.TOLERANCE)


def _label_one(
    path: Path,
    image: str,
    review: Path,
    segment: Callable[[Path], tuple[Segmentation, NDArray[np.uint8]]],
    with_empty: bool,
) -> bool:
    from animeseg.export import overlay

    digest = hashlib.sha256(read_bytes(path)).hexdigest()
    result, rgb = segment(path)
    found = result.instances
    annotations = tuple(
        Annotation.of_mask(mask, int(label))
        for mask, label in zip(found.masks, found.labels, strict=True)
        if mask.any()
    )
    height, width = result.size
    text = yolo.label_text(annotations, result.size)
    models = [f"{model.name} {model.sha256[:12]}" for model in result.models]
    entry = Entry(
        image,
        width,
        height,
        annotations,
        digest,
        hashlib.sha256(text.encode()).hexdigest(),
        sources={"path": str(path.resolve()), "names": list(found.names), "models": models},
    )
    if annotations or with_empty:
        stem = review / stem_of(image)
        picture = encode_jpeg(overlay(rgb, found), 88)
        write_file(f"{stem}.txt", text.encode(), overwrite=True)
        write_file(f"{stem}.jpg", picture, overwrite=True)
    _append(review / REVIEW, entry)
    return bool(annotations)


def _append(path: Path, entry: Entry) -> None:
    """Adds a line after the last whole one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("r+b" if path.is_file() else "w+b") as stream:
            stream.seek(0, 2)
            end = stream.tell()
            while end:
                stream.seek(end - 1)
                if stream.read(1) == b"\n":
                    break
                end -= 1
            stream.truncate(end)
            stream.seek(end)
            stream.write(entry.as_line())
    except OSError as error:
        raise _write_error(path, error) from error


def _write_error(path: Path, error: OSError) -> AnimesegError:
    import errno

    from animeseg.errors import DiskFullError, OutputError

    if error.errno == errno.ENOSPC:
        return DiskFullError(f"no space left for {path}", "free some space and run it again")
    return OutputError(f"cannot write {path}: {error.strerror}", "check the folder")
