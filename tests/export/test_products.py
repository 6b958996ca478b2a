"""The list of products: what was asked for, in one order, with names that do not clash."""

from __future__ import annotations

import numpy as np
import pytest

from animeseg.export import cutout, overlay, products
from animeseg.instances import Instances, Segmentation
from animeseg.options import Options, OutputOptions, knobs
from animeseg.options.output import PRODUCTS


@pytest.fixture
def image(rng):
    return rng.integers(1, 256, (40, 60, 3), np.uint8)


@pytest.fixture
def result():
    masks = np.zeros((2, 40, 60), np.bool_)
    masks[0, 5:30, 5:20] = True
    masks[1, 10:35, 30:50] = True
    return Segmentation((40, 60), Instances.from_masks(masks), Options(mask_grow=0.0))


def made(image, result, **output):
    return list(products(image, result, OutputOptions(**output)))


def test_the_order_does_not_depend_on_the_order_of_asking(image, result):
    there = made(image, result, outputs=PRODUCTS)
    back = made(image, result, outputs=PRODUCTS[::-1])
    assert [one.suffix for one in there] == [one.suffix for one in back]
    assert [(one.kind, one.number, one.suffix) for one in there] == [
        ("mask", None, "mask"),
        ("cutout", None, "cutout"),
        ("characters", 1, "character-1"),
        ("characters", 2, "character-2"),
        ("character-masks", 1, "character-mask-1"),
        ("character-masks", 2, "character-mask-2"),
        ("overlay", None, "overlay"),
        ("layers", None, "layers"),
    ]
    assert tuple(dict.fromkeys(one.kind for one in there)) == PRODUCTS
    assert knobs(OutputOptions)["outputs"].choices == PRODUCTS


def test_pixels_are_what_the_kinds_promise(image, result):
    found = {one.suffix: one for one in made(image, result, outputs=PRODUCTS)}
    assert (found["mask"].pixels == result.instances.union() * 255).all()
    np.testing.assert_array_equal(found["cutout"].pixels, cutout(image, result))
    assert found["character-2"].pixels.shape[2] == 4
    assert (found["character-mask-2"].pixels == result.instances.masks[1] * 255).all()
    np.testing.assert_array_equal(found["overlay"].pixels, overlay(image, result.instances))
    assert found["layers"].pixels is None
    assert found["layers"].data[:2] == b"PK"
    assert found["layers"].extension == "ora"


def test_nothing_asked_is_nothing_made(image, result):
    assert made(image, result, outputs=()) == []


def test_the_background_is_that_of_the_cutout_only(image, result):
    both = made(image, result, outputs=("cutout", "characters"), background="colour")
    assert both[0].pixels.shape == (40, 60, 3)
    assert both[1].pixels.shape[2] == 4
