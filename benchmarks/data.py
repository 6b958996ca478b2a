"""Making training data: how fast, on how many cores, and in how much memory.

    python benchmarks/data.py [--count 60] [--workers 1 2] [--growth 5000] [--growth-size 320]

*rate* makes ``--count`` pictures of 640 pixels with every preset and number of workers, from
figures that were drawn before; CPU seconds are those of all processes. *growth* makes
``--growth`` pictures in one process, converts the set to another and reads it through, and notes
the resident set ten times on the way, after the garbage collector ran. *coco* opens a COCO file of
``--coco`` pictures with three masks each.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil

from animeseg.data.coco import write_coco
from animeseg.data.converting import convert
from animeseg.data.dataset import open_dataset
from animeseg.data.entries import Annotation, Entry
from animeseg.data.formats.source import Classes, FromDataset
from animeseg.data.synth.material import Characters, find_backgrounds, find_characters
from animeseg.data.synth.recipe import PRESETS, make_recipe
from animeseg.data.synth.run import DRAWN, Job, synthesise

MIB = 2**20
FIGURES = 40
POINTS = 10


def main(arguments: list[str] | None = None) -> int:
    """Runs the benchmark; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--growth", type=int, default=5000, help="0: not measured")
    parser.add_argument("--growth-size", type=int, default=320)
    parser.add_argument("--coco", type=int, default=100_000, help="0: not measured")
    parser.add_argument("--out", type=Path, default=None, help="JSON file to write")
    args = parser.parse_args(arguments)
    found: dict[str, Any] = {"count": args.count, "rate": [], "growth": {}}
    with tempfile.TemporaryDirectory(prefix="animeseg-") as name:
        for preset in PRESETS:
            for workers in args.workers:
                row = rate(Path(name), preset, args.count, workers)
                found["rate"].append(row)
                print(
                    f"{preset:16} {workers} workers  {row['per_second']:5.1f} pictures/s  "
                    f"{1000 * row['cpu_seconds']:5.0f} ms of CPU each",
                    flush=True,
                )
        if args.growth:
            size = args.growth_size
            found["growth"] = {"pictures": args.growth, "size": size}
            found["growth"] |= _in_own_process(growth, name, args.growth, size)
            for step in ("synth", "convert", "read"):
                curve = " ".join(f"{value:.0f}" for value in found["growth"][step])
                print(f"{step:8} resident MiB over {args.growth} pictures: {curve}", flush=True)
        if args.coco:
            found["coco"] = _in_own_process(coco, name, args.coco)
            print(
                f"coco     {found['coco']['megabytes']:.0f} MB, {args.coco} pictures: "
                f"{found['coco']['seconds']:.0f} s of CPU, "
                f"{found['coco']['growth_mib']:+.0f} MiB of memory",
                flush=True,
            )
    if args.out:
        args.out.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return 0


def rate(folder: Path, preset: str, count: int, workers: int) -> dict[str, Any]:
    """Pictures a second and CPU seconds of each; workers are started before the clock is."""
    out = folder / f"{preset}-{workers}"
    job = _job(out, preset, count + 8 * workers, 640)
    drawn = Characters(job.characters, 768 if preset == "default" else 0, out / DRAWN)
    for row in job.characters:
        drawn.pixels(row)
    marks: list[tuple[float, float, int]] = []

    def tell(totals: Any) -> None:
        count = totals.made + totals.lost
        # The first pictures wait for the workers to start; the last are still to be indexed.
        if count in (8 * workers, job.count):
            marks.append((time.perf_counter(), _cpu(), count))

    synthesise(job, workers, tell)
    (begun, cpu, early), (ended, used, late) = marks
    shutil.rmtree(out)
    return {
        "preset": preset,
        "workers": workers,
        "per_second": (late - early) / (ended - begun),
        "cpu_seconds": (used - cpu) / (late - early),
    }


def growth(name: str, count: int, size: int) -> dict[str, list[float]]:
    """The resident set, in MiB, at ten points of making, converting and reading a set."""
    folder = Path(name)
    curves: dict[str, list[float]] = {"synth": [], "convert": [], "read": []}

    def noting(curve: list[float]) -> Callable[[Any], None]:
        seen = [0]

        def tell(_: Any) -> None:
            seen[0] += 1
            if seen[0] % max(1, count // POINTS) == 0:
                gc.collect()
                curve.append(psutil.Process().memory_info().rss / MIB)

        return tell

    synthesise(_job(folder / "large", "default", count, size), 1, noting(curves["synth"]))
    source = FromDataset(open_dataset(folder / "large"), Classes(("character",), {0: 0}))
    convert(source, folder / "copy", {}, noting(curves["convert"]))
    dataset, tell = open_dataset(folder / "copy"), noting(curves["read"])
    for row in range(len(dataset)):
        dataset.instances(row)
        tell(None)
    return curves


def coco(name: str, count: int) -> dict[str, float]:
    """CPU seconds and growth of the resident set of opening a large COCO file."""
    path, size = Path(name) / "large.json", (480, 640)
    mask = np.zeros(size, np.bool_)
    cv2.ellipse(mask.view(np.uint8), (300, 240), (90, 200), 20, 0, 360, 1, -1)
    found = tuple(Annotation.of_mask(mask) for _ in range(3))
    write_coco(
        path,
        ["person"],
        lambda: (Entry(f"{k:08}.jpg", 640, 480, found) for k in range(count)),
        "large",
    )
    gc.collect()
    before, begun = psutil.Process().memory_info().rss, _cpu()
    dataset = open_dataset(path)
    seconds = _cpu() - begun
    if len(dataset.instances(count // 2)) != 3:
        raise RuntimeError("the file was read wrongly")
    gc.collect()
    growth_mib = (psutil.Process().memory_info().rss - before) / MIB
    return {
        "megabytes": path.stat().st_size / 1e6,
        "seconds": seconds,
        "growth_mib": growth_mib,
    }


def _job(out: Path, preset: str, count: int, size: int) -> Job:
    return Job(
        out=out,
        recipe=make_recipe(preset, {"size": size}),
        seed=0,
        count=count,
        val=0.0,
        alpha=False,
        characters=find_characters(None, figures=FIGURES, identity=str),
        backgrounds=find_backgrounds(None, scenes=FIGURES),
    )


def _cpu() -> float:
    """CPU seconds of this process and those that it started and that still run."""
    mine = psutil.Process()
    times = [process.cpu_times() for process in (mine, *mine.children(recursive=True))]
    return float(sum(time.user + time.system for time in times))


def _in_own_process(measure: Callable[..., Any], *arguments: Any) -> Any:
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(measure, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
