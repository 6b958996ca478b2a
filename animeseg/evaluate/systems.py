"""What is compared: a detector by itself, or with a refinement behind it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from animeseg.errors import OptionError
from animeseg.loading import ModelSource
from animeseg.options import Options
from animeseg.segmenter import FALLBACK_CONFIDENCE, Segmenter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from animeseg.instances import ModelInfo, Segmentation

LOWEST_CONFIDENCE = 0.01
"""Down to here the detections of a bare model are taken for average precision and the curves."""

_MOST_DETECTIONS = 100
"""Detections of a picture that count, as in COCO's own protocol."""


@dataclass(frozen=True)
class System:
    """A name for the tables and the options that make it.

    Attributes:
        name: as shown.
        options: what `Segmenter` is given.
    """

    name: str
    options: Options

    @property
    def bare(self) -> bool:
        """Whether it is a detector without refinement."""
        return self.options.refine == "none"

    @classmethod
    def parse(cls, text: str, base: Options) -> System:
        """A system from ``[NAME=]MODEL[+REFINEMENT]``, as in ``mine=runs/a+edge``.

        Without a refinement it is the detector alone.

        Raises:
            OptionError: the refinement is none of ours.
        """
        name, named, rest = text.partition("=")
        model, _, refine = (rest if named else text).partition("+")
        if not model:
            raise OptionError("--model", f"got {text!r}", "give [NAME=]MODEL[+REFINEMENT]")
        options = base.replace(model=model, refine=refine or "none")
        shown = name if named else _short(model) + (f" + {refine}" if refine else "")
        return cls(shown, options)


class Running:
    """A system with its models loaded.

    Args:
        system: what to run.
        model_dirs: further folders to look for weights in.

    Attributes:
        models: the weights that take part.
        notes: which weaker path was taken, if any.
        load_seconds: what loading them took.
        confidence: the threshold at which it works when nothing else is asked for.
    """

    def __init__(self, system: System, model_dirs: Sequence[Path] = ()) -> None:
        self.system = system
        self._source = ModelSource(model_dirs)
        start = time.perf_counter()
        detector = self._source.detector(system.options)
        refiner, self.notes = self._source.refiner(system.options)
        self.load_seconds = time.perf_counter() - start
        self._segmenter = Segmenter(system.options, detector=detector, refiner=refiner)
        infos = (detector.info, refiner.info if refiner is not None else None)
        self.models: tuple[ModelInfo, ...] = tuple(info for info in infos if info is not None)
        self.confidence = system.options.confidence or detector.confidence or FALLBACK_CONFIDENCE

    def __call__(self, image: NDArray[np.uint8]) -> tuple[Segmentation, float]:
        """What it says about ``image`` (H, W, 3) uint8 RGB, and the seconds it took.

        A bare detector answers down to `LOWEST_CONFIDENCE`; a refined one at its own threshold,
        since every further candidate would cost a refinement.
        """
        options = self.system.options
        if self.system.bare:
            options = options.replace(
                confidence=min(LOWEST_CONFIDENCE, self.confidence), max_instances=_MOST_DETECTIONS
            )
        start = time.perf_counter()
        result = self._segmenter(image, options)
        return result, time.perf_counter() - start

    def unload(self) -> None:
        """Frees the memory of its models."""
        self._source.unload()


def _short(model: str) -> str:
    path = Path(model)
    if path.name == "model.safetensors":
        return path.parent.name
    return path.stem if path.suffix in (".safetensors", ".pt", ".onnx") else model
