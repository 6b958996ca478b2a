"""Finding pictures that are nearly the same, by a perceptual hash.

The hash is the one known as pHash (Zauner 2010): the signs of the lowest frequencies of the grey
picture's cosine transform against their median, 64 bits. It hardly changes with size, compression
and small edits.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BLANK = re.compile("ffff(00[0-9a-f]{2}){3}")
SIDE = 32
LOW = 8
BITS = LOW * LOW
NEAR = 6
"""Pictures whose hashes differ in at most this many of 64 bits count as nearly the same."""


def perceptual_hash(rgb: NDArray[np.uint8]) -> str:
    """The hash of (H, W, 3) uint8 RGB as 16 hex digits.

    A picture of one colour has no frequencies to compare: its hash tells the colour instead, so
    that two blank pictures are alike only if they look alike.
    """
    small = cv2.resize(rgb, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    if np.ptp(grey) < 2:
        red, green, blue = (int(value) for value in small.reshape(-1, 3).mean(axis=0))
        return f"{0xFFFF << 48 | red << 32 | green << 16 | blue:016x}"
    low = cv2.dct(grey)[:LOW, :LOW].ravel()
    low[0] = 0.0  # brightness says nothing
    bits = low > np.median(low[1:])
    return f"{int(''.join('1' if bit else '0' for bit in bits), 2):016x}"


def is_blank(phash: str) -> bool:
    """Whether a hash is that of a picture of one colour, which tells nothing about others."""
    return bool(_BLANK.fullmatch(phash))


def distance(a: str, b: str) -> int:
    """In how many bits two hashes differ."""
    return (int(a, 16) ^ int(b, 16)).bit_count()


def near_pairs(hashes: Sequence[str], near: int = NEAR) -> list[tuple[int, int]]:
    """Rows of hashes that differ in at most ``near`` bits, each with a row before it.

    Equal hashes are linked in a chain, so that a thousand blank pictures give a thousand pairs and
    not half a million; blank ones are near equal ones only. Others are found in blocks: of
    ``near + 1`` blocks at least one is equal.
    """
    first: dict[int, int] = {}
    pairs: list[tuple[int, int]] = []
    previous: dict[int, int] = {}
    for row, text in enumerate(hashes):
        value = int(text, 16)
        if value in first:
            pairs.append((previous[value], row))
        first.setdefault(value, row)
        previous[value] = row
    pairs += _near_values({v: row for v, row in first.items() if not is_blank(f"{v:016x}")}, near)
    return sorted(pairs)


def groups(count: int, links: Iterable[tuple[int, int]]) -> list[list[int]]:
    """The connected components of rows 0 to ``count - 1``, each in order, by their first row."""
    parent = list(range(count))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    for a, b in links:
        low, high = sorted((root(a), root(b)))
        parent[high] = low
    members: dict[int, list[int]] = defaultdict(list)
    for row in range(count):
        members[root(row)].append(row)
    return [members[row] for row in sorted(members)]


def links_by_key(keys: Iterable[tuple[int, Hashable]]) -> list[tuple[int, int]]:
    """Links between rows that share a key, from (row, key) pairs; each to the one before it."""
    last: dict[Hashable, int] = {}
    links = []
    for row, key in keys:
        if key in last:
            links.append((last[key], row))
        last[key] = row
    return links


def _near_values(first: dict[int, int], near: int) -> list[tuple[int, int]]:
    cuts = np.linspace(0, BITS, near + 2).astype(int)
    found: set[tuple[int, int]] = set()
    for low, high in itertools.pairwise(cuts):
        mask = (1 << int(high - low)) - 1
        buckets: dict[int, list[int]] = defaultdict(list)
        for value in first:
            buckets[value >> int(low) & mask].append(value)
        for bucket in buckets.values():
            found.update(_pairs_in(bucket, first, near))
    return list(found)


def _pairs_in(values: list[int], first: dict[int, int], near: int) -> Iterable[tuple[int, int]]:
    array = np.array(values, np.uint64)
    for row in range(1, len(array)):
        changed = np.unpackbits((array[:row] ^ array[row]).view(np.uint8).reshape(-1, 8), axis=1)
        for other in np.flatnonzero(changed.sum(axis=1) <= near):
            a, b = first[values[int(other)]], first[values[row]]
            yield (a, b) if a < b else (b, a)
