"""Corrections made by hand, saved so that they can become training data.

A folder of corrections holds two files per picture, named after its pixels: ``ID.png``, the picture
itself without metadata, and ``ID.json``, a COCO file of this one picture whose ``animeseg`` section
says where the masks come from. `python -m animeseg.data convert FOLDER --from corrections` makes a
set of it. Nothing is written here: the caller writes the files that `correction_files` gives.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from animeseg.export.record import pixel_hash
from animeseg.files import encode_png
from animeseg.masks import encode_rle

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.instances import Instances

CORRECTION_FORMAT = "animeseg.correction"
CORRECTION_VERSION = 1


def correction_files(
    image: NDArray[np.uint8],
    instances: Instances,
    *,
    provenance: Mapping[str, Any],
    edits: Sequence[str] = (),
) -> dict[str, bytes]:
    """The files of one corrected picture; saving the same picture again replaces them.

    Args:
        image: (H, W, 3) uint8 RGB, the picture.
        instances: its characters as corrected; none says that there is none.
        provenance: models, options and version behind the masks, ready for JSON; no personal data.
        edits: what was done by hand, in order: ``added``, ``removed``, ``click``, ``brush``, ...

    Returns:
        The content by file name.

    Raises:
        ValueError: the sizes differ, or the provenance cannot be written as JSON.
    """
    if image.shape != (*instances.size, 3):
        raise ValueError(f"the instances are of a picture of {instances.size}, got {image.shape}")
    digest = pixel_hash(image)
    stem = digest[:20]
    height, width = instances.size
    body = {
        "info": {"description": "animeseg correction"},
        "animeseg": {
            "format": CORRECTION_FORMAT,
            "version": CORRECTION_VERSION,
            "pixels_sha256": digest,
            "edits": list(edits),
            "provenance": dict(provenance),
        },
        "categories": [{"id": row + 1, "name": name} for row, name in enumerate(instances.names)],
        "images": [{"id": 1, "file_name": f"{stem}.png", "width": width, "height": height}],
        "annotations": [_annotation(instances, row) for row in range(len(instances))],
    }
    try:
        text = json.dumps(body, ensure_ascii=False, allow_nan=False, indent=1)
    except (TypeError, ValueError) as error:
        raise ValueError(f"the provenance is not ready for JSON: {error}") from error
    return {f"{stem}.png": encode_png(image), f"{stem}.json": text.encode("utf-8")}


def _annotation(instances: Instances, row: int) -> dict[str, Any]:
    mask = instances.masks[row]
    x0, y0, x1, y1 = (float(value) for value in instances.boxes[row])
    return {
        "id": row + 1,
        "image_id": 1,
        "category_id": int(instances.labels[row]) + 1,
        "bbox": [x0, y0, x1 - x0, y1 - y0],
        "area": int(np.count_nonzero(mask)),
        "segmentation": encode_rle(mask),
        "iscrowd": 0,
        "score": float(str(instances.scores[row])),
    }
