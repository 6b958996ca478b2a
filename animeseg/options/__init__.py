"""Every knob, once: type, default, range, label, help and infotext key.

    segment.py    `Options`: finding, choosing and refining characters
    output.py     `OutputOptions`: what is made of them
    inpaint.py    `PassOptions`: one inpaint pass of the WebUI
    panel.py      `PanelOptions`: whether the WebUI's panel works, and on what
    video.py      `VideoOptions`: what a video is made of, how its frames hang together

The command line, the HTTP schema, the WebUI panels, the infotext and the reference in ``docs/``
are all made from these sets and `knobs`; nothing else declares a default or a range.
"""

from __future__ import annotations

from animeseg.options._knob import Knob, OptionSet, knobs_of
from animeseg.options.inpaint import PassOptions
from animeseg.options.output import OutputOptions
from animeseg.options.panel import PanelOptions
from animeseg.options.segment import ORDERS, Options
from animeseg.options.video import VideoOptions

__all__ = [
    "ORDERS",
    "Knob",
    "OptionSet",
    "Options",
    "OutputOptions",
    "PanelOptions",
    "PassOptions",
    "VideoOptions",
    "knobs",
]


def knobs(options: type[OptionSet] = Options) -> dict[str, Knob]:
    """The specification of every option of a set, by field name, in the order they are shown."""
    return knobs_of(options)
