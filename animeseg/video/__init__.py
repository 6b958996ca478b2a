"""Videos and animations: the characters of every frame, with identity from frame to frame.

    frames.py       the values: `Clip`, `Frame`
    reading.py      a file becomes frames: videos (av_reading.py), animations (picture_reading.py)
    tracking.py     who is who from frame to frame
    flow.py         how the picture moved between two frames
    steady.py       gaps bridged, edges steadied
    drawing.py      what is shown of a frame
    formats.py      the files that can be written, and what each holds
    writing.py      frames become a file: av_writing.py, sequence_writing.py
    conversion.py   the way from file to file

Frames are held in a window of a few at a time, whatever the length of the video. Reading and
writing videos needs PyAV (``pip install "animeseg[video]"``); it is imported on use only.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from animeseg.video.conversion import Conversion, convert
    from animeseg.video.formats import FORMATS, VideoFormat
    from animeseg.video.frames import Clip, Frame

__all__ = ["FORMATS", "Clip", "Conversion", "Frame", "VideoFormat", "convert"]

_HOMES = {
    "Clip": "frames",
    "Conversion": "conversion",
    "FORMATS": "formats",
    "Frame": "frames",
    "VideoFormat": "formats",
    "convert": "conversion",
}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"animeseg.video.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
