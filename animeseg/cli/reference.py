"""``animeseg options``: the reference of all options, for people and for programs."""

from __future__ import annotations

import argparse
import json
import textwrap
from itertools import groupby
from typing import TYPE_CHECKING, Any

from animeseg.cli.flags import flag_of, output_knobs, span_of
from animeseg.options import Knob, knobs

if TYPE_CHECKING:
    from animeseg.cli.console import Console

_JSON_TYPES = {"bool": "boolean", "int": "integer", "float": "number", "str": "string"}


def add_command(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Adds ``animeseg options``."""
    command = commands.add_parser(
        "options",
        parents=[shared],
        help="show every option with its range and default",
        description="Shows every option of `animeseg segment` with its range and default.",
        allow_abbrev=False,
    )
    form = command.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as a JSON schema")
    form.add_argument("--markdown", action="store_true", help="as the page docs/options.md")
    command.set_defaults(run=run)


def run(args: argparse.Namespace, console: Console) -> int:
    """Prints the reference."""
    if args.json:
        console.lines(json.dumps(schema(), indent=2))
    elif args.markdown:
        console.lines(markdown())
    else:
        console.lines(text())
    return 0


def text() -> str:
    """The reference as plain text, at most 79 columns wide."""
    lines = []
    for section, found in groupby(_all_knobs(), lambda knob: knob.section):
        lines.append(f"{section}\n")
        for knob in found:
            lines.append(f"  {flag_of(knob)}")
            for part in (knob.help, f"({_facts(knob)})"):
                indent = " " * 6
                lines += textwrap.wrap(part, 79, initial_indent=indent, subsequent_indent=indent)
        lines.append("")
    return "\n".join(lines).rstrip()


def markdown() -> str:
    """The reference as a page."""
    parts = [
        "# Options\n\nMade by `animeseg options --markdown` from `animeseg/options/`. "
        "In Python the names have `_` for `-`: `Options(min_area=0.01)`.\n"
    ]
    for section, found in groupby(_all_knobs(), lambda knob: knob.section):
        parts.append(f"## {section}\n\n| option | default | accepts | |\n|---|---|---|---|")
        for knob in found:
            accepts = span_of(knob).replace("|", "\\|") or knob.kind
            help_text = knob.help.replace("|", "\\|")
            parts.append(f"| `{flag_of(knob)}` | `{_default(knob)}` | {accepts} | {help_text} |")
        parts.append("")
    return "\n".join(parts).rstrip()


def schema() -> dict[str, Any]:
    """A JSON schema (draft 2020-12) of a mapping that ``--options`` accepts."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "animeseg options",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _property(knob) for name, knob in knobs().items()},
    }


def _all_knobs() -> list[Knob]:
    return [*knobs().values(), *output_knobs()]


def _property(knob: Knob) -> dict[str, Any]:
    described: dict[str, Any] = {"title": knob.label, "description": knob.help}
    if knob.kind == "list":
        items = {"type": "string"} | ({"enum": list(knob.choices)} if knob.choices else {})
        described |= {"type": "array", "items": items, "default": list(knob.default)}
    else:
        described |= {"type": _JSON_TYPES[knob.kind], "default": knob.default}
        if knob.choices:
            described["enum"] = list(knob.choices)
    if knob.minimum is not None:
        described |= {"minimum": knob.minimum, "maximum": knob.maximum}
    return described


def _facts(knob: Knob) -> str:
    return "; ".join(part for part in (span_of(knob), f"default {_default(knob)}") if part)


def _default(knob: Knob) -> str:
    if knob.kind == "list":
        return ", ".join(knob.default) or "none"
    return str(knob.default).lower() if knob.kind == "bool" else str(knob.default) or "none"
