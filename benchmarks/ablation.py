"""The report's ablation on our data: COCO weights, the simple and the enhanced recipe, and ours.

    python benchmarks/ablation.py --pack PACK --data BENCH --coco yolov8n-seg.pt --work DIR

``PACK`` holds ``fg`` (characters with alpha) and ``bg`` (pictures without), ``BENCH`` the folders
``real`` and ``composite``. For every recipe the same number of pictures is made with
`animeseg.data synth`, a network is trained on them with the same settings from the same COCO
weights, and all are measured on the same pictures by `animeseg.evaluate`. Everything is kept under
``--work``: called again, the command goes on where it stopped.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

RECIPES = {"simple": "report-simple", "enhanced": "report-enhanced", "ours": "default"}


def main() -> int:
    """Runs the ablation; returns the exit code of what failed, or 0."""
    args = _parser().parse_args()
    for name, recipe in RECIPES.items():
        _make_set(args, name, recipe)
        _train(args, name)
    models = [f"COCO={args.coco}", *(f"{name}={args.work / name}" for name in RECIPES)]
    _call(
        "animeseg.evaluate",
        *(part for name in args.set_names for part in ("--data", _bench(args, name))),
        *(part for model in models for part in ("--model", model)),
        *("--out", args.work / "report", "--device", args.device),
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder with real/ and composite/")
    parser.add_argument("--coco", type=Path, required=True, help="yolov8n-seg.pt")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--count", type=int, default=600, help="pictures of each recipe")
    parser.add_argument("--preset", default="fast", help="training preset of all of them")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--set-names", nargs="+", default=["real", "composite"])
    parser.add_argument("--identity", default=r"^((?:taisei|renpy)_[a-z]+)", help="see synth")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--workers", type=int, default=1)
    return parser


def _make_set(args: argparse.Namespace, name: str, recipe: str) -> None:
    _call(
        "animeseg.data", "synth", "--out", args.work / f"set-{name}", "--preset", recipe,
        "--count", args.count, "--val", 0.1, "--size", 640, "--workers", args.workers,
        "--characters", args.pack / "fg", "--backgrounds", args.pack / "bg",
        "--identity", args.identity,
    )  # fmt: skip


def _train(args: argparse.Namespace, name: str) -> None:
    out = args.work / name
    changes = [part for text in args.set for part in ("--set", text)]
    begun = ["--resume"] if (out / "config.json").is_file() else []
    _call(
        "animeseg.train", "character", "--data", args.work / f"set-{name}", "--out", out,
        "--preset", args.preset, "--start", args.coco, "--device", args.device,
        "--workers", args.workers, *changes, *begun,
    )  # fmt: skip


def _bench(args: argparse.Namespace, name: str) -> Path:
    return args.data / name / "instances.json"


def _call(module: str, *parts: object) -> None:
    subprocess.run([sys.executable, "-m", module, *map(str, parts)], check=True)


if __name__ == "__main__":
    raise SystemExit(main())
