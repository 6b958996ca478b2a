"""Clicks and boxes drawn by hand, answered from the kept embedding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from animeseg.errors import OptionError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.refine import SegmentAnything


def click(
    sam: SegmentAnything,
    image: NDArray[np.uint8],
    points: NDArray[np.float32] | None = None,
    labels: NDArray[np.int64] | None = None,
    box: NDArray[np.float32] | None = None,
    previous: NDArray[np.bool_] | None = None,
) -> NDArray[np.bool_]:
    """Answers clicks and a box on a picture; only the first call on a picture runs the encoder.

    Args:
        sam: the loaded model.
        image: (H, W, 3) uint8 RGB.
        points: (K, 2) XY in pixels.
        labels: (K,) 1 inside, 0 outside; default all inside.
        box: (4,) XYXY in pixels.
        previous: (H, W) bool, the answer to the clicks before, to be corrected by the new ones.

    Returns:
        (H, W) bool: the candidate that the network itself rates highest; empty when it gave none.

    Raises:
        OptionError: neither points nor a box, or points and labels that do not agree.
    """
    count = 0 if points is None else len(points)
    if not count and box is None:
        raise OptionError("points", "neither a point nor a box was given", "give at least one")
    if labels is not None and len(labels) != count:
        raise OptionError("labels", f"got {len(labels)} for {count} points", "give one each")
    embedding = sam.embed(image)
    marks = np.ones(count, np.int64) if labels is None else np.asarray(labels, np.int64)
    answer = sam.decode(
        embedding,
        points=np.asarray(points, np.float32)[None] if count else None,
        point_labels=marks[None] if count else None,
        boxes=None if box is None else np.asarray(box, np.float32)[None],
        mask_logits=None if previous is None else sam.shrink(embedding, previous[None]),
        # One click may mean a part or the whole; more say which.
        multimask=count + 2 * (box is not None) + 2 * (previous is not None) < 2,
    )
    best = int(torch.nan_to_num(answer.iou[0], nan=-1.0).argmax())
    scaled = sam.upscale(embedding, answer.logits[:, best : best + 1])
    mask: NDArray[np.bool_] = (scaled[0, 0] > 0).cpu().numpy()
    return mask
