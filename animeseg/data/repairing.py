"""Repairing a set: a whole new one from what is sound, the old one left alone or kept as backup."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from animeseg.data import yolo
from animeseg.data.checking import Fault, listed
from animeseg.data.converting import Conversion, convert
from animeseg.data.dataset import Dataset, Picture
from animeseg.data.entries import Annotation, Entry
from animeseg.data.formats.source import distinct, named_in_part, sample_of
from animeseg.data.manifest import NAME as MANIFEST
from animeseg.data.manifest import Manifest
from animeseg.data.pictures import picture_size
from animeseg.data.writing import Sample
from animeseg.data.yolo import Line, LineError, parse_line
from animeseg.errors import BadDatasetError, OutputError

DROPPED = frozenset({"bad_image", "missing_label", "duplicate", "leak"})
"""Faults for which a picture is left out; of two alike the first by name stays."""


class Repaired:
    """What is sound of a set, as a source.

    Lines that cannot be read are left out, polygons beyond the picture are cut off at its border,
    pictures that are damaged, unlabelled or there twice are left out. Masks that the manifest knows
    exactly are kept for labels that nobody touched.

    Args:
        root: the set.
        faults: what `animeseg.data.checking.check_set` found.
    """

    def __init__(self, root: Path, faults: Sequence[Fault]) -> None:
        folder = root.parent if root.is_file() else root
        bad = {fault.file for fault in faults if fault.code in DROPPED}
        self.names, pictures, _ = listed(root)
        self._pictures = [p for p in pictures if _shown(folder, p.path) not in bad]
        if not self._pictures:
            raise BadDatasetError(f"{root} has no sound picture", "nothing can be repaired")
        self.images = distinct([named_in_part(p.name, p.part) for p in self._pictures])
        known = None
        if (folder / MANIFEST).is_file() and not any(f.code == "bad_manifest" for f in faults):
            known = Manifest(folder / MANIFEST)
        self._dataset = Dataset(folder, self.names, self._pictures, known)
        self._touched = {fault.file for fault in faults if fault.line}
        self._folder = folder

    def sample(self, row: int) -> Sample:
        """See `animeseg.data.formats.source.Source`."""
        picture = self._pictures[row]
        if _shown(self._folder, picture.label) in self._touched:
            entry = self._mended(picture)
        else:
            entry = self._dataset.entry(row)
        size = picture_size(picture.path)
        entry = replace(entry, image=self.images[row], width=size[1], height=size[0])
        return sample_of(picture.path, entry)

    def _mended(self, picture: Picture) -> Entry:
        size = picture_size(picture.path)
        text = picture.label.read_bytes().decode("utf-8", "replace")
        lines = dict.fromkeys(" ".join(line.split()) for line in text.splitlines())
        found = (_annotation(line, size, len(self.names)) for line in lines if line)
        kept = tuple(one for one in found if one is not None)
        return Entry(picture.name, size[1], size[0], kept)


@dataclass(frozen=True)
class Repair:
    """Where the repaired set is and where the old one went (None: it stayed)."""

    out: Path
    backup: Path | None
    done: Conversion


def repair(
    root: Path, faults: Sequence[Fault], out: Path | None, tell: Callable[[Conversion], None]
) -> Repair:
    """Writes a repaired set.

    Args:
        root: the set.
        faults: of it.
        out: folder for the new set; None puts it in the old one's place, which is kept beside as
            ``NAME.backup``.
        tell: called after every picture.

    Raises:
        BadDatasetError: nothing is sound, or a data.yaml was given without ``out``.
        OutputError: a backup is there already.
    """
    source = Repaired(root, faults)
    digest = hashlib.sha256("\n".join(map(str, faults)).encode("utf-8", "replace")).hexdigest()
    recipe = {"command": "repair", "source": str(root), "faults": digest}
    if out is not None:
        return Repair(out, None, convert(source, out, recipe, tell))
    if not root.is_dir():
        raise BadDatasetError(f"{root} is a file", "name the folder, or give --out")
    backup, fresh = root.with_name(f"{root.name}.backup"), root.with_name(f"{root.name}.repaired")
    if backup.exists():
        raise OutputError(f"{backup} is there already", "move it away, or give --out")
    done = convert(source, fresh, recipe, tell)
    try:
        root.rename(backup)
        fresh.rename(root)
    except OSError as error:
        raise OutputError(
            f"cannot put {fresh} in the place of {root}: {error.strerror}", "rename them by hand"
        ) from error
    return Repair(root, backup, done)


def _annotation(line: str, size: tuple[int, int], classes: int) -> Annotation | None:
    try:
        parsed = parse_line(line, classes)
    except LineError:
        return None
    inside = Line(parsed.label, np.clip(parsed.points, 0, 1), parsed.is_box)
    return yolo.annotation_of(inside, size)


def _shown(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)
