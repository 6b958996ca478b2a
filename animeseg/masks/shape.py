"""The masks a user asks for: cleaned, for inpainting, for cutting out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from animeseg.masks.morphology import (
    disc,
    drop_islands,
    feather,
    fill_holes,
    grow,
    merge,
    offset,
    window,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.instances import Instances
    from animeseg.options import Options

    Mask = NDArray[np.bool_]


def shape_mask(mask: Mask, options: Options) -> Mask:
    """Cleans ``mask`` (H, W) bool: small holes filled, then small islands dropped.

    Both sizes are in % of the area the mask came with.
    """
    area = np.count_nonzero(mask) / 100
    return drop_islands(fill_holes(mask, options.fill_holes * area), options.drop_islands * area)


def inpaint_mask(instances: Instances, options: Options) -> NDArray[np.uint8]:
    """One inpaint mask (H, W) uint8 for all characters: 255 is to be painted.

    Each character is grown, then all are joined, moved, inverted and feathered as asked. For a mask
    of one character, give its row: ``inpaint_mask(instances[0], options)``.
    """
    joined = np.zeros(instances.size, np.bool_)
    for mask in instances.masks:
        joined |= grow(mask, _grow_radius(mask, options))
    moved = offset(joined, options.mask_offset_x, options.mask_offset_y)
    return feather(~moved if options.mask_invert else moved, options.mask_feather)


def cutout_alpha(shape: Mask | NDArray[np.uint8], options: Options) -> NDArray[np.uint8]:
    """Alpha (H, W) uint8 of a cut-out.

    Args:
        shape: a hard mask (H, W) bool, which is grown and feathered as asked; or a soft alpha
            (H, W) uint8, which is grown only, since its edge is soft already.
        options: ``cutout_grow`` and ``cutout_feather``.
    """
    if shape.dtype == np.bool_:
        return feather(grow(shape.view(np.bool_), options.cutout_grow), options.cutout_feather)
    return _grown_alpha(shape.view(np.uint8), options.cutout_grow)


def union_alpha(instances: Instances, options: Options) -> NDArray[np.uint8]:
    """Alpha (H, W) uint8 of the cut-out of all characters together.

    Soft alphas are added up, so that characters side by side leave no seam; without alphas the
    masks are joined before their common edge is softened.
    """
    if instances.alphas is None:
        return cutout_alpha(merge(instances.masks), options)
    total = np.zeros(instances.size, np.uint8)
    for alpha in instances.alphas:
        total = np.asarray(cv2.add(total, cutout_alpha(alpha, options)), np.uint8)
    return total


def _grow_radius(mask: Mask, options: Options) -> float:
    """Radius in pixels by which ``options`` let the inpaint mask of a character grow."""
    if options.mask_grow_unit == "px":
        return options.mask_grow
    box = window(mask)
    return options.mask_grow / 100 * (box[0].stop - box[0].start) if box else 0.0


def _grown_alpha(alpha: NDArray[np.uint8], radius: float) -> NDArray[np.uint8]:
    """Largest (for a negative radius, smallest) alpha within a disc around every pixel."""
    reach = int(abs(radius))
    box = window(alpha, reach)
    result: NDArray[np.uint8] = alpha.copy()
    if box and reach:
        change = cv2.dilate if radius > 0 else cv2.erode
        result[box] = change(alpha[box], disc(abs(radius)))
    return result
