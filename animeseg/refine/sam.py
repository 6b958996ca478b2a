"""The Segment Anything family behind one face: pay once for the embedding, ask often.

`load_sam` turns a state dict into a `Sam`, which implements `animeseg.refine.SegmentAnything` for
SAM ViT-B/L/H (Kirillov et al. 2023), MobileSAM (Zhang et al. 2023), HQ-SAM (Ke et al. 2023) and
SAM 2.1 (Ravi et al. 2024).
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from animeseg.errors import BadWeightsError, OptionError
from animeseg.refine import Decoded, Embedding
from animeseg.refine._network import VIT, Network, Prompt, SamNetwork
from animeseg.refine._square import CELLS, SIDE, fit, shrink, upscale

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.instances import ModelInfo

KINDS = (
    "vit_b",
    "vit_l",
    "vit_h",
    "mobile",
    "hq_vit_b",
    "hq_vit_l",
    "hq_vit_h",
    "hq_mobile",
    "sam2.1_tiny",
    "sam2.1_small",
    "sam2.1_base_plus",
    "sam2.1_large",
)
"""Architectures that `load_sam` knows."""

_MEAN = (123.675, 116.28, 103.53)
_STD = (58.395, 57.12, 57.375)
_KEPT_PICTURES = 4
_KEPT_BYTES = 256 * 2**20

PROMPTS_AT_ONCE = 32
"""Prompts that the decoder answers at once."""


def load_sam(
    kind: str,
    state: Mapping[str, Tensor],
    info: ModelInfo,
    device: str | torch.device = "cpu",
    precision: str = "fp32",
) -> Sam:
    """A Segment Anything model of architecture ``kind`` with the weights ``state``.

    Args:
        kind: one of `KINDS`; `guess_kind` finds it.
        state: the checkpoint's tensors by key; not changed, but may be shared with the model.
        info: name, hash and licence of the weights.
        device: where the network runs.
        precision: ``fp32``, or ``fp16`` for the encoder (the cheap decoder stays in fp32);
            ``auto`` is fp16 on CUDA.

    Raises:
        BadWeightsError: when keys or shapes do not belong to ``kind``.
        OptionError: for an unknown ``kind``.
    """
    network: Network
    if kind == "mobile" or kind in VIT:
        network = SamNetwork(kind, state)
    elif kind.startswith("hq_") and kind in KINDS:
        from animeseg.refine._hq import HqNetwork

        network = HqNetwork(kind, state)
    elif kind in KINDS:
        from animeseg.refine._sam2 import Sam2Network

        network = Sam2Network(kind, state)
    else:
        cure = "choose one of " + ", ".join(KINDS)
        raise OptionError("sam_model", f"no Segment Anything kind {kind[:80]!r}", cure)
    half = precision == "fp16" or (precision == "auto" and torch.device(device).type == "cuda")
    return Sam(network, info, torch.device(device), half=half)


def guess_kind(state: Mapping[str, Tensor]) -> str:
    """The architecture (one of `KINDS`) that the keys and shapes of ``state`` belong to.

    Raises:
        BadWeightsError: when they belong to none.
    """
    prefix = "hq_" if "mask_decoder.hf_token.weight" in state else ""
    if "image_encoder.patch_embed.seq.0.c.weight" in state:
        return prefix + "mobile"
    for key, kinds in (
        ("image_encoder.pos_embed", {width: name for name, (width, *_) in VIT.items()}),
        (
            "image_encoder.trunk.pos_embed",
            {112: "sam2.1_base_plus", 144: "sam2.1_large", 96: "sam2.1_tiny"},
        ),
    ):
        if key in state and (width := max(state[key].shape[-1], state[key].shape[1])) in kinds:
            small = kinds[width] == "sam2.1_tiny" and any(".blocks.12." in name for name in state)
            return prefix + ("sam2.1_small" if small else kinds[width])
    raise BadWeightsError(
        "the weights are of no known Segment Anything architecture",
        "known ones are " + ", ".join(KINDS),
    )


class Sam:
    """A loaded model with its cache of embeddings; implements `SegmentAnything`.

    Safe to share between threads: one lock covers the network and the cache.

    Args:
        network: the loaded network.
        info: name, hash and licence of the weights.
        device: where the network runs.
        half: whether the encoder runs in half precision.

    Attributes:
        info: name, hash and licence of the weights.
        network: the loaded network.
        encoder_calls: how often the encoder ran.
        decoder_calls: how often the decoder ran (a batch counts once).
        prompts_at_once: prompts the decoder answers at once; changes memory, not answers.
    """

    def __init__(
        self, network: Network, info: ModelInfo, device: torch.device, *, half: bool = False
    ) -> None:
        self.info = info
        self.network = network
        self.device = device
        self.encoder_calls = 0
        self.decoder_calls = 0
        self.prompts_at_once = PROMPTS_AT_ONCE
        self._lock = threading.RLock()
        self._kept: OrderedDict[str, Embedding] = OrderedDict()
        network.module.to(device=device, dtype=torch.float32).requires_grad_(False)
        if half:
            network.encoder.half()
        self._dtype = torch.float16 if half else torch.float32
        # Last of all: TinyViT derives its attention biases from the weights when it enters eval.
        network.module.eval()

    def embed(self, image: NDArray[np.uint8]) -> Embedding:
        """Runs the encoder on ``image`` (H, W, 3) uint8 RGB, or returns the kept embedding."""
        key = _content_hash(image)
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
                return kept
            height, width = image.shape[:2]
            inner = (SIDE, SIDE) if self.network.stretch else fit(height, width)
            features = self._encode(self._pixels(image, inner))
            embedding = Embedding(features, (height, width), inner, key)
            self._kept[key] = embedding
            self._forget_oldest()
            return embedding

    def move(self, device: str | torch.device) -> None:
        """Moves the network and all kept embeddings."""
        with self._lock:
            self.device = torch.device(device)
            self.network.module.to(self.device)
            # TinyViT keeps derived attention biases beside its weights; eval derives them anew.
            self.network.module.eval()
            for key, kept in self._kept.items():
                features = tuple(feature.to(self.device) for feature in kept.features)
                self._kept[key] = replace(kept, features=features)

    def clear(self) -> None:
        """Forgets all kept embeddings."""
        with self._lock:
            self._kept.clear()

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
        """Answers B prompts about an embedded picture; see `SegmentAnything.decode`.

        Raises:
            ValueError: when no prompt is given, or the lengths of the parts do not agree.
        """
        lengths = {len(part) for part in (points, boxes, mask_logits) if part is not None}
        if len(lengths) != 1 or (points is None) != (point_labels is None):
            raise ValueError(
                f"expected points with labels, boxes or masks of one length, got {lengths}"
            )
        count = lengths.pop()
        height, width = embedding.image_size
        inner_height, inner_width = embedding.input_size
        scale = np.array([inner_width / width, inner_height / height], np.float32)
        answers = []
        with self._lock, torch.inference_mode():
            # Where the model is now: it may have been moved since it made the embedding.
            features = tuple(feature.to(self.device) for feature in embedding.features)
            prompt = Prompt(
                self._tensor(None if points is None else points * scale),
                None if point_labels is None else torch.from_numpy(point_labels).to(self.device),
                self._tensor(None if boxes is None else boxes * np.tile(scale, 2)),
                self._tensor(None if mask_logits is None else mask_logits[:, None]),
                multimask,
            )
            # Also for no prompts at all, so that the number of candidates is always right.
            for start in range(0, count, self.prompts_at_once):
                part = prompt.part(start, start + self.prompts_at_once)
                answers.append(self.network.decode(features, part))
                self.decoder_calls += 1
        if not answers:
            return Decoded(torch.zeros(0, 1, CELLS, CELLS), torch.zeros(0, 1))
        logits, iou = (torch.cat(parts).float() for parts in zip(*answers, strict=True))
        return Decoded(logits, iou)

    def upscale(self, embedding: Embedding, logits: Tensor) -> Tensor:
        """(B, C, 256, 256) logits to (B, C, H, W); see `animeseg.refine._square.upscale`."""
        return upscale(logits, embedding.image_size, embedding.input_size)

    def shrink(self, embedding: Embedding, masks: NDArray[np.bool_]) -> NDArray[np.float32]:
        """(B, H, W) masks to (B, 256, 256) logits; see `animeseg.refine._square.shrink`."""
        return shrink(masks, embedding.input_size)

    def _encode(self, pixels: Tensor) -> tuple[Tensor, ...]:
        with torch.inference_mode():
            features = self.network.encode(pixels.to(self._dtype))
            self.encoder_calls += 1
            if self._dtype == torch.float16 and not all(
                bool(feature.isfinite().all()) for feature in features
            ):
                # Some GPUs overflow in half precision; full precision gives the true answer.
                self._dtype = torch.float32
                self.network.encoder.float().eval()
                return self._encode(pixels)
            return tuple(feature.float() for feature in features)

    def _pixels(self, image: NDArray[np.uint8], inner: tuple[int, int]) -> Tensor:
        """The network's (1, 3, 1024, 1024) input: scaled, normalised, padded below and right."""
        from torchvision.transforms.functional import resize, to_pil_image

        # PIL's bilinear filter is the one the published networks were trained and are run with.
        scaled = np.asarray(resize(to_pil_image(image), list(inner)))
        pixels = torch.from_numpy(scaled.copy()).to(self.device).permute(2, 0, 1).float()
        mean = torch.tensor(_MEAN, device=self.device).view(3, 1, 1)
        std = torch.tensor(_STD, device=self.device).view(3, 1, 1)
        below, right = SIDE - inner[0], SIDE - inner[1]
        return torch.nn.functional.pad((pixels - mean) / std, (0, right, 0, below))[None]

    def _tensor(self, values: NDArray[np.float32] | None) -> Tensor | None:
        if values is None:
            return None
        return torch.from_numpy(np.ascontiguousarray(values, np.float32)).to(self.device)

    def _forget_oldest(self) -> None:
        while len(self._kept) > 1 and (
            len(self._kept) > _KEPT_PICTURES
            or sum(_bytes(embedding) for embedding in self._kept.values()) > _KEPT_BYTES
        ):
            self._kept.popitem(last=False)


def _bytes(embedding: Embedding) -> int:
    return sum(feature.nelement() * feature.element_size() for feature in embedding.features)


def _content_hash(image: NDArray[np.uint8]) -> str:
    digest = hashlib.blake2b(str(image.shape).encode(), digest_size=16)
    digest.update(np.ascontiguousarray(image).tobytes())
    return digest.hexdigest()
