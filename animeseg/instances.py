"""The values that travel through the pipeline: `Instances` and `Segmentation`.

`Instances` holds parallel arrays, one row per character, validated at birth; indexing filters
every field at once (after supervision's ``Detections`` and detectron2's ``Instances``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.options import Options

    Index = int | slice | list[int] | NDArray[np.integer[Any]] | NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Instances:
    """Detected characters of one picture.

    Attributes:
        boxes: (N, 4) float32, XYXY in pixels of the picture.
        masks: (N, H, W) bool, at the resolution of the picture.
        scores: (N,) float32 in 0..1.
        labels: (N,) int64 indices into ``names``.
        names: class names, ``names[label]``.
        alphas: (N, H, W) uint8 soft alpha, or None where no matting was done.
        ids: (N,) int64 identities across frames of a video, or None.

    Raises:
        ValueError: when shapes, dtypes or lengths do not agree.
    """

    boxes: NDArray[np.float32]
    masks: NDArray[np.bool_]
    scores: NDArray[np.float32]
    labels: NDArray[np.int64]
    names: tuple[str, ...] = ("character",)
    alphas: NDArray[np.uint8] | None = None
    ids: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        count = len(self.scores)
        _expect("boxes", self.boxes, np.float32, (count, 4))
        if self.masks.ndim != 3:
            raise ValueError(f"masks must be (N, H, W), got shape {self.masks.shape}")
        _expect("masks", self.masks, np.bool_, (count, *self.size))
        _expect("scores", self.scores, np.float32, (count,))
        _expect("labels", self.labels, np.int64, (count,))
        if self.alphas is not None:
            _expect("alphas", self.alphas, np.uint8, (count, *self.size))
        if self.ids is not None:
            _expect("ids", self.ids, np.int64, (count,))
        if count and not (self.labels.min() >= 0 and self.labels.max() < len(self.names)):
            raise ValueError(f"labels must index the {len(self.names)} names, got {self.labels}")
        if not np.isfinite(self.boxes).all() or not np.isfinite(self.scores).all():
            raise ValueError("boxes and scores must be finite")

    @classmethod
    def empty(cls, size: tuple[int, int], names: tuple[str, ...] = ("character",)) -> Instances:
        """No instances in a picture of ``size`` (height, width)."""
        return cls(
            boxes=np.zeros((0, 4), np.float32),
            masks=np.zeros((0, *size), np.bool_),
            scores=np.zeros(0, np.float32),
            labels=np.zeros(0, np.int64),
            names=names,
        )

    @classmethod
    def from_masks(
        cls,
        masks: NDArray[np.bool_],
        scores: NDArray[np.float32] | None = None,
        labels: NDArray[np.int64] | None = None,
        names: tuple[str, ...] = ("character",),
    ) -> Instances:
        """Instances whose boxes are the tight boxes of ``masks`` (N, H, W) bool."""
        count = len(masks)
        return cls(
            boxes=tight_boxes(masks),
            masks=masks,
            scores=np.ones(count, np.float32) if scores is None else scores,
            labels=np.zeros(count, np.int64) if labels is None else labels,
            names=names,
        )

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the picture."""
        return int(self.masks.shape[1]), int(self.masks.shape[2])

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, index: Index) -> Instances:
        """The chosen rows (an int gives one row), all fields filtered alike."""
        rows = [index] if isinstance(index, int | np.integer) else index
        return replace(
            self,
            boxes=self.boxes[rows],
            masks=self.masks[rows],
            scores=self.scores[rows],
            labels=self.labels[rows],
            alphas=None if self.alphas is None else self.alphas[rows],
            ids=None if self.ids is None else self.ids[rows],
        )

    def __iter__(self) -> Iterator[Instances]:
        return (self[row] for row in range(len(self)))

    def label_names(self) -> list[str]:
        """The class name of every instance."""
        return [self.names[label] for label in self.labels]

    def with_masks(self, masks: NDArray[np.bool_]) -> Instances:
        """The same instances with other masks (N, H, W); boxes follow, stale alphas are dropped.

        An empty mask keeps the old box, so that an instance never loses its place.
        """
        boxes = tight_boxes(masks)
        vacant = ~masks.any(axis=(1, 2)) if len(masks) else np.zeros(0, np.bool_)
        boxes[vacant] = self.boxes[vacant]
        return replace(self, masks=masks, boxes=boxes, alphas=None)

    def union(self) -> NDArray[np.bool_]:
        """(H, W) bool: pixels of any instance."""
        joined: NDArray[np.bool_] = np.asarray(self.masks.any(axis=0), np.bool_)
        return joined


def tight_boxes(masks: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Smallest XYXY boxes (N, 4) float32 around ``masks`` (N, H, W); zeros for an empty mask.

    The far edges are exclusive: a single pixel at (x, y) gives ``x, y, x+1, y+1``.
    """
    boxes = np.zeros((len(masks), 4), np.float32)
    for row, mask in enumerate(masks):
        columns = np.flatnonzero(mask.any(axis=0))
        lines = np.flatnonzero(mask.any(axis=1))
        if len(columns):
            boxes[row] = columns[0], lines[0], columns[-1] + 1, lines[-1] + 1
    return boxes


@dataclass(frozen=True)
class ModelInfo:
    """Which weights took part in a result.

    Attributes:
        role: ``detector``, ``refiner``, ...
        name: catalog name, or the file name of a user's model.
        sha256: hash of the file that was loaded.
        licence: SPDX identifier or the card's words.
    """

    role: str
    name: str
    sha256: str
    licence: str = ""


@dataclass(frozen=True)
class Note:
    """Something the reader of a result should know: a weaker path taken, a refinement rejected.

    Attributes:
        code: stable identifier, for example ``edge_fallback``.
        message: what happened and why.
        cure: how to get the better result; empty if there is nothing to do.
    """

    code: str
    message: str
    cure: str = ""

    def __str__(self) -> str:
        return f"{self.message} ({self.cure})" if self.cure else self.message


@dataclass(frozen=True, eq=False)
class Segmentation:
    """The one result value of the pipeline.

    Attributes:
        size: (height, width) of the picture.
        instances: the characters, in the order the options ask for.
        options: the options that made it.
        models: the weights that took part, with their hashes.
        notes: weaker paths and rejections, empty when all went as asked.
        version: version of animeseg.
        alpha: (H, W) uint8 alpha that the given picture already had, or None.
        target: what the options' ``target`` stands for, where that is not the characters.
    """

    size: tuple[int, int]
    instances: Instances
    options: Options
    models: tuple[ModelInfo, ...] = ()
    notes: tuple[Note, ...] = ()
    version: str = ""
    alpha: NDArray[np.uint8] | None = field(default=None, repr=False)
    target: Instances | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.instances.size != self.size:
            raise ValueError(f"size {self.size} does not match masks of {self.instances.size}")

    def __len__(self) -> int:
        return len(self.instances)

    @property
    def masked(self) -> Instances:
        """What the inpaint mask covers: the target, which is the characters by default."""
        return self.instances if self.target is None else self.target


def _expect(name: str, array: Any, dtype: Any, shape: tuple[int, ...]) -> None:
    if not isinstance(array, np.ndarray) or array.dtype != dtype or array.shape != shape:
        found = f"{getattr(array, 'dtype', type(array).__name__)} {getattr(array, 'shape', '')}"
        raise ValueError(f"{name} must be {np.dtype(dtype).name} {shape}, got {found}")
