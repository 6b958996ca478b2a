"""What stands behind the characters: nothing, a colour, their own surroundings blurred, a picture.

The surroundings are continued under the characters before they are blurred, so that no colour of a
character bleeds into them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from animeseg.errors import OptionError
from animeseg.export.cutout import cutout
from animeseg.masks import grow, union_alpha

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.instances import Segmentation
    from animeseg.options import OutputOptions

    Pixels = NDArray[np.uint8]

_RIM = 2.0
"""Pixels around a character that are taken for mixed with its colours."""

_KERNEL_SIGMA = 4.0
"""Blurs wider than this are made on a smaller picture: the same result in a fraction of the time"""


def on_background(
    image: Pixels, result: Segmentation, output: OutputOptions, picture: Pixels | None = None
) -> Pixels:
    """All characters in front of what ``output`` asks for.

    Args:
        image: (H, W, 3) uint8 RGB, the picture of ``result``.
        result: the characters.
        output: says what stands behind them.
        picture: (h, w, 3) uint8 RGB of any size, for the background ``picture``.

    Returns:
        (H, W, 4) uint8 RGBA with straight alpha for ``transparent``, and for ``blur`` if the
        picture came with alpha (which is kept); else (H, W, 3) uint8 RGB.

    Raises:
        OptionError: the background is a picture and none is given.
        ValueError: the sizes differ.
    """
    front = cutout(image, result)
    if output.background == "transparent":
        return front
    behind = _behind(image, result, output, picture)
    joined = blend(front, behind)
    if output.background == "blur" and result.alpha is not None:
        return np.dstack((joined, result.alpha))
    return joined


def _behind(
    image: Pixels, result: Segmentation, output: OutputOptions, picture: Pixels | None
) -> Pixels:
    if output.background == "blur":
        sigma = output.background_blur / 100 * max(result.size)
        return blurred(without_characters(image, result), sigma) if sigma else image
    if output.background == "picture":
        if picture is None:
            raise OptionError(
                "background_picture", "no picture is given", "choose one, or another background"
            )
        return covering(picture, result.size)
    behind = np.empty_like(image)
    behind[:] = [int(output.background_colour[at : at + 2], 16) for at in (1, 3, 5)]
    return behind


def blend(front: Pixels, behind: Pixels) -> Pixels:
    """``front`` (H, W, 4) RGBA with straight alpha over ``behind`` (H, W, 3) RGB."""
    share = np.repeat(front[:, :, 3:], 3, axis=2)
    seen = cv2.multiply(
        np.ascontiguousarray(front[:, :, :3]), share, scale=1 / 255, dtype=cv2.CV_32F
    )
    kept = cv2.multiply(behind, 255 - share, scale=1 / 255, dtype=cv2.CV_32F)
    return np.asarray(cv2.add(seen, kept, dtype=cv2.CV_8U), np.uint8)


def without_characters(image: Pixels, result: Segmentation) -> Pixels:
    """The picture with its surroundings continued smoothly where the characters are.

    Pixels that no character touches stay as they are.

    Args:
        image: (H, W, 3) uint8 RGB, the picture of ``result``.
        result: the characters; where the picture's own alpha is 0 its colour is not used.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    covered = union_alpha(result.instances, result.options) > 0
    if not covered.any():
        return image
    unknown = grow(covered, _RIM)
    if result.alpha is not None:
        unknown |= result.alpha == 0
    continued = fill(image, ~unknown)
    return np.where(covered[:, :, None], continued, image)


def fill(image: Pixels, known: NDArray[np.bool_]) -> Pixels:
    """Continues the ``known`` pixels smoothly into the others, by pull and push.

    Means of the known pixels are taken at ever coarser sizes until everything is known; the gaps
    of each size are then filled from the next coarser one (Gortler et al., The Lumigraph, 1996).

    Args:
        image: (H, W, 3) uint8 RGB.
        known: (H, W) bool.

    Returns:
        (H, W, 3) uint8 RGB; ``image`` itself where all or nothing is known.
    """
    if known.all() or not known.any():
        return image
    weight = known.astype(np.float32)
    colour = image.astype(np.float32) * weight[:, :, None]
    filled = _pull_push(colour, weight)
    return np.where(known[:, :, None], image, np.clip(np.rint(filled), 0, 255).astype(np.uint8))


def _pull_push(colour: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Colours (H, W, 3), given multiplied by ``weight`` (H, W) in 0..1, with all gaps filled."""
    if weight.min() > 0:
        return np.asarray(colour / weight[:, :, None], np.float32)
    height, width = weight.shape
    smaller = ((width + 1) // 2, (height + 1) // 2)
    coarse_weight = cv2.resize(weight, smaller, interpolation=cv2.INTER_AREA)
    coarse_colour = cv2.resize(colour, smaller, interpolation=cv2.INTER_AREA)
    # A mean counts in full however few pixels it is of, else gaps would stay thin for ever.
    boost = 1 / np.maximum(coarse_weight, 1e-6)
    boost[coarse_weight == 0] = 0
    coarse = _pull_push(
        np.asarray(coarse_colour * boost[:, :, None], np.float32),
        (coarse_weight > 0).astype(np.float32),
    )
    behind = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(colour + behind * (1 - weight[:, :, None]), np.float32)


def blurred(image: Pixels, sigma: float) -> Pixels:
    """``image`` (H, W, 3) uint8 RGB blurred by a Gaussian of ``sigma`` pixels."""
    if sigma <= 0:
        return image
    height, width = image.shape[:2]
    factor = max(1.0, sigma / _KERNEL_SIGMA)
    small = max(1, round(width / factor)), max(1, round(height / factor))
    reduced = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(reduced, (0, 0), sigma / factor, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def covering(picture: Pixels, size: tuple[int, int]) -> Pixels:
    """``picture`` (h, w, 3) uint8, scaled without distortion to cover ``size``, cut in its middle.

    Args:
        picture: of any size.
        size: (height, width) to be covered.
    """
    height, width = size
    scale = max(height / picture.shape[0], width / picture.shape[1])
    wide = max(width, round(picture.shape[1] * scale))
    high = max(height, round(picture.shape[0] * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(picture, (wide, high), interpolation=method)
    top, left = (high - height) // 2, (wide - width) // 2
    return np.ascontiguousarray(scaled[top : top + height, left : left + width])
