"""Making a set: files written whole, a journal of what is finished, the index at the end.

A run that is killed at any moment leaves whole files and a journal that SQLite keeps whole. The
next run with the same recipe goes on where it stopped and ends with the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from animeseg.data import yolo
from animeseg.data.coco import write_coco
from animeseg.data.dataset import COCO_NAME, PARTS
from animeseg.data.entries import Entry, stem_of
from animeseg.data.manifest import NAME as MANIFEST
from animeseg.data.manifest import Manifest, write_manifest
from animeseg.errors import BadDatasetError, DiskFullError, OutputError
from animeseg.files import PARTIAL_SUFFIX, write_file

JOURNAL = ".journal.sqlite"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (image TEXT PRIMARY KEY, line BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS recipe (body TEXT);
"""


@dataclass(frozen=True)
class Sample:
    """A finished picture on its way to the disk.

    Attributes:
        entry: with sizes and annotations; hashes of the files are filled in by `write_sample`.
        data: the encoded picture.
        label: text of the label, where it is not to be made from the annotations.
        alphas: (name below ``alpha/``, PNG bytes).
    """

    entry: Entry
    data: bytes
    label: str | None = None
    alphas: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)


def write_sample(
    root: Path, sample: Sample, *, tolerance: float = yolo.TOLERANCE, boxes: bool = False
) -> Entry:
    """Writes picture, label and alphas of a sample; the picture last, since it is what is counted.

    Args:
        root: folder of the set.
        sample: what to write.
        tolerance: pixels that the label's outline may be off.
        boxes: write boxes into the label.

    Returns:
        The entry with the hashes of what was written.

    Raises:
        DiskFullError, OutputError: as `animeseg.files.write_file`; no half file is left.
    """
    entry, text = sample.entry, sample.label
    if text is None:
        text = yolo.label_text(entry.annotations, entry.size, tolerance=tolerance, boxes=boxes)
    label = text.encode()
    write_file(root / "labels" / f"{stem_of(entry.image)}.txt", label, overwrite=True)
    for name, data in sample.alphas:
        write_file(root / "alpha" / name, data, overwrite=True)
    write_file(root / "images" / entry.image, sample.data, overwrite=True)
    return replace(
        entry,
        sha256=hashlib.sha256(sample.data).hexdigest(),
        label_sha256=hashlib.sha256(label).hexdigest(),
    )


class SetWriter:
    """The journal of a set in the making; a context manager.

    Args:
        root: folder of the set; made if it is missing.
        names: of the classes.
        recipe: all that decides what the pictures are, ready for JSON. How many there are is not
            part of it: a set can be made larger later.

    Raises:
        BadDatasetError: the folder holds a set of another recipe, or files that are not of a set.
        OutputError: no permission, or another run is at work there.
        DiskFullError: no space.
    """

    def __init__(self, root: Path, names: Sequence[str], recipe: Mapping[str, Any]) -> None:
        self.root = root
        self.names = tuple(names)
        self.recipe = json.loads(json.dumps(dict(recipe)))
        self._path = root / JOURNAL
        self._changed = False
        _refuse_foreign(root)
        known = Manifest(root / MANIFEST) if (root / MANIFEST).is_file() else None
        if known is not None:
            self._compare(known.recipe, known.names)
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot make {root}: {error.strerror}", "check the path") from error
        with self._explained():
            self._database = sqlite3.connect(self._path, timeout=2.0)
            self._prepare()
            if known is not None:
                rows = ((name, known[name].as_line()) for name in known)
                with self._database:
                    self._database.executemany("INSERT OR IGNORE INTO entries VALUES (?, ?)", rows)

    def done(self, image: str) -> bool:
        """Whether a picture is finished and its files are still there."""
        with self._explained():
            row = self._database.execute(
                "SELECT 1 FROM entries WHERE image = ?", (image,)
            ).fetchone()
        there = (self.root / "images" / image).is_file()
        return row is not None and there and self._label(image).is_file()

    def add(self, entry: Entry) -> None:
        """Notes that the files of a picture are written."""
        self._changed = True
        with self._explained(), self._database:
            self._database.execute(
                "INSERT OR REPLACE INTO entries VALUES (?, ?)", (entry.image, entry.as_line())
            )

    def entries(self) -> Iterator[Entry]:
        """What is finished, in the order of names."""
        with self._explained():
            for (line,) in self._database.execute("SELECT line FROM entries ORDER BY image"):
                yield Entry.from_line(line)

    def finish(self, description: str) -> int:
        """Writes ``data.yaml``, ``annotations.json`` and the manifest, and removes the journal.

        Returns:
            The number of pictures in the set.

        Raises:
            DiskFullError, OutputError: nothing half-written is left; a later run can finish.
        """
        with self._explained():
            rows = self._database.execute("SELECT image FROM entries")
            heads = {image.split("/", 1)[0] for (image,) in rows if "/" in image}
            (count,) = self._database.execute("SELECT count(*) FROM entries").fetchone()
        parts = {part: f"images/{part}" for part in PARTS if part in heads}
        if not parts:
            parts = {"train": "images", "val": "images"}
        parts.setdefault("val", parts.get("test", parts.get("train", "images")))
        text = yolo.data_yaml(self.names, {"train": parts.get("train", parts["val"]), **parts})
        write_file(self.root / "data.yaml", text.encode(), overwrite=True)
        self._sweep()
        write_coco(self.root / COCO_NAME, self.names, self.entries, description)
        # Last: with the manifest the set is complete.
        write_manifest(self.root / MANIFEST, self.names, self.recipe, self.entries())
        self._database.close()
        for tail in ("", "-wal", "-shm"):
            self._path.with_name(JOURNAL + tail).unlink(missing_ok=True)
        return int(count)

    def close(self) -> None:
        """Closes the journal, which stays for the next run."""
        self._database.close()

    def __enter__(self) -> SetWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _sweep(self) -> None:
        """Removes what killed runs left: files without a name yet. Nobody else works here."""
        for folder in (self.root, *(self.root / name for name in ("images", "labels", "alpha"))):
            found = folder.rglob if folder != self.root else folder.glob
            for path in found(f".*{PARTIAL_SUFFIX}"):
                path.unlink(missing_ok=True)

    def _label(self, image: str) -> Path:
        return self.root / "labels" / f"{stem_of(image)}.txt"

    def _prepare(self) -> None:
        # One run at a time: the lock goes with the process, however it ends.
        self._database.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.executescript(_SCHEMA)
        row = self._database.execute("SELECT body FROM recipe").fetchone()
        body = json.dumps({"names": self.names, "recipe": self.recipe}, sort_keys=True)
        if row is None:
            with self._database:
                self._database.execute("INSERT INTO recipe VALUES (?)", (body,))
        else:
            before = json.loads(row[0])
            self._compare(before["recipe"], tuple(before["names"]))

    def _compare(self, recipe: Mapping[str, Any], names: tuple[str, ...]) -> None:
        before, now = {**recipe, "names": list(names)}, {**self.recipe, "names": list(self.names)}
        keys = sorted(key for key in {*before, *now} if before.get(key) != now.get(key))
        if keys:
            shown = ", ".join(
                f"{key}: {_short(before.get(key))} is now {_short(now.get(key))}"
                for key in keys[:4]
            )
            raise BadDatasetError(
                f"{self.root} holds a set that was made otherwise ({shown})",
                "choose another --out, or give the same settings to go on with it",
            )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            text = str(error)
            if "full" in text:
                cure = "free some space and run the command again: it goes on where it stopped"
                raise DiskFullError(f"no space left for {self._path}", cure) from error
            if "locked" in text:
                cure = "wait for it, or choose another --out"
                raise OutputError(f"another run is at work in {self.root}", cure) from error
            raise OutputError(f"cannot use {self._path}: {text}", "check the folder") from error


def _refuse_foreign(root: Path) -> None:
    """An --out that holds something else is a mistake that must not cost the user's files."""
    if not root.is_dir() or (root / MANIFEST).is_file() or (root / JOURNAL).is_file():
        return
    foreign = next((path.name for path in root.iterdir() if not path.name.startswith(".")), None)
    if foreign is not None:
        raise BadDatasetError(
            f"{root} is not empty (it holds {foreign}) and no set of this program",
            "choose an empty or new folder for --out",
        )


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:37]}..."
