"""animeseg: find every anime character in a picture and cut it out.

    from animeseg import Segmenter
    result = Segmenter()("picture.png")
    for character in result.instances:
        print(character.boxes, character.scores)

Importing this package costs milliseconds: torch and the networks are loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from animeseg.__about__ import __version__

if TYPE_CHECKING:
    from animeseg.errors import AnimesegError
    from animeseg.instances import Instances, ModelInfo, Note, Segmentation
    from animeseg.options import Options
    from animeseg.segmenter import Segmenter

__all__ = [
    "AnimesegError",
    "Instances",
    "ModelInfo",
    "Note",
    "Options",
    "Segmentation",
    "Segmenter",
    "__version__",
]

_HOMES = {
    "AnimesegError": "animeseg.errors",
    "Instances": "animeseg.instances",
    "ModelInfo": "animeseg.instances",
    "Note": "animeseg.instances",
    "Options": "animeseg.options",
    "Segmentation": "animeseg.instances",
    "Segmenter": "animeseg.segmenter",
}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
