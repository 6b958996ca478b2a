"""Characters as RGBA pictures: their alpha is the mask; and masks as cut-outs again."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from animeseg.data.entries import Annotation, Entry, stem_of
from animeseg.data.formats.source import decode, distinct
from animeseg.data.pictures import pictures_in
from animeseg.data.similar import perceptual_hash
from animeseg.data.synth.material import identity_rule
from animeseg.data.synth.pixels import read_rgba
from animeseg.data.writing import Sample
from animeseg.errors import BadDatasetError, BadImageError
from animeseg.files import encode_png, write_file

WHITE = (255, 255, 255)


class FromCutouts:
    """RGBA pictures, each one character, laid on one colour.

    Args:
        folder: of the pictures.
        colour: RGB of the ground.
        threshold: alpha from which a pixel is inside. The published conversion took every alpha
            above 0, which 1 does.
        identity: pattern that says who is shown, as in ``synth``.

    Raises:
        BadDatasetError: no such folder, or no pictures.
    """

    def __init__(
        self,
        folder: Path,
        *,
        colour: tuple[int, int, int] = WHITE,
        threshold: int = 128,
        identity: str | None = None,
    ) -> None:
        self.names = ("character",)
        self._colour = np.array(colour, np.float32)
        self._threshold = threshold
        if not folder.is_dir():
            raise BadDatasetError(f"{folder} is no folder", "check the path")
        self._paths = list(pictures_in(folder))
        if not self._paths:
            raise BadDatasetError(f"{folder} holds no pictures", "give a folder of RGBA PNG files")
        rule = identity_rule(identity, folder)
        self._who = [rule(path) for path in self._paths]
        names = distinct([path.relative_to(folder).as_posix() for path in self._paths])
        self.images = [f"{stem_of(name)}.png" for name in names]

    def sample(self, row: int) -> Sample:
        """See `animeseg.data.formats.source.Source`."""
        rgba = read_rgba(self._paths[row])
        inside = rgba[..., 3] >= self._threshold
        if not inside.any():
            raise BadImageError(f"{self._paths[row]} is transparent throughout", "remove it")
        share = rgba[..., 3:].astype(np.float32) / 255
        rgb = np.rint(rgba[..., :3] * share + self._colour * (1 - share)).astype(np.uint8)
        found = Annotation.of_mask(inside, identity=self._who[row])
        height, width = inside.shape
        entry = Entry(self.images[row], width, height, (found,), phash=perceptual_hash(rgb))
        return Sample(entry, encode_png(rgb))


def write_cutouts(out: Path, sample: Sample) -> None:
    """Writes every character of a picture as ``STEM-K.png``, cut to its box, alpha 0 or 255."""
    entry = sample.entry
    rgb = decode(sample.data, entry.image)
    kept = [found for found in entry.annotations if not found.crowd]
    for number, found in enumerate(kept, start=1):
        mask = found.mask(entry.size)
        x0, y0, x1, y1 = (int(value) for value in found.box)
        rgba = np.dstack([rgb, mask.astype(np.uint8) * 255])[y0:y1, x0:x1]
        rgba = np.where(rgba[..., 3:] > 0, rgba, 0).astype(np.uint8)
        path = out / f"{stem_of(entry.image)}-{number}.png"
        write_file(path, encode_png(np.ascontiguousarray(rgba)), overwrite=True)
