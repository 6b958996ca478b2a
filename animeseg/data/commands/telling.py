"""What all commands print alike."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from animeseg.cli.console import Console

Commands = Any
"""What `argparse` gives for adding a command; it has no public name."""


def tell(args: argparse.Namespace, console: Console, result: Mapping[str, Any], text: str) -> None:
    """Prints a result: as JSON if asked for, else as text for people."""
    if args.json:
        console.result(json.dumps(dict(result), ensure_ascii=False))
    else:
        console.lines(text)


def count_of(text: str) -> int:
    """A whole number from 1 on, as an argument."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {text}")
    return value


def share_of(text: str) -> float:
    """A number from 0 to below 1, as an argument."""
    value = float(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"must be from 0 to below 1, got {text}")
    return value
