"""A cut-out's face stays on its face, whatever is done to the cut-out."""

from __future__ import annotations

import numpy as np
import pytest

from animeseg.data.cutout import NO_FACE, Cutout, ellipse

BOX = (60.0, 20.0, 90.0, 60.0)


def red_face() -> Cutout:
    """A blue body whose face, and nothing else, is red."""
    rgba = np.zeros((200, 120, 4), np.uint8)
    rgba[10:195, 20:110] = (0, 0, 255, 255)
    y, x = np.mgrid[0:200, 0:120] + 0.5
    x0, y0, x1, y1 = BOX
    disc = ((x - (x0 + x1) / 2) / (x1 - x0)) ** 2 + ((y - (y0 + y1) / 2) / (y1 - y0)) ** 2 < 0.25
    rgba[disc] = (255, 0, 0, 255)
    return Cutout(rgba, ellipse(BOX))


def red_box(cutout: Cutout) -> np.ndarray:
    """The box around what is red and opaque."""
    rgba = cutout.rgba.astype(int)
    rows, columns = np.nonzero((rgba[..., 0] > 128) & (rgba[..., 2] < 128) & (rgba[..., 3] > 128))
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])


def outline_box(cutout: Cutout) -> np.ndarray:
    return np.concatenate([cutout.face.min(0), cutout.face.max(0)])


CHANGES = {
    "nothing": lambda c, rng: c,
    "shrunk": lambda c, rng: c.resized(0.5, 0.7),
    "enlarged": lambda c, rng: c.resized(1.8, 1.5),
    "mirrored": lambda c, rng: c.mirrored(),
    "turned": lambda c, rng: c.rotated(40),
    "lying": lambda c, rng: c.rotated(-90),
    "bent": lambda c, rng: c.warped(rng, chibi=0.0),
    "chibi": lambda c, rng: c.warped(rng, chibi=1.0),
    "cropped": lambda c, rng: c.cropped(),
    "the upper half": lambda c, rng: c.upper(0.5),
    "all of it": lambda c, rng: c.rotated(20).warped(rng, 1.0).mirrored().resized(0.9, 0.8),
}


@pytest.mark.parametrize("name", CHANGES)
def test_the_outline_follows_the_face(name):
    changed = CHANGES[name](red_face(), np.random.default_rng(3))
    np.testing.assert_allclose(outline_box(changed), red_box(changed), atol=2.5)


@pytest.mark.parametrize("name", CHANGES)
def test_who_shows_no_face_gets_none(name):
    changed = CHANGES[name](Cutout(red_face().rgba), np.random.default_rng(3))
    assert len(changed.face) == 0


@pytest.mark.parametrize("box", [(0, 0, 0, 0), (5, 5, 5, 9), (9, 0, 3, 4)])
def test_a_box_without_area_has_no_outline(box):
    assert ellipse(box) is NO_FACE
