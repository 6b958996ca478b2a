"""Refiners: detections in, better hard masks out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from animeseg.instances import Instances, ModelInfo, Note


@dataclass(frozen=True)
class Refinement:
    """Refined instances (same number and order as given) and what is to be told about them."""

    instances: Instances
    notes: tuple[Note, ...] = ()


class Refiner(Protocol):
    """What every refiner offers."""

    @property
    def info(self) -> ModelInfo | None:
        """The weights that take part; None for a refiner without any."""
        ...

    def refine(self, image: NDArray[np.uint8], instances: Instances) -> Refinement:
        """Refines the masks of ``instances`` on ``image`` (H, W, 3) uint8 RGB."""
        ...


@dataclass(frozen=True, eq=False)
class Embedding:
    """What the encoder of a Segment Anything model made of one picture, kept for many prompts.

    Attributes:
        features: the model's own tensors.
        image_size: (height, width) of the picture.
        input_size: (height, width) after scaling, before padding to the network's square.
        key: hash of the picture's content.
    """

    features: Any
    image_size: tuple[int, int]
    input_size: tuple[int, int]
    key: str


@dataclass(frozen=True, eq=False)
class Decoded:
    """Answer of the decoder to B prompts with C candidates each.

    Attributes:
        logits: (B, C, 256, 256) float32, inside the network's padded square.
        iou: (B, C) float32, the model's own estimate of each candidate's IoU.
    """

    logits: torch.Tensor
    iou: torch.Tensor


class SegmentAnything(Protocol):
    """A loaded Segment Anything model: pay once for the embedding, ask often."""

    info: ModelInfo
    encoder_calls: int
    decoder_calls: int

    def embed(self, image: NDArray[np.uint8]) -> Embedding:
        """Runs the encoder on ``image`` (H, W, 3) uint8 RGB, or returns the kept embedding."""
        ...

    def decode(
        self,
        embedding: Embedding,
        *,
        points: NDArray[np.float32] | None = None,
        point_labels: NDArray[np.int64] | None = None,
        boxes: NDArray[np.float32] | None = None,
        mask_logits: NDArray[np.float32] | None = None,
        multimask: bool = True,
    ) -> Decoded:
        """Answers B prompts about an embedded picture.

        Args:
            embedding: of the picture.
            points: (B, K, 2) XY in pixels of the picture.
            point_labels: (B, K) 1 inside, 0 outside, -1 padding.
            boxes: (B, 4) XYXY in pixels of the picture.
            mask_logits: (B, 256, 256) logits inside the network's padded square.
            multimask: three candidates a prompt, or one.
        """
        ...

    def upscale(self, embedding: Embedding, logits: torch.Tensor) -> torch.Tensor:
        """(B, C, 256, 256) logits to (B, C, H, W) at the resolution of the picture, padding
        removed before scaling; the mask is ``> 0``."""
        ...

    def shrink(self, embedding: Embedding, masks: NDArray[np.bool_]) -> NDArray[np.float32]:
        """(B, H, W) masks of the picture to (B, 256, 256) logits for ``mask_logits``."""
        ...
