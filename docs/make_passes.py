"""Writes the tables of ``docs/passes.md`` from the options: run it after a change to them.

python docs/make_passes.py
"""

from __future__ import annotations

import re
from pathlib import Path

from animeseg.options import Knob, PassOptions, knobs
from animeseg.webui.adetailer import OPTIONS, PARAMETERS, SETTINGS
from animeseg.webui.settings import BY_KEY

PAGE = Path(__file__).with_name("passes.md")
_BLOCK = re.compile(r"(<!-- made: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def page(text: str) -> str:
    """``text`` with every table made anew."""
    return _BLOCK.sub(lambda found: found[1] + "\n" + _TABLES[found[2]]() + "\n" + found[3], text)


def _options() -> str:
    rows = ["| option | default | what it does |", "|---|---|---|"]
    for knob in knobs(PassOptions).values():
        text = knob.help.replace("|", "\\|")
        rows.append(f"| {knob.label} (`{knob.name}`) | `{_default(knob)}` | {text} |")
    return "\n".join(rows) + "\n"


def _parameters() -> str:
    known = knobs(PassOptions)
    rows = ["| ADetailer | here | remark |", "|---|---|---|"]
    for row in PARAMETERS:
        ours = ", ".join(f"{known[name].label} (`{name}`)" for name in row.ours)
        rows.append(f"| `{row.theirs}` | {ours} | {row.note} |")
    return "\n".join(rows) + "\n"


def _settings() -> str:
    rows = ["| ADetailer's setting | here |", "|---|---|"]
    for theirs in dict.fromkeys((*SETTINGS, *OPTIONS)):
        here = []
        if theirs in SETTINGS:
            here.append(f"setting *{BY_KEY[SETTINGS[theirs]].label}*")
        if theirs in OPTIONS:
            label = knobs(PassOptions)[OPTIONS[theirs]].label
            here.append(f"{label} (`{OPTIONS[theirs]}`) of each pass")
        rows.append(f"| `{theirs}` | {', '.join(here)} |")
    return "\n".join(rows) + "\n"


def _default(knob: Knob) -> str:
    return str(knob.default).lower() if knob.kind == "bool" else str(knob.default) or " "


_TABLES = {"options": _options, "parameters": _parameters, "settings": _settings}

if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
