"""The published vote (Anime-seg-yolov8, 2023), reproduced step by step, defects included.

The order of operations, each a function here: detections are summed at the network's padded size;
the automatic mask generator proposes masks of the picture; the sum is eroded, dilated, stretched
to the picture and truncated; proposals are voted in; what no proposal covers is taken from the
detection; the result is opened, stretched to the original size and truncated.

Known defects that are part of the method and are kept:

* Padding of the network's input is not removed before the detection is stretched to the picture
  (`stretched_with_padding`), so that it is squeezed towards the middle.
* Detections are summed, not joined; where two overlap, containment counts their pixels twice.
* Soft edges are truncated away (`stretched_with_padding`, `truncated_to`), which shrinks masks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from animeseg.errors import OptionError
from animeseg.refine import Refinement
from animeseg.refine.agreement import interrupted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.instances import Instances
    from animeseg.refine import SegmentAnything
    from animeseg.refine.vote import VoteSettings
    from animeseg.watch import Watch

NETWORK_SIDE = 640
"""Longer side, in pixels, at which the published detector looks at a picture."""

NETWORK_STRIDE = 32
"""Each side of the network's input is padded, half on either side, to a multiple of this."""

KERNEL = np.ones((3, 3), np.uint8)
"""Structuring element of every erosion and dilation."""


class _StopError(Exception):
    """Leaves the mask generator, which has no way of its own to be stopped."""


def refine_as_published(
    sam: SegmentAnything,
    image: NDArray[np.uint8],
    instances: Instances,
    settings: VoteSettings,
    watch: Watch,
) -> Refinement:
    """The published method; see `animeseg.refine.vote.VoteRefiner`.

    It knows one mask only, that of all characters together. It is shared out among the instances
    by `shared_out`; their union is exactly the published mask.
    """
    picture = scaled_down(image, settings.max_side)
    try:
        proposals = generate_proposals(sam, picture, settings, watch)
    except _StopError:
        return Refinement(instances, (interrupted("vote", len(instances), len(instances)),))
    summed = summed_at_network_size(instances.masks)
    voted = vote(map(_decoded, proposals), summed, picture.shape[:2], settings)
    union = truncated_to(voted, instances.size)
    return Refinement(instances.with_masks(shared_out(union, instances)))


def published_model(sam: SegmentAnything) -> Any:
    """The ``segment_anything`` module inside ``sam``.

    Raises:
        OptionError: the model is of another family (HQ-SAM, SAM 2).
    """
    from segment_anything.modeling import Sam

    model = getattr(getattr(sam, "network", None), "module", None)
    if not isinstance(model, Sam):
        raise OptionError(
            "vote_preset",
            f"report works with SAM ViT-B/L/H and MobileSAM only, not with {sam.info.name}",
            "choose vote_preset fast, or another sam_model",
        )
    return model


def scaled_down(image: NDArray[np.uint8], longest: int) -> NDArray[np.uint8]:
    """``image`` (H, W, 3) with a longer side of at most ``longest`` pixels, bilinear."""
    height, width = image.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def generate_proposals(
    sam: SegmentAnything, picture: NDArray[np.uint8], settings: VoteSettings, watch: Watch
) -> list[Any]:
    """Uncompressed RLE of all masks that the automatic mask generator proposes for ``picture``.

    Masks are kept encoded, as hundreds of them at full size would take gigabytes.
    """
    from segment_anything import SamAutomaticMaskGenerator

    class Generator(SamAutomaticMaskGenerator):  # type: ignore[misc]
        def _process_crop(self, *args: Any) -> Any:
            found = super()._process_crop(*args)
            # The library cannot join crops when the first of them has no mask at all.
            found["crop_boxes"] = found["crop_boxes"].reshape(-1, 4)
            return found

    generator = Generator(
        published_model(sam),
        points_per_side=settings.points_per_side,
        points_per_batch=settings.points_per_batch,
        pred_iou_thresh=settings.pred_iou,
        stability_score_thresh=settings.stability,
        crop_n_layers=settings.crop_layers,
        crop_n_points_downscale_factor=settings.crop_downscale,
        output_mode="uncompressed_rle",
    )
    prompts = sum(4**layer * len(grid) for layer, grid in enumerate(generator.point_grids))
    with _observed(sam, prompts, watch):
        return [record["segmentation"] for record in generator.generate(picture)]


@contextmanager
def _observed(sam: SegmentAnything, prompts: int, watch: Watch) -> Iterator[None]:
    """Counts the calls of the model's halves, tells progress, stops when asked to."""
    import torch

    model = published_model(sam)
    precision = next(model.image_encoder.parameters()).dtype
    done = 0

    def before_encoder(_module: Any, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        sam.encoder_calls += 1
        return (inputs[0].to(precision),)

    def after_encoder(_module: Any, _inputs: Any, output: torch.Tensor) -> torch.Tensor:
        return output.float()

    def before_decoder(_module: Any, _inputs: Any) -> None:
        if watch.stops():
            raise _StopError
        sam.decoder_calls += 1

    def after_decoder(_module: Any, _inputs: Any, output: tuple[torch.Tensor, ...]) -> None:
        nonlocal done
        done += len(output[0])
        watch.tell(done, prompts)

    hooks = [
        model.image_encoder.register_forward_pre_hook(before_encoder),
        model.image_encoder.register_forward_hook(after_encoder),
        model.mask_decoder.register_forward_pre_hook(before_decoder),
        model.mask_decoder.register_forward_hook(after_decoder),
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def summed_at_network_size(masks: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The sum of ``masks`` (N, H, W) as the published detector gives it, float32 counts.

    Our detectors give masks at the size of the picture; they are brought to what the published
    one sees: longer side `NETWORK_SIDE`, both sides padded to multiples of `NETWORK_STRIDE`.
    """
    height, width = masks.shape[1:]
    scale = NETWORK_SIDE / max(height, width)
    inner = max(1, round(height * scale)), max(1, round(width * scale))
    above, below = _padding(inner[0])
    left, right = _padding(inner[1])
    summed = np.zeros((above + inner[0] + below, left + inner[1] + right), np.float32)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    inside = summed[above : above + inner[0], left : left + inner[1]]
    for mask in masks:
        inside += cv2.resize(mask.astype(np.float32), inner[::-1], interpolation=way) > 0.5
    return summed


def stretched_with_padding(
    summed: NDArray[np.float32], size: tuple[int, int], *, erode: int, dilate: int
) -> NDArray[np.uint8]:
    """The voting detection: eroded, dilated, stretched to ``size`` (height, width), truncated.

    Args:
        summed: (h, w) float32 counts at the network's padded size. The padding is not removed.
        size: of the picture that the proposals belong to.
        erode: iterations of a 3x3 erosion, at the network's scale.
        dilate: iterations of the 3x3 dilation that follows.
    """
    shaped = cv2.dilate(cv2.erode(summed, KERNEL, iterations=erode), KERNEL, iterations=dilate)
    return truncated_to(shaped, size)


def truncated_to(values: NDArray[Any], size: tuple[int, int]) -> NDArray[np.uint8]:
    """``values`` (h, w) stretched bilinearly to ``size`` (height, width), fractions cut off."""
    stretched = cv2.resize(values.astype(np.float32), size[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(stretched.astype(np.uint8))


def vote(
    proposals: Iterable[NDArray[np.bool_]],
    summed: NDArray[np.float32],
    size: tuple[int, int],
    settings: VoteSettings,
) -> NDArray[np.uint8]:
    """The vote itself.

    Args:
        proposals: masks (H, W) of the picture.
        summed: (h, w) float32, the detections summed at the network's padded size.
        size: (H, W).
        settings: measure, threshold, erosion and dilation.

    Returns:
        (H, W) uint8 of 0 and 1.
    """
    detection = stretched_with_padding(summed, size, erode=settings.erode, dilate=settings.dilate)
    covered = np.zeros(size, np.bool_)
    voted = np.zeros(size, np.bool_)
    for mask in proposals:
        covered |= mask
        if _score(mask, detection, settings.measure) > settings.threshold:
            voted |= mask
    voted |= ~covered & (detection > 0)
    opened = cv2.erode(voted.astype(np.uint8), KERNEL, iterations=settings.erode)
    return np.asarray(cv2.dilate(opened, KERNEL, iterations=settings.erode), np.uint8)


def shared_out(union: NDArray[Any], instances: Instances) -> NDArray[np.bool_]:
    """Each pixel of ``union`` (H, W) given to one instance: (N, H, W) bool.

    A pixel goes to the detection it lies in or nearest to; of several, to the most confident.
    Pixels are given away even when no detection has any, then to the most confident instance.
    """
    order = np.argsort(-instances.scores, kind="stable")
    owner = np.full(instances.size, order[0])
    nearest = np.full(instances.size, np.inf, np.float32)
    for row in order:
        outside = (~instances.masks[row]).astype(np.uint8)
        if outside.all():
            continue
        distance = cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        closer = distance < nearest
        owner[closer] = row
        nearest[closer] = distance[closer]
    rows = np.arange(len(instances))[:, None, None]
    return np.asarray((owner == rows) & (union > 0), np.bool_)


def _score(mask: NDArray[np.bool_], detection: NDArray[np.uint8], measure: str) -> float:
    if measure == "iou":
        found = detection > 0
        return float((mask & found).sum() / max(1, (mask | found).sum()))
    return float(detection[mask].sum() / max(1, mask.sum()))


def _padding(side: int) -> tuple[int, int]:
    """Pixels added before and after ``side``; the odd one goes after."""
    missing = -side % NETWORK_STRIDE
    return missing // 2, missing - missing // 2


def _decoded(rle: Any) -> NDArray[np.bool_]:
    from segment_anything.utils.amg import rle_to_mask

    return np.asarray(rle_to_mask(rle), np.bool_)
