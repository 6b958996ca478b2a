"""The pictures of a run: looked through before anything is trained, and listed for the trainer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from animeseg.data.dataset import Dataset, Picture, open_dataset
from animeseg.errors import BadDatasetError
from animeseg.files import write_file

if TYPE_CHECKING:
    from animeseg.train.preset import Preset

_SHOWN_FAULTS = 10
_LEAST_PICTURES = 2


@dataclass(frozen=True)
class Sources:
    """What a run learns from and is measured on.

    Attributes:
        names: of the classes.
        train: pictures to learn from.
        val: pictures to measure on.
        sha256: of everything in the set (`Dataset.content_hash`).
    """

    names: tuple[str, ...]
    train: tuple[Picture, ...]
    val: tuple[Picture, ...]
    sha256: str


def look_through(path: Path, preset: Preset, *, single_class: bool = False) -> Sources:
    """Opens a set and refuses what cannot be trained on.

    A set without parts is measured on the pictures it is trained on only if it says so itself
    (a ``data.yaml`` whose ``val`` is its ``train``); otherwise it has to be split first.

    Args:
        path: the set, with labels in YOLO's form.
        preset: whose task the annotations must carry.
        single_class: take every class for the one that is trained.

    Raises:
        BadDatasetError: no pictures, bad labels (file and line named), no validation part,
            several classes, or boxes where masks are needed.
    """
    dataset = open_dataset(path)
    if path.suffix.lower() == ".json":
        raise BadDatasetError(
            f"{path} is a COCO file, the trainer reads labels in YOLO's form",
            f"python -m animeseg.data convert {path} --out SET",
        )
    if len(dataset.names) > 1 and not single_class:
        raise BadDatasetError(
            f"{path} has {len(dataset.names)} classes: {', '.join(dataset.names[:8])}",
            "give --single-class to train all of them as one",
        )
    _refuse_faults(dataset, preset)
    parts = dataset.parts()
    if not {"train", "val"} <= set(parts):
        raise BadDatasetError(
            f"{path} has no train and val part (it has: {', '.join(parts) or 'none'})",
            f"python -m animeseg.data split {path} --out OUT divides it without leaks",
        )
    train, val = dataset.part("train").pictures, dataset.part("val").pictures
    return Sources(dataset.names, train, val, dataset.content_hash())


def write_data_yaml(sources: Sources, folder: Path, *, single_class: bool) -> Path:
    """Lists of pictures and the ``data.yaml`` that names them, for ultralytics.

    Raises:
        OutputError, DiskFullError: they cannot be written.
    """
    for name, pictures in (("train", sources.train), ("val", sources.val)):
        lines = "".join(f"{picture.path.resolve()}\n" for picture in pictures)
        write_file(folder / f"{name}.txt", lines.encode("utf-8"), overwrite=True)
    names = sources.names[:1] if single_class else sources.names
    content = {
        "path": str(folder.resolve()),
        "train": "train.txt",
        "val": "val.txt",
        "names": dict(enumerate(names)),
    }
    text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
    return write_file(folder / "data.yaml", text.encode("utf-8"), overwrite=True)


def _refuse_faults(dataset: Dataset, preset: Preset) -> None:
    """Reads every annotation; the first few that are wrong are named together."""
    faults: list[str] = []
    boxes_only = characters = 0
    for row, picture in enumerate(dataset.pictures):
        try:
            found = dataset.entry(row).annotations
        except BadDatasetError as error:
            faults.append(error.cause)
            continue
        if not picture.path.is_file():
            faults.append(f"{picture.path} is missing")
        characters += len(found)
        boxes_only += any(annotation.counts is None for annotation in found)
    if faults:
        _refuse(dataset, faults)
    if characters == 0 or len(dataset) < _LEAST_PICTURES:
        raise BadDatasetError(
            f"{dataset.root} has {len(dataset)} pictures with {characters} annotations",
            "there is nothing to learn from: see `python -m animeseg.data synth`",
        )
    if preset.task == "segment" and boxes_only:
        raise BadDatasetError(
            f"{boxes_only} pictures of {dataset.root} have boxes without masks",
            "train a preset of task detect, or add masks with `python -m animeseg.data label`",
        )


def _refuse(dataset: Dataset, faults: Sequence[str]) -> None:
    more = f"; and {len(faults) - _SHOWN_FAULTS} more" if len(faults) > _SHOWN_FAULTS else ""
    raise BadDatasetError(
        "; ".join(faults[:_SHOWN_FAULTS]) + more,
        f"python -m animeseg.data check {dataset.root} --repair --out OUT",
    )
