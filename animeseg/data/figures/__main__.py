"""Write figures to a folder: `python -m animeseg.data.figures --out DIR --count N`."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image
from tqdm import tqdm

from animeseg.data.figures.drawing import Figure, draw_figure
from animeseg.data.figures.sheet import contact_sheet


def write_png(path: Path, pixels: npt.NDArray[np.uint8]) -> None:
    """Write an RGB or RGBA uint8 array to `path` so that no reader sees half a file."""
    handle, name = tempfile.mkstemp(prefix=path.stem, suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            Image.fromarray(pixels).save(stream, format="PNG", compress_level=3)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_figure(seed: int, *, height: int, out: Path) -> Path:
    """Draw the figure of `seed` and write it to `out`; return its path."""
    path = out / f"figure_{seed:08d}.png"
    write_png(path, draw_figure(seed, height=height).rgba)
    return path


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    arguments = _parser().parse_args(argv)
    seeds = range(arguments.seed, arguments.seed + arguments.count)
    if arguments.out is not None:
        arguments.out.mkdir(parents=True, exist_ok=True)
        job = partial(write_figure, height=arguments.height, out=arguments.out)
        _run(job, seeds, arguments.workers)
    if arguments.sheet is not None:
        shown: list[Figure] = [draw_figure(seed, height=arguments.height) for seed in seeds[:64]]
        write_png(arguments.sheet, contact_sheet(shown, boxes=arguments.boxes))
    return 0


def _run(job: partial[Path], seeds: range, workers: int) -> None:
    if workers <= 1:
        for seed in tqdm(seeds, unit="figure"):
            job(seed)
        return
    # One thread per process: the shapes are small, and the processes already fill the cores.
    with ProcessPoolExecutor(workers, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        for _ in tqdm(pool.map(job, seeds, chunksize=8), total=len(seeds), unit="figure"):
            pass


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m animeseg.data.figures", description=__doc__)
    parser.add_argument("--out", type=Path, help="folder for the RGBA PNG files")
    parser.add_argument("--count", type=_positive, default=64, help="number of figures")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first figure")
    parser.add_argument("--height", type=_positive, default=768, help="height in pixels")
    parser.add_argument("--workers", type=_positive, default=1, help="processes")
    parser.add_argument("--sheet", type=Path, help="contact sheet of the first 64 figures (PNG)")
    parser.add_argument("--boxes", action="store_true", help="draw face boxes on the sheet")
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {text}")
    return value


if __name__ == "__main__":
    sys.exit(main())
