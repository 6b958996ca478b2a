"""Command-line flags made from the specification of the options, and options made from flags."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from animeseg.errors import OptionError
from animeseg.options import Knob, Options, OptionSet, OutputOptions, VideoOptions, knobs

_MOST_BYTES = 64 * 2**20


class Extend(argparse.Action):
    """Collects values of a flag that is given several times or with commas in between."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Adds the value to those given before."""
        before = getattr(namespace, self.dest, None) or []
        found = [part.strip() for part in str(values).split(",")]
        setattr(namespace, self.dest, [*before, *(part for part in found if part)])


def add_option_flags(parser: argparse.ArgumentParser, options: type[OptionSet] = Options) -> None:
    """Adds a flag for every option, grouped by section; only flags that are given leave a trace."""
    groups: dict[str, argparse._ArgumentGroup] = {}
    for knob in knobs(options).values():
        if knob.section not in groups:
            groups[knob.section] = parser.add_argument_group(knob.section)
        groups[knob.section].add_argument(flag_of(knob), **_settings(knob))


def add_model_dir(parser: argparse.ArgumentParser) -> None:
    """Adds the flag for further folders of weights; ``model_dir`` is a list of paths."""
    parser.add_argument(
        "--model-dir",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="a further folder to look for weights in; may be repeated",
    )


def output_knobs() -> list[Knob]:
    """The options of what is made that have a flag; the others are kinds of ``--output``."""
    return [knob for name, knob in knobs(OutputOptions).items() if name.startswith("background")]


def add_output_flags(parser: argparse.ArgumentParser) -> None:
    """Adds a flag for every option of `output_knobs`."""
    group = parser.add_argument_group("Output")
    for knob in output_knobs():
        group.add_argument(flag_of(knob), **_settings(knob))


def output_from(args: argparse.Namespace) -> OutputOptions:
    """What a command line says about backgrounds.

    Raises:
        OptionError: for a bad value.
    """
    names = (knob.name for knob in output_knobs())
    return OutputOptions(**{name: getattr(args, name) for name in names if hasattr(args, name)})


def video_from(args: argparse.Namespace) -> VideoOptions:
    """What a command line says about a video.

    Raises:
        OptionError: for a bad value.
    """
    names = knobs(VideoOptions)
    return VideoOptions(**{name: getattr(args, name) for name in names if hasattr(args, name)})


def flag_of(knob: Knob) -> str:
    """The flag of an option: ``--min-area`` for ``min_area``."""
    return "--" + knob.name.replace("_", "-")


def options_from(args: argparse.Namespace) -> Options:
    """The options of a command line: of the ``--options`` file if given, with flags over them.

    Raises:
        OptionError: for an unreadable file, an unknown name or a bad value.
    """
    values = read_options(args.options) if args.options else {}
    given = {name: getattr(args, name) for name in knobs() if hasattr(args, name)}
    return Options.from_mapping({**values, **given})


def read_options(path: Path) -> dict[str, Any]:
    """Values of options from a JSON file: a mapping of names, or a record that holds one.

    Raises:
        OptionError: the file cannot be read, is not JSON, or holds no mapping.
    """
    cure = "give a JSON file of option names and values, or the JSON record of a picture"
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise OptionError("--options", f"{path} is too large", cure)
        values = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise OptionError(
            "--options", f"cannot read {path}: {error.strerror or error}", cure
        ) from error
    except (ValueError, RecursionError) as error:
        raise OptionError("--options", f"{path} is not JSON ({error})", cure) from error
    if isinstance(values, dict) and isinstance(values.get("options"), dict):
        values = values["options"]
    if not isinstance(values, dict):
        raise OptionError("--options", f"{path} holds a {type(values).__name__}", cure)
    return values


def span_of(knob: Knob) -> str:
    """What an option accepts, for people: its range, its choices or nothing."""
    if knob.choices:
        return ", ".join(knob.choices)
    return "" if knob.minimum is None else f"{knob.minimum:g} to {knob.maximum:g}"


def _settings(knob: Knob) -> dict[str, Any]:
    shown = ", ".join(knob.default) if knob.kind == "list" else str(knob.default)
    shown = shown or "none"
    facts = "; ".join(part for part in (span_of(knob), f"default {shown}") if part)
    settings: dict[str, Any] = {
        "dest": knob.name,
        "default": argparse.SUPPRESS,
        "help": f"{knob.help} ({facts})".replace("%", "%%"),
    }
    if knob.kind == "bool":
        return settings | {"action": argparse.BooleanOptionalAction}
    if knob.kind == "list":
        return settings | {"action": Extend, "metavar": "NAME[,NAME]"}
    if knob.choices:
        return settings | {"choices": knob.choices, "metavar": "CHOICE"}
    kinds = {"int": (int, "N"), "float": (float, "X"), "str": (str, "TEXT")}
    kind, metavar = kinds[knob.kind]
    return settings | {"type": kind, "metavar": metavar}
