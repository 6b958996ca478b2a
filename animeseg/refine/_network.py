"""What differs between the members of the SAM family, and the plain ones: ViT-B/L/H, MobileSAM.

A `Network` hides how features are made and prompts are answered; `animeseg.refine.sam` does the
rest (scaling, padding, caching, counting) once for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from animeseg.errors import BadWeightsError
from animeseg.refine._square import SIDE

VIT = {
    "vit_b": (768, 12, 12, (2, 5, 8, 11)),
    "vit_l": (1024, 24, 16, (5, 11, 17, 23)),
    "vit_h": (1280, 32, 16, (7, 15, 23, 31)),
}
"""Width, depth, heads and blocks with global attention of the three plain encoders."""


@dataclass(frozen=True, eq=False)
class Prompt:
    """B prompts in the coordinates of the network's square.

    Attributes:
        points: (B, K, 2) float32 XY, or None.
        labels: (B, K) int64: 1 inside, 0 outside, -1 padding; None without points.
        boxes: (B, 4) float32 XYXY, or None.
        masks: (B, 1, 256, 256) float32 logits, or None.
        multimask: three candidates a prompt, or one.
    """

    points: Tensor | None
    labels: Tensor | None
    boxes: Tensor | None
    masks: Tensor | None
    multimask: bool

    def part(self, start: int, stop: int) -> Prompt:
        """The prompts ``start`` to ``stop``."""

        def rows(tensor: Tensor | None) -> Tensor | None:
            return None if tensor is None else tensor[start:stop]

        return Prompt(
            rows(self.points),
            rows(self.labels),
            rows(self.boxes),
            rows(self.masks),
            self.multimask,
        )


class Network(Protocol):
    """A loaded network: pixels to features, features and prompts to logits.

    Attributes:
        module: the whole network.
        encoder: the part of ``module`` that may run in half precision.
        stretch: the picture fills the square in both directions (SAM 2) instead of being padded.
    """

    module: nn.Module
    encoder: nn.Module
    stretch: bool

    def encode(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Features of ``pixels`` (1, 3, 1024, 1024), normalised, in the encoder's dtype."""
        ...

    def decode(self, features: tuple[Tensor, ...], prompt: Prompt) -> tuple[Tensor, Tensor]:
        """Logits (B, C, 256, 256) and estimated IoU (B, C) float32."""
        ...


def load_strictly(module: nn.Module, state: Mapping[str, Tensor], kind: str) -> None:
    """Fills ``module`` with ``state``; every key and every shape has to agree.

    Raises:
        BadWeightsError: naming missing and unexpected keys and wrong shapes; ``module`` is then
            left as it was.
    """
    expected = module.state_dict()
    problems = []
    for word, keys in (
        ("missing", expected.keys() - state.keys()),
        ("unexpected", state.keys() - expected.keys()),
    ):
        if keys:
            problems.append(f"{len(keys)} {word} keys ({_some(sorted(keys))})")
    wrong = [
        f"{key} {tuple(state[key].shape)} instead of {tuple(expected[key].shape)}"
        for key in sorted(expected.keys() & state.keys())
        if state[key].shape != expected[key].shape
    ]
    if wrong:
        problems.append(f"{len(wrong)} wrong shapes ({_some(wrong)})")
    if problems:
        raise BadWeightsError(
            f"the weights are not of the kind {kind}: " + ", ".join(problems),
            "choose the kind that belongs to the file, or fetch the file again",
        )
    # assign: networks built on the meta device have nothing to copy into.
    module.load_state_dict(dict(state), strict=True, assign=True)


def _some(words: list[str], limit: int = 4) -> str:
    shown = ", ".join(words[:limit])
    return shown if len(words) <= limit else f"{shown}, ..."


class SamNetwork:
    """SAM (Kirillov et al. 2023) with a ViT, or MobileSAM (Zhang et al. 2023) with a TinyViT.

    ``module`` is a ``segment_anything`` ``Sam``, so that this package's own tools accept it.
    """

    stretch = False

    def __init__(self, kind: str, state: Mapping[str, Tensor]) -> None:
        from segment_anything.modeling import Sam

        encoder = tiny_encoder() if kind == "mobile" else vit_encoder(kind)
        self.encoder = encoder
        self._prompts: Any = prompt_encoder()
        self._decoder = mask_decoder()
        self.module: nn.Module = Sam(encoder, self._prompts, self._decoder)
        load_strictly(self.module, state, kind)

    def encode(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """One feature map, (1, 256, 64, 64)."""
        return (self.encoder(pixels),)

    def decode(self, features: tuple[Tensor, ...], prompt: Prompt) -> tuple[Tensor, Tensor]:
        """See `Network.decode`."""
        sparse, dense, position = embed_prompt(self._prompts, prompt)
        logits, iou = self._decoder(
            image_embeddings=features[0],
            image_pe=position,
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=prompt.multimask,
        )
        return logits, iou


def embed_prompt(encoder: Any, prompt: Prompt) -> tuple[Tensor, Tensor, Tensor]:
    """Sparse, dense and positional encodings of ``prompt`` by a SAM prompt encoder."""
    points = None if prompt.points is None else (prompt.points, prompt.labels)
    sparse, dense = encoder(points=points, boxes=prompt.boxes, masks=prompt.masks)
    return sparse, dense, encoder.get_dense_pe()


def vit_encoder(kind: str) -> nn.Module:
    """Image encoder of SAM ViT-B, -L or -H, without memory until a state is assigned."""
    from functools import partial

    from segment_anything.modeling import ImageEncoderViT

    width, depth, heads, global_blocks = VIT[kind]
    with torch.device("meta"):
        encoder: nn.Module = ImageEncoderViT(
            img_size=SIDE,
            embed_dim=width,
            depth=depth,
            num_heads=heads,
            out_chans=256,
            norm_layer=partial(nn.LayerNorm, eps=1e-6),
            use_rel_pos=True,
            window_size=14,
            global_attn_indexes=global_blocks,
        )
    return encoder


def tiny_encoder() -> nn.Module:
    """Image encoder of MobileSAM."""
    from animeseg.detect import _ultralytics

    encoder: nn.Module = _ultralytics.find("ultralytics.models.sam.modules.tiny_encoder:TinyViT")(
        img_size=SIDE,
        embed_dims=(64, 128, 160, 320),
        depths=(2, 2, 6, 2),
        num_heads=(2, 4, 5, 10),
        window_sizes=(7, 7, 14, 7),
        drop_path_rate=0.0,
    )
    return encoder


def prompt_encoder() -> nn.Module:
    """Prompt encoder of every first-generation SAM."""
    from segment_anything.modeling import PromptEncoder

    grid = SIDE // 16
    encoder: nn.Module = PromptEncoder(
        embed_dim=256,
        image_embedding_size=(grid, grid),
        input_image_size=(SIDE, SIDE),
        mask_in_chans=16,
    )
    return encoder


def transformer() -> nn.Module:
    """Two-way transformer of every first-generation mask decoder."""
    from segment_anything.modeling import TwoWayTransformer

    network: nn.Module = TwoWayTransformer(depth=2, embedding_dim=256, num_heads=8, mlp_dim=2048)
    return network


def mask_decoder() -> nn.Module:
    """Mask decoder of SAM and MobileSAM."""
    from segment_anything.modeling import MaskDecoder

    decoder: nn.Module = MaskDecoder(
        transformer_dim=256,
        transformer=transformer(),
        num_multimask_outputs=3,
        iou_head_depth=3,
        iou_head_hidden_dim=256,
    )
    return decoder
