"""Pictures with squares for characters, and a system that knows where they are."""

from __future__ import annotations

import numpy as np
import pytest

from animeseg.evaluate.truth import Truth
from animeseg.instances import Instances, Segmentation
from animeseg.options import Options

SIZE = (60, 80)


def squares(*corners, side=20, size=SIZE):
    """Masks (N, H, W) of squares with their upper left corners at (x, y)."""
    masks = np.zeros((len(corners), *size), np.bool_)
    for mask, (x, y) in zip(masks, corners, strict=True):
        mask[y : y + side, x : x + side] = True
    return masks


def instances(*corners, scores=None, side=20, size=SIZE):
    masks = squares(*corners, side=side, size=size)
    values = np.ones(len(masks)) if scores is None else np.array(scores)
    return Instances.from_masks(masks, values.astype(np.float32))


def truth_of(found, name="a.png", *, ignore=None, group="", has_masks=True, ignored_boxes=()):
    return Truth(
        name=name,
        image=np.full((*found.size, 3), 128, np.uint8),
        instances=found,
        ignore=np.zeros(found.size, np.bool_) if ignore is None else ignore,
        ignored_boxes=np.array(ignored_boxes, np.float32).reshape(-1, 4),
        has_masks=has_masks,
        group=group,
    )


class Oracle:
    """A loaded system that gives prepared answers, in the order of the pictures."""

    def __init__(self, answers, name="oracle", confidence=0.5):
        from animeseg.evaluate.systems import System

        self.system = System(name, Options(refine="none"))
        self.answers = iter(answers)
        self.confidence = confidence
        self.models, self.notes, self.load_seconds = (), (), 0.0
        self.unloaded = False

    def __call__(self, image):
        found = next(self.answers)
        result = Segmentation(
            size=found.size,
            instances=found,
            options=self.system.options,
            models=(),
            notes=(),
            version="0",
        )
        return result, 0.01

    def unload(self):
        self.unloaded = True


@pytest.fixture
def measured():
    """Runs prepared answers against truths."""
    from animeseg.evaluate.measure import measure

    def run(truths, answers, **more):
        return measure(lambda: Oracle(answers, **more), truths)

    return run
