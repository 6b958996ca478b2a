"""Procedural anime figures: unlimited characters with exact alpha, part labels and a face box.

Everything is drawn from curves by the code of this package, so the figures carry no licence but
that of the project. `draw_figure` draws one; `python -m animeseg.data.figures` writes many.
"""

from __future__ import annotations

from animeseg.data.figures.drawing import Figure, draw_figure
from animeseg.data.figures.sampling import sample_style
from animeseg.data.figures.style import FigureStyle

__all__ = ["Figure", "FigureStyle", "draw_figure", "sample_style"]
