"""``stats``: what a set holds."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animeseg.data.commands.telling import Commands, tell

if TYPE_CHECKING:
    from animeseg.cli.console import Console


def add_command(commands: Commands, shared: argparse.ArgumentParser) -> None:
    """Adds ``stats`` to the program."""
    parser = commands.add_parser(
        "stats",
        parents=[shared],
        help="what a set holds, as a table or JSON",
        description="Count pictures, classes, sizes and areas of a set.",
        allow_abbrev=False,
    )
    parser.add_argument("set", type=Path, help="folder, data.yaml or COCO file")
    parser.add_argument("--images", type=Path, help="COCO file: folder of its pictures")
    parser.add_argument("--part", help="only train, val or test")
    parser.add_argument("--hash", action="store_true", help="with the content hash (reads all)")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace, console: Console) -> int:
    from animeseg.data.dataset import open_dataset
    from animeseg.data.statistics import statistics, table

    dataset = open_dataset(args.set, part=args.part, images=args.images)
    with console.progress(None, "pictures", "stats") as bar:
        bar.reset(total=len(dataset))
        numbers = statistics(dataset, lambda count: _at(bar, count))
    text = table(numbers)
    if args.hash:
        numbers["content_hash"] = dataset.content_hash()
        text += f"\ncontent hash  {numbers['content_hash']}"
    tell(args, console, numbers, text)
    return 0


def _at(bar: Any, count: int) -> None:
    bar.update(count - bar.n)
