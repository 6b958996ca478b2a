"""The command line with a segmenter that needs no weights; run as a script by the tests.

Every pixel whose red is over 128 belongs to the one character of a picture; a picture without such
pixels has none. Pictures that are 31 pixels wide meet a defect, those 37 wide run out of memory,
those 61 wide have 60 characters in the same place.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np

from animeseg.errors import OutOfMemoryError
from animeseg.instances import Instances, ModelInfo, Note, Segmentation

FALLBACK = Note("edge_fallback", "edges were used", "run `animeseg weights fetch mobile-sam`")


class FakeSegmenter:
    """Stands in for `animeseg.segmenter.Segmenter`; what it does is told by variables."""

    def __init__(self, options=None, *, model_dirs=(), download=False, progress=None):
        self.options = options
        self.seconds = float(os.environ.get("FAKE_SECONDS", "0"))
        self.log = os.environ.get("FAKE_LOG")
        self.model = ModelInfo("detector", "fake", os.environ.get("FAKE_MODEL", "f0"), "CC0-1.0")

    def load(self):
        return (self.model,)

    def __call__(self, picture):
        time.sleep(self.seconds)
        if self.log:
            with Path(self.log).open("a", encoding="utf-8") as stream:
                stream.write("x")
        if picture.size[1] == 31:
            raise RuntimeError("a defect")
        if picture.size[1] == 37:
            raise OutOfMemoryError("memory ran out on every rung", "use a smaller picture")
        mask = picture.rgb[:, :, 0] > 128
        found = np.repeat(mask[None], (60 if picture.size[1] == 61 else 1) * mask.any(), axis=0)
        return Segmentation(
            size=picture.size,
            instances=Instances.from_masks(found),
            options=self.options,
            models=(self.model,),
            notes=(*picture.notes, FALLBACK),
            version="test",
        )


if __name__ == "__main__":
    import animeseg.segmenter
    from animeseg.cli import main

    animeseg.segmenter.Segmenter = FakeSegmenter
    sys.exit(main())
