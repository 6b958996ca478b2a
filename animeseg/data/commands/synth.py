"""``synth``: pictures made of characters and backgrounds."""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animeseg.data.commands.telling import Commands, count_of, share_of, tell
from animeseg.errors import OptionError

if TYPE_CHECKING:
    from animeseg.cli.console import Console

_EPILOG = """\
examples:
  python -m animeseg.data synth --out set --count 200
      figures and scenes drawn by this program: no data is needed
  python -m animeseg.data synth --out set --count 20000 --val 0.1 \\
      --characters RGBA_DIR --backgrounds DIR
  python -m animeseg.data synth --out set --preset report-enhanced --fix merge --fix holes ...

An interrupted run is taken up again by the same command; a larger --count makes a set larger.
"""


def add_command(commands: Commands, shared: argparse.ArgumentParser) -> None:
    """Adds ``synth`` to the program."""
    parser = commands.add_parser(
        "synth",
        parents=[shared],
        help="make pictures of characters and backgrounds",
        description="Make training pictures of characters and backgrounds, with exact masks.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the set")
    parser.add_argument(
        "--preset", default="default", help="default, report-simple or report-enhanced"
    )
    parser.add_argument("--count", type=count_of, default=1000, help="pictures (default 1000)")
    parser.add_argument("--seed", type=int, default=0, help="of all randomness (default 0)")
    parser.add_argument("--characters", type=Path, help="folder of RGBA pictures; default: drawn")
    parser.add_argument("--backgrounds", type=Path, help="folder of pictures without characters")
    parser.add_argument(
        "--identity", help="regular expression whose first group says who a file shows"
    )
    parser.add_argument(
        "--figures", type=count_of, default=1000, help="how many different figures are drawn"
    )
    parser.add_argument(
        "--val", type=share_of, default=0.0,
        help="share of pictures for validation; they share no identity and no background",
    )  # fmt: skip
    parser.add_argument(
        "--size", type=int, help="longer side in pixels; report presets: 0 as it is"
    )
    parser.add_argument("--alpha", action="store_true", help="write exact alphas beside")
    parser.add_argument(
        "--fix", action="append", default=[], metavar="DEFECT",
        help="a defect of a report preset that is not to be reproduced, or `all`",
    )  # fmt: skip
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=JSON", help="a setting of the preset"
    )
    parser.add_argument("--workers", type=count_of, default=os.cpu_count() or 1, help="processes")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace, console: Console) -> int:
    from animeseg.data.synth.material import find_backgrounds, find_characters, identity_rule
    from animeseg.data.synth.recipe import make_recipe
    from animeseg.data.synth.run import Job, Totals, synthesise

    recipe = make_recipe(args.preset, _changes(args), args.fix)
    rule = identity_rule(args.identity, args.characters or Path())
    job = Job(
        out=args.out,
        recipe=recipe,
        seed=args.seed,
        count=args.count,
        val=args.val,
        alpha=args.alpha,
        characters=find_characters(args.characters, figures=args.figures, identity=rule),
        backgrounds=find_backgrounds(args.backgrounds, scenes=args.figures),
    )
    with console.progress(None, "pictures", "synth") as bar:
        bar.reset(total=args.count)

        def show(totals: Totals) -> None:
            bar.n = totals.kept + totals.made + totals.lost + totals.failed
            bar.refresh() if bar.n == args.count else bar.update(0)

        totals = synthesise(job, args.workers, show)
    for image, reason in list(totals.errors.items())[:10]:
        console.warn(f"[animeseg] {image}: {reason}")
    sheet = _sheet(args.out)
    result = {"out": str(args.out), "pictures": args.count, **asdict(totals), "sheet": str(sheet)}
    tell(args, console, result, _told(totals, args.out))
    return 1 if totals.failed else 0


def _changes(args: argparse.Namespace) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for text in args.set:
        name, _, value = text.partition("=")
        try:
            changes[name] = json.loads(value)
        except ValueError as error:
            cure = f"for example --set {name or 'size'}=640"
            raise OptionError("set", f"{text!r} is no NAME=JSON", cure) from error
    if args.size is not None:
        changes["size"] = args.size
    size = changes.get("size", 640)
    natural = args.preset != "default" and size == 0
    if not natural and not (isinstance(size, int) and 64 <= size <= 4096):
        raise OptionError("size", f"{size} is out of range", "give 64 to 4096")
    return changes


def _sheet(out: Path) -> Path:
    from animeseg.data.dataset import open_dataset
    from animeseg.data.sheet import write_sheet

    return write_sheet(open_dataset(out), out / "sheet.jpg", count=36)


def _told(totals: Any, out: Path) -> str:
    parts = [f"{totals.made} made"]
    parts += [f"{totals.kept} were there"] if totals.kept else []
    parts += [f"{totals.lost} lost as the recipe loses them"] if totals.lost else []
    parts += [f"{totals.failed} failed"] if totals.failed else []
    return f"{out}: {', '.join(parts)}; {totals.characters} new characters; see {out / 'sheet.jpg'}"
