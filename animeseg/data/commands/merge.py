"""``merge``: several sets as one."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from animeseg.data.commands.telling import Commands, tell

if TYPE_CHECKING:
    from animeseg.cli.console import Console


def add_command(commands: Commands, shared: argparse.ArgumentParser) -> None:
    """Adds ``merge`` to the program."""
    parser = commands.add_parser(
        "merge",
        parents=[shared],
        help="several sets as one",
        description="Put several sets into a new one, each under a folder of its own name; classes "
        "of one name become one, parts stay parts.",
        allow_abbrev=False,
    )
    parser.add_argument("sets", type=Path, nargs="+", help="folders, data.yaml or COCO files")
    parser.add_argument("--out", type=Path, required=True, help="folder of the new set")
    parser.add_argument(
        "--keep-duplicates", action="store_true", help="take pictures with the same bytes twice"
    )
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace, console: Console) -> int:
    from animeseg.data.converting import Conversion, convert
    from animeseg.data.dataset import open_dataset
    from animeseg.data.merging import Merged

    opened = [(path.resolve().stem, open_dataset(path)) for path in args.sets]
    merged = Merged(opened, drop_duplicates=not args.keep_duplicates)
    recipe = {"command": "merge", "sets": [str(path) for path in args.sets]}
    with console.progress(None, "pictures", "merge") as bar:
        bar.reset(total=len(merged.images))

        def show(so_far: Conversion) -> None:
            bar.update(1)

        done = convert(merged, args.out, recipe, show)
    for image, reason in list(done.failed.items())[:20]:
        console.warn(f"[animeseg] {image}: {reason}")
    result = {"out": str(args.out), "pictures": len(merged.images), "dropped": merged.dropped}
    result |= {"failed": done.failed, "names": list(merged.names)}
    told = f"{args.out}: {len(merged.images)} pictures, {merged.dropped} duplicates left out"
    tell(args, console, result, told)
    return 1 if done.failed else 0
