"""The `card.json` beside a model: what the file is and what it measured.

    python -m animeseg.train.card models/character-n --measured quality.json \\
        --with "python benchmarks/quality.py --data BENCH --refine none"
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safetensors import safe_open

from animeseg.files import write_file

LEFT_OUT = ("system", "model", "dataset", "seconds_per_picture", "notes")


def describe(folder: Path, rows: Sequence[dict[str, Any]], command: str) -> dict[str, Any]:
    """What stands in the card of the model in a folder.

    Args:
        folder: holds `model.safetensors`; its name is the model's.
        rows: scores as a benchmark writes them, one row per set, named by `dataset`.
        command: that measured them.
    """
    stored = (folder / "model.safetensors").read_bytes()
    with safe_open(folder / "model.safetensors", "pt") as opened:
        meta: dict[str, str] = opened.metadata()
    task = meta["task"]
    card: dict[str, Any] = {"name": folder.name, "task": task}
    card["architecture"] = "yolov8n-seg" if task == "segment" else "yolov8n"
    card["classes"] = list(json.loads(meta["names"]).values())
    card |= {"imgsz": int(meta["imgsz"]), "confidence": float(meta["confidence"])}
    card |= {"bytes": len(stored), "sha256": hashlib.sha256(stored).hexdigest()}
    card |= {"licence": meta["licence"], "version": meta["version"]}
    if rows:
        card["measured_with"] = command
        card["metrics"] = {row["dataset"]: _metrics(row) for row in rows}
    return card


def _metrics(row: dict[str, Any]) -> dict[str, Any]:
    kept = {k: v for k, v in row.items() if k not in LEFT_OUT and v is not None}
    return {k: round(v, 4) if isinstance(v, float) else v for k, v in kept.items()}


def main(argv: Sequence[str] | None = None) -> None:
    """Command line: write the card of a model."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path, help="folder of the model")
    parser.add_argument("--measured", type=Path, help="JSON of a benchmark")
    parser.add_argument("--with", dest="command", default="", help="command that measured")
    args = parser.parse_args(argv)
    rows = json.loads(args.measured.read_text(encoding="utf-8")) if args.measured else []
    card = json.dumps(describe(args.folder, rows, args.command), indent=2)
    write_file(args.folder / "card.json", f"{card}\n".encode(), overwrite=True)


if __name__ == "__main__":
    main()
