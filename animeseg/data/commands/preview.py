"""``preview``: a contact sheet of a set with its masks."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from animeseg.data.commands.telling import Commands, count_of, tell

if TYPE_CHECKING:
    from animeseg.cli.console import Console


def add_command(commands: Commands, shared: argparse.ArgumentParser) -> None:
    """Adds ``preview`` to the program."""
    parser = commands.add_parser(
        "preview",
        parents=[shared],
        help="a contact sheet with the masks",
        description="Draw pictures of a set with their masks on one sheet.",
        allow_abbrev=False,
    )
    parser.add_argument("set", type=Path, help="folder, data.yaml or COCO file")
    parser.add_argument("--out", type=Path, default=Path("sheet.jpg"), help="JPEG (sheet.jpg)")
    parser.add_argument("--images", type=Path, help="COCO file: folder of its pictures")
    parser.add_argument("--part", help="only train, val or test")
    parser.add_argument("--count", type=count_of, default=36, help="pictures (default 36)")
    parser.add_argument("--columns", type=count_of, default=6, help="side by side (default 6)")
    parser.add_argument("--tile", type=count_of, default=256, help="pixels a picture (256)")
    parser.add_argument("--seed", type=int, help="choose at random; default: evenly spread")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace, console: Console) -> int:
    import numpy as np

    from animeseg.data.dataset import open_dataset
    from animeseg.data.sheet import write_sheet

    dataset = open_dataset(args.set, part=args.part, images=args.images)
    rows = None
    if args.seed is not None:
        order = np.random.default_rng(args.seed).permutation(len(dataset))
        rows = [int(row) for row in order[: args.count]]
    path = write_sheet(
        dataset, args.out, count=args.count, columns=args.columns, tile=args.tile, rows=rows
    )
    tell(args, console, {"sheet": str(path)}, str(path))
    return 0
