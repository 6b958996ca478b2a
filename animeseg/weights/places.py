"""Names and places of weight files: what is a plain name, which folders are looked at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

SUFFIXES = (".safetensors", ".pt", ".pth", ".ckpt")
"""Kinds of weight files that are looked for in model folders."""

_DEVICES = re.compile(
    r"(CON|PRN|AUX|NUL|CLOCK\$|CONIN\$|CONOUT\$|(COM|LPT)[0-9\u00b9\u00b2\u00b3])"
)
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')


def is_plain_name(name: str) -> bool:
    """Whether ``name`` is the name of a file and nothing else, on every system.

    No separators, drives, streams, control characters, device names, leading dots, trailing dots
    or spaces: such a name cannot leave the folder it is looked up in.
    """
    if not 0 < len(name) <= 200 or _FORBIDDEN.search(name):
        return False
    if name[0] in ".~ " or name[-1] in ". ":
        return False
    return not _DEVICES.fullmatch(name.split(".")[0].rstrip().upper())


def inside(path: Path, folder: Path) -> bool:
    """Whether ``path``, with all links followed, lies in ``folder``."""
    return path.resolve().is_relative_to(folder.resolve())


def folders_below(root: Path, relative: Iterable[str]) -> Iterator[Path]:
    """``root`` and the known folders below it.

    ``root`` may be the folder itself, the root of a WebUI, or its ``models``.
    """
    yield root
    for part in relative:
        yield root / part
        if part.startswith("models/"):
            yield root / part.removeprefix("models/")


def bundled_folder() -> Path:
    """Where the weights that come with animeseg are: in the package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "_models"
    return installed if installed.is_dir() else package.parent / "models"
