"""Several sets as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from animeseg.data.dataset import Dataset
from animeseg.data.entries import Entry
from animeseg.data.formats.source import distinct, read_bytes, sample_of
from animeseg.data.writing import Sample
from animeseg.errors import BadDatasetError


class Merged:
    """Sets side by side: the pictures of each under a folder of its own, classes joined by name.

    Args:
        datasets: name and set; the name becomes the folder below the part.
        drop_duplicates: of pictures with the same bytes only the first is taken.

    Attributes:
        dropped: how many were not taken.
    """

    def __init__(
        self, datasets: Sequence[tuple[str, Dataset]], *, drop_duplicates: bool = True
    ) -> None:
        if len({name for name, _ in datasets}) < len(datasets):
            raise BadDatasetError("two of the sets have one name", "rename one of the folders")
        self.names = tuple(dict.fromkeys(name for _, one in datasets for name in one.names))
        self._rows: list[tuple[Dataset, int]] = []
        wanted, seen, self.dropped = [], set(), 0
        for folder, dataset in datasets:
            for row, picture in enumerate(dataset.pictures):
                if drop_duplicates:
                    key = _digest(dataset, row)
                    if key in seen:
                        self.dropped += 1
                        continue
                    seen.add(key)
                bare = picture.name.removeprefix(f"{picture.part}/")
                head = f"{picture.part}/{folder}" if picture.part else folder
                wanted.append(f"{head}/{bare}")
                self._rows.append((dataset, row))
        self.images = distinct(wanted)

    def sample(self, row: int) -> Sample:
        """See `animeseg.data.formats.source.Source`."""
        dataset, number = self._rows[row]
        entry = self._renamed(dataset.entry(number), dataset)
        return sample_of(dataset.pictures[number].path, replace(entry, image=self.images[row]))

    def _renamed(self, entry: Entry, dataset: Dataset) -> Entry:
        annotations = tuple(
            replace(found, label=self.names.index(dataset.names[found.label]))
            for found in entry.annotations
        )
        return replace(entry, annotations=annotations)


def _digest(dataset: Dataset, row: int) -> bytes:
    import hashlib

    return hashlib.sha256(read_bytes(dataset.pictures[row].path)).digest()
