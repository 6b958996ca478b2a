"""One system over one set: a small row per picture, and what it cost."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import psutil

from animeseg.evaluate.matching import match
from animeseg.evaluate.pixels import PixelScores, pixel_scores
from animeseg.masks import union_alpha

if TYPE_CHECKING:
    from types import TracebackType

    from animeseg.evaluate.packed import Matches
    from animeseg.evaluate.systems import Running
    from animeseg.evaluate.truth import Truth
    from animeseg.instances import Instances, ModelInfo
    from animeseg.options import Options

MIB = 2**20
_SAMPLE_SECONDS = 0.02


@dataclass(frozen=True)
class Row:
    """What is kept of one picture.

    Attributes:
        name: of the picture.
        characters: how many there are.
        found: how many detections there are at the working threshold.
        group: of the picture.
        boxes: matches of the boxes, for each size class.
        masks: matches of the masks; None where the truth has boxes only.
        pixels: scores of the foreground; None where the truth has boxes only.
        seconds: it took.
    """

    name: str
    characters: int
    found: int
    group: str
    boxes: Matches
    masks: Matches | None
    pixels: PixelScores | None
    seconds: float


@dataclass(frozen=True)
class Measured:
    """One system over one set.

    Attributes:
        system: its name.
        confidence: its working threshold.
        rows: one per picture.
        models: the weights that took part.
        load_seconds: what loading took.
        peak_mib: how much memory of the process rose above what it was before loading, in MiB.
        gpu_mib: the most memory torch held on the GPU, in MiB; 0 without one.
        notes: how often each weaker path was taken.
    """

    system: str
    confidence: float
    rows: tuple[Row, ...]
    models: tuple[ModelInfo, ...]
    load_seconds: float
    peak_mib: float
    gpu_mib: float
    notes: dict[str, int] = field(default_factory=dict)


def measure(
    load: Callable[[], Running],
    truths: Iterable[Truth],
    *,
    told: Callable[[Row], None] = lambda _: None,
) -> Measured:
    """Runs a system over a set.

    Args:
        load: gives the system with its models loaded; its memory is counted.
        truths: the pictures.
        told: called after every picture.

    Raises:
        AnimesegError: a model or a picture cannot be read.
    """
    notes: Counter[str] = Counter()
    rows = []
    with _Memory() as memory:
        running = load()
        notes.update(note.code for note in running.notes)
        for truth in truths:
            result, seconds = running(truth.image)
            notes.update(note.code for note in result.notes)
            rows.append(_row(truth, result.instances, running, seconds))
            told(rows[-1])
    running.unload()
    return Measured(
        system=running.system.name,
        confidence=running.confidence,
        rows=tuple(rows),
        models=running.models,
        load_seconds=running.load_seconds,
        peak_mib=memory.peak_mib,
        gpu_mib=memory.gpu_mib,
        notes=dict(notes),
    )


def _row(truth: Truth, found: Instances, running: Running, seconds: float) -> Row:
    kept = found[np.flatnonzero(found.scores >= running.confidence)]
    pixels = None
    if truth.has_masks:
        pixels = _pixels(truth, kept, running.system.options)
    return Row(
        name=truth.name,
        characters=len(truth.instances),
        found=len(kept),
        group=truth.group,
        boxes=match(truth, found, "bbox"),
        masks=match(truth, found, "segm") if truth.has_masks else None,
        pixels=pixels,
        seconds=seconds,
    )


def _pixels(truth: Truth, kept: Instances, options: Options) -> PixelScores:
    """Scores of alpha where the exact alpha is known, else of the hard masks."""
    ours, true = kept.union(), truth.instances.union()
    if truth.alpha is None:
        alphas = ours.astype(np.uint8) * 255, true.astype(np.uint8) * 255
    else:
        alphas = union_alpha(kept, options), truth.alpha
    return pixel_scores(ours, alphas[0], true, alphas[1], truth.ignore)


class _Memory:
    """Watches the resident set of this process, and torch's memory on a GPU, inside a block."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._before = 0
        self._peak = 0
        self.gpu_mib = 0.0

    @property
    def peak_mib(self) -> float:
        """How far it rose, in MiB."""
        return (self._peak - self._before) / MIB

    def __enter__(self) -> _Memory:
        self._before = self._peak = self._process.memory_info().rss
        self._reset_gpu()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()
        self.gpu_mib = self._gpu_bytes() / MIB

    def _watch(self) -> None:
        while not self._done.wait(_SAMPLE_SECONDS):
            self._peak = max(self._peak, self._process.memory_info().rss)

    def _reset_gpu(self) -> None:
        import torch

        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()

    def _gpu_bytes(self) -> int:
        import torch

        return int(torch.cuda.max_memory_allocated()) if torch.cuda.is_available() else 0
