"""``split``: training, validation and test without leaks."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animeseg.data.commands.telling import Commands, share_of, tell
from animeseg.errors import OptionError

if TYPE_CHECKING:
    from animeseg.cli.console import Console


def add_command(commands: Commands, shared: argparse.ArgumentParser) -> None:
    """Adds ``split`` to the program."""
    parser = commands.add_parser(
        "split",
        parents=[shared],
        help="training, validation and test that share nobody",
        description="Divide a set so that no identity, background or nearly equal picture is in "
        "two parts. Writes a new set; the old one is left alone.",
        allow_abbrev=False,
    )
    parser.add_argument("set", type=Path, help="folder, data.yaml or COCO file")
    parser.add_argument("--out", type=Path, required=True, help="folder of the new set")
    parser.add_argument("--val", type=share_of, default=0.1, help="share (default 0.1)")
    parser.add_argument("--test", type=share_of, default=0.0, help="share (default 0)")
    parser.add_argument(
        "--by", default="identity,background,near", help="what keeps pictures together"
    )
    parser.add_argument("--near", type=int, default=6, help="bits that may differ (default 6)")
    parser.add_argument("--seed", type=int, default=0)
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace, console: Console) -> int:
    from animeseg.data.converting import Conversion, convert
    from animeseg.data.dataset import open_dataset
    from animeseg.data.splitting import KEYS, Divided, divide

    by = [word.strip() for word in args.by.split(",") if word.strip()]
    if unknown := set(by) - set(KEYS):
        raise OptionError("by", f"{sorted(unknown)} is unknown", f"choose of {', '.join(KEYS)}")
    dataset = open_dataset(args.set)
    shares = {part: share for part in ("val", "test") if (share := getattr(args, part))}
    with console.progress(None, "pictures", "look") as bar:
        bar.reset(total=len(dataset))
        division = divide(
            dataset, shares, by=by, near=args.near, seed=args.seed,
            tell=lambda count: _at(bar, count),
        )  # fmt: skip
    recipe = {"command": "split", "source": str(args.set), "shares": shares, "by": by}
    recipe |= {"near": args.near, "seed": args.seed}
    with console.progress(None, "pictures", "split") as bar:
        bar.reset(total=len(dataset))

        def show(done: Conversion) -> None:
            bar.update(1)

        done = convert(Divided(dataset, division), args.out, recipe, show)
    counts = dict(sorted(Counter(division.parts).items()))
    result: dict[str, Any] = {"out": str(args.out), "parts": counts, "groups": division.groups}
    result |= {"largest_group": division.largest, "failed": done.failed}
    shown = ", ".join(f"{part} {count}" for part, count in counts.items())
    tell(args, console, result, f"{args.out}: {shown}; {division.groups} groups")
    return 1 if done.failed else 0


def _at(bar: Any, count: int) -> None:
    bar.update(count - bar.n)
