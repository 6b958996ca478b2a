"""``animeseg app``: the page for one picture, many pictures and the models, in a browser."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from animeseg.cli.flags import add_model_dir

if TYPE_CHECKING:
    from animeseg.cli.console import Console

_DESCRIPTION = """\
Serves a page to find, pick, fix and cut out characters in a browser. It works offline, is served to
this machine alone unless --host says otherwise, and is never shared through anybody's server.
"""


def add_command(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Adds ``animeseg app``."""
    command = commands.add_parser(
        "app",
        parents=[shared],
        help="serve the page for pictures in a browser, without any WebUI",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="address to listen at; any other than 127.0.0.1 lets others use it, and nobody can "
        "name folders then",
    )
    command.add_argument(
        "--port", type=int, metavar="N", help="port to listen at (default: a free one from 7870)"
    )
    add_model_dir(command)
    command.add_argument(
        "--download",
        action="store_true",
        help="fetch missing weights on first use; without it only the Download button does",
    )
    command.add_argument(
        "--api", action="store_true", help="serve the HTTP API of docs/api.md as well"
    )
    command.add_argument(
        "--api-auth",
        metavar="NAME:PASSWORD",
        help="who may call the API; several are parted by commas (default: everybody)",
    )
    command.set_defaults(run=run)


def run(args: argparse.Namespace, console: Console) -> int:
    """Serves the page until Ctrl-C."""
    from animeseg.webui import host
    from animeseg.webui.app import serve

    host.override(
        animeseg_model_dirs="|".join(map(str, args.model_dir)), animeseg_download=args.download
    )
    serve(
        args.host,
        args.port,
        api=args.api,
        api_auth=args.api_auth,
        ready=lambda address: console.result(address),
    )
    return 0
