"""The catalog: which weights animeseg can load, as data with pinned hashes.

The records live in ``catalog.json`` beside this file; this module only reads and types them.
Preprocessing belongs to a record, because a wrong one is a silent loss of quality.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from animeseg.errors import UnknownModelError

SAM_ARCHITECTURES = (
    "vit_b",
    "vit_l",
    "vit_h",
    "mobile",
    "hq_vit_b",
    "hq_vit_l",
    "hq_vit_h",
    "hq_mobile",
    "sam2.1_tiny",
    "sam2.1_small",
    "sam2.1_base_plus",
    "sam2.1_large",
)
"""What `Record.architecture` says for the kind ``sam``."""


@dataclass(frozen=True)
class Preprocessing:
    """How a picture becomes the input of a network.

    Attributes:
        name: ``yolo``, ``sam`` or ``sam2``.
        resize: ``letterbox`` (scaled, centred on grey), ``pad`` (scaled, padded right and below)
            or ``stretch``.
        mean: subtracted from the RGB values, in 0..255.
        std: the difference is divided by it.
    """

    name: str
    resize: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


@dataclass(frozen=True)
class Variant:
    """One known content of a record's file.

    Attributes:
        sha256: 64 lower-case hexadecimal digits.
        bytes: size, or None where only the hash is known.
    """

    sha256: str
    bytes: int | None = None


@dataclass(frozen=True)
class Record:
    """One entry of the catalog.

    Attributes:
        name: what users and options call it.
        title: one line for lists.
        kind: ``detector`` or ``sam``.
        architecture: for example ``yolov8n-seg``; one of `SAM_ARCHITECTURES` for the kind ``sam``.
        repository: on the Hub; empty for weights that come with animeseg.
        revision: commit on the Hub, or ``main`` where only the content is pinned.
        file: path inside the repository, or inside the folder of bundled models.
        variants: every known content of the file; the first is the one at ``revision``. Empty
            where no hash is known: such a file is only loaded when the caller accepts that.
        licence: SPDX identifier, as the model's page states it.
        input_size: side in pixels the network was trained at.
        classes: names of the classes, where known without opening the file.
        preprocessing: how pictures are prepared for it.
        confidence: threshold that suits a detector; None for other kinds.
        folders: where other programs keep the file, relative to their root.
        file_names: under which names other programs keep it.
        about_bytes: approximate size where the exact one is not known.
        note: what a user should know about it.
    """

    name: str
    title: str
    kind: str
    architecture: str
    repository: str
    revision: str
    file: str
    variants: tuple[Variant, ...]
    licence: str
    input_size: int
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    confidence: float | None
    folders: tuple[str, ...]
    file_names: tuple[str, ...]
    about_bytes: int | None = None
    note: str = ""

    @property
    def bundled(self) -> bool:
        """Whether the weights come with animeseg."""
        return not self.repository

    @property
    def sha256(self) -> tuple[str, ...]:
        """Every hash that is accepted for this record."""
        return tuple(variant.sha256 for variant in self.variants)

    @property
    def bytes(self) -> int | None:
        """Size of the file at ``revision``, or about that of another version of it."""
        known = (variant.bytes for variant in self.variants if variant.bytes)
        return next(known, self.about_bytes)

    @property
    def size_text(self) -> str:
        """The size for people, in megabytes of 10^6 bytes."""
        return "unknown size" if self.bytes is None else f"{self.bytes / 1e6:,.1f} MB"

    def url(self, endpoint: str) -> str:
        """Where the file is downloaded from; ``endpoint`` is the Hub or a mirror of it."""
        return f"{endpoint}/{self.repository}/resolve/{self.revision}/{quote(self.file)}"


@cache
def catalog() -> dict[str, Record]:
    """All records by name, in the order of the catalog."""
    text = Path(__file__).with_name("catalog.json").read_text(encoding="utf-8")
    data = json.loads(text)
    steps = {
        name: Preprocessing(name, step["resize"], tuple(step["mean"]), tuple(step["std"]))
        for name, step in data["preprocessing"].items()
    }
    records = (_record(entry, steps, data["folders"]) for entry in data["records"])
    return {record.name: record for record in records}


def _record(
    entry: dict[str, Any], steps: dict[str, Preprocessing], folders: dict[str, list[str]]
) -> Record:
    file = entry["file"]
    return Record(
        name=entry["name"],
        title=entry["title"],
        kind=entry["kind"],
        architecture=entry["architecture"],
        repository=entry["repository"],
        revision=entry["revision"],
        file=file,
        variants=tuple(Variant(item["sha256"], item.get("bytes")) for item in entry["files"]),
        licence=entry["licence"],
        input_size=entry["input_size"],
        classes=tuple(entry["classes"]),
        preprocessing=steps[entry["preprocessing"]],
        confidence=entry.get("confidence"),
        folders=tuple(folders[entry["kind"]]),
        file_names=tuple(entry.get("file_names", (PurePosixPath(file).name,))),
        about_bytes=entry.get("about_bytes"),
        note=entry.get("note", ""),
    )


def find(name: str, kind: str | None = None) -> Record | None:
    """The record called ``name``, or whose file is called so; None if there is none."""
    found = catalog().get(name)
    if found is None:
        hits = (r for r in catalog().values() if not r.bundled and name in r.file_names)
        found = next(hits, None)
    return found if found and kind in (None, found.kind) else None


def find_hash(sha256: str) -> Record | None:
    """The record that lists ``sha256``, or None."""
    return next((r for r in catalog().values() if sha256 in r.sha256), None)


def folders_of(kind: str) -> tuple[str, ...]:
    """Where other programs keep weights of a kind, relative to their root."""
    return next((r.folders for r in catalog().values() if r.kind == kind), ())


def unknown(name: str, kind: str | None = None) -> UnknownModelError:
    """The error for a name that stands for nothing; it never tells what exists on the disk."""
    names = (r.name for r in catalog().values() if kind in (None, r.kind))
    shown = name if len(name) <= 80 else name[:77] + "..."
    return UnknownModelError(
        f"there is no {kind or 'model'} called {shown!r}", "choose one of " + ", ".join(names)
    )
