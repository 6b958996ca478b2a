"""Characters on transparency.

Alpha is straight: wherever it is above 0 the colour is the picture's own, bit for bit, not mixed
with black or white. Where alpha is 0 the colour is set to black, so that the file is small and a
background that was cut away cannot be brought back. Alpha that the picture came with is multiplied
in: what was transparent stays so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from animeseg.masks import cutout_alpha, union_alpha
from animeseg.masks.morphology import window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.instances import Segmentation


@dataclass(frozen=True, eq=False)
class Cutout:
    """One character, cropped.

    Attributes:
        number: place in the result, from 1.
        rgba: (h, w, 4) uint8, straight alpha.
        box: XYXY in pixels of the picture where ``rgba`` belongs; the far edges are exclusive.
        score: of the detection.
        label: name of its class.
    """

    number: int
    rgba: NDArray[np.uint8]
    box: tuple[int, int, int, int]
    score: float
    label: str


def cutout(image: NDArray[np.uint8], result: Segmentation) -> NDArray[np.uint8]:
    """All characters together, at the size of the picture.

    Args:
        image: (H, W, 3) uint8 RGB, the picture of ``result``.
        result: whose options say how the edge is grown and softened.

    Returns:
        (H, W, 4) uint8 RGBA; fully transparent when there is no character.

    Raises:
        ValueError: the sizes differ.
    """
    _check_size(image, result)
    alpha = union_alpha(result.instances, result.options)
    return _joined(image, alpha, result.alpha)


def character_cutouts(
    image: NDArray[np.uint8], result: Segmentation, *, margin: int = 0
) -> Iterator[Cutout]:
    """Every character by itself, cropped to what is visible of it.

    A character of which nothing is visible is left out; the numbers of the others stay.

    Args:
        image: (H, W, 3) uint8 RGB, the picture of ``result``.
        result: the characters and their options.
        margin: pixels added around each crop, as far as the picture reaches.

    Yields:
        The crops, one at a time.

    Raises:
        ValueError: the sizes differ.
    """
    _check_size(image, result)
    found = result.instances
    names = found.label_names()
    for row in range(len(found)):
        shape = found.masks[row] if found.alphas is None else found.alphas[row]
        alpha = cutout_alpha(shape, result.options)
        given = result.alpha
        if given is not None:
            alpha = _product(alpha, given)
        if box := window(alpha, margin):
            rgba = _joined(image[box], alpha[box], None)
            left, top = box[1].start, box[0].start
            corners = (left, top, left + rgba.shape[1], top + rgba.shape[0])
            yield Cutout(row + 1, rgba, corners, float(found.scores[row]), names[row])


def _joined(
    image: NDArray[np.uint8], alpha: NDArray[np.uint8], given: NDArray[np.uint8] | None
) -> NDArray[np.uint8]:
    if given is not None:
        alpha = _product(alpha, given)
    alpha = np.ascontiguousarray(alpha)
    image = np.ascontiguousarray(image)
    colour = cv2.bitwise_and(image, image, mask=alpha)
    return np.asarray(cv2.merge((*cv2.split(colour), alpha)), np.uint8)


def _product(alpha: NDArray[np.uint8], given: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.multiply(alpha, given, scale=1 / 255), np.uint8)


def _check_size(image: NDArray[np.uint8], result: Segmentation) -> None:
    if image.shape != (*result.size, 3):
        raise ValueError(f"the result is of a picture of {result.size}, got {image.shape}")
