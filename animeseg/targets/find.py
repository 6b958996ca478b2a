"""Who finds characters, faces, hands and classes in a picture: `animeseg.segmenter`, asked once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from animeseg.errors import OptionError
from animeseg.targets.grammar import CHARACTER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.instances import Instances, ModelInfo, Note, Segmentation
    from animeseg.options import Options

DETECTORS: Mapping[str, str] = MappingProxyType({"face": "face-n", "hand": "hand-yolov8n"})
"""Kinds with a detector of their own, a name of the catalog."""

_KEPT = ("nms_iou", "max_instances", "order", "device", "precision")


def kind_options(options: Options, kind: str, detectors: Mapping[str, str] = DETECTORS) -> Options:
    """The options with which instances of ``kind`` are found.

    ``character`` takes ``options`` as they are. Kinds of `DETECTORS` take their own detector,
    without refinement, and only what ``options`` say about order, limits and the machine. Any
    other kind is a class of the detector that ``options`` name.
    """
    if kind == CHARACTER:
        return options.replace(target=CHARACTER)
    if kind in detectors:
        kept = {name: getattr(options, name) for name in _KEPT}
        return type(options)(model=detectors[kind], refine="none", **kept)
    return options.replace(target=CHARACTER, classes=[kind])


class PictureFinder:
    """Finds instances in one picture, each kind once.

    Args:
        size: (height, width) of the picture.
        segment: finds what its options ask for in that picture.
        options_of: the options that find a kind, see `kind_options`.
        found: what is known already, by kind.

    Attributes:
        notes: what the searches had to tell, each once.
        models: the weights that took part, each once.
    """

    def __init__(
        self,
        size: tuple[int, int],
        segment: Callable[[Options], Segmentation],
        options_of: Callable[[str], Options],
        found: Mapping[str, Instances] | None = None,
    ) -> None:
        self._size = size
        self._segment = segment
        self._options_of = options_of
        self._found = dict(found or {})
        self.notes: tuple[Note, ...] = ()
        self.models: tuple[ModelInfo, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the picture."""
        return self._size

    def find(self, kind: str) -> Instances:
        """Every instance of ``kind``.

        Raises:
            OptionError: the detector has no class of that name.
            AnimesegError: a model is missing or cannot be used.
        """
        if kind not in self._found:
            self._found[kind] = self._search(kind)
        return self._found[kind]

    def _search(self, kind: str) -> Instances:
        options = self._options_of(kind)
        try:
            result = self._segment(options)
        except OptionError as error:
            if error.field != "classes":
                raise
            raise OptionError(
                "target",
                f"{kind!r} is no character, face, hand or background, and no class of "
                f"{options.model}",
                error.cure,
            ) from error
        self.notes = tuple(dict.fromkeys((*self.notes, *result.notes)))
        self.models = tuple(dict.fromkeys((*self.models, *result.models)))
        return ellipses(result.instances) if kind == "face" else result.instances


def ellipses(instances: Instances) -> Instances:
    """Masks that fill their boxes, as box models give them, become the ellipses inside them.

    Masks of another shape stay, and so do the boxes.
    """
    masks = [
        _ellipse(box, instances.size) if _is_box(mask, box) else mask
        for mask, box in zip(instances.masks, instances.boxes, strict=True)
    ]
    return replace(instances, masks=np.stack(masks), alphas=None) if masks else instances


def _is_box(mask: NDArray[np.bool_], box: NDArray[np.float32]) -> bool:
    """Whether ``mask`` (H, W) is every pixel that ``box`` (4,) XYXY touches, and no other."""
    left, top, right, bottom = _inside(box, mask.shape)
    inside = mask[top:bottom, left:right]
    return bool(inside.size and inside.all()) and inside.size == np.count_nonzero(mask)


def _ellipse(box: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.bool_]:
    """(H, W) bool: pixels whose centres lie in the ellipse inside ``box``, which may leave."""
    mask = np.zeros(size, np.bool_)
    left, top, right, bottom = _inside(box, size)
    x0, y0, x1, y1 = (float(edge) for edge in box)
    y, x = np.ogrid[top:bottom, left:right]
    across = (x + 0.5 - (x0 + x1) / 2) / max((x1 - x0) / 2, 0.5)
    down = (y + 0.5 - (y0 + y1) / 2) / max((y1 - y0) / 2, 0.5)
    mask[top:bottom, left:right] = across**2 + down**2 <= 1
    return mask


def _inside(box: NDArray[np.float32], size: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Whole pixels that ``box`` touches, inside the frame: left, top, right, bottom."""
    left, top = np.floor(box[:2]).astype(int)
    right, bottom = np.ceil(box[2:]).astype(int)
    return max(left, 0), max(top, 0), min(right, size[1]), min(bottom, size[0])
