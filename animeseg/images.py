"""The only gate through which bytes become an image, and the way pictures are written.

What the gate promises, whatever else runs in the process:

- Formats are a short list (PNG, JPEG, WebP, BMP, GIF, TIFF): what people keep pictures in. Pillow's
  other decoders (FITS, PSD, EPS, ...) are rarely used and have had most of its security faults, so
  they are never reached. The decoder is chosen by the first bytes of the data, never by the name.
- Sizes are checked from the header before anything is decoded, against our own limits.
  What ``PIL.Image.MAX_IMAGE_PIXELS`` is set to plays no part: other extensions switch it off.
- The decoders are called directly, not through ``PIL.Image.open``: ultralytics replaces that
  function for the whole process by one that answers an unknown format by running pip.
- A damaged file is an error even where another extension set ``LOAD_TRUNCATED_IMAGES``.
"""

from __future__ import annotations

import io
import re
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from animeseg import limits
from animeseg.errors import (
    BadImageError,
    ImageTooLargeError,
    ImageTooSmallError,
    UnsupportedImageError,
)
from animeseg.files import write_file, write_png
from animeseg.instances import Note
from animeseg.pixels import orientation_of, rgb_profile_of, upright_arrays

Encoded = bytes | bytearray | memoryview | BinaryIO
Source = str | PathLike[str] | Encoded | Image.Image | NDArray[Any]
"""Everything that `read_image` takes."""

__all__ = ["ImageLimits", "Picture", "Source", "read_image", "write_file", "write_png"]

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")

_DECODERS: tuple[tuple[re.Pattern[bytes], type[ImageFile.ImageFile]], ...] = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), PngImagePlugin.PngImageFile),
    (re.compile(rb"\xff\xd8\xff"), JpegImagePlugin.JpegImageFile),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), WebPImagePlugin.WebPImageFile),
    (re.compile(rb"BM"), BmpImagePlugin.BmpImageFile),
    (re.compile(rb"GIF8[79]a"), GifImagePlugin.GifImageFile),
    (re.compile(rb"II[\x2a\x2b]\0|MM\0[\x2a\x2b]"), TiffImagePlugin.TiffImageFile),
)

_URL = re.compile(r"\s*(?:(?:https?|ftps?|file|data|blob|s3|gs):|[a-z][a-z0-9+.-]+://)", re.I)

# Everything Pillow's decoders were seen to raise on damaged data, besides their own errors.
_DECODER_FAULTS = (
    OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, AttributeError,
    ArithmeticError, AssertionError, RuntimeError, struct.error, zlib.error,
)  # fmt: skip

_pillow_settings = threading.Lock()


@dataclass(frozen=True)
class ImageLimits:
    """What the gate lets through.

    Attributes:
        max_bytes: largest encoded size, in bytes.
        max_pixels: largest width x height.
        max_side: largest side, in pixels.
        min_side: smallest side, in pixels; smaller pictures are refused, not padded.
    """

    max_bytes: int = limits.MAX_IMAGE_BYTES
    max_pixels: int = limits.MAX_IMAGE_PIXELS
    max_side: int = limits.MAX_IMAGE_SIDE
    min_side: int = limits.MIN_IMAGE_SIDE

    def check_size(self, width: int, height: int) -> None:
        """Raises `ImageTooLargeError` or `ImageTooSmallError` unless the size is accepted."""
        shown = f"the picture has {width} x {height} pixels"
        if width * height > self.max_pixels or max(width, height) > self.max_side:
            raise ImageTooLargeError(
                f"{shown}, accepted are {self.max_pixels:,} in all and {self.max_side:,} a side",
                "scale it down first",
            )
        if min(width, height) < self.min_side:
            raise ImageTooSmallError(
                f"{shown}, each side must have at least {self.min_side}", "use a larger picture"
            )

    def check_bytes(self, count: int) -> None:
        """Raises `ImageTooLargeError` for more than ``max_bytes``."""
        if count > self.max_bytes:
            raise ImageTooLargeError(
                f"the picture has more than {self.max_bytes:,} bytes", "save it smaller first"
            )


DEFAULT_LIMITS = ImageLimits()


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded picture.

    Attributes:
        rgb: (H, W, 3) uint8 RGB, upright, colour straight.
        alpha: (H, W) uint8 as given, or None.
        format: ``PNG``, ``JPEG``, ...; ``array`` for an array; what Pillow says for its images.
        frames: number of frames or pages; ``rgb`` is the first (of a Pillow image, the current).
        notes: what the reader should know, for example that further frames were left out.
        icc_profile: embedded RGB colour profile, for writing the same colours again.
    """

    rgb: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None = None
    format: str = "array"
    frames: int = 1
    notes: tuple[Note, ...] = ()
    icc_profile: bytes | None = None

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        return int(self.rgb.shape[0]), int(self.rgb.shape[1])


def read_image(source: Source, *, accept: ImageLimits = DEFAULT_LIMITS) -> Picture:
    """Reads a picture.

    Args:
        source: a path, encoded bytes, an open binary file, a Pillow image, or a uint8 array
            (H, W), (H, W, 3) RGB or (H, W, 4) RGBA. Arrays are not copied where they need no
            change. URLs are never opened.
        accept: the limits.

    Returns:
        The picture. Of an animation or a file of several pages it is the first one, and a note
        says so; see `animeseg.pixels.upright_arrays` for the conversion of every mode.

    Raises:
        BadImageError: no such file, damaged or truncated data, a wrong array.
        UnsupportedImageError: another format, a URL.
        ImageTooLargeError: too many bytes or pixels; nothing was decoded.
        ImageTooSmallError: a side below ``accept.min_side``.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source, accept)
    if isinstance(source, Image.Image):
        accept.check_size(*source.size)
        with _strict_pillow(accept.max_pixels), _explained():
            return _converted(source)
    if isinstance(source, bytes | bytearray | memoryview):
        accept.check_bytes(len(source))
        return _from_stream(io.BytesIO(source), accept)
    if hasattr(source, "read"):
        data = source.read(accept.max_bytes + 1)
        if not isinstance(data, bytes):
            raise BadImageError("the file is open as text", "open it in binary mode ('rb')")
        return read_image(data, accept=accept)
    return _from_path(source, accept)


def _from_path(source: str | PathLike[str], accept: ImageLimits) -> Picture:
    try:
        path = Path(source)
    except TypeError as error:
        raise BadImageError(
            f"cannot read a picture from a {type(source).__name__}",
            "give a path, bytes, an open binary file, a Pillow image or a uint8 array",
        ) from error
    if _URL.match(str(source)):
        raise UnsupportedImageError(
            "URLs are not opened", "save the picture first and give its path or its bytes"
        )
    try:
        if not path.is_file():
            state = "is not a file" if path.exists() else "does not exist"
            raise BadImageError(f"{path} {state}", "check the path")
        with path.open("rb") as stream:
            accept.check_bytes(path.stat().st_size)
            return _from_stream(stream, accept)
    except BadImageError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or error
        raise BadImageError(f"cannot open {path}: {reason}", "check the path") from error


def _from_array(array: NDArray[Any], accept: ImageLimits) -> Picture:
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or channels not in (1, 3, 4):
        raise BadImageError(
            f"got an array of {array.dtype} {array.shape}",
            "give uint8 (H, W), (H, W, 3) RGB or (H, W, 4) RGBA; OpenCV's BGR must be reversed",
        )
    accept.check_size(array.shape[1], array.shape[0])
    if channels == 1:
        return Picture(np.repeat(array.reshape(*array.shape[:2], 1), 3, axis=2))
    alpha = np.ascontiguousarray(array[:, :, 3]) if channels == 4 else None
    return Picture(np.ascontiguousarray(array[:, :, :3]), alpha)


def _from_stream(stream: BinaryIO, accept: ImageLimits) -> Picture:
    head = stream.read(32)
    stream.seek(0)
    decoder = next((decoder for magic, decoder in _DECODERS if magic.match(head)), None)
    if decoder is None:
        raise UnsupportedImageError(
            "the data is not a picture of an accepted format" if head else "the data is empty",
            f"accepted are {', '.join(FORMATS)}",
        )
    if decoder is WebPImagePlugin.WebPImageFile and (size := _webp_size(head)):
        accept.check_size(*size)  # its decoder allocates the canvas when it is made
    with _strict_pillow(accept.max_pixels), _explained():
        image = decoder(stream)
        accept.check_size(*image.size)
        return _converted(image)


def _converted(image: Image.Image) -> Picture:
    frames = int(getattr(image, "n_frames", 1))
    image.load()
    notes: tuple[Note, ...] = ()
    if frames > 1:
        notes = (Note("first_frame", f"frame {image.tell() + 1} of {frames}; the others are left"),)
    rgb, alpha, lost = upright_arrays(image, orientation_of(image))
    kind = image.format or "image"
    return Picture(rgb, alpha, kind, frames, notes + lost, rgb_profile_of(image))


def _webp_size(head: bytes) -> tuple[int, int] | None:
    """(width, height) of the canvas from a WebP header (RFC 9649), None if it is damaged."""
    kind = head[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        bits = int.from_bytes(head[26:30], "little")
        return bits & 0x3FFF, bits >> 16 & 0x3FFF
    return None


@contextmanager
def _strict_pillow(max_pixels: int) -> Iterator[None]:
    """Decodes without warnings, without tolerance for damage, and with our limit of pixels.

    These settings are global to the process: one picture is decoded at a time, then they are put
    back.
    """
    with _pillow_settings, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS
        ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS = False, max_pixels
        try:
            yield
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS = before


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except BadImageError:
        raise
    except (Image.DecompressionBombError, MemoryError) as error:
        raise ImageTooLargeError("the picture is too large to decode", "scale it down") from error
    except _DECODER_FAULTS as error:
        raise BadImageError(
            f"the picture is damaged ({error or type(error).__name__})",
            "open it in an image editor and save it again",
        ) from error
