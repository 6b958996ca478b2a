"""What is shown of a frame."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from animeseg.export.background import on_background
from animeseg.export.overlay import colour_of
from animeseg.instances import Instances
from animeseg.masks import union_alpha

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.instances import Segmentation
    from animeseg.options import OutputOptions, VideoOptions
    from animeseg.video.steady import Found

    Pixels = NDArray[np.uint8]


def is_transparent(output: OutputOptions, video: VideoOptions) -> bool:
    """Whether frames are drawn with alpha."""
    return video.content == "cutout" and output.background == "transparent"


def draw(
    found: Found, output: OutputOptions, video: VideoOptions, behind: Pixels | None = None
) -> Pixels:
    """The pixels of a frame.

    Args:
        found: the frame.
        output: what stands behind the characters.
        video: what is shown.
        behind: (h, w, 3) uint8 RGB, for the background ``picture``.

    Returns:
        (H, W, 4) uint8 RGBA with straight alpha if `is_transparent`, else (H, W, 3) uint8 RGB.
    """
    if video.content == "identities":
        return _identities(found.result.instances)
    steadied = _with_alpha(found)
    if video.content == "mask":
        alpha = union_alpha(steadied.instances, steadied.options)
        if steadied.alpha is not None:
            alpha = np.asarray(np.rint(alpha * (steadied.alpha / 255.0)), np.uint8)
        return np.repeat(alpha[:, :, None], 3, axis=2)
    drawn = on_background(found.frame.picture.rgb, steadied, output, behind)
    return drawn if is_transparent(output, video) else np.ascontiguousarray(drawn[:, :, :3])


def _with_alpha(found: Found) -> Segmentation:
    """The result as one instance, whose alpha is the steadied one and is not grown again."""
    alpha = found.alpha[None]
    instances = replace(Instances.from_masks(alpha > 127), alphas=alpha)
    return replace(
        found.result,
        instances=instances,
        options=found.result.options.replace(cutout_grow=0.0, cutout_feather=0.0),
    )


def _identities(instances: Instances) -> Pixels:
    canvas = np.zeros((*instances.size, 3), np.uint8)
    ids = range(len(instances)) if instances.ids is None else instances.ids - 1
    for mask, number in zip(instances.masks, ids, strict=True):
        canvas[mask] = colour_of(int(number))
    return canvas
