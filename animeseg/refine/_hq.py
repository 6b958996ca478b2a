"""HQ-SAM (Ke et al. 2023, arXiv 2306.01567): SAM with one more output token and finer features.

The decoder gains a token whose mask is read from features fused out of an early and the last
encoder layer; its logits are added to those of SAM's best candidate. The encoder is SAM's own, so
`segment_anything` suffices; the keys are those of the published checkpoints, whose package
(``segment-anything-hq``, Apache-2.0) needs a ``timm`` of 2023.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from segment_anything.modeling import MaskDecoder
from segment_anything.modeling.common import LayerNorm2d
from segment_anything.modeling.mask_decoder import MLP
from torch import Tensor, nn

from animeseg.refine._network import (
    VIT,
    Prompt,
    embed_prompt,
    load_strictly,
    prompt_encoder,
    tiny_encoder,
    transformer,
    vit_encoder,
)


class HqNetwork:
    """HQ-SAM with a ViT, or its light version with the TinyViT of MobileSAM."""

    stretch = False

    def __init__(self, kind: str, state: Mapping[str, Tensor]) -> None:
        base = kind.removeprefix("hq_")
        encoder: Any
        early: nn.Module
        if base == "mobile":
            encoder, width = tiny_encoder(), 160
            early = encoder.layers[1]
        else:
            encoder, width = vit_encoder(base), VIT[base][0]
            early = encoder.blocks[VIT[base][3][0]]
        self._early = early
        self._prompts: Any = prompt_encoder()
        self._decoder = HqMaskDecoder(width)
        self.encoder: nn.Module = encoder
        self.module: nn.Module = nn.ModuleDict(
            {
                "image_encoder": encoder,
                "prompt_encoder": self._prompts,
                "mask_decoder": self._decoder,
            }
        )
        load_strictly(self.module, state, kind)

    def encode(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """The encoder's features (1, 256, 64, 64) and the fused fine ones (1, 32, 256, 256)."""
        seen: list[Tensor] = []
        hook = self._early.register_forward_hook(lambda _m, _i, output: seen.append(output))
        try:
            features = self.encoder(pixels).float()
        finally:
            hook.remove()
        # TinyViT hands its tokens on as one row, ViT as a grid.
        early = seen[0].float().reshape(1, 64, 64, -1).permute(0, 3, 1, 2)
        return features, self._decoder.fuse(features, early)

    def decode(self, features: tuple[Tensor, ...], prompt: Prompt) -> tuple[Tensor, Tensor]:
        """One candidate a prompt, the best of three where ``multimask`` asks for that."""
        sparse, dense, position = embed_prompt(self._prompts, prompt)
        logits, iou = self._decoder.answer(features, position, sparse, dense)
        first = slice(1, 4) if prompt.multimask else slice(0, 1)
        best_iou, best = iou[:, first].max(dim=1, keepdim=True)
        rows = torch.arange(len(logits), device=logits.device)[:, None]
        return logits[:, first][rows, best] + logits[:, 4:], best_iou


class HqMaskDecoder(MaskDecoder):  # type: ignore[misc]
    """SAM's mask decoder with the high-quality token.

    Args:
        early_width: channels of the encoder's early features.
    """

    def __init__(self, early_width: int) -> None:
        super().__init__(
            transformer_dim=256,
            transformer=transformer(),
            num_multimask_outputs=3,
            iou_head_depth=3,
            iou_head_hidden_dim=256,
        )
        self.hf_token = nn.Embedding(1, 256)
        self.hf_mlp = MLP(256, 256, 32, 3)
        self.compress_vit_feat = _doubled_twice(early_width, 256, 32)
        self.embedding_encoder = _doubled_twice(256, 64, 32)
        self.embedding_maskfeature = nn.Sequential(
            nn.Conv2d(32, 64, 3, padding=1),
            LayerNorm2d(64),
            nn.GELU(),
            nn.Conv2d(64, 32, 3, padding=1),
        )

    def fuse(self, features: Tensor, early: Tensor) -> Tensor:
        """Fine features (1, 32, 256, 256) out of the last and an early encoder layer."""
        fused: Tensor = self.embedding_encoder(features) + self.compress_vit_feat(early)
        return fused

    def answer(
        self, features: tuple[Tensor, ...], position: Tensor, sparse: Tensor, dense: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Logits (B, 5, 256, 256), the last from the high-quality token, and IoU (B, 4)."""
        count = len(sparse)
        own = torch.cat([self.iou_token.weight, self.mask_tokens.weight, self.hf_token.weight])
        tokens = torch.cat([own.expand(count, -1, -1), sparse], dim=1)
        source = features[0] + dense
        out, source = self.transformer(source, position.expand(count, -1, -1, -1), tokens)
        grid = source.transpose(1, 2).reshape(count, 256, 64, 64)
        coarse = self.output_upscaling(grid)
        fine = self.embedding_maskfeature(coarse) + features[1]
        heads = [*self.output_hypernetworks_mlps, self.hf_mlp]
        weights = torch.stack([head(out[:, 1 + i]) for i, head in enumerate(heads)], dim=1)
        logits = torch.cat(
            [
                torch.einsum("bnc,bchw->bnhw", weights[:, :-1], coarse),
                torch.einsum("bnc,bchw->bnhw", weights[:, -1:], fine),
            ],
            dim=1,
        )
        return logits, self.iou_prediction_head(out[:, 0])


def _doubled_twice(inner: int, middle: int, outer: int) -> nn.Sequential:
    return nn.Sequential(
        nn.ConvTranspose2d(inner, middle, 2, stride=2),
        LayerNorm2d(middle),
        nn.GELU(),
        nn.ConvTranspose2d(middle, outer, 2, stride=2),
    )
