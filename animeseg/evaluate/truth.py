"""The pictures of a set, with what is right about them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from animeseg.data.dataset import Dataset, open_dataset
from animeseg.data.entries import Entry, stem_of
from animeseg.masks import decode_rle

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.instances import Instances


@dataclass(frozen=True, eq=False)
class Truth:
    """One picture and its characters.

    Attributes:
        name: of the picture within its set.
        image: (H, W, 3) uint8 RGB.
        instances: the characters; their masks are boxes where only boxes are known.
        ignore: (H, W) bool, pixels that count neither for nor against a system.
        ignored_boxes: (K, 4) float32 XYXY; a box found there is neither right nor wrong.
        has_masks: whether every character has a mask of its own.
        alpha: (H, W) uint8 exact alpha of all characters, or None where it is not known.
        group: a word by which scores are also told apart, or empty.
    """

    name: str
    image: NDArray[np.uint8]
    instances: Instances
    ignore: NDArray[np.bool_]
    ignored_boxes: NDArray[np.float32]
    has_masks: bool
    alpha: NDArray[np.uint8] | None = None
    group: str = ""


class TruthSet(Sequence[Truth]):
    """The pictures of a set; each is read when it is asked for.

    A COCO file may say more of a picture than COCO does: ``ignore_rle``, pixels to leave out of
    every score, and ``background``, by which the scores are also told apart. Beside ``images/`` a
    folder ``alpha/`` may hold the exact alpha of a picture under its name.

    Args:
        dataset: as `animeseg.data.dataset.open_dataset` gives it.
        extras: what the COCO file says besides, by file name.
    """

    def __init__(self, dataset: Dataset, extras: dict[str, dict[str, Any]] | None = None) -> None:
        self.dataset = dataset
        self._extras = extras or {}
        root = dataset.root
        self._alphas = (root.parent if root.is_file() else root) / "alpha"

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, row: Any) -> Any:
        """The picture of a row (an int).

        Raises:
            BadDatasetError, BadImageError: it cannot be read.
        """
        entry = self.dataset.entry(row)
        extra = self._extras.get(entry.image, {})
        ignore = np.zeros(entry.size, np.bool_)
        if "ignore_rle" in extra:
            ignore |= decode_rle(extra["ignore_rle"])
        crowds = [found for found in entry.annotations if found.crowd]
        for found in crowds:
            ignore |= found.mask(entry.size)
        boxes = np.array([found.box for found in crowds], np.float32).reshape(-1, 4)
        return Truth(
            name=entry.image,
            image=self.dataset.image(row),
            instances=entry.instances(self.dataset.names),
            ignore=ignore,
            ignored_boxes=boxes,
            has_masks=all(found.counts is not None for found in entry.annotations),
            alpha=self._alpha(entry),
            group=str(extra.get("background", "")),
        )

    def part(self, name: str) -> TruthSet:
        """The pictures of ``train``, ``val`` or ``test``.

        Raises:
            BadDatasetError: there is no such part.
        """
        return TruthSet(self.dataset.part(name), self._extras)

    def _alpha(self, entry: Entry) -> NDArray[np.uint8] | None:
        path = self._alphas / f"{stem_of(entry.image)}.png"
        if not path.is_file():
            return None
        with Image.open(path) as opened:
            alpha = np.asarray(opened.convert("L"))
        return alpha if alpha.shape == entry.size else None


def open_truth(path: Path) -> TruthSet:
    """The set at ``path``: a folder of `animeseg.data`, a YOLO folder, or a COCO file.

    Raises:
        BadDatasetError: there is none, or it is damaged.
    """
    dataset = open_dataset(path)
    extras: dict[str, dict[str, Any]] = {}
    if path.suffix == ".json":
        content = json.loads(path.read_text(encoding="utf-8"))
        for row in content["images"]:
            kept = {key: row[key] for key in ("ignore_rle", "background") if key in row}
            if kept:
                extras[row["file_name"]] = kept
    return TruthSet(dataset, extras)
