"""Memory of the main job: peak on one large picture, growth over many.

    python benchmarks/memory.py --sam FILE [--size 2048] [--count 200]

Each measurement runs in a process of its own. *peak* is the largest resident set of a process that
imports animeseg, loads the detector and Segment Anything, and segments one picture of
``--size`` x ``--size``. *growth* is how much the resident set rises between the 20th and the last
of ``--count`` pictures of mixed sizes, 512 to 1536 px, after the garbage collector ran.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEMO = Path(__file__).resolve().parents[1] / "docs" / "pictures" / "demo.jpg"
SETTLED = 20
MIB = 2**20


def main(arguments: list[str] | None = None) -> int:
    """Runs the benchmark; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sam", default="mobile-sam", help="Segment Anything: name or path")
    parser.add_argument("--refine", nargs="+", default=["none", "edge", "prompt"])
    parser.add_argument("--size", type=int, default=2048)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--out", type=Path, default=None, help="JSON file to write")
    args = parser.parse_args(arguments)
    rows = {}
    for refine in args.refine:
        rows[refine] = {
            "peak_mib": _in_own_process(peak, refine, args.sam, args.size),
            "growth_mib": _in_own_process(growth, refine, args.sam, args.count),
        }
        print(
            f"{refine:8} peak {rows[refine]['peak_mib']:7.0f} MiB at {args.size}x{args.size}, "
            f"growth {rows[refine]['growth_mib']:+6.1f} MiB over {args.count} pictures",
            flush=True,
        )
    if args.out:
        content = {"size": args.size, "count": args.count, "rows": rows}
        args.out.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return 0


def peak(refine: str, sam: str, size: int) -> float:
    """Peak resident set, in MiB, of one picture of ``size`` x ``size``."""
    _segmenter(refine, sam)(_picture(size, size))
    return _peak_bytes() / MIB


def growth(refine: str, sam: str, count: int) -> float:
    """Growth of the resident set, in MiB, from the settled state to the last picture."""
    rng = np.random.default_rng(0)
    segmenter = _segmenter(refine, sam)
    settled = 0
    for number in range(count):
        width, height = (int(side) for side in rng.integers(512, 1536, 2))
        segmenter(_picture(width, height))
        if number + 1 == SETTLED:
            settled = _resident_bytes()
    return (_resident_bytes() - settled) / MIB


def _segmenter(refine: str, sam: str) -> Any:
    from animeseg import Options, Segmenter

    return Segmenter(Options(refine=refine, sam_model=sam, device="cpu"))


def _picture(width: int, height: int) -> NDArray[np.uint8]:
    with Image.open(DEMO) as opened:
        return np.asarray(opened.convert("RGB").resize((width, height)))


def _resident_bytes() -> int:
    gc.collect()
    return int(psutil.Process().memory_info().rss)


def _peak_bytes() -> int:
    info = psutil.Process().memory_info()
    if hasattr(info, "peak_wset"):
        return int(info.peak_wset)
    import resource

    scale = 1 if hasattr(psutil, "MACOS") and psutil.MACOS else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale


def _in_own_process(measure: Callable[..., float], *arguments: Any) -> float:
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(measure, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
