"""What is shown where a package is missing: what it is for, and the command that cures it."""

from __future__ import annotations

import html
import sys
from collections.abc import Sequence
from functools import lru_cache

from animeseg.webui.host.machine import extension_dir
from animeseg.webui.requirements import mixed_opencv, unsatisfied


@lru_cache(maxsize=1)
def problems() -> tuple[str, ...]:
    """One sentence for every missing or unusable package; looked for once a process."""
    found = []
    for item in unsatisfied():
        version = item.installed()
        state = f"{item.name} {version} will not do" if version else f"{item.name} is missing"
        found.append(f"{state} (needed: {item.line}), without which {item.purpose} is impossible.")
    return tuple(found)


def warnings() -> tuple[str, ...]:
    """What works but is likely to break: several OpenCV packages over each other."""
    mixed = mixed_opencv()
    if not mixed:
        return ()
    return (
        f"{' and '.join(mixed)} are installed over each other in different versions; if cv2 "
        "fails, uninstall all of them and install one.",
    )


def command() -> str:
    """What to run to install what is missing, for the interpreter of this process."""
    script = extension_dir() / "install.py"
    if script.is_file():
        return f'"{sys.executable}" "{script}"'
    return f'"{sys.executable}" -m pip install animeseg'


def text(found: Sequence[str]) -> str:
    """The message as HTML."""
    items = "".join(f"<li>{html.escape(problem)}</li>" for problem in found)
    return (
        "<div class='animeseg-missing'><p><b>animeseg cannot work yet.</b></p>"
        f"<ul>{items}</ul><p>Close the WebUI, run this, and start it again:</p>"
        f"<pre>{html.escape(command())}</pre></div>"
    )


def plain(line: str) -> str:
    """One line of explanation as HTML."""
    return f"<div class='animeseg-missing'><p>{html.escape(line)}</p></div>"


def log_line() -> str:
    """The line for the console, or an empty text."""
    found = problems()
    if not found:
        return ""
    return f"[animeseg] missing_dependency: {' '.join(found)} run: {command()}"
