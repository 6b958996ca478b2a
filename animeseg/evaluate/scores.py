"""From rows to scores: totals, breakdowns, and intervals by drawing the pictures anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from animeseg.evaluate.matching import SIZES, average_precision, operating

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.evaluate.matching import Operating
    from animeseg.evaluate.measure import Measured, Row
    from animeseg.evaluate.packed import Match, Matches

COUNTS = {"0": (0, 0), "1": (1, 1), "2": (2, 2), "3 to 5": (3, 5), "6 and more": (6, 10**9)}
"""Pictures are also told apart by how many characters they have."""


@dataclass(frozen=True)
class Value:
    """A score and its 95 % bootstrap interval; NaN where there is nothing to measure."""

    value: float
    low: float = float("nan")
    high: float = float("nan")


@dataclass(frozen=True)
class Scores:
    """Everything the report says of one system on one set.

    Attributes:
        system: its name.
        pictures, characters: of the set.
        confidence: its working threshold; precision, recall, F1 and pixel scores are taken there.
        values: scores by name (`NAMES`), those of boxes and of masks.
        best: threshold of the highest F1 of the masks (of the boxes where there are no masks).
        confusion: right detections, wrong detections, missed characters, at the threshold.
        empty: pictures without a character, and those of them with a detection.
        by_size, by_count, by_group: recall, and AP50 or IoU, of parts of the set.
        curve: (101,) precision at IoU .50 over recall.
        operating: counts over the threshold.
        worst: rows of the set with the lowest scores, worst first.
        cost: seconds a picture (median and 95th percentile), to load, MiB of memory.
        drawn: the scores again, each on every set drawn anew from the pictures.
        names: of the pictures.
    """

    system: str
    pictures: int
    characters: int
    confidence: float
    values: Mapping[str, Value]
    best: float
    confusion: tuple[int, int, int]
    empty: tuple[int, int]
    by_size: Mapping[str, Mapping[str, float]]
    by_count: Mapping[str, Mapping[str, float]]
    by_group: Mapping[str, Mapping[str, float]]
    curve: NDArray[np.float64] = field(repr=False)
    operating: Operating = field(repr=False)
    worst: tuple[int, ...]
    cost: Mapping[str, float]
    drawn: Mapping[str, NDArray[np.float64]] = field(repr=False)
    names: tuple[str, ...] = field(repr=False)


NAMES = {
    "box_p": "box P",
    "box_r": "box R",
    "box_map50": "box mAP50",
    "box_map": "box mAP50-95",
    "mask_p": "mask P",
    "mask_r": "mask R",
    "mask_map50": "mask mAP50",
    "mask_map": "mask mAP50-95",
    "iou": "mean IoU",
    "over_90": "share of pictures with IoU > 0.9",
    "boundary_iou": "boundary IoU",
    "mae": "MAE",
    "sad": "SAD / 1000",
    "pixel_accuracy": "pixel accuracy (ToonOut)",
}
"""Scores of the main table, in its order, with their headings."""

_WORST = 12


def score(measured: Measured, *, draws: int = 200, seed: int = 0) -> Scores:
    """Scores of a system, with intervals from ``draws`` sets drawn from its pictures.

    The same seed draws the same pictures for every system of the same set, so that differences
    between systems can be judged by `difference`.
    """
    rows = measured.rows
    values = scores_of(rows, measured.confidence)
    again = [
        scores_of([rows[n] for n in draw], measured.confidence)
        for draw in draws_of(len(rows), draws, seed)
    ]
    drawn = {name: np.array([one[name] for one in again]) for name in values}
    main = _main(rows)
    counts = operating([shapes[0] for shapes in main])
    return Scores(
        system=measured.system,
        pictures=len(rows),
        characters=sum(row.characters for row in rows),
        confidence=measured.confidence,
        values={name: Value(value, *_interval(drawn[name])) for name, value in values.items()},
        best=counts.best(),
        confusion=counts.at(measured.confidence),
        empty=(
            sum(row.characters == 0 for row in rows),
            sum(row.characters == 0 and row.found > 0 for row in rows),
        ),
        by_size=_by_size(main, measured.confidence),
        by_count=_by_part(rows, measured.confidence, _count_class, COUNTS),
        by_group=_by_part(rows, measured.confidence, lambda row: row.group, _groups(rows)),
        curve=average_precision([shapes[0] for shapes in main]).curve,
        operating=counts,
        worst=_worst(rows),
        cost=_cost(measured),
        drawn=drawn,
        names=tuple(row.name for row in rows),
    )


def scores_of(rows: Sequence[Row], confidence: float) -> dict[str, float]:
    """The scores of `NAMES` of some pictures; those that need masks only where there are masks."""
    values = _shape_scores("box", [row.boxes[0] for row in rows], confidence)
    with_masks = [row for row in rows if row.masks is not None and row.pixels is not None]
    if len(with_masks) < len(rows) or not rows:
        return values
    values |= _shape_scores("mask", [row.masks[0] for row in rows if row.masks], confidence)
    pixels = [row.pixels for row in rows if row.pixels is not None and row.characters]
    ious = np.array([one.iou for one in pixels])
    values["iou"] = _mean(ious)
    values["over_90"] = _mean(ious > 0.9)
    for name in ("boundary_iou", "mae", "sad", "pixel_accuracy"):
        known = [value for one in pixels if (value := getattr(one, name)) is not None]
        values[name] = _mean(np.array(known))
    return values


def difference(ours: Scores, theirs: Scores, name: str) -> Value:
    """How much higher ``ours`` scores than ``theirs``, with the interval of the paired draws.

    Raises:
        ValueError: they were not measured on the same pictures, or drawn differently.
    """
    if ours.names != theirs.names or len(ours.drawn[name]) != len(theirs.drawn[name]):
        raise ValueError("the systems were measured on different pictures or draws")
    gap = ours.values[name].value - theirs.values[name].value
    return Value(gap, *_interval(ours.drawn[name] - theirs.drawn[name]))


def draws_of(count: int, draws: int, seed: int) -> list[NDArray[np.int64]]:
    """``draws`` times ``count`` row numbers drawn with replacement."""
    rng = np.random.default_rng(seed)
    return [rng.integers(0, count, count) for _ in range(draws if count else 0)]


def _shape_scores(shape: str, matches: Sequence[Match], confidence: float) -> dict[str, float]:
    precision = average_precision(matches)
    right, wrong, missed = operating(matches).at(confidence)
    return {
        f"{shape}_p": right / (right + wrong) if right + wrong else float("nan"),
        f"{shape}_r": right / (right + missed) if right + missed else float("nan"),
        f"{shape}_map50": precision.ap50,
        f"{shape}_map": precision.ap,
    }


def _main(rows: Sequence[Row]) -> list[Matches]:
    """The matches of masks where every picture has them, else those of boxes."""
    masks = [row.masks for row in rows if row.masks is not None]
    return masks if len(masks) == len(rows) else [row.boxes for row in rows]


def _by_size(shapes: Sequence[Matches], confidence: float) -> dict[str, dict[str, float]]:
    table = {}
    for number, name in enumerate(SIZES):
        matches = [shape[number] for shape in shapes]
        counts = operating(matches)
        right, _, missed = counts.at(confidence)
        table[name] = {
            "characters": float(counts.characters),
            "recall": right / (right + missed) if right + missed else float("nan"),
            "ap50": average_precision(matches).ap50,
        }
    return table


def _by_part(
    rows: Sequence[Row],
    confidence: float,
    part_of: Callable[[Row], str],
    parts: Any,
) -> dict[str, dict[str, float]]:
    table = {}
    for part in parts:
        chosen = [row for row in rows if part_of(row) == part]
        if not chosen:
            continue
        values = scores_of(chosen, confidence)
        table[part] = {
            "pictures": float(len(chosen)),
            "recall": values.get("mask_r", values["box_r"]),
            "ap50": values.get("mask_map50", values["box_map50"]),
            "iou": values.get("iou", float("nan")),
            "with detection": float(sum(row.found > 0 for row in chosen)),
        }
    return table


def _count_class(row: Row) -> str:
    return next(name for name, (low, high) in COUNTS.items() if low <= row.characters <= high)


def _groups(rows: Sequence[Row]) -> list[str]:
    return sorted({row.group for row in rows if row.group})


def _worst(rows: Sequence[Row]) -> tuple[int, ...]:
    """The pictures with the lowest IoU; with boxes only, those with most errors."""

    def goodness(row: Row) -> float:
        if row.pixels is not None:
            return row.pixels.iou
        return -abs(row.found - row.characters)

    ranked = sorted(range(len(rows)), key=lambda n: goodness(rows[n]))
    return tuple(ranked[:_WORST])


def _cost(measured: Measured) -> dict[str, float]:
    # The first picture pays for what is only done once.
    seconds = np.array([row.seconds for row in measured.rows[1:] or measured.rows])
    return {
        "seconds": float(np.median(seconds)) if len(seconds) else float("nan"),
        "seconds_95": float(np.percentile(seconds, 95)) if len(seconds) else float("nan"),
        "load_seconds": measured.load_seconds,
        "memory_mib": measured.peak_mib,
        "gpu_mib": measured.gpu_mib,
    }


def _interval(values: NDArray[np.float64]) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.percentile(known, (2.5, 97.5))
    return float(low), float(high)


def _mean(values: NDArray[Any]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
