"""What a set holds, in numbers; read picture by picture."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from animeseg.data.dataset import Dataset

COUNTS = ((0, 0), (1, 1), (2, 2), (3, 5), (6, 12), (13, 10**9))
SHARES = (0.0, 0.01, 0.05, 0.2, 0.5, 1.01)
SMALL, LARGE = 32**2, 96**2
"""COCO's limits of small and large areas, in pixels."""


def statistics(dataset: Dataset, tell: Callable[[int], None]) -> dict[str, Any]:
    """The numbers of a set, ready for JSON.

    Args:
        dataset: the set.
        tell: called with the number of pictures looked at.
    """
    parts: Counter[str] = Counter()
    classes: Counter[str] = Counter()
    per_picture: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    shares: Counter[str] = Counter()
    coco: Counter[str] = Counter()
    identities: set[str] = set()
    cut = crowd = boxes = 0
    pixels: list[int] = []
    for row, picture in enumerate(dataset.pictures):
        entry = dataset.entry(row)
        parts[picture.part or "all"] += 1
        sizes[f"{entry.width}x{entry.height}"] += 1
        per_picture[_bin(len(entry.annotations))] += 1
        for found in entry.annotations:
            mask = found.mask(entry.size)
            area = int(np.count_nonzero(mask))
            pixels.append(area)
            classes[dataset.names[found.label]] += 1
            shares[_share(area / mask.size)] += 1
            coco["small" if area < SMALL else "large" if area >= LARGE else "medium"] += 1
            border = mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any()
            cut += int(border)
            crowd += int(found.crowd)
            boxes += int(found.counts is None)
            identities |= {found.identity} if found.identity else set()
        tell(row + 1)
    return {
        "pictures": len(dataset),
        "parts": dict(sorted(parts.items())),
        "annotations": len(pixels),
        "classes": dict(classes.most_common()),
        "per_picture": {_name(low, high): per_picture[_name(low, high)] for low, high in COUNTS},
        "area_share": {key: shares[key] for key in map(_share, SHARES[:-1])},
        "coco_area": {key: coco[key] for key in ("small", "medium", "large")},
        "median_area": int(np.median(pixels)) if pixels else 0,
        "touching_border": cut,
        "crowd": crowd,
        "boxes_only": boxes,
        "identities": len(identities),
        "sizes": dict(sizes.most_common(8)),
    }


def table(numbers: dict[str, Any]) -> str:
    """The numbers as text, one line each, lists indented."""
    lines = []
    for key, value in numbers.items():
        title = key.replace("_", " ")
        if isinstance(value, dict):
            lines.append(f"{title}:")
            total = max(sum(value.values()), 1)
            lines += [
                f"  {name:<18}{count:>9}  {100 * count / total:5.1f} %"
                for name, count in value.items()
            ]
        else:
            lines.append(f"{title:<20}{value:>9}")
    return "\n".join(lines)


def _bin(count: int) -> str:
    return next(_name(low, high) for low, high in COUNTS if low <= count <= high)


def _name(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}-{high}" if high < 10**9 else f"{low}+"


def _share(value: float) -> str:
    for low, high in itertools.pairwise(SHARES):
        if low <= value < high:
            return f"{low:.0%} to {min(high, 1.0):.0%}"
    return "100 %"
