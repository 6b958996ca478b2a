"""The files of an answer: what was asked for, encoded and named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from animeseg.export.products import products
from animeseg.files import encode_png

if TYPE_CHECKING:
    from animeseg.instances import Segmentation
    from animeseg.webui.api.asked import Asked

MEDIA_TYPES = {
    "png": "image/png",
    "ora": "image/openraster",
    "psd": "image/vnd.adobe.photoshop",
}
"""By the extension of a file."""

_WITHOUT_COLOURS = ("mask", "character-masks")


@dataclass(frozen=True)
class Output:
    """One file.

    Attributes:
        kind: of product, as in `OutputOptions.outputs`.
        number: of the instance, from 1; None for a file about all of them.
        name: of the file, made here and not by the client.
        media_type: of the data.
        data: the file.
    """

    kind: str
    number: int | None
    name: str
    media_type: str
    data: bytes


def make_outputs(asked: Asked, result: Segmentation) -> Iterator[Output]:
    """The files that ``asked.output`` names.

    Raises:
        AnimesegError: one of them cannot be made here.
    """
    picture = asked.picture
    behind = None if asked.background is None else asked.background.rgb
    for product in products(picture.rgb, result, asked.output, behind):
        profile = None if product.kind in _WITHOUT_COLOURS else picture.icc_profile
        data = product.data
        if product.pixels is not None:
            data = encode_png(product.pixels, icc_profile=profile)
        name = f"{product.suffix}.{product.extension}"
        media_type = MEDIA_TYPES[product.extension]
        yield Output(product.kind, product.number, name, media_type, data or b"")
