"""What our own code costs around the networks, on one warm 1024x1024 picture.

    python benchmarks/overhead.py [--sam FILE] [--rounds 30] [--threads 2] [--out FILE]

*detector*: the whole detector (scaling in, network, suppression, masks at the resolution of the
picture) against the bare fused network on the same input; both in turn in every round, so that
whatever else the machine does falls on both. The ratio is that of the medians.
*pipeline*: the whole main job, bytes excepted; the share of its time that is not spent inside a
network, per round, and the median of that. Every round changes one pixel, so that Segment
Anything's kept embedding is of no use.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from animeseg import Options, Segmenter
from animeseg.detect.letterbox import Letterbox
from animeseg.loading import ModelSource, pick_device

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.detect.yolo import YoloDetector

DEMO = Path(__file__).resolve().parents[1] / "docs" / "pictures" / "demo.jpg"
SIDE = 1024
WARM_UP = 3


@dataclass(frozen=True)
class Row:
    """One comparison; times in milliseconds, medians over the rounds.

    Attributes:
        name: what was measured.
        whole_ms: everything.
        network_ms: the networks alone.
        ratio: whole / network; the target is its upper limit.
        own_share: part of the whole that is not the networks'.
        target: upper limit of ``ratio`` or ``own_share``, whichever is meant.
        instances: what was found, for an empty picture costs little.
    """

    name: str
    whole_ms: float
    network_ms: float
    ratio: float
    own_share: float
    target: str
    instances: int


def main(arguments: list[str] | None = None) -> int:
    """Runs the benchmark; returns the exit code."""
    args = _parser().parse_args(arguments)
    torch.set_num_threads(args.threads)
    picture = demo_picture(args.picture)
    rows = [detector_row(_options(args, "none"), picture, args.rounds)]
    rows += [pipeline_row(_options(args, each), picture, args.rounds) for each in args.refine]
    print_table(rows)
    if args.out:
        facts = {"threads": args.threads, "rounds": args.rounds, "torch": torch.__version__}
        facts |= {"device": args.device, "machine": platform.processor() or platform.machine()}
        content = {**facts, "rows": [asdict(row) for row in rows]}
        args.out.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=Options().model, help="detector: name or path")
    parser.add_argument("--sam", default=Options().sam_model, help="name or path")
    parser.add_argument("--refine", nargs="*", default=["none", "prompt"])
    parser.add_argument("--picture", type=Path, default=DEMO)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--out", type=Path, default=None, help="JSON file to write")
    return parser


def _options(args: argparse.Namespace, refine: str) -> Options:
    return Options(
        model=args.model, sam_model=args.sam, refine=refine, device=args.device, precision="fp32"
    )


def demo_picture(path: Path) -> NDArray[np.uint8]:
    """(1024, 1024, 3) uint8 RGB: the middle of a picture, scaled."""
    with Image.open(path) as opened:
        side = min(opened.size)
        left, top = (opened.width - side) // 2, (opened.height - side) // 2
        middle = opened.convert("RGB").crop((left, top, left + side, top + side))
    return np.asarray(middle.resize((SIDE, SIDE), Image.Resampling.LANCZOS))


def detector_row(options: Options, picture: NDArray[np.uint8], rounds: int) -> Row:
    """The detector against its own network, in turn."""
    detector: YoloDetector = ModelSource().detector(options)  # type: ignore[assignment]
    box = Letterbox.fit(picture.shape[:2], detector.image_size, detector.stride)
    pixels = torch.from_numpy(box.apply(picture)).to(detector.device).permute(2, 0, 1)[None] / 255

    def network() -> None:
        with torch.inference_mode():
            detector.network(pixels)
        _wait(detector.device)

    def whole() -> None:
        detector.detect(picture)

    times = [(timed(network), timed(whole)) for _ in tqdm(range(WARM_UP + rounds), "detector")]
    bare, full = (statistics.median(each) for each in zip(*times[WARM_UP:], strict=True))
    count = len(detector.detect(picture).instances)
    return Row("detector", full, bare, full / bare, 1 - bare / full, "ratio <= 1.5", count)


def pipeline_row(options: Options, picture: NDArray[np.uint8], rounds: int) -> Row:
    """The whole main job, and how much of it is spent inside networks."""
    source = ModelSource()
    detector = source.detector(options)
    refiner, _ = source.refiner(options)
    segmenter = Segmenter(options, detector=detector, refiner=refiner)
    modules = [detector.network]  # type: ignore[attr-defined]
    if options.refine == "prompt":
        modules += list(source.sam(options).network.module.children())
    image, whole, inside, count = picture.copy(), [], [], 0
    with clock(modules, torch.device(pick_device(options.device))) as elapsed:
        for number in tqdm(range(WARM_UP + rounds), f"pipeline, {options.refine}"):
            image[0, 0] = number % 256
            before, started = elapsed(), time.perf_counter()
            count = len(segmenter(image))
            whole.append((time.perf_counter() - started) * 1e3)
            inside.append(elapsed() - before)
    whole, inside = whole[WARM_UP:], inside[WARM_UP:]
    own = statistics.median(1 - net / all_ for net, all_ in zip(inside, whole, strict=True))
    full, bare = statistics.median(whole), statistics.median(inside)
    name = f"pipeline, {options.refine}"
    return Row(name, full, bare, full / bare, own, "own share <= 10 %", count)


@contextmanager
def clock(modules: list[torch.nn.Module], device: torch.device) -> Iterator[Callable[[], float]]:
    """Counts the milliseconds spent inside ``modules``, which do not call each other."""
    total, started = 0.0, 0.0

    def enter(*_: Any) -> None:
        nonlocal started
        _wait(device)
        started = time.perf_counter()

    def leave(*_: Any) -> None:
        nonlocal total
        _wait(device)
        total += (time.perf_counter() - started) * 1e3

    hooks = [module.register_forward_pre_hook(enter) for module in modules]
    hooks += [module.register_forward_hook(leave) for module in modules]
    try:
        yield lambda: total
    finally:
        for hook in hooks:
            hook.remove()


def timed(call: Callable[[], None]) -> float:
    """Milliseconds that ``call`` takes."""
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1e3


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def print_table(rows: list[Row]) -> None:
    """Prints the rows."""
    print(f"{'':18}{'whole':>10}{'networks':>10}{'ratio':>8}{'own':>7}  found  target")
    for row in rows:
        print(
            f"{row.name:18}{row.whole_ms:8.1f}ms{row.network_ms:8.1f}ms{row.ratio:8.2f}"
            f"{row.own_share:7.1%}{row.instances:7}  {row.target}"
        )


if __name__ == "__main__":
    raise SystemExit(main())
