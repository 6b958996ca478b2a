"""Dividing a set into parts that share nobody and nothing: no picture of one tells about another.

Pictures are linked when they show the same identity or background, or are nearly the same. What is
linked, also over others, stays together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from animeseg.data import similar
from animeseg.data.dataset import Dataset
from animeseg.data.entries import Entry
from animeseg.data.formats.source import decode, distinct, read_bytes, sample_of
from animeseg.data.writing import Sample
from animeseg.errors import BadDatasetError

KEYS = ("identity", "background", "near")


@dataclass(frozen=True)
class Division:
    """Which picture goes where.

    Attributes:
        parts: by row.
        groups: how many groups of linked pictures there were.
        largest: pictures in the largest of them.
    """

    parts: tuple[str, ...]
    groups: int
    largest: int


def divide(
    dataset: Dataset,
    shares: Mapping[str, float],
    *,
    by: Sequence[str] = KEYS,
    near: int = similar.NEAR,
    seed: int = 0,
    tell: Callable[[int], None] = lambda count: None,
) -> Division:
    """Assigns every picture to a part.

    Args:
        dataset: the set.
        shares: of ``val`` and perhaps ``test``; the rest is ``train``.
        by: what links pictures, of `KEYS`.
        near: bits in which nearly equal pictures may differ.
        seed: of the choice among groups.
        tell: called with the number of pictures looked at.

    Raises:
        BadDatasetError: the pictures hang together too much to be divided.
    """
    keys: list[tuple[int, str]] = []
    hashes: list[str] = []
    for row in range(len(dataset)):
        entry = dataset.entry(row)
        keys += [(row, key) for key in _keys(entry, by)]
        if "near" in by:
            hashes.append(entry.phash or _hash_of(dataset.pictures[row].path))
        tell(row + 1)
    links = similar.links_by_key(keys) + (similar.near_pairs(hashes, near) if hashes else [])
    groups = similar.groups(len(dataset), links)
    parts = _assigned(groups, shares, len(dataset), seed)
    largest = max(len(group) for group in groups)
    missing = [part for part in shares if part not in parts]
    if missing or "train" not in parts:
        raise BadDatasetError(
            f"the pictures hang together in {len(groups)} groups, the largest of {largest} of "
            f"{len(dataset)}: no {', '.join(missing) or 'train'} can be taken off without a leak",
            "compose training and validation from different characters (synth --val), or link "
            "pictures by less (--by)",
        )
    return Division(tuple(parts), len(groups), largest)


class Divided:
    """A set with the parts of a division, as a source."""

    def __init__(self, dataset: Dataset, division: Division) -> None:
        self.names = dataset.names
        self._dataset = dataset
        bare = [p.name.removeprefix(f"{p.part}/") if p.part else p.name for p in dataset.pictures]
        self.images = distinct(
            [f"{part}/{name}" for part, name in zip(division.parts, bare, strict=True)]
        )

    def sample(self, row: int) -> Sample:
        """See `animeseg.data.formats.source.Source`."""
        entry = replace(self._dataset.entry(row), image=self.images[row])
        return sample_of(self._dataset.pictures[row].path, entry)


def _assigned(
    groups: Sequence[Sequence[int]], shares: Mapping[str, float], count: int, seed: int
) -> list[str]:
    """Groups in an order the seed decides fill the parts as long as they fit."""
    parts = ["train"] * count
    order = sorted(groups, key=lambda group: _shuffled(seed, group[0]))
    room = {part: max(1.0, share * count) for part, share in shares.items() if share > 0}
    left = count
    for group in order:
        for part in room:
            # A little too much is better than a part that stays empty.
            if len(group) <= room[part] * 1.1 and len(group) < left:
                for row in group:
                    parts[row] = part
                room[part] -= len(group)
                left -= len(group)
                break
    return parts


def _keys(entry: Entry, by: Sequence[str]) -> list[str]:
    keys = []
    if "identity" in by:
        keys += [f"who:{found.identity}" for found in entry.annotations if found.identity]
    if "background" in by:
        used = entry.sources.get("background", [])
        names = [used] if isinstance(used, str) else list(used)
        keys += [f"where:{name}" for name in names]
    return keys


def _hash_of(path: Path) -> str:
    return similar.perceptual_hash(decode(read_bytes(path), str(path)))


def _shuffled(seed: int, row: int) -> str:
    return hashlib.sha256(f"{seed}:{row}".encode()).hexdigest()
