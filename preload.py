"""The host's command-line flags of this extension; loaded before anything else, stdlib only."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser


def preload(parser: ArgumentParser) -> None:
    """Adds our flags; ``--use-cpu animeseg`` is the host's own."""
    parser.add_argument(
        "--animeseg-models-path",
        type=str,
        default="",
        help="further folders to look for animeseg's weights in, parted by |",
    )
    parser.add_argument(
        "--animeseg-offline",
        action="store_true",
        default=False,
        help="animeseg never uses the network",
    )
    parser.add_argument(
        "--animeseg-loglevel",
        type=str,
        default="warning",
        choices=("debug", "info", "warning", "error"),
        help="how much animeseg says in the console",
    )
