"""The report's ablation on our data: COCO weights, the simple and the enhanced recipe, and ours.

    python benchmarks/ablation.py --pack PACK --data BENCH --coco yolov8n-seg.pt --work DIR

``PACK`` holds ``fg`` (characters with alpha) and ``bg`` (pictures without), ``BENCH`` the folders
``real`` and ``composite``. For every row the same number of pictures is made with
`animeseg.data synth`, a network is trained on them with the same settings from the same COCO
weights, and all are measured on the same pictures at the same confidence by `animeseg.evaluate`.
Rows: ``COCO`` as it is (class person); ``simple``; ``enhanced``; ``mended``, enhanced without its
defects (``--fix all``); ``ours``, the default recipe.

Each set is measured twice: with one mask per character, and (``-merged``) with the labels of the
report's own test set, the outer contours of the union of all characters, by which characters that
touch are one. Everything is kept under ``--work``: called again, the command goes on where it
stopped.
"""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from animeseg.data.coco import decode_segmentation
from animeseg.data.entries import Annotation
from animeseg.data.synth.report import as_labelled, traced
from animeseg.files import write_file

ROWS: dict[str, tuple[str, ...]] = {
    "simple": ("--preset", "report-simple"),
    "enhanced": ("--preset", "report-enhanced"),
    "mended": ("--preset", "report-enhanced", "--fix", "all"),
    "ours": ("--preset", "default"),
}
"""Words for `animeseg.data synth`."""

ORDERS = (("COCO", "simple", "enhanced"), ("COCO", "simple", "mended"))
SHOWN = {"mask_map50": "mask mAP50", "mask_map": "mask mAP50-95", "iou": "mean IoU"}


def main() -> int:
    """Runs the ablation; returns the exit code of what failed, or 0."""
    args = _parser().parse_args()
    for name in args.rows:
        _make_set(args, name)
        _train(args, name)
    for name in args.set_names:
        merge_labels(args.data / name, args.work / f"{name}-merged")
    models = [f"COCO={args.coco}", *(f"{name}={args.work / name}" for name in args.rows)]
    sets = [
        folder / "instances.json"
        for name in args.set_names
        for folder in (args.data / name, args.work / f"{name}-merged")
    ]
    _call(
        "animeseg.evaluate",
        *(part for path in sets for part in ("--data", path)),
        *(part for model in models for part in ("--model", model)),
        *("--out", args.work / "report", "--device", args.device, "--confidence", args.confidence),
    )
    summary = json.loads((args.work / "report" / "report.json").read_text(encoding="utf-8"))
    print("\n".join(verdicts(summary["sets"])))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder with real/ and composite/")
    parser.add_argument("--coco", type=Path, required=True, help="yolov8n-seg.pt")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=list(ROWS))
    parser.add_argument("--count", type=int, default=2400, help="pictures of each row")
    parser.add_argument("--preset", default="fast", help="training preset of all of them")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--set-names", nargs="+", default=["real", "composite"])
    parser.add_argument("--confidence", type=float, default=0.25, help="of all rows")
    parser.add_argument("--identity", default=r"^((?:taisei|renpy)_[a-z]+)", help="see synth")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--workers", type=int, default=1)
    return parser


def _make_set(args: argparse.Namespace, name: str) -> None:
    _call(
        "animeseg.data", "synth", "--out", args.work / f"set-{name}", *ROWS[name],
        "--count", args.count, "--val", 0.1, "--size", 640, "--workers", args.workers,
        "--characters", args.pack / "fg", "--backgrounds", args.pack / "bg",
        "--identity", args.identity,
    )  # fmt: skip


def _train(args: argparse.Namespace, name: str) -> None:
    out = args.work / name
    # What a recipe teaches is measured undiluted by the start.
    changes = [part for text in ("alpha=1.0", *args.set) for part in ("--set", text)]
    begun = ["--resume"] if (out / "config.json").is_file() else []
    _call(
        "animeseg.train", "character", "--data", args.work / f"set-{name}", "--out", out,
        "--preset", args.preset, "--start", args.coco, "--device", args.device,
        "--workers", args.workers, *changes, *begun,
    )  # fmt: skip


def merge_labels(source: Path, out: Path) -> None:
    """The same pictures labelled as the report's test set is: see `outer_pieces`."""
    if (out / "instances.json").is_file():
        return
    shutil.copytree(source / "images", out / "images", dirs_exist_ok=True)
    content = json.loads((source / "instances.json").read_text(encoding="utf-8"))
    of_image: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in content["annotations"]:
        of_image[row["image_id"]].append(row)
    content["annotations"] = []
    for image in content["images"]:
        size = (image["height"], image["width"])
        for piece in outer_pieces(of_image[image["id"]], size):
            number = {"id": len(content["annotations"]) + 1, "image_id": image["id"]}
            content["annotations"].append({**piece.coco(size), **number})
    for row in content["annotations"]:
        row["category_id"] = content["categories"][0]["id"]
    write_file(out / "instances.json", json.dumps(content).encode("utf-8"))


def outer_pieces(rows: list[dict[str, Any]], size: tuple[int, int]) -> Iterator[Annotation]:
    """One annotation for each outer contour of the union of all characters, holes filled."""
    union = np.zeros(size, np.bool_)
    for row in rows:
        union |= decode_segmentation(row["segmentation"], size)
    for contour in traced(union, cv2.RETR_EXTERNAL):
        if len(contour) >= 3:
            yield as_labelled(contour, size)


def verdicts(sets: dict[str, Any]) -> Iterator[str]:
    """For each set and score the values, and whether the report's order holds."""
    for title, systems in sets.items():
        yield f"\n{Path(title).parent.name}, all at one confidence:"
        for score, heading in SHOWN.items():
            values = {name: system["scores"][score]["value"] for name, system in systems.items()}
            yield f"  {heading:14} " + "  ".join(f"{n} {value:.3f}" for n, value in values.items())
            for order in ORDERS:
                if set(order) <= set(values):
                    rises = all(values[a] < values[b] for a, b in itertools.pairwise(order))
                    said = "holds" if rises else "does not hold"
                    yield f"  {'':14} {' < '.join(order)} {said}"


def _call(module: str, *parts: object) -> None:
    subprocess.run([sys.executable, "-m", module, *map(str, parts)], check=True)


if __name__ == "__main__":
    raise SystemExit(main())
