"""What a command line asks to be made, and what is to stand behind the characters."""

from __future__ import annotations

import argparse
from pathlib import Path

from animeseg.batch.job import Backdrop
from animeseg.batch.naming import DEFAULT_OUTPUTS, OUTPUTS
from animeseg.cli.flags import output_from
from animeseg.errors import OptionError
from animeseg.export.layers import require_psd
from animeseg.images import ImageLimits, read_image


def kinds_from(args: argparse.Namespace) -> tuple[str, ...]:
    """The kinds of output, each once.

    Raises:
        OptionError: there is no such kind.
        MissingDependencyError: a kind needs a package that is not installed.
    """
    kinds = tuple(dict.fromkeys(args.output or DEFAULT_OUTPUTS))
    for kind in kinds:
        if kind not in OUTPUTS:
            raise OptionError("--output", f"got {kind!r}", "choose from " + ", ".join(OUTPUTS))
    if "psd" in kinds:
        require_psd()
    return kinds


def backdrop_from(args: argparse.Namespace) -> Backdrop:
    """What stands behind the characters; its picture is read before any work is done.

    Raises:
        OptionError: a bad value, or the background is a picture and none is named.
        BadImageError: the picture cannot be read.
    """
    output = output_from(args)
    if output.background != "picture":
        return Backdrop(output)
    if not output.background_picture:
        raise OptionError("--background-picture", "no file is named", "name a picture")
    accept = ImageLimits(min_side=1)  # nothing is looked for in it: even one pixel will do
    return Backdrop(output, read_image(Path(output.background_picture), accept=accept).rgb)
