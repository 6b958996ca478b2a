"""Networks that know the truth, so that the page can be held to it: characters are discs of colour.

The picture is grey with four discs; the detector finds the three that are vivid, and Segment
Anything answers a click or a box with the disc that is there, the pale one included.
"""

from __future__ import annotations

import numpy as np

from animeseg.errors import MissingWeightsError
from animeseg.instances import Instances, ModelInfo, Note, Segmentation
from animeseg.refine import Decoded, Embedding

SIZE = (300, 400)
GREY = 128
DISCS = {
    "red": ((70, 90), 45, (220, 40, 40)),
    "green": ((200, 90), 45, (40, 200, 40)),
    "blue": ((330, 90), 45, (40, 60, 220)),
    "pale": ((200, 230), 40, (170, 165, 150)),
}
"""Centre (x, y), radius and colour."""


def disc(name, size=SIZE):
    (x, y), radius, _ = DISCS[name]
    rows, columns = np.mgrid[: size[0], : size[1]]
    return (rows - y) ** 2 + (columns - x) ** 2 <= radius**2


def picture():
    """(300, 400, 3) uint8 RGB."""
    image = np.full((*SIZE, 3), GREY, np.uint8)
    for name, (_, _, colour) in DISCS.items():
        image[disc(name)] = colour
    return image


def regions(rgb):
    """Masks of the discs that are in ``rgb``, by name."""
    found = {}
    for name, (_, _, colour) in DISCS.items():
        near = (np.abs(rgb.astype(int) - colour) < 12).all(axis=2)
        if near.sum() > 50:
            found[name] = near
    return found


class Oracle:
    """Answers as Segment Anything would that makes no mistake."""

    info = ModelInfo("refiner", "oracle", "0" * 64)
    encoder_calls = decoder_calls = 0

    def embed(self, image):
        self.discs = regions(image)
        height, width = image.shape[:2]
        side = 1024 / max(height, width)
        self.inner = (round(height * side), round(width * side))
        return Embedding(None, (height, width), self.inner, "")

    def decode(self, embedding, *, points, point_labels, boxes, mask_logits, multimask):
        import torch

        height, width = embedding.image_size
        mask = np.zeros((height, width), np.bool_)
        if mask_logits is not None:
            kept = self.upscale(embedding, torch.from_numpy(mask_logits)[None])
            mask = (kept[0, 0] > 0).numpy()
        if boxes is not None:
            left, top, right, bottom = boxes[0].astype(int)
            inside = np.zeros_like(mask)
            inside[top:bottom, left:right] = True
            for region in self.discs.values():
                mask |= region & inside
        for (x, y), label in zip(
            *((points[0].astype(int), point_labels[0]) if points is not None else ((), ())),
            strict=True,
        ):
            for region in self.discs.values():
                if region[y, x]:
                    mask = mask | region if label else mask & ~region
        logits = torch.from_numpy(self.shrink(embedding, mask[None]))[None]
        count = 3 if multimask else 1
        return Decoded(logits.repeat(1, count, 1, 1), torch.ones(1, count))

    def upscale(self, embedding, logits):
        from animeseg.refine._square import upscale

        return upscale(logits, embedding.image_size, embedding.input_size)

    def shrink(self, embedding, masks):
        from animeseg.refine._square import shrink

        return shrink(masks, embedding.input_size)


class Source:
    """Stands where models are loaded from."""

    def detector(self, options):
        return self

    info = ModelInfo("detector", "oracle", "1" * 64)

    def refiner(self, options, watch=None):
        return None, ()


class Models:
    """Stands where the service stands."""

    models = Source()

    def segment(self, image, options, *, watch=None):
        found = regions(image.rgb)
        if options.model != "character-n":
            found = {}
        names = [name for name in ("red", "green", "blue") if name in found]
        masks = [found[name] for name in names]
        size = image.size
        shown = Instances.from_masks(np.stack(masks)) if masks else Instances.empty(size)
        notes = (Note("oracle", "these are no real networks", "run the real page"),)
        return Segmentation(size, shown, options, (Source.info,), notes)

    def ask(self, options, question):
        if options.sam_model != "mobile-sam":
            raise MissingWeightsError(f"{options.sam_model} is not here", "fetch it")
        return question(Oracle()), ()
