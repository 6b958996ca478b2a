"""Small sets of plain shapes, made in moments."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from animeseg.data.entries import Annotation, Entry
from animeseg.data.pictures import encode_jpeg
from animeseg.data.similar import perceptual_hash
from animeseg.data.writing import Sample, SetWriter, write_sample

SIZE = (48, 64)


def shapes(seed, size=SIZE):
    """A picture and the masks of a ring and of a disc in two parts that do not overlap."""
    rng = np.random.default_rng(seed)
    grey = cv2.resize(rng.integers(0, 255, (6, 8, 3), np.uint8), size[::-1])
    ring, parts = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    cv2.circle(ring, (16, 20 + seed % 5), 12, 1, -1)
    cv2.circle(ring, (16, 20 + seed % 5), 5, 0, -1)
    cv2.circle(parts, (46, 14), 8, 1, -1)
    cv2.circle(parts, (50, 36), 6 + seed % 3, 1, -1)
    for mask, colour in ((ring, (250, 40, 40)), (parts, (40, 40, 250))):
        grey[mask > 0] = colour
    return grey, [ring.astype(bool), parts.astype(bool)]


def sample(name, seed, count=2):
    rgb, masks = shapes(seed)
    found = tuple(
        Annotation.of_mask(mask, identity=f"who-{seed}-{k}") for k, mask in enumerate(masks[:count])
    )
    entry = Entry(name, SIZE[1], SIZE[0], found, phash=perceptual_hash(rgb), sources={"n": seed})
    return Sample(entry, encode_jpeg(rgb))


def build(root, names=("a.jpg", "b.jpg", "c.jpg"), recipe=None):
    with SetWriter(root, ["character"], recipe or {"command": "test"}) as writer:
        for seed, name in enumerate(names):
            # The last picture of a larger set shows nobody.
            count = 0 if seed == 2 else 2
            writer.add(write_sample(root, sample(name, seed, count), tolerance=0))
        writer.finish("test")
    return root


@pytest.fixture
def small_set(tmp_path):
    """Three pictures with two, two and no characters."""
    return build(tmp_path / "set")


@pytest.fixture
def made():
    """The functions above, for tests that need other sets."""
    return {"build": build, "sample": sample, "shapes": shapes}


@pytest.fixture
def files_in():
    """Content of every file of a folder, by name."""

    def read(folder):
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }

    return read
