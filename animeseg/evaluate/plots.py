"""The curves of the systems on one set, as pictures."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from animeseg.evaluate.scores import Scores

CURVES = ("precision-recall", "f1", "precision", "recall")
"""The pictures of `curve`."""


def curve(kind: str, scores: Sequence[Scores]) -> bytes:
    """One of `CURVES` for all systems, as a PNG.

    Precision over recall is that of the average precision (interpolated, as COCO does); the others
    are counts over the confidence threshold, with the working threshold marked.
    """
    draw = _precision_recall if kind == "precision-recall" else _over_confidence(kind)
    figure, axes = _figure(4.6, 3.6)
    for one in scores:
        draw(axes, one)
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7, loc="lower left")
    return _png(figure)


def confusion(scores: Scores) -> bytes:
    """The confusion matrix at the working threshold, as a PNG."""
    right, wrong, missed = scores.confusion
    table = np.array([[right, wrong], [missed, np.nan]])
    figure, axes = _figure(2.8, 2.6)
    axes.imshow(np.nan_to_num(table), cmap="Blues", vmin=0, vmax=max(scores.characters, 1))
    axes.set_xticks([0, 1], ["character", "background"])
    axes.set_yticks([0, 1], ["found", "not found"])
    axes.set_xlabel("truth")
    for (row, column), value in np.ndenumerate(table):
        dark = value > scores.characters / 2
        text = "" if np.isnan(value) else f"{value:.0f}"
        axes.text(column, row, text, ha="center", va="center", color="white" if dark else "black")
    return _png(figure)


def _precision_recall(axes: Axes, one: Scores) -> None:
    axes.plot(np.linspace(0, 1, len(one.curve)), one.curve, label=one.system)
    axes.set(xlabel="recall", ylabel="precision")


def _over_confidence(kind: str) -> Callable[[Axes, Scores], None]:
    def draw(axes: Axes, one: Scores) -> None:
        counts = one.operating
        values = {"f1": counts.f1, "precision": counts.precision, "recall": counts.recall}[kind]
        (line,) = axes.plot(counts.confidence, values, label=one.system, drawstyle="steps-post")
        axes.axvline(one.confidence, color=line.get_color(), linestyle=":", linewidth=0.8)
        axes.set(xlabel="confidence threshold", ylabel="F1" if kind == "f1" else kind)

    return draw


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    # Figures of their own, without pyplot: no display, no state shared with the caller.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()


def _png(figure: Figure) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=110)
    return stream.getvalue()
