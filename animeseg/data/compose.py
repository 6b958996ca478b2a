"""Training pictures for the character detector, composed from cut-outs and backgrounds.

Written are `images/NNNNNN.jpg`, `masks/NNNNNN.png` and `faces/NNNNNN.txt`. Masks are 8-bit index
maps: 0 is background, k is the visible part of character k. Faces are rows `0 x y w h` of YOLO's
format (centre and size as shares of the picture). Picture number i depends only on the seed and
i, never on the number of workers.

    python -m animeseg.data.compose --pack PACK --out OUT --count 4000 --seed 1 --workers 2
"""

from __future__ import annotations

import argparse
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from animeseg.data import objects, scenery, sprites, style
from animeseg.data.cast import (
    Layer,
    Pack,
    companion_layer,
    group_layers,
    load_pack,
    lone_layer,
    visible_only,
)

# (H, W) of a composite and its share. A training batch has one shape, so there are few of them.
SHAPES: list[tuple[tuple[int, int], float]] = [
    ((640, 640), 0.22),
    ((640, 448), 0.40),
    ((384, 640), 0.24),
    ((448, 640), 0.14),
]
# (fewest, most, share) characters in a picture.
COUNTS: list[tuple[int, int, float]] = [
    (0, 0, 0.18),
    (1, 1, 0.46),
    (2, 2, 0.18),
    (3, 5, 0.14),
    (6, 12, 0.06),
    (13, 20, 0.04),
]
COMPANION_SHARE = 0.06  # of the single characters, which then hold or carry a second one
FACE_VISIBLE = 0.35  # a face more hidden than this is no face
FACE_SMALLEST = 7  # pixels of the shorter side; a smaller face is no face


@dataclass(frozen=True)
class Composite:
    """One training picture.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        index: (H, W) uint8, 0 background, k the visible part of character k (1-based, rear first).
        faces: (N, 4) float32 boxes x0, y0, x1, y1 in pixels around the visible parts of faces.
    """

    image: np.ndarray
    index: np.ndarray
    faces: np.ndarray


def pick(table: Sequence[Any], rng: np.random.Generator) -> Any:
    """A row of a table whose last column is its share."""
    shares = np.array([row[-1] for row in table])
    return table[int(rng.choice(len(table), p=shares / shares.sum()))]


def harmonise(rgba: np.ndarray, under: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Pull a character towards the colours it stands on and soften its edge.

    Args:
        rgba: (h, w, 4) uint8 straight RGBA.
        under: (h, w, 3) uint8 RGB picture below it.
        rng: source of randomness.

    Returns:
        (h, w, 4) uint8.
    """
    if rng.random() < 0.35:
        mean = under.reshape(-1, 3).mean(0)
        pulled = rgba[..., :3] + (mean - rgba[..., :3]) * rng.uniform(0.05, 0.3)
        rgba = np.dstack([pulled.astype(np.uint8), rgba[..., 3]])
    if rng.random() < 0.5:
        soft = cv2.GaussianBlur(sprites.premultiply(rgba), (0, 0), rng.uniform(0.4, 1.1))
        rgba = sprites.unpremultiply(soft)
    return rgba


def blend(
    canvas: np.ndarray, index: np.ndarray, layer: Layer, number: int, rng: np.random.Generator
) -> None:
    """Paste a layer over the canvas and write its number into the index map, both in place."""
    place = layer.window((index.shape[0], index.shape[1]))
    if place is None:
        return
    rows, columns, inside = place
    under = canvas[rows, columns]
    inside = harmonise(inside, under, rng)
    alpha = inside[..., 3:].astype(np.float32) / 255
    canvas[rows, columns] = (under + (inside[..., :3].astype(np.float32) - under) * alpha).round()
    index[rows, columns][inside[..., 3] > 127] = number


def occlude(
    canvas: np.ndarray, index: np.ndarray, pack: Pack, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Put a thing or a table edge in front, if every character stays recognisable."""
    shape = index.shape
    if rng.random() < 0.4:
        stencil = np.zeros(shape, np.float32)
        stencil[int(shape[0] * rng.uniform(0.72, 0.95)) :] = 1
    else:
        stencil = objects.blob(shape, rng, rng.uniform(0.06, 0.2) * min(shape))
    picture = pack.backgrounds[int(rng.integers(len(pack.backgrounds)))]
    texture = objects.crop(picture, shape, rng)
    if rng.random() < 0.5:
        texture = objects.colour(rng)
    hidden = np.where(stencil > 0.5, 0, index).astype(np.uint8)
    before = np.bincount(index.ravel(), minlength=256)[1:]
    after = np.bincount(hidden.ravel(), minlength=256)[1:]
    if np.any(after < 0.6 * before):
        return canvas, index
    return objects.paste(canvas, texture, stencil), hidden


def faces_of(layers: Sequence[Layer], index: np.ndarray) -> np.ndarray:
    """Boxes of the faces that show, each around what is seen of its outline.

    Args:
        layers: the characters in the order of their numbers in the map, from 1.
        index: (H, W) uint8 map of the visible characters.

    Returns:
        (N, 4) float32 x0, y0, x1, y1 in pixels.
    """
    boxes = []
    for k, layer in enumerate(layers, start=1):
        if not len(layer.face):
            continue
        outline = layer.face_in_picture
        stencil = np.zeros(index.shape, np.uint8)
        hull = cv2.convexHull(outline)
        cv2.fillPoly(stencil, [hull.round().astype(np.int32)], 1)
        seen = stencil * (index == k)
        x, y, w, h = cv2.boundingRect(seen)
        enough = int(seen.sum()) >= FACE_VISIBLE * cv2.contourArea(hull)
        if enough and min(w, h) >= FACE_SMALLEST:
            boxes.append((x, y, x + w, y + h))
    return np.array(boxes, np.float32).reshape(-1, 4)


def compose(pack: Pack, seed: int, number: int) -> Composite:
    """Make training picture `number` of the sequence that `seed` names."""
    rng = np.random.default_rng([seed, number])
    shape = pick(SHAPES, rng)[0]
    fewest, most, _ = pick(COUNTS, rng)
    count = int(rng.integers(fewest, most + 1))
    canvas = scenery.background(pack.backgrounds, shape, rng)
    index = np.zeros(shape, np.uint8)
    alone = count == 1
    layers = [lone_layer(pack, shape, rng)] if alone else group_layers(pack, shape, count, rng)
    if alone and rng.random() < COMPANION_SHARE:
        layers.append(companion_layer(pack, layers[0], rng))
    layers = visible_only(layers, shape)
    for k, layer in enumerate(layers, start=1):
        blend(canvas, index, layer, k, rng)
    if rng.random() < 0.15:
        canvas, index = occlude(canvas, index, pack, rng)
    if rng.random() < 0.1:
        canvas = objects.particles(canvas, rng)
    return Composite(style.stylise(canvas, rng), index, faces_of(layers, index))


def write(composite: Composite, out: Path, number: int) -> None:
    """Store a composite as JPEG and an indexed PNG."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, 95]
    image = cv2.cvtColor(composite.image, cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(out / "images" / f"{number:06d}.jpg"), image, quality)
    height, width = composite.index.shape
    centres = (composite.faces[:, :2] + composite.faces[:, 2:]) / 2
    sizes = composite.faces[:, 2:] - composite.faces[:, :2]
    rows = np.hstack([centres, sizes]) / np.array([width, height, width, height])
    text = "".join(f"0 {x:.6f} {y:.6f} {w:.6f} {h:.6f}\n" for x, y, w, h in rows)
    (out / "faces" / f"{number:06d}.txt").write_text(text, encoding="utf-8")
    cv2.imwrite(str(out / "masks" / f"{number:06d}.png"), composite.index)


_packs: list[Pack] = []  # one per worker process: loading takes seconds


def _start_worker(load: partial[Pack]) -> None:
    cv2.setNumThreads(1)
    _packs.append(load())


def _work(out: Path, seed: int, number: int) -> None:
    if not (out / "masks" / f"{number:06d}.png").exists():  # a stopped run is taken up again
        write(compose(_packs[0], seed, number), out, number)


def main(argv: Sequence[str] | None = None) -> None:
    """Command line: compose a set of training pictures."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="number of the first picture")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--held-out", nargs="*", default=[], help="identities, background stems")
    parser.add_argument("--only-held-out", action="store_true")
    args = parser.parse_args(argv)
    for folder in ("images", "masks", "faces"):
        (args.out / folder).mkdir(parents=True, exist_ok=True)
    load = partial(load_pack, args.pack, args.held_out, args.only_held_out)
    with ProcessPoolExecutor(
        args.workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start_worker,
        initargs=(load,),
    ) as pool:
        numbers = range(args.first, args.first + args.count)
        jobs = pool.map(partial(_work, args.out, args.seed), numbers, chunksize=8)
        for _ in tqdm(jobs, total=args.count, unit="picture"):
            pass


if __name__ == "__main__":
    main()
