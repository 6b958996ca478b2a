"""Reading corrections that were saved from the WebUI tab (`animeseg.export.corrections`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from animeseg.data.coco import annotation_of
from animeseg.data.entries import Entry
from animeseg.data.formats.source import decode, sample_of
from animeseg.data.writing import Sample
from animeseg.errors import BadDatasetError, BadImageError
from animeseg.export.corrections import CORRECTION_FORMAT, CORRECTION_VERSION
from animeseg.export.record import pixel_hash


class FromCorrections:
    """A folder of corrections as a source of training data.

    Args:
        folder: the corrections.

    Raises:
        BadDatasetError: no such folder, nothing in it, or class names that differ.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise BadDatasetError(f"{folder} is no folder", "check the path")
        self._files = sorted(folder.glob("*.json"))
        if not self._files:
            raise BadDatasetError(f"{folder} holds no corrections", "save some in the WebUI tab")
        bodies = (read_correction(path) for path in self._files)
        every = {tuple(str(kind["name"]) for kind in body["categories"]) for body in bodies}
        if len(every) > 1:
            raise BadDatasetError(f"{folder} mixes classes: {sorted(every)}", "divide it by class")
        self.names: tuple[str, ...] = every.pop()
        self.images = [f"{path.stem}.png" for path in self._files]

    def sample(self, row: int) -> Sample:
        """See `animeseg.data.formats.source.Source`; the picture must be the one that was saved."""
        path = self._files[row]
        body = read_correction(path)
        image = body["images"][0]
        size = int(image["height"]), int(image["width"])
        try:
            rows = [annotation_of(a, int(a["category_id"]) - 1, size) for a in body["annotations"]]
        except (ValueError, KeyError, TypeError) as error:
            raise BadDatasetError(f"{path}: {error}", "remove it, or correct it again") from error
        found = tuple(one for one in rows if one is not None)
        about = body["animeseg"]
        sources = {"provenance": about["provenance"], "edits": about["edits"]}
        entry = Entry(self.images[row], size[1], size[0], found, sources=sources)
        sample = sample_of(path.with_suffix(".png"), entry)
        if pixel_hash(decode(sample.data, entry.image)) != about["pixels_sha256"]:
            raise BadImageError(f"{path.with_suffix('.png')} was changed", "correct it again")
        return sample


def read_correction(path: Path) -> dict[str, Any]:
    """The content of a correction.

    Raises:
        BadDatasetError: damaged, or of a newer version.
    """
    try:
        body: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        about = body["animeseg"]
        known = about["format"] == CORRECTION_FORMAT and about["version"] <= CORRECTION_VERSION
        if not known or len(body["images"]) != 1 or not body["categories"]:
            raise ValueError(f"{str(about['format'])[:40]} {about['version']}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadDatasetError(f"{path} is no correction ({error})", "remove it") from error
    return body
