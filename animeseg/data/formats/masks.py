"""Masks as pictures: index maps, plain masks, and the palette masks of the AniSeg set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from animeseg.data.entries import Annotation, Entry, stem_of
from animeseg.data.formats.source import components, distinct, grey_png, sample_of
from animeseg.data.pictures import encode_grey, pictures_in
from animeseg.data.writing import Sample
from animeseg.errors import BadDatasetError, BadImageError
from animeseg.files import write_file

if TYPE_CHECKING:
    from collections.abc import Sequence

KINDS = ("values", "one", "components")
"""How a mask tells characters apart: by its values, not at all, or by their being apart."""

HALF = 128


class FromMasks:
    """Pictures and, under the same stems, masks.

    Args:
        images: folder of the pictures.
        masks: folder of the masks.
        kind: one of `KINDS`. By values, every value but 0 is a character of its own; otherwise
            what is at least half white is inside.
        values: with ``components``: the values that are inside, in place of half white.
        smallest: parts of less area, in pixels, are left out.

    Raises:
        BadDatasetError: no pictures, or none with a mask.
    """

    def __init__(
        self,
        images: Path,
        masks: Path,
        *,
        kind: str = "values",
        values: Sequence[int] = (),
        smallest: float = 1,
    ) -> None:
        for folder in (images, masks):
            if not folder.is_dir():
                raise BadDatasetError(f"{folder} is no folder", "check the path")
        self.names = ("character",)
        self._kind, self._values, self._smallest = kind, list(values), smallest
        found = {stem_of(path.relative_to(masks).as_posix()): path for path in pictures_in(masks)}
        wanted = {path.relative_to(images).as_posix(): path for path in pictures_in(images)}
        missing = [name for name in wanted if stem_of(name) not in found]
        if not wanted or len(missing) == len(wanted):
            raise BadDatasetError(
                f"no picture of {images} has a mask in {masks}", "they need the same names"
            )
        self.images = distinct(list(wanted))
        self._paths = list(wanted.values())
        self._masks = [found.get(stem_of(name)) for name in wanted]

    def sample(self, row: int) -> Sample:
        """See `animeseg.data.formats.source.Source`."""
        path, mask = self._paths[row], self._masks[row]
        if mask is None:
            raise BadImageError(f"{path} has no mask", "add it, or remove the picture")
        values = grey_png(mask)
        annotations = tuple(Annotation.of_mask(part) for part in self._parts(values))
        height, width = values.shape
        return sample_of(path, Entry(self.images[row], width, height, annotations))

    def _parts(self, values: np.ndarray) -> list[np.ndarray]:
        if self._kind == "values":
            chosen = [value for value in np.unique(values) if value]
            parts = [values == value for value in chosen]
        else:
            inside = np.isin(values, self._values) if self._values else values >= HALF
            if self._kind == "components":
                return components(inside, self._smallest)
            parts = [inside]
        return [part for part in parts if np.count_nonzero(part) >= max(self._smallest, 1)]


def aniseg(images: Path, masks: Path) -> FromMasks:
    """The AniSeg set: palette masks of 0, 31 and 255, where all but 0 is character.

    They do not tell characters apart; like the published conversion, parts that touch become one,
    from an area of one pixel on.
    """
    return FromMasks(images, masks, kind="components", values=range(1, 256), smallest=1)


def write_index(out: Path, entry: Entry) -> None:
    """Writes an index map: 0 background, k the k-th character, later ones over earlier ones.

    Raises:
        BadDatasetError: more characters than 8 bits can count.
    """
    kept = [found for found in entry.annotations if not found.crowd]
    if len(kept) > 255:
        raise BadDatasetError(f"{entry.image} has {len(kept)} characters", "at most 255 fit")
    index = np.zeros(entry.size, np.uint8)
    for number, found in enumerate(kept, start=1):
        index[found.mask(entry.size)] = number
    write_file(out / f"{stem_of(entry.image)}.png", encode_grey(index), overwrite=True)
