"""SAM 2.1 (Ravi et al. 2024, arXiv 2408.00714) for single pictures, on ultralytics' modules.

Only what a picture needs is kept: the Hiera encoder with its pyramid, the prompt encoder and the
mask decoder. The parts that remember earlier frames of a video are named here, so that their keys
are left aside knowingly and every other key has to fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from animeseg.detect import _ultralytics
from animeseg.refine._network import Prompt, load_strictly

_BUILDERS = {
    "sam2.1_tiny": "build_sam2_t",
    "sam2.1_small": "build_sam2_s",
    "sam2.1_base_plus": "build_sam2_b",
    "sam2.1_large": "build_sam2_l",
}
_MEMORY = (
    "memory_attention.",
    "memory_encoder.",
    "mask_downsample.",
    "maskmem_tpos_enc",
    "no_mem_pos_enc",
    "no_obj_embed_spatial",
    "no_obj_ptr",
    "obj_ptr_proj.",
    "obj_ptr_tpos_proj.",
)


class Sam2Network:
    """SAM 2.1 tiny, small, base+ or large. Pictures are stretched to the square, as in training."""

    stretch = True

    def __init__(self, kind: str, state: Mapping[str, Tensor]) -> None:
        build = _ultralytics.find(f"ultralytics.models.sam.build:{_BUILDERS[kind]}")
        whole: Any = build()
        self.encoder: nn.Module = whole.image_encoder
        self._prompts: Any = whole.sam_prompt_encoder
        self._decoder: Any = whole.sam_mask_decoder
        self._parts = nn.Module()
        self._parts.image_encoder = self.encoder
        self._parts.sam_prompt_encoder = self._prompts
        self._parts.sam_mask_decoder = self._decoder
        # Added to the features of a picture that has no frames before it.
        self._parts.no_mem_embed = whole.no_mem_embed
        self.module: nn.Module = self._parts
        kept = {key: value for key, value in state.items() if not key.startswith(_MEMORY)}
        load_strictly(self.module, kept, kind)

    def encode(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Features at 1/16, 1/4 and 1/8: (1, 256, 64, 64), (1, 32, 256, 256), (1, 64, 128, 128)."""
        fine, middle, coarse = (level.float() for level in self.encoder(pixels)["backbone_fpn"])
        alone: Any = self._parts.no_mem_embed
        return (
            coarse + alone.view(1, -1, 1, 1),
            self._decoder.conv_s0(fine),
            self._decoder.conv_s1(middle),
        )

    def decode(self, features: tuple[Tensor, ...], prompt: Prompt) -> tuple[Tensor, Tensor]:
        """See `Network.decode`; a single answer falls back on the three where it is unstable."""
        sparse, dense = self._prompts(points=_with_boxes(prompt), boxes=None, masks=prompt.masks)
        logits, iou, *_ = self._decoder(
            image_embeddings=features[0],
            image_pe=self._prompts.get_dense_pe(),
            sparse_prompt_embeddings=sparse.expand(len(dense), -1, -1),
            dense_prompt_embeddings=dense,
            multimask_output=prompt.multimask,
            repeat_image=True,
            high_res_features=[features[1], features[2]],
        )
        return logits, iou


def _with_boxes(prompt: Prompt) -> tuple[Tensor, Tensor] | None:
    """Points and labels with each box as two points labelled 2 and 3 before them."""
    points, labels = prompt.points, prompt.labels
    if prompt.boxes is None:
        return None if points is None or labels is None else (points, labels)
    corners = prompt.boxes.reshape(-1, 2, 2)
    kinds = torch.tensor([[2, 3]], device=corners.device).expand(len(corners), -1)
    if points is None or labels is None:
        return corners, kinds
    return torch.cat([corners, points], dim=1), torch.cat([kinds, labels], dim=1)
