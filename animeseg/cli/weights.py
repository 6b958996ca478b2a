"""``animeseg weights``: list, fetch, verify, convert and remove weights."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animeseg.cli.flags import add_model_dir
from animeseg.errors import BadWeightsError

if TYPE_CHECKING:
    from animeseg.cli.console import Console
    from animeseg.weights import Record
    from animeseg.weights.manage import Verification, WeightStatus


def add_command(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Adds ``animeseg weights``."""
    group = commands.add_parser(
        "weights",
        help="list, fetch, verify, convert, remove weights",
        description="Weights: what there is, what is on this machine, and how to get the rest.",
        allow_abbrev=False,
    )
    actions = group.add_subparsers(metavar="ACTION", required=True)
    places = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    add_model_dir(places)
    listing = _action(actions, "list", _list, "show all known weights", [shared, places])
    listing.add_argument("--json", action="store_true", help="as JSON")
    fetch = _action(actions, "fetch", _fetch, "fetch weights from the Hub", [shared, places])
    fetch.add_argument("names", nargs="+", metavar="NAME", help="as in `animeseg weights list`")
    fetch.add_argument(
        "--accept-unknown-hash",
        action="store_true",
        help="also fetch a file for which the catalog knows no hash",
    )
    fetch.add_argument("-q", "--quiet", action="store_true", help="no messages but errors")
    verify = _action(actions, "verify", _verify, "hash weights anew", [shared, places])
    verify.add_argument(
        "names", nargs="*", metavar="NAME|FILE", help="default: all that are on this machine"
    )
    convert = _action(
        actions, "convert", _convert, "turn a .pt or .pth into safetensors; runs no code", [shared]
    )
    convert.add_argument("source", type=Path, metavar="FILE")
    convert.add_argument("target", type=Path, nargs="?", metavar="TARGET")
    remove = _action(actions, "remove", _remove, "remove what animeseg fetched", [shared])
    remove.add_argument("names", nargs="+", metavar="NAME")


def _action(
    actions: Any, name: str, run: Any, text: str, parents: list[argparse.ArgumentParser]
) -> argparse.ArgumentParser:
    action: argparse.ArgumentParser = actions.add_parser(
        name, parents=parents, help=text, description=text.capitalize() + ".", allow_abbrev=False
    )
    action.set_defaults(run=run)
    return action


def _list(args: argparse.Namespace, console: Console) -> int:
    from animeseg.weights.manage import list_weights

    statuses = list_weights(args.model_dir)
    if args.json:
        console.lines(json.dumps([_described(status) for status in statuses], indent=2))
        return 0
    rows = [("NAME", "KIND", "SIZE", "LICENCE", "STATE", "")]
    for status in statuses:
        record = status.record
        where = str(status.path) if status.path else record.title
        rows.append(
            (record.name, record.kind, record.size_text, record.licence, status.state, where)
        )
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        console.result("  ".join([*cells, row[5]]).rstrip())
    return 0


def _described(status: WeightStatus) -> dict[str, Any]:
    record = status.record
    return {
        "name": record.name,
        "title": record.title,
        "kind": record.kind,
        "bytes": record.bytes,
        "licence": record.licence,
        "repository": record.repository,
        "file": record.file,
        "sha256": list(record.sha256),
        "note": record.note,
        "state": status.state,
        "source": status.source,
        "path": str(status.path) if status.path else None,
    }


def _fetch(args: argparse.Namespace, console: Console) -> int:
    from animeseg.weights.manage import list_weights

    records = dict.fromkeys(_known(name) for name in args.names)  # all names, before any transfer
    absent = {s.record.name for s in list_weights(args.model_dir) if s.state == "absent"}
    for record in records:
        console.result(str(_fetch_one(record, record.name in absent, args, console)))
    return 0


def _fetch_one(record: Record, absent: bool, args: argparse.Namespace, console: Console) -> Path:
    from animeseg.cli.downloads import Downloads
    from animeseg.weights.manage import fetch

    with Downloads(console) as downloads:
        if absent:
            downloads.announce(record)
        return fetch(
            record.name,
            progress=lambda done, total: downloads.progress(record.name, done, total),
            model_dirs=args.model_dir,
            accept_unknown=args.accept_unknown_hash,
        ).path


def _known(name: str) -> Record:
    from animeseg.weights.catalog import find, unknown

    record = find(name)
    if record is None:
        raise unknown(name)
    return record


def _verify(args: argparse.Namespace, console: Console) -> int:
    from animeseg.weights.manage import list_weights, verify

    names = args.names or [s.record.name for s in list_weights(args.model_dir) if s.path]
    good = True
    for name in names:
        checked = verify(name, model_dirs=args.model_dir)
        for one in checked:
            console.result(f"{_judged(one)}  {one.sha256}  {one.path}")
            good = good and one.matches is not False
        if not checked:
            console.result(f"absent  {name}")
            good = False
    return 0 if good else 1


def _judged(one: Verification) -> str:
    if one.matches is None:
        return "unknown"
    name = one.record.name if one.record else ""
    return f"{'ok' if one.matches else 'WRONG'}  {name}"


def _convert(args: argparse.Namespace, console: Console) -> int:
    from animeseg.weights.manage import convert

    if not args.source.is_file():
        raise BadWeightsError(f"{args.source} is not a file", "check the path")
    console.result(str(convert(args.source, args.target)))
    return 0


def _remove(args: argparse.Namespace, console: Console) -> int:
    from animeseg.weights.manage import remove

    for name in args.names:
        removed = remove(name)
        for path in removed:
            console.result(f"removed {path}")
        if not removed:
            console.warn(f"[animeseg] {name}: animeseg has fetched no such file, nothing to remove")
    return 0
