"""Pure mask geometry: arrays in, arrays out; no models, no files, no settings.

Masks are (H, W) bool, True inside. All functions leave their arguments as they are. Conventions:

- A distance is Euclidean, between pixel centres. Growing by 1 takes the 4 neighbours, by 1.5 the
  8 neighbours.
- The frame is not an edge: nothing is known beyond it. What lies outside adds nothing when a mask
  grows and takes nothing away when it shrinks or is feathered, so that a character cut by the frame
  keeps touching it. (`boundary_iou` alone counts the frame as contour, as its definition does.)
- Characters are 8-connected, holes in them 4-connected.

The work is done on the mask's box and a margin, never on more of the picture than needed; the
results are those of the whole picture.
"""

from __future__ import annotations

from animeseg.masks.measure import (
    boundary_iou,
    containment,
    iou,
    pairwise_containment,
    pairwise_intersections,
    pairwise_iou,
)
from animeseg.masks.morphology import (
    boundary,
    drop_islands,
    feather,
    fill_holes,
    grow,
    merge,
    offset,
    shrink,
)
from animeseg.masks.rle import decode_rle, encode_rle, rle_area
from animeseg.masks.shape import (
    cutout_alpha,
    inpaint_mask,
    shape_mask,
    union_alpha,
)

__all__ = [
    "boundary",
    "boundary_iou",
    "containment",
    "cutout_alpha",
    "decode_rle",
    "drop_islands",
    "encode_rle",
    "feather",
    "fill_holes",
    "grow",
    "inpaint_mask",
    "iou",
    "merge",
    "offset",
    "pairwise_containment",
    "pairwise_intersections",
    "pairwise_iou",
    "rle_area",
    "shape_mask",
    "shrink",
    "union_alpha",
]
