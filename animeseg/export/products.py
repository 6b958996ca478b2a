"""The one list of what a user asked to have made of a picture, for every front end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from animeseg.export.background import on_background
from animeseg.export.cutout import character_cutouts
from animeseg.export.layers import encode_layers
from animeseg.export.overlay import overlay
from animeseg.masks import inpaint_mask

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.instances import Segmentation
    from animeseg.options import OutputOptions

    Pixels = NDArray[np.uint8]
    Maker = Callable[
        [NDArray[np.uint8], Segmentation, OutputOptions, NDArray[np.uint8] | None],
        Iterator["Product"],
    ]


@dataclass(frozen=True, eq=False)
class Product:
    """One thing made of a picture: pixels, or the bytes of a file.

    Attributes:
        kind: of the outputs: ``mask``, ``cutout``, ``characters``, ``character-masks``,
            ``overlay`` or ``layers``.
        suffix: for file names and captions: ``cutout``, ``character-1``, ...
        number: of the character, from 1, for the kinds that make one for each.
        pixels: (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGBA with straight alpha, uint8; None for a
            file.
        data: the bytes of a file; None for pixels.
        extension: of a file that holds it: ``png``, ``ora`` or ``psd``.
    """

    kind: str
    suffix: str
    number: int | None = None
    pixels: Pixels | None = None
    data: bytes | None = None
    extension: str = "png"


def products(
    image: Pixels,
    result: Segmentation,
    output: OutputOptions,
    picture: Pixels | None = None,
) -> Iterator[Product]:
    """What ``output`` asks for, one at a time, always in the same order.

    The order is that of the choices of ``output.outputs``, not the one they were picked in.

    Args:
        image: (H, W, 3) uint8 RGB, the picture of ``result``.
        result: the characters.
        output: what is to be made.
        picture: (h, w, 3) uint8 RGB, for the background ``picture``.

    Raises:
        OptionError: the background is a picture and none is given.
        MissingDependencyError: layers for Photoshop without psd-tools.
        ValueError: the sizes differ.
    """
    for kind, make in _MAKERS.items():
        if kind in output.outputs:
            yield from make(image, result, output, picture)


def _mask(
    _: Pixels, result: Segmentation, __: OutputOptions, ___: Pixels | None
) -> Iterator[Product]:
    yield Product("mask", "mask", pixels=inpaint_mask(result.masked, result.options))


def _cutout(
    image: Pixels, result: Segmentation, output: OutputOptions, picture: Pixels | None
) -> Iterator[Product]:
    yield Product("cutout", "cutout", pixels=on_background(image, result, output, picture))


def _characters(
    image: Pixels, result: Segmentation, _: OutputOptions, __: Pixels | None
) -> Iterator[Product]:
    for one in character_cutouts(image, result):
        yield Product("characters", f"character-{one.number}", one.number, one.rgba)


def _character_masks(
    _: Pixels, result: Segmentation, __: OutputOptions, ___: Pixels | None
) -> Iterator[Product]:
    for number, one in enumerate(result.instances, 1):  # one at a time: they are full-size
        pixels = inpaint_mask(one, result.options)
        yield Product("character-masks", f"character-mask-{number}", number, pixels)


def _overlay(
    image: Pixels, result: Segmentation, _: OutputOptions, __: Pixels | None
) -> Iterator[Product]:
    yield Product("overlay", "overlay", pixels=overlay(image, result.instances))


def _layers(
    image: Pixels, result: Segmentation, output: OutputOptions, _: Pixels | None
) -> Iterator[Product]:
    data = encode_layers(image, result, output.layer_format)
    yield Product("layers", "layers", data=data, extension=output.layer_format)


_MAKERS: dict[str, Maker] = {
    "mask": _mask,
    "cutout": _cutout,
    "characters": _characters,
    "character-masks": _character_masks,
    "overlay": _overlay,
    "layers": _layers,
}
