"""Where the results of a picture go: one stem per picture, one file name per kind of output.

The directory structure of the pictures is mirrored below the output directory. A picture keeps its
stem (``a.png`` gives ``a.cutout.png``) unless another picture of its directory would get the same
one: then all of them keep their full names (``a.png.cutout.png``, ``a.jpg.cutout.png``). The name
depends on the directory's contents alone, neither on the order nor on the choice of pictures.
"""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

OUTPUTS = {
    "cutout": "all characters on transparency, straight alpha (PNG)",
    "mask": "the inpaint mask of all characters (PNG)",
    "characters": "a cut-out for every character (PNG)",
    "character-masks": "an inpaint mask for every character (PNG)",
    "overlay": "the picture with coloured, numbered masks (PNG)",
    "layers": "a layer for every character, for Krita and GIMP (OpenRaster)",
    "psd": "the same layers for Photoshop (needs `pip install psd-tools`)",
    "json": "boxes, scores, masks as COCO RLE, models, options (JSON)",
}
"""Every kind of output and what it is."""

DEFAULT_OUTPUTS = ("cutout", "mask", "json")

_TAILS = {
    "cutout": "cutout.png",
    "mask": "mask.png",
    "characters": "character-{}.png",
    "character-masks": "character-mask-{}.png",
    "overlay": "overlay.png",
    "layers": "layers.ora",
    "psd": "layers.psd",
    "json": "json",
}

# Most file systems end names at 255 bytes; the tail, and what a temporary file adds, need room.
_LONGEST_STEM = 220
_KEPT_STEM = 200


def folded(name: str) -> str:
    """``name`` as a file system sees it that ignores case and the form of accents."""
    return unicodedata.normalize("NFC", name).casefold()


def clashing_stems(names: Iterable[str]) -> dict[str, str]:
    """Stems of the pictures that cannot have their own, since a neighbour would get the same.

    With these and `own_stem` for all the others, no two pictures of a directory have equal stems,
    even on file systems that ignore case.

    Args:
        names: all file names of pictures in one directory, chosen or not.

    Returns:
        The stem by name, only for names that clash; their full names, as a rule.
    """
    listed = list(names)
    full = Counter(map(folded, listed))
    stems = Counter(folded(_stem(name)) for name in listed)
    changed = {}
    for name in listed:
        stem = _stem(name)
        if stems[folded(stem)] > 1 or (stem != name and folded(stem) in full):
            alone = full[folded(name)] == 1
            changed[name] = _shortened(name if alone else f"{name}~{_digest(name)}")
    return changed


def own_stem(name: str) -> str:
    """Stem of the results of a picture that shares its stem with no neighbour."""
    return _shortened(_stem(name))


def outsider_stem(name: str, pictures: Iterable[str]) -> str:
    """Stem for a file that does not end like a picture, beside ``pictures`` that do."""
    taken = {folded(form) for picture in pictures for form in (picture, _stem(picture))}
    return _shortened(name if folded(name) not in taken else f"{name}~{_digest(name)}")


def output_path(out: Path, key: str, kind: str, number: int | None = None) -> Path:
    """Where one output goes.

    Args:
        out: the output directory.
        key: the picture's stem with its mirrored directories, separated by ``/``.
        kind: one of `OUTPUTS`.
        number: of the character, from 1, for the kinds that write a file for each.
    """
    directories, _, stem = key.rpartition("/")
    return out / directories / f"{stem}.{_TAILS[kind].format(number)}"


def output_pattern(key: str, kind: str) -> tuple[str, str]:
    """What the names of a kind's files start and end with, ``key``'s directories left out."""
    head, _, tail = _TAILS[kind].partition("{}")
    stem = key.rpartition("/")[2]
    return f"{stem}.{head}", tail


def absolute(path: str | Path) -> Path:
    """``path`` from the root, without ``..``; links are not followed, the user's names are kept."""
    return Path(os.path.abspath(path))  # noqa: PTH100


def openable(path: Path, *, windows: bool = os.name == "nt") -> Path:
    """``path`` in a form that also opens where it is longer than the 260 of Windows' classic API.

    Args:
        path: any path.
        windows: whether the system is Windows; elsewhere paths are left as they are.
    """
    if not windows or len(full := str(absolute(path))) < 240 or full.startswith("\\\\"):
        return path
    return Path("\\\\?\\" + full)


def is_numbered(kind: str) -> bool:
    """Whether ``kind`` writes a file for every character."""
    return "{}" in _TAILS[kind]


def _stem(name: str) -> str:
    return Path(name).stem


def _shortened(stem: str) -> str:
    encoded = stem.encode("utf-8", "surrogatepass")
    if len(encoded) <= _LONGEST_STEM:
        return stem
    # Cutting bytes may split the last character; "ignore" drops what is left of it.
    return f"{encoded[:_KEPT_STEM].decode('utf-8', 'ignore')}~{_digest(stem)}"


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
