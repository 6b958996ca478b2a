"""``label``: predict over a folder, look it through, keep what is right."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animeseg.data.commands.telling import Commands, tell

if TYPE_CHECKING:
    from animeseg.cli.console import Console

_EPILOG = """\
1.  python -m animeseg.data label PICTURES --out REVIEW
    writes an overlay NAME.jpg and a label NAME.txt for every picture with characters
2.  look through REVIEW and delete the .jpg or the .txt of what is wrong
3.  python -m animeseg.data label REVIEW --keep --out SET
    adds what is left to SET, which is made if it is not there
"""


def add_command(commands: Commands, shared: argparse.ArgumentParser) -> None:
    """Adds ``label`` to the program."""
    parser = commands.add_parser(
        "label",
        parents=[shared],
        help="predict, look through, keep",
        description="Label pictures with the model and keep what a person leaves.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("folder", type=Path, help="folder of pictures, or with --keep the review")
    parser.add_argument("--out", type=Path, required=True, help="review; with --keep the set")
    parser.add_argument("--keep", action="store_true", help="add what is left of a review to a set")
    parser.add_argument("--part", default="", choices=("", "train", "val", "test"))
    parser.add_argument(
        "--with-empty", action="store_true", help="also pictures in which nothing was found"
    )
    parser.add_argument("--download", action="store_true", help="fetch missing weights")
    parser.add_argument("--options", type=Path, help="JSON file of options")
    from animeseg.cli.flags import add_option_flags

    add_option_flags(parser)
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace, console: Console) -> int:
    return _keep(args, console) if args.keep else _label(args, console)


def _label(args: argparse.Namespace, console: Console) -> int:
    from animeseg import Segmenter
    from animeseg.cli.flags import options_from
    from animeseg.data.labelling import Labelled, label_folder
    from animeseg.images import read_image

    segmenter = Segmenter(options_from(args), download=args.download)

    def segment(path: Path) -> tuple[Any, Any]:
        picture = read_image(path)
        return segmenter(picture), picture.rgb

    with console.progress(None, "pictures", "label") as bar:

        def show(so_far: Labelled, message: str) -> None:
            bar.update(1)
            if message:
                console.warn(f"[animeseg] {message}")

        done = label_folder(args.folder, args.out, segment, show, with_empty=args.with_empty)
    told = f"{args.out}: {done.found} with characters, {done.empty} without, {done.kept} known"
    tell(args, console, {"out": str(args.out), **asdict(done)}, f"{told}, {done.failed} failed")
    return 1 if done.failed else 0


def _keep(args: argparse.Namespace, console: Console) -> int:
    from animeseg.data.converting import Conversion
    from animeseg.data.labelling import keep

    with console.progress(None, "pictures", "keep") as bar:

        def show(so_far: Conversion) -> None:
            bar.update(1)

        done = keep(args.folder, args.out, args.part, show)
    for image, reason in list(done.failed.items())[:20]:
        console.warn(f"[animeseg] {image}: {reason}")
    told = f"{args.out}: {done.written} added, {done.kept} were there, {len(done.failed)} failed"
    tell(args, console, {"out": str(args.out), **asdict(done)}, told)
    return 1 if done.failed else 0
