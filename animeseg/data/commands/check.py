"""``check``: every fault of a set, and its repair."""

from __future__ import annotations

import argparse
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animeseg.data.commands.telling import Commands, count_of, tell
from animeseg.errors import OptionError

if TYPE_CHECKING:
    from animeseg.cli.console import Console
    from animeseg.data.checking import Fault
    from animeseg.data.converting import Conversion

_EPILOG = """\
A line on stdout is FILE:LINE: CODE: what is wrong. The exit code is 1 if there are faults; nearly
equal pictures and files that were changed since the manifest was written are only warnings.

Repairing leaves out what cannot be read and cuts off what lies outside; see --repair.
"""


def add_command(commands: Commands, shared: argparse.ArgumentParser) -> None:
    """Adds ``check`` to the program."""
    parser = commands.add_parser(
        "check",
        parents=[shared],
        help="every fault of a set, with file and line",
        description="Look through a set and name every fault with its file and line.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("set", type=Path, help="folder, data.yaml, or COCO file")
    parser.add_argument("--images", type=Path, help="COCO file: folder of its pictures")
    parser.add_argument(
        "--near", type=int, default=6,
        help="bits, of 64, in which nearly equal pictures may differ (6; -1: no comparison)",
    )  # fmt: skip
    parser.add_argument("--repair", action="store_true", help="write what is sound as a new set")
    parser.add_argument(
        "--out", type=Path, help="where to; default: in its place, the old one as NAME.backup"
    )
    parser.add_argument("--workers", type=count_of, default=os.cpu_count() or 1, help="threads")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace, console: Console) -> int:
    from animeseg.data.checking import WARNINGS, by_code

    faults = _faults(args, console)
    severe = [fault for fault in faults if fault.code not in WARNINGS]
    if not args.json:
        for fault in faults:
            console.result(str(fault))
    result: dict[str, Any] = {
        "set": str(args.set),
        "faults": [asdict(fault) for fault in faults],
        "counts": by_code(faults),
        "sound": not severe,
    }
    text = f"{args.set}: {len(severe)} faults, {len(faults) - len(severe)} warnings"
    if args.repair:
        result["repaired"], more = _repaired(args, faults, console)
        text += f"; {more}"
    tell(args, console, result, text)
    return 1 if severe and not args.repair else 0


def _faults(args: argparse.Namespace, console: Console) -> list[Fault]:
    if args.set.suffix.lower() == ".json":
        from animeseg.data.checking_coco import check_coco

        if args.repair:
            raise OptionError("repair", "works on sets", "convert the COCO file to a set first")
        beside = args.set.parent / "images"
        images = args.images or (beside if beside.is_dir() else args.set.parent)
        return list(check_coco(args.set, images))
    from animeseg.data.checking import check_set

    if not args.set.exists():
        raise OptionError("set", f"{args.set} does not exist", "check the path")
    with console.progress(None, "pictures", "check") as bar:

        def show(count: int, total: int) -> None:
            bar.total = total
            bar.update(count - bar.n)

        return check_set(args.set, near=args.near, workers=args.workers, tell=show)


def _repaired(
    args: argparse.Namespace, faults: list[Fault], console: Console
) -> tuple[dict[str, Any], str]:
    from animeseg.data.repairing import repair

    with console.progress(None, "pictures", "repair") as bar:

        def show(so_far: Conversion) -> None:
            bar.update(1)

        done = repair(args.set, faults, args.out, show)
    kept = f"the old set is {done.backup}" if done.backup else "the old set was left alone"
    result = {"out": str(done.out), "backup": str(done.backup) if done.backup else None}
    result |= asdict(done.done)
    return result, f"{done.done.written} pictures in {done.out}, {kept}"
