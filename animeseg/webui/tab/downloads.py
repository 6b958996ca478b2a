"""Files made of a session's result at full size, for downloading and for other tabs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from animeseg.errors import BadImageError
from animeseg.export import encode_record, make_record
from animeseg.export.background import on_background
from animeseg.export.layers import encode_layers
from animeseg.files import write_file, write_png
from animeseg.masks import inpaint_mask

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.images import Picture
    from animeseg.instances import Segmentation
    from animeseg.options import OutputOptions
    from animeseg.webui.tab.session import Session

    Pixels = NDArray[np.uint8]

STEM = "animeseg"


def finished(session: Session) -> tuple[Picture, Segmentation]:
    """The picture and its result.

    Raises:
        BadImageError: there is none yet.
    """
    if session.picture is None or session.result is None:
        raise BadImageError("there is no result yet", "drop a picture on the left")
    return session.picture, session.result


def cutout_pixels(session: Session, output: OutputOptions, behind: Pixels | None) -> Pixels:
    """The characters on their background: (H, W, 4) RGBA or (H, W, 3) RGB."""
    picture, result = finished(session)
    return on_background(picture.rgb, result, output, behind)


def mask_pixels(session: Session) -> Pixels:
    """The inpaint mask: (H, W) uint8."""
    _, result = finished(session)
    return inpaint_mask(result.instances, result.options)


def _png(pixels: Pixels, path: Path) -> Path:
    write_png(path, pixels, overwrite=True)
    return path


def _cutout(session: Session, output: OutputOptions, behind: Pixels | None, folder: Path) -> Path:
    return _png(cutout_pixels(session, output, behind), folder / f"{STEM}-cutout.png")


def _mask(session: Session, _: OutputOptions, __: Pixels | None, folder: Path) -> Path:
    return _png(mask_pixels(session), folder / f"{STEM}-mask.png")


def _layers(session: Session, output: OutputOptions, _: Pixels | None, folder: Path) -> Path:
    picture, result = finished(session)
    path = folder / f"{STEM}-layers.{output.layer_format}"
    write_file(path, encode_layers(picture.rgb, result, output.layer_format), overwrite=True)
    return path


def _record(session: Session, _: OutputOptions, __: Pixels | None, folder: Path) -> Path:
    picture, result = finished(session)
    path = folder / f"{STEM}-record.json"
    record = make_record(result, picture.rgb, f"{STEM}.png")
    write_file(path, encode_record(record), overwrite=True)
    return path


Maker = Callable[["Session", "OutputOptions", "Pixels | None", Path], Path]

FILES: dict[str, Maker] = {"png": _cutout, "mask": _mask, "layers": _layers, "json": _record}
"""What can be downloaded."""


def make_file(kind: str, session: Session, output: OutputOptions, behind: Pixels | None) -> Path:
    """Writes one of `FILES` into the session's folder; an older one of that name is replaced.

    Raises:
        BadImageError: there is no result yet.
        AnimesegError: it cannot be made (a package is missing), or not be written.
    """
    folder = session.folder / "downloads"
    folder.mkdir(exist_ok=True)
    return FILES[kind](session, output, behind, folder)
