"""``python -m animeseg.data COMMAND``: making, converting and checking training data."""

from __future__ import annotations

import argparse
import sys

from animeseg.cli import run
from animeseg.data.commands import (
    check,
    convert,
    frames,
    label,
    merge,
    preview,
    split,
    stats,
    synth,
)

COMMANDS = (synth, convert, check, split, merge, stats, preview, label, frames)

_EPILOG = """\
A set is a folder with images/, labels/, data.yaml, annotations.json and manifest.jsonl;
`pydoc animeseg.data` describes it. Every command but `stats` and `check` writes into a new folder.

exit codes:
  0    all is well
  1    faults were found, some pictures failed, or the command could not be carried out
  2    wrong usage or a bad option
  130  interrupted by Ctrl-C; the same command goes on where it stopped
"""


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    top = argparse.ArgumentParser(
        prog="python -m animeseg.data",
        description="Make, convert and check training data.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    shared = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    shared.add_argument("--debug", action="store_true", help="show the traceback of every error")
    shared.add_argument("--quiet", action="store_true", help="print results and errors only")
    shared.add_argument(
        "--json", action="store_true", help="print the result as one line of JSON on stdout"
    )
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for module in COMMANDS:
        module.add_command(commands, shared)
    return top


if __name__ == "__main__":
    sys.exit(run(parser()))
