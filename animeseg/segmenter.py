"""The pipeline: detect, select, refine, clean. Nothing else happens here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from animeseg.__about__ import __version__
from animeseg.images import Picture, read_image
from animeseg.instances import Instances, ModelInfo, Note, Segmentation
from animeseg.loading import ModelSource
from animeseg.masks import shape_mask
from animeseg.options import Options
from animeseg.select import select
from animeseg.targets import DEFAULT_TARGET, DETECTORS, PictureFinder, evaluate, kind_options, parse
from animeseg.watch import Watch

if TYPE_CHECKING:
    from animeseg.detect import Detection, Detector
    from animeseg.images import Source
    from animeseg.refine import Refiner
    from animeseg.targets import Expression

FALLBACK_CONFIDENCE = 0.25
"""Threshold where neither the options nor the detector name one; ultralytics' own."""


@dataclass(frozen=True)
class _Stages:
    """The loaded models that a set of options asks for, and what is to be told about them."""

    detector: Detector
    refiner: Refiner | None
    notes: tuple[Note, ...]


class Segmenter:
    """Finds, chooses and refines the characters of pictures.

    Models are loaded on first use and kept; calls from several threads are safe (each model runs
    one picture at a time). Nothing is fetched unless ``download`` is true.

    Example:
        >>> segmenter = Segmenter(Options(refine="none"))
        >>> result = segmenter("docs/pictures/demo.jpg")
        >>> len(result) > 0
        True

    Args:
        options: used where a call gives none.
        detector: a loaded detector to use in place of the one the options name.
        refiner: a loaded refiner to use in place of the one the options ask for.
        model_dirs: further folders to look for weights in.
        download: whether missing weights may be fetched from the Hub.
        progress: called with (name, bytes so far, bytes in all) during a download.
        models: where models come from, in place of the three before; it may be shared.
    """

    def __init__(
        self,
        options: Options | None = None,
        *,
        detector: Detector | None = None,
        refiner: Refiner | None = None,
        model_dirs: Sequence[Path] = (),
        download: bool = False,
        progress: Callable[[str, int, int], None] | None = None,
        models: ModelSource | None = None,
    ) -> None:
        self.options = options or Options()
        self._given_detector = detector
        self._given_refiner = refiner
        self._models = models or ModelSource(model_dirs, download=download, progress=progress)

    def __call__(
        self,
        image: Source | Picture,
        options: Options | None = None,
        *,
        watch: Watch | None = None,
    ) -> Segmentation:
        """Segments one picture.

        Args:
            image: a path, bytes, an open file, a PIL picture, or an array: (H, W, 3) uint8 RGB,
                (H, W, 4) RGBA or (H, W) grey.
            options: in place of those given at construction.
            watch: progress of the refinement, and who may end it. Characters that were not come
                to keep the detector's mask, and a note says so.

        Returns:
            The characters in the order the options ask for, and what ``options.target`` stands
            for; none is a result like any other.

        Raises:
            AnimesegError: the picture cannot be read, or a model cannot be loaded.
        """
        options = options or self.options
        target = parse(options.target)
        picture = image if isinstance(image, Picture) else read_image(image)
        watch = watch or Watch()
        result = self._segmented(picture, options, self._stages(options, watch), watch)
        if options.target == DEFAULT_TARGET:
            return result
        return self._aimed(picture, result, target, watch)

    def load(self, options: Options | None = None) -> tuple[ModelInfo, ...]:
        """Loads the models now, so that the first picture does not wait; says which they are."""
        options = options or self.options
        stages = self._stages(options)
        models = [stages.detector.info]
        if stages.refiner is not None and stages.refiner.info:
            models.append(stages.refiner.info)
        own = (kind for kind in parse(options.target).kinds if kind in DETECTORS)
        models += (self._models.detector(kind_options(options, kind)).info for kind in own)
        return tuple(models)

    def unload(self) -> None:
        """Frees the memory of all models; the next call loads them again."""
        self._models.unload()

    def _segmented(
        self, picture: Picture, options: Options, stages: _Stages, watch: Watch
    ) -> Segmentation:
        found = detect(picture, stages.detector, options)
        chosen = select(found.instances, options)
        notes = found.notes
        models: tuple[ModelInfo, ...] = (stages.detector.info,)
        if len(chosen) and stages.refiner is not None and watch.stops():
            notes += (_unrefined(len(chosen)),)
        elif len(chosen) and stages.refiner is not None:
            refinement = stages.refiner.refine(picture.rgb, chosen)
            chosen = refinement.instances
            notes += stages.notes + refinement.notes
            models += (stages.refiner.info,) if stages.refiner.info else ()
        return Segmentation(
            size=found.instances.size,
            instances=clean(chosen, options),
            options=options,
            models=models,
            notes=picture.notes + notes,
            version=__version__,
            alpha=picture.alpha,
        )

    def _aimed(
        self, picture: Picture, result: Segmentation, target: Expression, watch: Watch
    ) -> Segmentation:
        """``result`` with the instances that ``target`` stands for."""
        options = result.options

        def search(asked: Options) -> Segmentation:
            if asked.model == options.model:
                return self._segmented(picture, asked, self._stages(asked, watch), watch)
            # A detector given at construction stands for the options', not for that of faces.
            stages = _Stages(self._models.detector(asked), None, ())
            return self._segmented(picture, asked, stages, watch)

        known = {DEFAULT_TARGET: result.instances}
        finder = PictureFinder(result.size, search, lambda kind: kind_options(options, kind), known)
        return replace(
            result,
            target=evaluate(target, finder),
            models=tuple(dict.fromkeys(result.models + finder.models)),
            notes=tuple(dict.fromkeys(result.notes + finder.notes)),
        )

    def _stages(self, options: Options, watch: Watch | None = None) -> _Stages:
        detector = self._given_detector or self._models.detector(options)
        if self._given_refiner is not None:
            return _Stages(detector, self._given_refiner, ())
        refiner, notes = self._models.refiner(options, watch)
        return _Stages(detector, refiner, notes)


def _unrefined(count: int) -> Note:
    return Note(
        "interrupted",
        f"interrupted before the refinement: {count} of {count} characters keep the detector's "
        "mask",
    )


def detect(picture: Picture, detector: Detector, options: Options) -> Detection:
    """What the detector finds on ``picture`` with the thresholds of ``options``."""
    return detector.detect(
        picture.rgb,
        confidence=options.confidence or detector.confidence or FALLBACK_CONFIDENCE,
        nms_iou=options.nms_iou,
        image_size=options.image_size,
        max_instances=options.max_instances,
        classes=options.classes,
    )


def clean(instances: Instances, options: Options) -> Instances:
    """Holes filled and islands dropped in every mask; an instance never loses its mask whole."""
    if not len(instances):
        return instances
    cleaned = np.stack([shape_mask(mask, options) for mask in instances.masks])
    lost = ~cleaned.any(axis=(1, 2))
    cleaned[lost] = instances.masks[lost]
    return instances.with_masks(cleaned)
