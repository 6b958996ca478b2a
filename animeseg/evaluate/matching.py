"""Detections against the truth, by pycocotools, one picture at a time.

pycocotools matches and accumulates; kept of a picture are only the scores of its detections and
what they matched, so that a set of any length fits in memory, and a set drawn anew from its
pictures (bootstrap) costs an accumulation only. Classes are not told apart.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from animeseg.evaluate.packed import IOUS, Match, Matches
from animeseg.masks import encode_rle

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.evaluate.truth import Truth
    from animeseg.instances import Instances

Shape = Literal["segm", "bbox"]

SIZES = ("all", "small", "medium", "large")
SIZE_LIMITS = (0.0, 0.02, 0.15, 1.0)
"""Shares of the picture at which a character counts as small, medium, large."""

_MOST = 100
_IOU_50 = 0
_IOU_75 = 5


def match(truth: Truth, found: Instances, shape: Shape) -> Matches:
    """Matches one picture, for each of `SIZES`.

    Args:
        truth: the picture.
        found: what a system found on it.
        shape: whether masks or boxes are compared.
    """
    from pycocotools.cocoeval import COCOeval

    true, predicted = _coco_pair(truth, found, shape)
    size = truth.instances.size
    pixels = size[0] * size[1]
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(_indexed(true, size), _indexed(predicted, size), shape)
        evaluation.params.imgIds = [1]
        evaluation.params.catIds = [1]
        evaluation.params.maxDets = [_MOST]
        evaluation.params.areaRng = [
            [0.0, float(pixels) + 1],
            *([low * pixels, high * pixels] for low, high in _spans()),
        ]
        evaluation.params.areaRngLbl = list(SIZES)
        evaluation.evaluate()
    return Matches([_kept(row) for row in evaluation.evalImgs])


@dataclass(frozen=True)
class Precision:
    """Average precision of a set.

    Attributes:
        ap: mean over IoU .50 to .95.
        ap50: at IoU .50.
        ap75: at IoU .75.
        curve: (101,) precision at IoU .50 over recall 0, .01, ... 1.
    """

    ap: float
    ap50: float
    ap75: float
    curve: NDArray[np.float64]


def average_precision(matches: Sequence[Match]) -> Precision:
    """Accumulates the pictures of a set, or of one drawn from it, for one size class.

    Without any character the values are NaN.
    """
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(iouType="bbox")
        evaluation.params.imgIds = list(range(len(matches)))
        evaluation.params.catIds = [1]
        evaluation.params.maxDets = [_MOST]
        evaluation.params.areaRng = [[0.0, 1.0]]
        evaluation.params.areaRngLbl = ["all"]
        evaluation._paramsEval = evaluation.params
        evaluation.evalImgs = [_restored(row) for row in matches]
        evaluation.accumulate()
    precision = evaluation.eval["precision"][:, :, 0, 0, 0]
    precision = np.where(precision < 0, np.nan, precision)
    by_iou = precision.mean(axis=1)
    return Precision(
        ap=float(by_iou.mean()),
        ap50=float(by_iou[_IOU_50]),
        ap75=float(by_iou[_IOU_75]),
        curve=precision[_IOU_50],
    )


@dataclass(frozen=True)
class Operating:
    """Right and wrong detections at IoU .50, over the confidence threshold.

    Attributes:
        confidence: (T,) thresholds, falling: the scores that occur.
        true_positives: (T,) int64 detections at or above it that met a character.
        false_positives: (T,) int64 the others.
        characters: how many there are.
    """

    confidence: NDArray[np.float32]
    true_positives: NDArray[np.int64]
    false_positives: NDArray[np.int64]
    characters: int

    @property
    def precision(self) -> NDArray[np.float64]:
        """(T,) 0..1."""
        detections = self.true_positives + self.false_positives
        return np.asarray(self.true_positives / np.maximum(detections, 1), np.float64)

    @property
    def recall(self) -> NDArray[np.float64]:
        """(T,) 0..1."""
        return self.true_positives / max(self.characters, 1)

    @property
    def f1(self) -> NDArray[np.float64]:
        """(T,) 0..1."""
        total = self.true_positives + self.false_positives + self.characters
        return np.asarray(2 * self.true_positives / np.maximum(total, 1), np.float64)

    def at(self, confidence: float) -> tuple[int, int, int]:
        """(true positives, false positives, missed characters) at a threshold."""
        count = int((self.confidence >= confidence).sum())
        right = int(self.true_positives[count - 1]) if count else 0
        wrong = int(self.false_positives[count - 1]) if count else 0
        return right, wrong, self.characters - right

    def best(self) -> float:
        """The threshold of the highest F1; NaN where nothing was detected."""
        return float(self.confidence[self.f1.argmax()]) if len(self.confidence) else float("nan")


def operating(matches: Sequence[Match]) -> Operating:
    """Counts at every threshold, over the pictures of a set, for one size class."""
    scores = np.concatenate([np.zeros(0, np.float32), *(row.scores for row in matches)])
    right = np.concatenate([np.zeros(0, np.bool_), *(row.matched[_IOU_50] for row in matches)])
    void = np.concatenate([np.zeros(0, np.bool_), *(row.void[_IOU_50] for row in matches)])
    order = np.argsort(-scores[~void], kind="stable")
    scores, right = scores[~void][order], right[~void][order]
    last = np.append(scores[1:] != scores[:-1], True) if len(scores) else np.zeros(0, np.bool_)
    return Operating(
        confidence=scores[last],
        true_positives=np.cumsum(right, dtype=np.int64)[last],
        false_positives=np.cumsum(~right, dtype=np.int64)[last],
        characters=sum(int((~row.outside).sum()) for row in matches),
    )


def _spans() -> Iterable[tuple[float, float]]:
    return pairwise(SIZE_LIMITS)


def _coco_pair(truth: Truth, found: Instances, shape: Shape) -> tuple[Any, Any]:
    """The picture's annotations and detections as COCO lists, ignored pixels taken out of both."""
    counted = ~truth.ignore
    true: list[dict[str, Any]] = []
    predicted: list[dict[str, Any]] = []
    for row, box in enumerate(truth.instances.boxes):
        entry = _entry(len(true) + 1, box, truth.instances.masks[row] & counted, shape)
        if entry is not None:
            true.append(entry)
    for box in truth.ignored_boxes if shape == "bbox" else ():
        entry = _entry(len(true) + 1, box, None, shape)
        if entry is not None:
            true.append({**entry, "iscrowd": 1, "ignore": 1})
    for row in np.argsort(-found.scores, kind="stable")[:_MOST]:
        entry = _entry(len(predicted) + 1, found.boxes[row], found.masks[row] & counted, shape)
        if entry is not None:
            predicted.append({**entry, "score": float(found.scores[row])})
    return true, predicted


def _entry(
    number: int, box: NDArray[np.float32], mask: NDArray[np.bool_] | None, shape: Shape
) -> dict[str, Any] | None:
    """One COCO annotation; None for a mask without a pixel, which says nothing."""
    x0, y0, x1, y1 = (float(value) for value in box)
    common = {"id": number, "image_id": 1, "category_id": 1, "iscrowd": 0, "ignore": 0}
    if shape == "bbox" or mask is None:
        width, height = x1 - x0, y1 - y0
        return {**common, "bbox": [x0, y0, width, height], "area": width * height}
    area = int(np.count_nonzero(mask))
    return {**common, "segmentation": encode_rle(mask), "area": area} if area else None


def _indexed(annotations: list[dict[str, Any]], size: tuple[int, int]) -> Any:
    from pycocotools.coco import COCO

    coco = COCO()
    coco.dataset = {
        "images": [{"id": 1, "height": size[0], "width": size[1]}],
        "categories": [{"id": 1}],
        "annotations": annotations,
    }
    coco.createIndex()
    return coco


def _kept(row: dict[str, Any] | None) -> Match:
    if row is None:
        nothing = np.zeros((IOUS, 0), np.bool_)
        return Match(np.zeros(0, np.float32), nothing, nothing, nothing, np.zeros(0, np.bool_))
    return Match(
        scores=np.asarray(row["dtScores"], np.float32),
        matched=row["dtMatches"] > 0,
        void=row["dtIgnore"].astype(np.bool_),
        found=row["gtMatches"] > 0,
        outside=np.asarray(row["gtIgnore"], np.bool_),
    )


def _restored(row: Match) -> dict[str, Any]:
    return {
        "dtScores": row.scores.tolist(),
        "dtMatches": row.matched.astype(np.float64),
        "dtIgnore": row.void,
        "gtIgnore": row.outside.astype(np.int64),
    }
