"""Memory of an evaluation over many pictures.

    python benchmarks/evaluation.py [--count 5000]

Writes a set of ``--count`` small pictures with one character each into a temporary folder and runs
`animeseg.evaluate.measure` over it, from the files on disk to the scores, with a system that
answers at random in place of a network (whose own memory `benchmarks/memory.py` measures). Prints
the resident set after every tenth of the pictures.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
from PIL import Image

from animeseg import Instances, Options
from animeseg.evaluate.measure import Row, measure
from animeseg.evaluate.scores import score
from animeseg.evaluate.systems import System
from animeseg.evaluate.truth import Truth, TruthSet, open_truth
from animeseg.instances import Segmentation

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE = 96
DETECTIONS = 8
MIB = 2**20


class Guesser:
    """A system without a network: `DETECTIONS` rectangles anywhere."""

    confidence = 0.5
    load_seconds = 0.0
    models = notes = ()
    system = System("guesser", Options(refine="none"))

    def __init__(self) -> None:
        self._rng = np.random.default_rng(0)

    def __call__(self, image: NDArray[np.uint8]) -> tuple[Segmentation, float]:
        """Random rectangles, the most confident first."""
        masks = np.zeros((DETECTIONS, *image.shape[:2]), np.bool_)
        for mask in masks:
            x, y = self._rng.integers(0, SIDE // 2, 2)
            mask[y : y + SIDE // 2, x : x + SIDE // 2] = True
        scores = np.sort(self._rng.random(DETECTIONS).astype(np.float32))[::-1].copy()
        found = Instances.from_masks(masks, scores)
        result = Segmentation(found.size, found, self.system.options, (), (), "")
        return result, 0.0

    def unload(self) -> None:
        """Nothing is loaded."""


def main() -> int:
    """Runs the benchmark; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--out", type=Path, default=None, help="JSON file to write")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_set(Path(folder), args.count)
        curve = growth(open_truth(Path(folder)), args.count)
    for count, mib in curve:
        print(f"{count:7} pictures {mib:8.1f} MiB")
    per_picture = (curve[-1][1] - curve[1][1]) * MIB / (curve[-1][0] - curve[1][0])
    print(f"{per_picture:.0f} bytes a picture between {curve[1][0]} and {curve[-1][0]}")
    if args.out:
        args.out.write_text(json.dumps({"curve": curve}), encoding="utf-8")
    return 0


def growth(truths: TruthSet, count: int) -> list[tuple[int, float]]:
    """(pictures done, resident MiB) after every tenth."""
    process, counter = psutil.Process(), itertools.count(1)
    curve: list[tuple[int, float]] = []

    def told(_: Row) -> None:
        done = next(counter)
        if done % max(count // 10, 1) == 0:
            gc.collect()
            curve.append((done, process.memory_info().rss / MIB))

    running: Any = Guesser()
    measured = measure(lambda: running, pictures(truths), told=told)
    score(measured, draws=2)
    return curve


def pictures(truths: TruthSet) -> Iterator[Truth]:
    """The pictures one after the other, none kept."""
    for row in range(len(truths)):
        yield truths[row]


def write_set(folder: Path, count: int) -> None:
    """A YOLO folder of ``count`` pictures with a square in each."""
    (folder / "images").mkdir()
    (folder / "labels").mkdir()
    rng = np.random.default_rng(1)
    for number in range(count):
        pixels = rng.integers(0, 255, (SIDE // 8, SIDE // 8, 3), np.uint8)
        Image.fromarray(pixels).resize((SIDE, SIDE)).save(folder / f"images/{number:06}.png")
        x, y = rng.uniform(0, 0.5, 2)
        corners = f"{x} {y} {x + 0.5} {y} {x + 0.5} {y + 0.5} {x} {y + 0.5}"
        (folder / f"labels/{number:06}.txt").write_text(f"0 {corners}\n", encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
