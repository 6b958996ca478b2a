"""Detectors: a picture in, `Instances` out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from animeseg.instances import Instances, ModelInfo, Note


@dataclass(frozen=True)
class Detection:
    """Detected instances and what is to be told about them."""

    instances: Instances
    notes: tuple[Note, ...] = ()


class Detector(Protocol):
    """What every detector offers; models are passed in loaded, nothing is fetched here."""

    info: ModelInfo
    names: tuple[str, ...]
    confidence: float | None

    def detect(
        self,
        image: NDArray[np.uint8],
        *,
        confidence: float = 0.25,
        nms_iou: float = 0.7,
        image_size: int = 0,
        max_instances: int = 100,
        classes: Sequence[str] = (),
    ) -> Detection:
        """Finds instances in ``image`` (H, W, 3) uint8 RGB.

        Args:
            image: (H, W, 3) uint8 RGB, upright.
            confidence: least score.
            nms_iou: overlap above which the weaker box is dropped.
            image_size: longer side, in pixels, given to the network; 0 takes the model's own.
            max_instances: at most this many, most confident first.
            classes: class names to keep; empty keeps every class the detector is meant for.

        Returns:
            Instances with masks at the resolution of ``image``, most confident first. Box models
            give masks that fill their boxes.
        """
        ...
