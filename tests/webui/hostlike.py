"""Stand-ins for what the host hands to hooks; no host is needed for them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from PIL import Image

from animeseg.instances import Instances, Note, Segmentation
from animeseg.options import Options

SIZE = (40, 60)


def picture(colour=(10, 120, 200)):
    return Image.new("RGB", SIZE[::-1], colour)


def result_of(count=2, options=None, **more):
    masks = np.zeros((count, *SIZE), np.bool_)
    for row in range(count):
        masks[row, 5:30, 5 + 25 * row : 20 + 25 * row] = True
    found = Instances.from_masks(masks) if count else Instances.empty(SIZE)
    return Segmentation(SIZE, found, options or Options(), **more)


class Finder:
    """Answers like `animeseg.webui.finding.find` and remembers what it was asked."""

    def __init__(self, count=2, notes=(), error=None):
        self.count, self.notes, self.error = count, notes, error
        self.asked = []

    def __call__(self, asked, options):
        self.asked.append((asked, options))
        if self.error is not None:
            raise self.error
        alpha = getattr(asked, "alpha", None)
        return result_of(self.count, options, notes=tuple(self.notes), alpha=alpha)


class Processing(SimpleNamespace):
    """``p`` of a job."""

    def __init__(self, images=1, **more):
        super().__init__(
            extra_generation_params={},
            batch_size=images,
            batch_index=0,
            iteration=0,
            outpath_samples="out",
            scripts=SimpleNamespace(postprocess_image_after_composite=None),
            comments=[],
            **more,
        )

    def comment(self, text):
        self.comments.append(text)


class Processed(SimpleNamespace):
    def __init__(self, p, images, grid=None):
        texts = [f"seed {number}" for number in range(len(images))]
        super().__init__(
            images=[*([grid] if grid else []), *images],
            infotexts=[*(["grid"] if grid else []), *texts],
            index_of_first_image=1 if grid else 0,
            comments="".join(f"{text}\n" for text in p.comments),
        )


class Postprocessed:
    """``pp`` of the Extras tab."""

    def __init__(self, image):
        self.image = image
        self.info = {}
        self.extra_images = []
        self.nametags = []
        self.disable_processing = False

    def create_copy(self, image, *, nametags=None, disable_processing=False):
        copy = Postprocessed(image)
        copy.info = dict(self.info)
        copy.nametags = [*self.nametags, *(nametags or [])]
        copy.disable_processing = disable_processing
        return copy


NOTE = Note("edge_fallback", "a weaker path", "get the better one")
