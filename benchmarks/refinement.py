"""The three refinements by Segment Anything on the same pictures, in one run.

    python benchmarks/refinement.py --data DIR --sam SAM [--pictures 3] [--out FILE]

``vote/report`` is the published method to the letter, ``vote/fast`` the same idea without the
waste, ``prompt`` asks about each character. All get the same detections and the same network; the
embedding cache is emptied before each, so that each pays for its own encoder passes. ``report``
needs five encoder passes and 5,120 prompts a picture, many minutes on a CPU, so few pictures are
taken for it: those with the fewest pixels among the real illustrations in which the detector finds
a character. IoU is that of all foreground, ignored pixels left out, averaged over the pictures.

Ratios are of times in this run: CPU seconds of this process (all threads), which other programs on
the machine disturb less, and wall seconds. The methods take turns on each picture; those of a few
seconds are repeated and the median is taken. The file is written after every picture.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from development import Picture, foreground_iou, load_real

from animeseg import Instances, Options, Segmenter
from animeseg.loading import ModelSource

if TYPE_CHECKING:
    from animeseg.refine import Refiner
    from animeseg.refine.sam import Sam

METHODS = ("vote/report", "vote/fast", "prompt")


@dataclass(frozen=True)
class Run:
    """One method on one picture; times are medians over the repeats.

    Attributes:
        method: one of `METHODS`.
        picture: its name.
        size: (height, width).
        characters: detections given to the method.
        detector_iou: foreground IoU of those detections.
        iou: foreground IoU after refinement.
        cpu_seconds: of this process, all threads.
        wall_seconds: on the clock.
        encoder_calls: passes of the encoder.
        decoder_calls: batches answered by the decoder.
        prompts: prompts in those batches.
        repeats: how often it was timed.
        notes: codes of the notes.
    """

    method: str
    picture: str
    size: tuple[int, int]
    characters: int
    detector_iou: float
    iou: float
    cpu_seconds: float
    wall_seconds: float
    encoder_calls: int
    decoder_calls: int
    prompts: int
    repeats: int
    notes: tuple[str, ...]


def main(arguments: list[str] | None = None) -> int:
    """Runs the benchmark; returns the exit code."""
    args = _parser().parse_args(arguments)
    torch.set_num_threads(args.threads)
    options = Options(model=args.model, sam_model=args.sam, device="cpu")
    source = ModelSource()
    sam = source.sam(options)
    refiners = {method: _refiner(method, source, options) for method in args.methods}
    cases = detected(load_real(args.data), options, args.pictures)
    facts = _facts(args, cases)
    print(f"{len(cases)} pictures: {', '.join(facts['pictures'])}", flush=True)
    _warm_up(sam, cases)
    runs: list[Run] = []
    for picture, found in cases:
        for method, refiner in refiners.items():
            repeats = 1 if method == "vote/report" else args.repeats
            run = measure(method, refiner, sam, picture, found, repeats)
            runs.append(run)
            print(f"  {method} {picture.name}: {run.cpu_seconds:.1f} s CPU", flush=True)
        if args.out:
            content = {**facts, "runs": [asdict(run) for run in runs]}
            args.out.write_text(json.dumps(content, indent=1), encoding="utf-8")
    print_table(runs, args.methods)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with real/")
    parser.add_argument(
        "--sam", "--weights", default="mobile-sam", help="Segment Anything: name or path"
    )
    parser.add_argument(
        "--model", "--detector", default=Options().model, help="detector: name or path"
    )
    parser.add_argument("--pictures", type=int, default=3, help="how many pictures")
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=METHODS)
    parser.add_argument("--repeats", type=int, default=3, help="of the methods other than report")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, default=None, help="JSON file to write")
    return parser


def detected(
    pictures: list[Picture], options: Options, count: int
) -> list[tuple[Picture, Instances]]:
    """The ``count`` smallest pictures in which a character is detected, with the detections."""
    segmenter = Segmenter(options.replace(refine="none"))
    cases: list[tuple[Picture, Instances]] = []
    for picture in sorted(pictures, key=lambda picture: picture.size[0] * picture.size[1]):
        if len(cases) == count:
            break
        found = segmenter(picture.image).instances
        if len(found):
            cases.append((picture, found))
    if not cases:
        raise SystemExit("no character was detected in any picture: nothing to compare")
    return cases


def measure(
    method: str, refiner: Refiner, sam: Sam, picture: Picture, found: Instances, repeats: int
) -> Run:
    """One method on one picture, ``repeats`` times."""
    image, cpu, wall = picture.image, [], []
    for _ in range(repeats):
        sam.clear()
        encoder, decoder = sam.encoder_calls, sam.decoder_calls
        with _counted(sam) as prompts:
            started = time.process_time(), time.perf_counter()
            refined = refiner.refine(image, found)
            cpu.append(time.process_time() - started[0])
            wall.append(time.perf_counter() - started[1])
    return Run(
        method=method,
        picture=picture.name,
        size=picture.size,
        characters=len(found),
        detector_iou=_iou(picture, found),
        iou=_iou(picture, refined.instances),
        cpu_seconds=statistics.median(cpu),
        wall_seconds=statistics.median(wall),
        encoder_calls=sam.encoder_calls - encoder,
        decoder_calls=sam.decoder_calls - decoder,
        prompts=sum(prompts),
        repeats=repeats,
        notes=tuple(note.code for note in refined.notes),
    )


@contextmanager
def _counted(sam: Sam) -> Iterator[list[int]]:
    """Gives a list to which every call of the decoder adds the number of its prompts."""
    prompts: list[int] = []

    def count(_module: Any, _inputs: Any, named: dict[str, Any]) -> None:
        prompts.append(len(named["sparse_prompt_embeddings"]))

    module: Any = sam.network.module
    hook = module.mask_decoder.register_forward_pre_hook(count, with_kwargs=True)
    try:
        yield prompts
    finally:
        hook.remove()


def _warm_up(sam: Sam, cases: list[tuple[Picture, Instances]]) -> None:
    """The first pass of a network pays for memory and kernels that later ones find ready."""
    picture, found = cases[0]
    sam.decode(sam.embed(picture.image), boxes=found.boxes)


def _refiner(method: str, source: ModelSource, options: Options) -> Refiner:
    refine, _, preset = method.partition("/")
    chosen = options.replace(refine=refine, **({"vote_preset": preset} if preset else {}))
    refiner, _ = source.refiner(chosen)
    if refiner is None:
        raise SystemExit(f"{method} has no refiner")
    return refiner


def _iou(picture: Picture, instances: Instances) -> float:
    true = np.asarray(picture.masks.any(axis=0), np.bool_)
    return foreground_iou(instances.union(), true, picture.ignore)


def _facts(args: argparse.Namespace, cases: list[tuple[Picture, Instances]]) -> dict[str, Any]:
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "pictures": [picture.name for picture, _ in cases],
        "model": Path(args.model).name,
        "sam": Path(args.sam).name,
        "threads": args.threads,
        "cores": os.cpu_count(),
        "load_at_start": load,
        "torch": torch.__version__,
        "machine": platform.processor() or platform.machine(),
    }


def print_table(runs: list[Run], methods: list[str]) -> None:
    """One line a method: means over the pictures, and how much faster than the first method."""
    first = [run for run in runs if run.method == methods[0]]
    print(f"detections alone: mean IoU {statistics.mean(run.detector_iou for run in first):.3f}")
    print(
        f"{'method':12} {'pictures':>8} {'IoU':>6} {'CPU s':>8} {'faster':>8} {'wall s':>8} "
        f"{'faster':>8} {'encoder':>8} {'decoder':>8} {'prompts':>8}"
    )
    for method in methods:
        rows = [run for run in runs if run.method == method]
        cpu, wall, encoder, decoder, prompts, iou = (
            statistics.mean(getattr(run, name) for run in rows)
            for name in (
                "cpu_seconds",
                "wall_seconds",
                "encoder_calls",
                "decoder_calls",
                "prompts",
                "iou",
            )
        )
        faster_cpu = statistics.mean(run.cpu_seconds for run in first) / cpu
        faster_wall = statistics.mean(run.wall_seconds for run in first) / wall
        print(
            f"{method:12} {len(rows):8} {iou:6.3f} {cpu:8.2f} {faster_cpu:8.1f} {wall:8.2f} "
            f"{faster_wall:8.1f} {encoder:8.1f} {decoder:8.1f} {prompts:8.1f}"
        )


if __name__ == "__main__":
    raise SystemExit(main())
