"""Writing other formats than a set's own, picture by picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from animeseg.data.entries import stem_of
from animeseg.data.formats.cutouts import write_cutouts
from animeseg.data.formats.labelme import write_labelme
from animeseg.data.formats.masks import write_index
from animeseg.errors import AnimesegError, DiskFullError, MissingDependencyError, OutputError
from animeseg.files import write_file

if TYPE_CHECKING:
    from animeseg.data.formats.source import Source
    from animeseg.data.writing import Sample

TARGETS = ("labelme", "masks", "rgba", "voc")
"""What `write_files` writes; a set and YOLO boxes are made by `animeseg.data.writing`."""


def write_files(
    source: Source, out: Path, target: str, tell: Callable[[int], None]
) -> dict[str, str]:
    """Writes every picture of a source in another format; existing files are replaced whole.

    Returns:
        What failed, by name of the picture.

    Raises:
        DiskFullError, OutputError: nothing more can be written.
    """
    failed: dict[str, str] = {}
    for row, image in enumerate(source.images):
        try:
            _write(target, out, source.sample(row), source.names)
        except (DiskFullError, OutputError):
            raise
        except AnimesegError as error:
            failed[image] = str(error)
        tell(row + 1)
    return failed


def _write(target: str, out: Path, sample: Sample, names: Sequence[str]) -> None:
    if target == "labelme":
        write_labelme(out, sample, names)
    elif target == "masks":
        write_index(out / "masks", sample.entry)
        write_file(out / "images" / sample.entry.image, sample.data, overwrite=True)
    elif target == "rgba":
        write_cutouts(out, sample)
    else:
        _write_voc(out, sample, names)


def _write_voc(out: Path, sample: Sample, names: Sequence[str]) -> None:
    """Pascal VOC by supervision: boxes, and polygons as its writer adds them."""
    try:
        import supervision
        from supervision.dataset.formats.pascal_voc import detections_to_pascal_voc
    except ImportError as error:
        raise MissingDependencyError(
            "Pascal VOC needs supervision", "pip install 'animeseg[data]'"
        ) from error
    found = sample.entry.instances(tuple(names))
    image = sample.entry.image.replace("/", "_")  # supervision reads one folder without subfolders
    detections = supervision.Detections(
        xyxy=found.boxes, mask=found.masks if len(found) else None, class_id=found.labels
    )
    text = detections_to_pascal_voc(
        detections=detections,
        classes=list(names),
        filename=image,
        image_shape=(*sample.entry.size, 3),
    )
    path = out / "annotations" / f"{stem_of(image)}.xml"
    write_file(path, text.encode(), overwrite=True)
    write_file(out / "images" / image, sample.data, overwrite=True)
