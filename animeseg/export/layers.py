"""One file with a layer for every character: OpenRaster (Krita, GIMP) or PSD (Photoshop).

From the top: the characters, the first in front; the picture with its surroundings continued under
them, so that a character can be moved; and, hidden, the picture itself.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import cv2
import numpy as np

from animeseg.errors import MissingDependencyError
from animeseg.export.background import blend, without_characters
from animeseg.export.cutout import character_cutouts
from animeseg.files import encode_png

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.instances import Segmentation

    Pixels = NDArray[np.uint8]

_THUMBNAIL = 256


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer of a file.

    Attributes:
        name: shown in the list of layers.
        rgba: (h, w, 4) uint8, straight alpha.
        left: x of its left edge in the picture, in pixels.
        top: y of its upper edge.
        visible: whether it is shown when the file is opened.
    """

    name: str
    rgba: Pixels
    left: int = 0
    top: int = 0
    visible: bool = True


def layers_of(image: Pixels, result: Segmentation) -> Iterator[Layer]:
    """The layers of a result, topmost first.

    Args:
        image: (H, W, 3) uint8 RGB, the picture of ``result``.
        result: the characters.

    Raises:
        ValueError: the sizes differ.
    """
    for one in character_cutouts(image, result):
        yield Layer(f"{one.label} {one.number}", one.rgba, one.box[0], one.box[1])
    alpha = np.full(result.size, 255, np.uint8) if result.alpha is None else result.alpha
    yield Layer("background", np.dstack((without_characters(image, result), alpha)))
    yield Layer("picture", np.dstack((image, alpha)), visible=False)


def encode_layers(image: Pixels, result: Segmentation, layer_format: str) -> bytes:
    """The layers of a result as the bytes of a file.

    Args:
        image: (H, W, 3) uint8 RGB, the picture of ``result``.
        result: the characters.
        layer_format: ``ora`` or ``psd``.

    Raises:
        MissingDependencyError: psd-tools is not installed, or too old.
        ValueError: the sizes differ.
    """
    encode = {"ora": encode_openraster, "psd": encode_psd}[layer_format]
    return encode(list(layers_of(image, result)), result.size)


def encode_openraster(layers: list[Layer], size: tuple[int, int]) -> bytes:
    """An OpenRaster file (version 0.0.3, https://www.openraster.org).

    Args:
        layers: topmost first.
        size: (height, width) of the canvas.
    """
    merged = flattened(layers, size)
    stream = io.BytesIO()
    # The PNGs are compressed already; the specification wants the mimetype first and stored.
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        _add(archive, "mimetype", b"image/openraster")
        _add(archive, "stack.xml", _stack(layers, size))
        for number, layer in enumerate(layers):
            _add(archive, _source(number), encode_png(layer.rgba))
        _add(archive, "mergedimage.png", encode_png(merged))
        _add(archive, "Thumbnails/thumbnail.png", encode_png(_thumbnail(merged)))
    return stream.getvalue()


def encode_psd(layers: list[Layer], size: tuple[int, int]) -> bytes:
    """A Photoshop file; needs the package psd-tools.

    Args:
        layers: topmost first.
        size: (height, width) of the canvas.

    Raises:
        MissingDependencyError: psd-tools is not installed, or too old.
    """
    from PIL import Image

    height, width = size
    document = require_psd().new("RGB", (width, height))
    for layer in reversed(layers):
        made = document.create_pixel_layer(
            Image.fromarray(layer.rgba), name=layer.name, top=layer.top, left=layer.left
        )
        made.visible = layer.visible
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def require_psd() -> Any:
    """The class of psd-tools that writes Photoshop files.

    Raises:
        MissingDependencyError: psd-tools is not installed, or too old.
    """
    try:
        from psd_tools import PSDImage
    except ImportError as error:
        raise _no_psd(f"psd-tools cannot be imported ({error})") from error
    if not hasattr(PSDImage, "create_pixel_layer"):
        raise _no_psd("this psd-tools is too old to write layers")
    return PSDImage


def flattened(layers: list[Layer], size: tuple[int, int]) -> Pixels:
    """What is seen of ``layers`` (topmost first) on a canvas of ``size``: (H, W, 4) uint8 RGBA."""
    canvas = np.zeros((*size, 4), np.uint8)
    for layer in reversed([one for one in layers if one.visible]):
        high, wide = layer.rgba.shape[:2]
        part = canvas[layer.top : layer.top + high, layer.left : layer.left + wide]
        share, below = layer.rgba[:, :, 3], part[:, :, 3]
        colour = np.where(below[:, :, None] > 0, part[:, :, :3], layer.rgba[:, :, :3])
        part[:, :, :3] = blend(layer.rgba, np.ascontiguousarray(colour))
        part[:, :, 3] = cv2.add(share, cv2.multiply(below, 255 - share, scale=1 / 255))
    return canvas


def _stack(layers: list[Layer], size: tuple[int, int]) -> bytes:
    height, width = size
    root = ElementTree.Element("image", version="0.0.3", w=str(width), h=str(height))
    stack = ElementTree.SubElement(root, "stack")
    for number, layer in enumerate(layers):
        facts = {
            "name": layer.name,
            "src": _source(number),
            "x": str(layer.left),
            "y": str(layer.top),
            "opacity": "1.0",
            "visibility": "visible" if layer.visible else "hidden",
            "composite-op": "svg:src-over",
        }
        ElementTree.SubElement(stack, "layer", facts)
    text: bytes = ElementTree.tostring(root, "UTF-8", xml_declaration=True)
    return text


def _source(number: int) -> str:
    return f"data/layer{number:03}.png"


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    # A fixed date: the same picture gives the same bytes.
    archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)


def _thumbnail(merged: Pixels) -> Pixels:
    scale = _THUMBNAIL / max(merged.shape[:2])
    if scale >= 1:
        return merged
    size = max(1, round(merged.shape[1] * scale)), max(1, round(merged.shape[0] * scale))
    return np.asarray(cv2.resize(merged, size, interpolation=cv2.INTER_AREA), np.uint8)


def _no_psd(cause: str) -> MissingDependencyError:
    return MissingDependencyError(
        cause, "choose the layer format ora, or run `pip install psd-tools` (needs Pillow >= 10.3)"
    )
