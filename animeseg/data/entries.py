"""One picture of a set and its annotations, as every converter passes them on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from animeseg.instances import Instances
from animeseg.masks import decode_rle, encode_rle, rle_area

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Annotation:
    """One character of a picture.

    Attributes:
        label: index into the class names of the set.
        box: XYXY in pixels, far edges exclusive.
        counts: COCO's compressed run lengths of the mask; None where only the box is known.
        crowd: a region that holds several of them and is neither right nor wrong to find.
        identity: who it is, as far as known; a split never divides an identity.
    """

    label: int
    box: Box
    counts: str | None = None
    crowd: bool = False
    identity: str = ""

    @classmethod
    def of_mask(cls, mask: Mask, label: int = 0, **more: Any) -> Annotation:
        """The annotation of a mask (H, W) bool that is not empty, with its tight box."""
        columns = np.flatnonzero(mask.any(axis=0))
        rows = np.flatnonzero(mask.any(axis=1))
        if not len(rows):
            raise ValueError("an annotation needs a mask that is not empty")
        box = (float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))
        return cls(label, box, encode_rle(mask)["counts"], **more)

    def mask(self, size: tuple[int, int]) -> Mask:
        """(H, W) bool of ``size`` (height, width); the filled box where only that is known."""
        if self.counts is not None:
            return decode_rle({"size": size, "counts": self.counts})
        x0, y0, x1, y1 = (round(value) for value in self.box)
        mask = np.zeros(size, np.bool_)
        mask[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)] = True
        return mask

    def coco(self, size: tuple[int, int]) -> dict[str, Any]:
        """The fields COCO has for it, without ids; ``category_id`` counts from 1."""
        x0, y0, x1, y1 = self.box
        shape: dict[str, Any] = {"segmentation": [], "area": (x1 - x0) * (y1 - y0)}
        if self.counts is not None:
            rle = {"size": list(size), "counts": self.counts}
            shape = {"segmentation": rle, "area": rle_area(rle)}
        named = {"identity": self.identity} if self.identity else {}
        head = {"category_id": self.label + 1, "bbox": [x0, y0, x1 - x0, y1 - y0]}
        return {**head, **shape, "iscrowd": int(self.crowd), **named}


@dataclass(frozen=True)
class Entry:
    """One picture: what a line of ``manifest.jsonl`` holds.

    Attributes:
        image: its name, relative to ``images/``, with forward slashes.
        width, height: in pixels.
        annotations: its characters.
        sha256: of the image file; empty where it was not computed.
        label_sha256: of the label file.
        phash: perceptual hash, 16 hex digits (`animeseg.data.similar`); empty if unknown.
        sources: what it was made from: identities, background, licence, ...
    """

    image: str
    width: int
    height: int
    annotations: tuple[Annotation, ...] = ()
    sha256: str = ""
    label_sha256: str = ""
    phash: str = ""
    sources: Mapping[str, Any] = field(default_factory=dict)

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        return self.height, self.width

    def instances(self, names: tuple[str, ...]) -> Instances:
        """The characters as `Instances`; crowd regions are left out."""
        kept = [found for found in self.annotations if not found.crowd]
        if not kept:
            return Instances.empty(self.size, names)
        return Instances(
            boxes=np.array([found.box for found in kept], np.float32).reshape(len(kept), 4),
            masks=np.stack([found.mask(self.size) for found in kept]),
            scores=np.ones(len(kept), np.float32),
            labels=np.array([found.label for found in kept], np.int64),
            names=names,
        )

    def as_line(self) -> bytes:
        """The line of the manifest, with its line feed."""
        annotations = [
            {key: value for key, value in vars(found).items() if value not in (None, "", False)}
            | {"label": found.label}
            for found in self.annotations
        ]
        row = vars(self) | {"annotations": annotations, "sources": dict(self.sources)}
        text = json.dumps(row, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode("utf-8", "surrogatepass") + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Entry:
        """The entry of a line of the manifest.

        Raises:
            ValueError, KeyError, TypeError: the line is damaged.
        """
        row = json.loads(line)
        annotations = tuple(
            Annotation(**{**found, "box": tuple(map(float, found["box"]))})
            for found in row["annotations"]
        )
        return cls(**{**row, "annotations": annotations})


def stem_of(image: str) -> str:
    """``train/a.b.jpg`` gives ``train/a.b``: the name that labels and alphas go by."""
    head, dot, tail = image.rpartition(".")
    return head if dot and "/" not in tail else image
