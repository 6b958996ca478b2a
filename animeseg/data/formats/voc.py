"""Formats that supervision reads: Pascal VOC.

supervision holds the annotations of a whole set in memory, masks as arrays: fit for thousands of
pictures, not for a hundred thousand. The other formats here are read picture by picture.
"""

from __future__ import annotations

from pathlib import Path

from animeseg.data.entries import Annotation, Entry
from animeseg.data.formats.source import distinct, sample_of
from animeseg.data.writing import Sample
from animeseg.errors import BadDatasetError, MissingDependencyError


class FromVoc:
    """Pascal VOC: XML files with boxes, and polygons where they have them.

    Args:
        images: folder of the pictures.
        annotations: folder of the XML files.

    Raises:
        BadDatasetError: damaged, or no pictures.
        MissingDependencyError: supervision is not installed.
    """

    def __init__(self, images: Path, annotations: Path) -> None:
        try:
            import supervision
        except ImportError as error:
            raise MissingDependencyError(
                "Pascal VOC needs supervision", "pip install 'animeseg[data]'"
            ) from error
        try:
            self._set = supervision.DetectionDataset.from_pascal_voc(
                str(images), str(annotations), show_progress=False
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError, SyntaxError) as error:
            raise BadDatasetError(
                f"{annotations} cannot be read as Pascal VOC ({error})", "check the folder"
            ) from error
        if not self._set.image_paths:
            raise BadDatasetError(f"{images} holds no pictures", "check the folder")
        self._paths = sorted(Path(path) for path in self._set.image_paths)
        self._keys = {Path(path): path for path in self._set.image_paths}
        self.names = tuple(self._set.classes)
        self.images = distinct([path.relative_to(images).as_posix() for path in self._paths])

    def sample(self, row: int) -> Sample:
        """See `animeseg.data.formats.source.Source`."""
        from animeseg.data.pictures import picture_size

        path = self._paths[row]
        found = self._set.annotations[self._keys[path]]
        size = picture_size(path)
        annotations = []
        for number in range(len(found)):
            label = int(found.class_id[number])
            if found.mask is not None and found.mask[number].any():
                annotations.append(Annotation.of_mask(found.mask[number], label))
            else:
                x0, y0, x1, y1 = (float(value) for value in found.xyxy[number])
                annotations.append(Annotation(label, (x0, y0, x1, y1)))
        return sample_of(path, Entry(self.images[row], size[1], size[0], tuple(annotations)))
