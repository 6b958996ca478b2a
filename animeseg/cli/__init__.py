"""The command line: ``animeseg`` and ``python -m animeseg``.

    animeseg segment PATH...    find the characters of pictures and write masks and cut-outs
    animeseg video PATH...      the same for videos and animations, frame by frame
    animeseg weights ...        list, fetch, verify, convert, remove weights
    animeseg app                serve the page for pictures in a browser
    animeseg options            every option with its range and default

Each command loads what it needs when it runs, so that ``--help`` answers at once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from animeseg.__about__ import __version__
from animeseg.batch.faults import tellable
from animeseg.cli import app, reference, segment, video, weights
from animeseg.cli.console import Console, make_safe
from animeseg.errors import AnimesegError, OptionError, UnknownModelError

__all__ = ["main", "parser", "run"]

USAGE_ERROR = 2
INTERRUPTED = 130

_EXIT_CODES = """\
exit codes:
  0    all is well (also when a picture shows no character)
  1    some pictures failed, or the command could not be carried out
  2    wrong usage, a bad option or an unknown model
  130  interrupted by Ctrl-C (143: by SIGTERM); what was finished is whole
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command; returns its exit code."""
    return run(parser(), argv)


def run(commands: argparse.ArgumentParser, argv: Sequence[str] | None = None) -> int:
    """Runs the command that ``argv`` names; the edge where every error becomes one line.

    Args:
        commands: parser that sets ``run``, called with the arguments and a `Console`.
        argv: default: those of the process.

    Returns:
        The exit code.
    """
    for stream in (sys.stdout, sys.stderr):
        make_safe(stream)
    args = commands.parse_args(argv)
    console = Console(quiet=getattr(args, "quiet", False), debug=getattr(args, "debug", False))
    try:
        code: int = args.run(args, console)
    except (OptionError, UnknownModelError) as error:
        console.error(error)
        code = USAGE_ERROR
    except AnimesegError as error:
        console.error(error)
        code = 1
    except KeyboardInterrupt:
        console.warn("[animeseg] interrupted")
        code = INTERRUPTED
    except Exception as error:
        console.error(tellable(error))
        code = 1
    console.flush()
    return code


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    top = argparse.ArgumentParser(
        prog="animeseg",
        description="Find every anime character in a picture and cut it out.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"animeseg {__version__}")
    shared = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    shared.add_argument("--debug", action="store_true", help="show the traceback of every error")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for module in (segment, video, weights, app, reference):
        module.add_command(commands, shared)
    return top
