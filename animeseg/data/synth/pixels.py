"""Pixels of characters and backgrounds: read, drawn, scaled, and kept up to a limit of memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from animeseg.data import objects, scenery
from animeseg.data.pictures import picture_size
from animeseg.errors import BadImageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

CACHE_BYTES = 192 * 2**20
"""What a worker keeps of decoded pictures, each of characters and backgrounds."""


class Cache:
    """Pictures by key; the longest unused ones are dropped beyond a number of bytes."""

    def __init__(self, limit: int = CACHE_BYTES) -> None:
        self._limit = limit
        self._held = 0
        self._pictures: OrderedDict[Any, Pixels] = OrderedDict()

    def get(self, key: Any, make: Callable[[], Pixels]) -> Pixels:
        """The picture of ``key``, made if it is not there; it must not be changed."""
        if key in self._pictures:
            self._pictures.move_to_end(key)
            return self._pictures[key]
        picture = make()
        picture.setflags(write=False)
        self._pictures[key] = picture
        self._held += picture.nbytes
        while self._held > self._limit and len(self._pictures) > 1:
            _, dropped = self._pictures.popitem(last=False)
            self._held -= dropped.nbytes
        return picture


def draw_scene(seed: int, size: int) -> Pixels:
    """A generated background, (H, W, 3) uint8 RGB, the longer side ``size``."""
    rng = np.random.default_rng([seed, 2])
    wide = bool(rng.random() < 0.6)
    shape = (size * 3 // 4, size) if wide else (size, size * 3 // 4)
    makers = [scenery.room, scenery.room, scenery.gradient, scenery.pattern]
    picture = makers[int(rng.integers(len(makers)))](shape, rng)
    for _ in range(int(rng.integers(0, 6))):
        texture = scenery.gradient(shape, rng)
        picture = objects.place_object(picture, texture, rng)
    return np.ascontiguousarray(picture)


def resize_rgba(rgba: Pixels, scale: float) -> Pixels:
    """A cut-out scaled in both directions, without bleeding the colour of hidden pixels."""
    size = (max(2, round(rgba.shape[1] * scale)), max(2, round(rgba.shape[0] * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return straight(cv2.resize(premultiplied(rgba), size, interpolation=method))


def premultiplied(rgba: Pixels) -> Pixels:
    """(H, W, 4) straight RGBA with its colour multiplied by its alpha."""
    alpha = np.ascontiguousarray(rgba[..., 3])
    every = cv2.merge([alpha, alpha, alpha, np.full_like(alpha, 255)])
    return np.asarray(cv2.multiply(rgba, every, scale=1 / 255), np.uint8)


def straight(rgba: Pixels) -> Pixels:
    """The inverse of `premultiplied`; hidden pixels become black."""
    alpha = np.ascontiguousarray(rgba[..., 3])
    every = cv2.merge([alpha, alpha, alpha, np.full_like(alpha, 255)])
    return np.asarray(cv2.divide(rgba, every, scale=255), np.uint8)


def read_rgba(path: Path) -> Pixels:
    """(H, W, 4) uint8 straight RGBA of a file.

    Raises:
        BadImageError: missing, damaged, or without alpha.
    """
    stored = _decoded(path, cv2.IMREAD_UNCHANGED)
    if stored.dtype == np.uint16:
        stored = (stored >> 8).astype(np.uint8)
    if stored.ndim != 3 or stored.shape[2] != 4:
        raise BadImageError(f"{path} has no alpha", "a character is an RGBA picture")
    return np.asarray(cv2.cvtColor(stored, cv2.COLOR_BGRA2RGBA), np.uint8)


def read_rgb(path: Path, size: int) -> Pixels:
    """(H, W, 3) uint8 RGB of a file.

    Args:
        path: of the file.
        size: a shorter side of at least twice this is read at a half, a quarter or an eighth, which
            takes much less time; 0 reads every pixel.

    Raises:
        BadImageError: missing or damaged.
    """
    flags = cv2.IMREAD_COLOR
    if size:
        shrink = min(picture_size(path)) // max(size, 1)
        if shrink >= 2:
            step = 8 if shrink >= 8 else 4 if shrink >= 4 else 2
            flags = getattr(cv2, f"IMREAD_REDUCED_COLOR_{step}")
    return np.asarray(cv2.cvtColor(_decoded(path, flags), cv2.COLOR_BGR2RGB), np.uint8)


def _decoded(path: Path, flags: int) -> Any:
    try:
        data = np.fromfile(path, np.uint8)  # OpenCV itself opens no path beyond ASCII on Windows
        picture = cv2.imdecode(data, flags) if len(data) else None
    except (OSError, cv2.error) as error:
        raise BadImageError(f"{path} cannot be read: {error}", "replace or remove it") from error
    if picture is None:
        raise BadImageError(f"{path} is damaged or no picture", "replace or remove it")
    return picture
