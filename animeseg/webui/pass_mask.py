"""What one inpaint pass works on: which instances, with which masks, at which size.

Pure functions; in the order of a pass: `pass_options` says how a kind is found, `chosen` filters
by area and keeps the top k, `regions` moves, grows and merges, `meeting` keeps what the user's own
mask touches, `draw_size` and `strength` say how each is drawn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from animeseg.instances import Instances, tight_boxes
from animeseg.masks import grow, merge, offset
from animeseg.select import areas
from animeseg.targets import DEFAULT_TARGET, DETECTORS, kind_options

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.options import Options, PassOptions

    Mask = NDArray[np.bool_]

SDXL_SIZES = (
    (1024, 1024),
    (1152, 896),
    (896, 1152),
    (1216, 832),
    (832, 1216),
    (1344, 768),
    (768, 1344),
    (1536, 640),
    (640, 1536),
)
"""Width and height of the buckets SDXL was trained in most (Podell et al. 2023, appendix I)."""

_MULTIPLE = 8
_LEAST_FREE = 1e-12
_SELECTION = ("min_area", "max_area", "area_of", "min_aspect", "max_aspect", "top_k", "top_by")


@dataclass(frozen=True, eq=False)
class Regions:
    """What a pass draws, one after the other.

    Attributes:
        instances: whose prompts are used, one for each mask.
        masks: (H, W) bool each, True where it is drawn.
    """

    instances: Instances
    masks: list[Mask]

    def __len__(self) -> int:
        return len(self.masks)


def pass_options(panel: Options, unit: PassOptions, kind: str, leading: str) -> Options:
    """The options with which a pass finds instances of ``kind``.

    Detection, refinement and cleaning are the panel's; the order is the pass's own, and so is what
    is kept (nothing of the panel's selection counts). The detector, confidence and classes of the
    pass are for the kind its target names first.

    Args:
        panel: options of the panel.
        unit: the pass.
        kind: what is searched.
        leading: the kind that the target names first.
    """
    defaults = type(panel)()
    every = {name: getattr(defaults, name) for name in _SELECTION}
    base = panel.replace(target=DEFAULT_TARGET, order=unit.order, **every)
    is_leading = kind == leading
    detectors = dict(DETECTORS)
    if is_leading and unit.model:
        detectors.update({kind: unit.model} if kind in detectors else {})
        base = base.replace(model=unit.model, classes=[])
    found = kind_options(base, kind, detectors)
    if not is_leading:
        return found
    classes = [name.strip() for name in unit.classes.split(",") if name.strip()]
    if not classes or (kind != DEFAULT_TARGET and kind not in detectors):
        classes = list(found.classes)  # a target that is a class says itself which
    return found.replace(confidence=unit.confidence or found.confidence, classes=classes)


def chosen(instances: Instances, unit: PassOptions) -> Instances:
    """The instances within the pass's limits of area, of those the top k, in their order."""
    shares = areas(instances, _measured(unit))
    kept = np.flatnonzero((shares >= unit.min_area) & (shares <= unit.max_area))
    if unit.top_k:
        keys = instances.scores.astype(np.float64) if unit.top_by == "confidence" else shares
        best = np.argsort(-keys[kept], kind="stable")[: unit.top_k]
        kept = kept[np.sort(best)]
    return instances if len(kept) == len(instances) else instances[kept]


def regions(instances: Instances, unit: PassOptions) -> Regions:
    """The masks that are drawn: moved, then grown or shrunk, then merged or inverted.

    A mask of which nothing is left is dropped with its instance.
    """
    masks = [
        grow(offset(mask, unit.offset_x, unit.offset_y), unit.grow) for mask in instances.masks
    ]
    if unit.merge != "none" and masks:
        joined = merge(np.stack(masks))
        masks = [~joined if unit.merge == "merge and invert" else joined]
        instances = instances[[0]]
    kept = [row for row, mask in enumerate(masks) if mask.any()]
    return Regions(instances[kept], [masks[row] for row in kept])


def meeting(found: Regions, allowed: Mask | None) -> Regions:
    """The regions that touch ``allowed`` (H, W) bool, the user's own inpaint mask; whole."""
    if allowed is None:
        return found
    kept = [row for row, mask in enumerate(found.masks) if (mask & allowed).any()]
    return Regions(found.instances[kept], [found.masks[row] for row in kept])


def draw_size(unit: PassOptions, mask: Mask, generation: tuple[int, int]) -> tuple[int, int]:
    """Width and height at which the region of ``mask`` is drawn.

    Args:
        unit: the pass; without ``only_masked`` and a size of its own the whole picture is drawn.
        mask: (H, W) bool.
        generation: width and height of the generation.
    """
    height, width = mask.shape
    base = generation if unit.only_masked else (width, height)
    size = (unit.width or base[0], unit.height or base[1])
    if unit.only_masked and unit.match_size != "off":
        across, down = _region(mask, unit.padding)
        size = _matched(size, across / down, unit.match_size)
    return _multiple(size[0]), _multiple(size[1])


def strength(unit: PassOptions, mask: Mask) -> float:
    """Denoising strength for ``mask`` (H, W) bool.

    ``denoise * (1 - share) ** denoise_power``, where the share is that of the mask's box in the
    picture; never beyond 0 to 1.
    """
    if not unit.denoise_power or not unit.denoise:
        return unit.denoise
    left, top, right, bottom = (float(edge) for edge in tight_boxes(mask[None])[0])
    free = max(1 - (right - left) * (bottom - top) / mask.size, _LEAST_FREE)
    return float(min(unit.denoise * free**unit.denoise_power, 1.0))


def _measured(unit: PassOptions) -> Options:
    from animeseg.options import Options

    return Options(area_of=unit.area_of)


def _region(mask: Mask, padding: int) -> tuple[float, float]:
    """Width and height of the box of ``mask`` with its padding, inside the frame."""
    left, top, right, bottom = (float(edge) for edge in tight_boxes(mask[None])[0])
    height, width = mask.shape
    across = min(right + padding, width) - max(left - padding, 0)
    down = min(bottom + padding, height) - max(top - padding, 0)
    return max(across, 1), max(down, 1)


def _matched(size: tuple[int, int], aspect: float, how: str) -> tuple[int, int]:
    """A size of the proportions ``aspect`` (width / height)."""
    if how == "strict":
        return min(SDXL_SIZES, key=lambda known: abs(math.log(known[0] / known[1] / aspect)))
    area = size[0] * size[1]
    width = math.sqrt(area * aspect)
    return round(width), round(area / width)


def _multiple(side: int) -> int:
    """The nearest side that the host can draw."""
    return max(int(side / _MULTIPLE + 0.5), 8) * _MULTIPLE
