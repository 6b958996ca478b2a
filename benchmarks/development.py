"""The development data (real illustrations and composites) and the scores shared by benchmarks.

Both sets are COCO files with compressed RLE beside a folder ``images``; they are for evaluation
only and lie outside the repository.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Picture:
    """One annotated picture; pixels and masks are decoded at each access, nothing is kept.

    Attributes:
        name: identifier within its set.
        path: the picture's file.
        size: (height, width).
        rles: COCO RLE of every character's visible pixels.
        ignore_rle: COCO RLE of pixels left out of every score, or None.
        background: ``plain`` or ``scene``, empty where the set does not say.
    """

    name: str
    path: Path
    size: tuple[int, int]
    rles: tuple[dict[str, Any], ...] = field(repr=False)
    ignore_rle: dict[str, Any] | None = field(default=None, repr=False)
    background: str = ""

    @property
    def image(self) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 RGB."""
        with Image.open(self.path) as opened:
            return np.asarray(opened.convert("RGB"))

    @property
    def masks(self) -> NDArray[np.bool_]:
        """(N, H, W) bool, one per character; they do not overlap."""
        decoded = [_decoded(rle) for rle in self.rles]
        return np.stack(decoded) if decoded else np.zeros((0, *self.size), np.bool_)

    @property
    def ignore(self) -> NDArray[np.bool_]:
        """(H, W) bool, pixels left out of every score."""
        if self.ignore_rle is None:
            return np.zeros(self.size, np.bool_)
        return _decoded(self.ignore_rle)


def load_real(root: Path) -> list[Picture]:
    """The real illustrations under ``root`` (the bench directory), by name."""
    return _load(root / "real")


def load_composites(root: Path) -> list[Picture]:
    """The composites under ``root`` (the bench directory), by name; some have no character."""
    return _load(root / "composite")


def foreground_iou(
    predicted: NDArray[np.bool_], true: NDArray[np.bool_], ignore: NDArray[np.bool_] | None = None
) -> float:
    """IoU of two (H, W) foregrounds outside ``ignore``; 1.0 where both are empty."""
    counted = np.ones_like(true) if ignore is None else ~ignore
    joined = ((predicted | true) & counted).sum()
    return float((predicted & true & counted).sum() / joined) if joined else 1.0


def _load(folder: Path) -> list[Picture]:
    content = json.loads((folder / "instances.json").read_text(encoding="utf-8"))
    rles: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for annotation in content["annotations"]:
        rles[annotation["image_id"]].append(annotation["segmentation"])
    found = [
        Picture(
            name=Path(record["file_name"]).stem,
            path=folder / "images" / record["file_name"],
            size=(record["height"], record["width"]),
            rles=tuple(rles[record["id"]]),
            ignore_rle=record.get("ignore_rle"),
            background=record.get("background", ""),
        )
        for record in content["images"]
    ]
    return sorted(found, key=lambda picture: picture.name)


def _decoded(rle: dict[str, Any]) -> NDArray[np.bool_]:
    from pycocotools import mask as coco_mask

    return np.asarray(coco_mask.decode(rle), np.bool_)
