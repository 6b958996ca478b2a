"""From an expression and what is found in a picture to the instances it stands for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from animeseg.instances import Instances
from animeseg.targets.grammar import Combined, Expression, Inverse, Name, Node, Picked
from animeseg.targets.picks import pick

if TYPE_CHECKING:
    from numpy.typing import NDArray

REST = "background"
"""Class name of what ``!`` gives."""


class Finder(Protocol):
    """Finds instances of a kind in one picture; asked once or more for each kind."""

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the picture."""
        ...

    def find(self, kind: str) -> Instances:
        """Every instance of ``kind``, in the order they are numbered in.

        Args:
            kind: ``character``, ``face``, ``hand``, or the name of a class of the detector.

        Raises:
            AnimesegError: nothing here can find that kind, or a model is missing.
        """
        ...


def evaluate(expression: Expression, finder: Finder) -> Instances:
    """The instances that ``expression`` stands for in the picture of ``finder``.

    Args:
        expression: from `animeseg.targets.parse`.
        finder: of one picture.

    Returns:
        In the order of the left side of each combination. A row that a picture does not have
        (``character[3]`` of two) gives no instance, and neither does an empty mask.

    Raises:
        AnimesegError: from the finder.
    """
    return _value(expression.root, finder)


def _value(node: Node, finder: Finder) -> Instances:
    if isinstance(node, Name):
        return finder.find(node.kind)
    if isinstance(node, Picked):
        return _picked(_value(node.of, finder), node.index)
    if isinstance(node, Inverse):
        return _inverse(_value(node.of, finder), finder.size)
    return _combined(node, _value(node.left, finder), _value(node.right, finder))


def _picked(found: Instances, index: tuple[int, ...] | slice | str) -> Instances:
    count = len(found)
    if isinstance(index, str):
        row = pick(found, index)
        return found[[] if row is None else [row]]
    if isinstance(index, slice):
        return found[index]
    rows = (row + count if row < 0 else row for row in index)
    return found[list(dict.fromkeys(row for row in rows if 0 <= row < count))]


def _inverse(found: Instances, size: tuple[int, int]) -> Instances:
    rest = ~found.union() if len(found) else np.ones(size, np.bool_)
    return _without_empty(Instances.from_masks(rest[None], names=(REST,)))


def _combined(node: Combined, left: Instances, right: Instances) -> Instances:
    if node.sign == "|":
        return joined(left, right)
    if not len(left):
        return left
    other = right.union() if len(right) else np.zeros(left.size, np.bool_)
    return _without_empty(left.with_masks(left.masks & (~other if node.sign == "-" else other)))


def joined(first: Instances, second: Instances) -> Instances:
    """The instances of both, those of ``first`` before the others; the same mask counts once."""
    if not len(second):
        return first
    if not len(first):
        return second
    rows = [row for row, mask in enumerate(second.masks) if not _has(first, mask)]
    second = second[rows]
    names = tuple(dict.fromkeys((*first.names, *second.names)))
    labels = [names.index(name) for name in first.label_names() + second.label_names()]
    return Instances(
        boxes=np.concatenate([first.boxes, second.boxes]),
        masks=np.concatenate([first.masks, second.masks]),
        scores=np.concatenate([first.scores, second.scores]),
        labels=np.array(labels, np.int64),
        names=names,
    )


def _has(instances: Instances, mask: NDArray[np.bool_]) -> bool:
    return any(np.array_equal(mask, other) for other in instances.masks)


def _without_empty(instances: Instances) -> Instances:
    kept = np.flatnonzero(instances.masks.any(axis=(1, 2)))
    shown = instances if len(kept) == len(instances) else instances[kept]
    return replace(shown, alphas=None)
