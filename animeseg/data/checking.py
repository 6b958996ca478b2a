"""What is wrong with a set: every fault with its file and line."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from animeseg.data import similar, yolo
from animeseg.data.dataset import (
    DEFAULT_NAMES,
    Picture,
    pictures_below,
    pictures_of_yaml,
)
from animeseg.data.formats.source import decode, read_bytes
from animeseg.data.manifest import NAME as MANIFEST
from animeseg.data.manifest import Manifest
from animeseg.data.yolo import LineError, parse_line
from animeseg.errors import BadDatasetError, BadImageError

CODES = {
    "no_pictures": "the set is empty",
    "bad_yaml": "data.yaml cannot be used",
    "bad_manifest": "the manifest is damaged",
    "missing_image": "a label, the manifest or the COCO file names a picture that is not there",
    "bad_image": "a picture is empty, damaged or cut off",
    "missing_label": "a picture has no label file (an empty file says: no character)",
    "not_numbers": "a line that cannot be read",
    "few_points": "a polygon of less than 3 points, or a box without area",
    "wrong_class": "a class that the set does not have",
    "outside": "a polygon or box beyond the picture",
    "empty": "an annotation without a single pixel",
    "same_line": "the same annotation twice",
    "bad_annotation": "a COCO annotation that cannot be read",
    "wrong_size": "the manifest or COCO file gives another size than the picture has",
    "stale": "a file is no longer what the manifest says",
    "duplicate": "the same picture twice",
    "near_duplicate": "nearly the same picture twice",
    "leak": "the same or nearly the same picture in two parts",
}
"""Every kind of fault."""

WARNINGS = frozenset({"near_duplicate", "stale"})
"""Kinds that training survives; they do not change the exit code."""


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        code: one of `CODES`.
        file: relative to the set.
        line: of the file, from 1; 0 for the file as a whole.
        message: what is wrong.
    """

    code: str
    file: str
    line: int
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.code}: {self.message}"


@dataclass(frozen=True)
class Looked:
    """What was seen of one picture: its faults, and what tells it from others."""

    picture: Picture
    faults: tuple[Fault, ...]
    sha256: str = ""
    phash: str = ""


def check_set(
    root: Path, *, near: int, workers: int, tell: Callable[[int, int], None]
) -> list[Fault]:
    """Looks through a YOLO set.

    Args:
        root: the folder, or a ``data.yaml``.
        near: pictures whose hashes differ in at most this many bits are nearly the same; below 0
            nothing is compared.
        workers: threads that read pictures.
        tell: called with the number of pictures looked at, and of all.

    Returns:
        All faults, in the order of files.
    """
    folder = root.parent if root.is_file() else root
    names, pictures, faults = listed(root)
    if not pictures:
        return [*faults, Fault("no_pictures", str(folder), 0, "no pictures were found")]
    faults += orphans(folder, pictures)
    manifest, more = _manifest(folder)
    faults += more
    looked: list[Looked] = []
    with ThreadPoolExecutor(max(1, workers)) as pool:
        for some in _in_groups(pictures, 256):  # not all at once: results wait in memory
            found = pool.map(lambda p: look(folder, p, len(names), manifest), some)
            for one in found:
                looked.append(one)
                faults += one.faults
                tell(len(looked), len(pictures))
    faults += _missing_of(manifest, pictures)
    if near >= 0:
        faults += repeated(folder, looked, near)
    return sorted(faults, key=lambda fault: (fault.file, fault.line, fault.code))


def listed(root: Path) -> tuple[tuple[str, ...], list[Picture], list[Fault]]:
    """Class names and pictures of a YOLO set, however damaged it is."""
    folder = root.parent if root.is_file() else root
    table = root if root.is_file() else root / "data.yaml"
    names: tuple[str, ...] = DEFAULT_NAMES
    parts: dict[str, list[Path]] = {}
    faults = []
    if table.is_file():
        try:
            names, parts = yolo.read_data_yaml(table)
        except BadDatasetError as error:
            faults.append(Fault("bad_yaml", table.name, 0, error.cause))
    if (folder / "images").is_dir() and not root.is_file():
        return names, pictures_below(folder / "images", folder / "labels"), faults
    try:
        return names, pictures_of_yaml(folder, parts), faults
    except BadDatasetError as error:
        return names, [], [*faults, Fault("bad_yaml", table.name, 0, error.cause)]


def look(folder: Path, picture: Picture, classes: int, manifest: Manifest | None) -> Looked:
    """One picture and its label."""
    file, faults = _shown(folder, picture.path), []
    sha256 = phash = ""
    size = None
    try:
        data = read_bytes(picture.path)
        rgb = decode(data, file)
        size = rgb.shape[:2]
        sha256, phash = hashlib.sha256(data).hexdigest(), similar.perceptual_hash(rgb)
    except BadImageError as error:
        faults.append(Fault("bad_image", file, 0, error.cause))
    text = _text(picture.label)
    if text is None:
        faults.append(Fault("missing_label", file, 0, f"no {_shown(folder, picture.label)}"))
    else:
        faults += label_faults(text, _shown(folder, picture.label), classes, size)
    if manifest is not None and picture.name in manifest and size is not None:
        faults += _against(manifest, picture, size, sha256, file)
    return Looked(picture, tuple(faults), sha256, phash)


def label_faults(
    text: str, file: str, classes: int, size: tuple[int, int] | None
) -> Iterator[Fault]:
    """The faults of a label file; without a size the pixels are not looked at."""
    seen: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        words = " ".join(line.split())
        if not words:
            continue
        if words in seen:
            yield Fault("same_line", file, number, f"is line {seen[words]} again")
            continue
        seen[words] = number
        try:
            parsed = parse_line(words, classes)
        except LineError as error:
            yield Fault(error.code, file, number, str(error))
            continue
        low, high = float(parsed.points.min()), float(parsed.points.max())
        if low < -yolo.OUTSIDE or high > 1 + yolo.OUTSIDE:
            yield Fault("outside", file, number, f"coordinates from {low:g} to {high:g}")
        elif size is not None and yolo.annotation_of(parsed, size) is None:
            yield Fault("empty", file, number, "covers no pixel")


def orphans(folder: Path, pictures: Iterable[Picture]) -> list[Fault]:
    """Labels of a set without a picture."""
    labels = folder / "labels"
    known = {picture.label for picture in pictures}
    return [
        Fault("missing_image", _shown(folder, path), 0, "there is no such picture")
        for path in sorted(labels.rglob("*.txt"))
        if path not in known
    ]


def repeated(folder: Path, looked: Sequence[Looked], near: int) -> list[Fault]:
    """Pictures that are there twice, exactly or nearly, and those in two parts."""
    seen = [one for one in looked if one.sha256]
    links = similar.links_by_key((row, one.sha256) for row, one in enumerate(seen))
    exact = set(links)
    near_links = similar.near_pairs([one.phash for one in seen], near)
    faults = []
    for first, second in sorted({*links, *near_links}):
        a, b = seen[first], seen[second]
        other = _shown(folder, a.picture.path)
        code = "duplicate" if (first, second) in exact or a.sha256 == b.sha256 else "near_duplicate"
        # Two blank pictures show the same nothing: one does not tell about the other.
        if a.picture.part != b.picture.part and not similar.is_blank(a.phash):
            code = "leak"
        how = "is" if a.sha256 == b.sha256 else "is nearly"
        faults.append(Fault(code, _shown(folder, b.picture.path), 0, f"{how} {other}"))
    return faults


def by_code(faults: Iterable[Fault]) -> dict[str, int]:
    """How many faults there are of each kind."""
    counts: dict[str, int] = defaultdict(int)
    for fault in faults:
        counts[fault.code] += 1
    return dict(sorted(counts.items()))


def _manifest(folder: Path) -> tuple[Manifest | None, list[Fault]]:
    if not (folder / MANIFEST).is_file():
        return None, []
    try:
        return Manifest(folder / MANIFEST), []
    except BadDatasetError as error:
        return None, [Fault("bad_manifest", MANIFEST, 0, error.cause)]


def _missing_of(manifest: Manifest | None, pictures: Sequence[Picture]) -> list[Fault]:
    if manifest is None:
        return []
    there = {picture.name for picture in pictures}
    return [
        Fault("missing_image", f"images/{name}", 0, f"{MANIFEST} names it")
        for name in manifest
        if name not in there
    ]


def _against(
    manifest: Manifest, picture: Picture, size: tuple[int, ...], sha256: str, file: str
) -> Iterator[Fault]:
    try:
        entry = manifest[picture.name]
    except BadDatasetError as error:
        yield Fault("bad_manifest", MANIFEST, 0, error.cause)
        return
    if entry.size != tuple(size):
        yield Fault("wrong_size", file, 0, f"{MANIFEST} says {entry.width} x {entry.height}")
    elif entry.sha256 and entry.sha256 != sha256:
        yield Fault("stale", file, 0, f"was changed since {MANIFEST} was written")


def _in_groups(pictures: Sequence[Picture], count: int) -> Iterator[Sequence[Picture]]:
    for start in range(0, len(pictures), count):
        yield pictures[start : start + count]


def _text(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return None


def _shown(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)
