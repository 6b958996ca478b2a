"""The picture with every character coloured, outlined and numbered."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from animeseg.masks.morphology import window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.instances import Instances

    Colour = tuple[int, int, int]

_GOLDEN_RATIO = 0.618033988749895
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_INK = (20, 20, 20)
_PAPER = (255, 255, 255)


def overlay(
    image: NDArray[np.uint8],
    instances: Instances,
    *,
    opacity: float | Sequence[float] = 0.45,
) -> NDArray[np.uint8]:
    """Draws ``instances`` over ``image``.

    Each character has a colour of its own, which depends on its number only, an outline that shows
    on light and dark, and a label with its number and score where it is
    widest (above it, if it is small).

    Args:
        image: (H, W, 3) uint8 RGB.
        instances: of the same size.
        opacity: of the colours, 0 to 1; one for all, or one for each.

    Returns:
        (H, W, 3) uint8 RGB, a new array.

    Raises:
        ValueError: the sizes differ.
    """
    if image.shape != (*instances.size, 3):
        raise ValueError(f"the instances are of a picture of {instances.size}, got {image.shape}")
    result: NDArray[np.uint8] = np.ascontiguousarray(image).copy()
    opacities = opacity if isinstance(opacity, Sequence) else [opacity] * len(instances)
    for row, (mask, share) in enumerate(zip(instances.masks, opacities, strict=True)):
        _tint(result, mask, colour_of(row), share)
    # Outlines over all colours, labels over all outlines.
    thickness = max(1, round(max(instances.size) / 700))
    for row, mask in enumerate(instances.masks):
        _outline(result, mask, colour_of(row), thickness)
    for row, mask in enumerate(instances.masks):
        _label(result, mask, f"{row + 1} {instances.scores[row]:.2f}", colour_of(row))
    return result


def colour_of(row: int) -> Colour:
    """RGB colour of the instance in ``row``: hues a golden angle apart, always the same."""
    hue = (0.55 + row * _GOLDEN_RATIO) % 1.0
    light = (0.62, 0.45, 0.75)[row // 8 % 3]
    red, green, blue = colorsys.hls_to_rgb(hue, light, 0.95)
    return round(255 * red), round(255 * green), round(255 * blue)


def _tint(
    canvas: NDArray[np.uint8], mask: NDArray[np.bool_], colour: Colour, opacity: float
) -> None:
    if box := window(mask):
        part = canvas[box]
        full = np.empty_like(part)
        full[:] = colour
        mixed = cv2.addWeighted(part, 1 - opacity, full, opacity, 0)
        np.copyto(part, mixed, where=mask[box][:, :, None])


def _outline(
    canvas: NDArray[np.uint8], mask: NDArray[np.bool_], colour: Colour, thickness: int
) -> None:
    image = np.ascontiguousarray(mask).view(np.uint8)
    contours, _ = cv2.findContours(image, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    for ink, width in ((_INK, thickness + 2), (colour, thickness)):
        cv2.drawContours(canvas, contours, -1, ink, width, cv2.LINE_AA)


def _label(canvas: NDArray[np.uint8], mask: NDArray[np.bool_], text: str, colour: Colour) -> None:
    """Dark text on a light plate with a coloured edge, kept inside the frame."""
    box = window(mask)
    if box is None:
        return
    height, width = canvas.shape[:2]
    scale = min(max(min(height, width) / 1200, 0.4), 2.5)
    stroke = max(1, round(2.2 * scale))
    # Digits have no descenders: the plate ends at the base line.
    (text_width, text_height), _ = cv2.getTextSize(text, _FONT, scale, stroke)
    pad = max(3, round(9 * scale))
    plate = text_width + 2 * pad, text_height + 2 * pad
    x, y = _widest_point(mask[box])
    if (
        plate[0] > mask[box].shape[1] or plate[1] > mask[box].shape[0]
    ):  # above a character that it would hide
        y = -plate[1]
    left = _inside(box[1].start + x - plate[0] // 2, width - plate[0])
    top = _inside(box[0].start + y - plate[1] // 2, height - plate[1])
    corner, opposite = (left, top), (left + plate[0] - 1, top + plate[1] - 1)
    cv2.rectangle(canvas, corner, opposite, _PAPER, cv2.FILLED)
    cv2.rectangle(canvas, corner, opposite, colour, max(1, stroke))
    origin = (left + pad, top + pad + text_height)
    cv2.putText(canvas, text, origin, _FONT, scale, _INK, stroke, cv2.LINE_AA)


def _widest_point(mask: NDArray[np.bool_]) -> tuple[int, int]:
    """XY of the pixel farthest from the edge of ``mask`` (its pole of inaccessibility)."""
    padded = np.pad(mask, 1).view(np.uint8)
    distance = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_3)
    y, x = np.unravel_index(int(distance.argmax()), padded.shape)
    return int(x) - 1, int(y) - 1


def _inside(value: int, limit: int) -> int:
    return max(0, min(value, limit))
