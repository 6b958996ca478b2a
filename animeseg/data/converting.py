"""From any source into a set, taken up again after a kill."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animeseg.data.writing import SetWriter, write_sample
from animeseg.errors import AnimesegError, DiskFullError, OutputError

if TYPE_CHECKING:
    from animeseg.data.formats.source import Source


@dataclass
class Conversion:
    """How a conversion went.

    Attributes:
        written, kept: pictures made now, and those that were there already.
        failed: what could not be converted, by name.
    """

    written: int = 0
    kept: int = 0
    failed: dict[str, str] = field(default_factory=dict)


def convert(
    source: Source,
    out: Path,
    recipe: Mapping[str, Any],
    tell: Callable[[Conversion], None],
    *,
    tolerance: float = 0.0,
    boxes: bool = False,
) -> Conversion:
    """Writes a source as a set.

    Args:
        source: the pictures.
        out: folder of the set; an unfinished one of the same recipe is completed.
        recipe: what decides the result, ready for JSON.
        tell: called after every picture.
        tolerance: pixels that the labels' outlines may be off; 0 keeps every corner.
        boxes: write boxes into the labels; annotations.json and the manifest keep the masks.

    Raises:
        BadDatasetError: the folder holds something else.
        DiskFullError, OutputError: nothing more can be written; what is there is whole.
    """
    done = Conversion()
    with SetWriter(out, source.names, recipe) as writer:
        for row, image in enumerate(source.images):
            if writer.done(image):
                done.kept += 1
                tell(done)
                continue
            try:
                sample = source.sample(row)
                writer.add(write_sample(out, sample, tolerance=tolerance, boxes=boxes))
                done.written += 1
            except (DiskFullError, OutputError):
                raise
            except AnimesegError as error:
                done.failed[image] = str(error)
            tell(done)
        writer.finish(f"animeseg {recipe.get('command', 'convert')}")
    return done
