"""YOLO detectors and segmenters, from v3 to 26, behind the `Detector` protocol.

The networks are ultralytics' (AGPL-3.0), as is the suppression of overlapping boxes; scaling in
and out of the network is `animeseg.detect.letterbox`. Masks are linear combinations of prototypes
(YOLACT, Bolya et al. 2019).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from animeseg.detect import Detection
from animeseg.detect._ultralytics import find
from animeseg.detect.architecture import Header, build, class_indices, read_header
from animeseg.detect.letterbox import Letterbox
from animeseg.detect.prototypes import draw, fill
from animeseg.errors import OptionError
from animeseg.instances import Instances, Note
from animeseg.limits import MAX_INSTANCES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.instances import ModelInfo


class YoloDetector:
    """A loaded YOLO model; box models give masks that fill their boxes.

    Safe to share between threads: one lock covers the network.

    Args:
        network: maps (1, 3, h, w) RGB in 0..1 to ultralytics' predictions.
        header: what the metadata say.
        info: name, hash and licence of the weights.
        device: where the network runs.
        precision: ``fp32``, ``fp16``, or ``auto``: fp16 on CUDA, fp32 elsewhere.

    Attributes:
        info: name, hash and licence of the weights.
        names: class names by label.
        classes: labels that the detector is meant for, and keeps unless told otherwise.
        task: ``segment`` or ``detect``.
        image_size: longer side, in pixels, given to the network by default.
        confidence: least score that the model's maker recommends, or None.
        network: the network itself.
        stride: largest stride of the network; sides of its input are multiples of it.

    Raises:
        OptionError: ``fp16`` was asked for on the CPU.
    """

    def __init__(
        self,
        network: torch.nn.Module,
        header: Header,
        info: ModelInfo,
        device: str | torch.device = "cpu",
        precision: str = "fp32",
    ) -> None:
        self.info = info
        self.names = header.names
        self.classes = header.classes
        self.task = header.task
        self.image_size = header.image_size
        self.confidence = header.confidence
        self.device = torch.device(device)
        half = precision == "fp16" or (precision == "auto" and self.device.type == "cuda")
        if half and self.device.type == "cpu":
            raise OptionError("precision", "fp16 needs a GPU", "choose auto or fp32")
        self._dtype = torch.float16 if half else torch.float32
        self.network = network.to(device=self.device, dtype=self._dtype).eval()
        self.stride = max(int(torch.as_tensor(getattr(network, "stride", 32)).max()), 32)
        self._end_to_end = _prepare_end_to_end(network)
        self._suppress = find(
            "ultralytics.utils.nms:non_max_suppression", "ultralytics.utils.ops:non_max_suppression"
        )
        self._lock = threading.Lock()

    @classmethod
    def from_state(
        cls,
        state: Mapping[str, Tensor],
        metadata: Mapping[str, str],
        info: ModelInfo,
        device: str | torch.device = "cpu",
        precision: str = "fp32",
    ) -> YoloDetector:
        """A detector from tensors and metadata as `animeseg.detect.architecture` describes them.

        Raises:
            BadWeightsError: metadata or tensors are not those of a detector; names what is wrong.
            MissingDependencyError: ultralytics is not installed.
        """
        header = read_header(metadata)
        return cls(build(state, header), header, info, device, precision)

    def move(self, device: str | torch.device) -> None:
        """Moves the network; for keeping it elsewhere, or bringing it back."""
        with self._lock:
            self.device = torch.device(device)
            self.network.to(self.device)

    def detect(
        self,
        image: NDArray[np.uint8],
        *,
        confidence: float = 0.25,
        nms_iou: float = 0.7,
        image_size: int = 0,
        max_instances: int = 100,
        classes: Sequence[str] = (),
    ) -> Detection:
        """Finds instances in ``image``; parameters are those of `animeseg.detect.Detector`.

        Returns:
            Instances, most confident first, equal scores by position from top left; and a note of
            code ``detector_not_finite`` when the network computed no finite numbers, not even in
            single precision (the instances are then empty).

        Raises:
            OptionError: a class name is unknown.
            ValueError: ``image`` is not (H, W, 3) uint8.
        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ValueError(f"image must be (H, W, 3) uint8, got {image.dtype} {image.shape}")
        kept = self._labels(classes)
        size = image.shape[0], image.shape[1]
        box = Letterbox.fit(size, image_size or self.image_size, self.stride)
        with torch.inference_mode():
            predictions, prototypes, finite = self._run(box.apply(image))
            if not finite:
                return Detection(Instances.empty(size, self.names), (_not_finite(self.info),))
            rows = self._rows(predictions, confidence, nms_iou, max_instances, kept)
            return Detection(self._instances(rows, prototypes, box))

    def _labels(self, classes: Sequence[str]) -> tuple[int, ...]:
        if not classes:
            return self.classes
        try:
            return class_indices(classes, self.names)
        except LookupError as error:
            cure = "choose among " + ", ".join(self.names)[:300]
            raise OptionError("classes", f"{self.info.name} has no {error}", cure) from error

    def _run(self, image: NDArray[np.uint8]) -> tuple[Tensor, Tensor | None, bool]:
        """Predictions and prototypes for a padded picture, and whether they are finite."""
        # Channels stay last in memory: convolutions on CPUs are several % faster that way.
        with self._lock:
            pixels = torch.from_numpy(image).to(self.device).permute(2, 0, 1)[None]
            found = self._forward(pixels, self._dtype)
            if self._dtype is not torch.float32 and not found[2]:
                self.network.float()
                try:
                    found = self._forward(pixels, torch.float32)
                finally:
                    self.network.to(self._dtype)
        return found

    def _forward(self, pixels: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor | None, bool]:
        predictions, prototypes = _unpack(self.network(pixels.to(dtype).div_(255)), self.task)
        finite = _is_finite(predictions) and (prototypes is None or _is_finite(prototypes))
        return predictions, prototypes, finite

    def _rows(
        self,
        predictions: Tensor,
        confidence: float,
        nms_iou: float,
        most: int,
        labels: tuple[int, ...],
    ) -> Tensor:
        """(N, 6 + coefficients) float32: XYXY in the input, score, label, mask coefficients."""
        if self._end_to_end:
            rows = predictions[0].float()
            wanted = torch.isin(rows[:, 5].long(), torch.tensor(labels, device=rows.device))
            rows = rows[wanted & (rows[:, 4] >= confidence)]
        else:
            rows = self._suppress(
                predictions.float(),
                conf_thres=confidence,
                iou_thres=nms_iou,
                classes=None if len(labels) == len(self.names) else list(labels),
                max_det=most,
                nc=len(self.names),
            )[0]
        keys = rows[:, [0, 1, 2, 3, 4]].cpu().numpy()
        order = np.lexsort((keys[:, 2], keys[:, 3], keys[:, 0], keys[:, 1], -keys[:, 4]))
        return rows[torch.from_numpy(order[:most]).to(rows.device)]

    def _instances(self, rows: Tensor, prototypes: Tensor | None, box: Letterbox) -> Instances:
        table: NDArray[np.float32] = rows[:, :6].cpu().numpy()
        boxes = box.boxes_back(table[:, :4])
        masks = np.zeros((len(rows), *box.size), np.bool_)
        if prototypes is None:
            there = fill(masks, boxes)
        else:
            there = draw(masks, rows[:, 6:], prototypes[0].float(), boxes, box)
        instances = Instances(
            boxes=boxes,
            masks=masks,
            scores=np.clip(table[:, 4], 0, 1),
            labels=table[:, 5].astype(np.int64),
            names=self.names,
        )
        return instances if there.all() else instances[there]


def _unpack(output: Any, task: str) -> tuple[Tensor, Tensor | None]:
    """Predictions and prototypes out of what the heads of different releases return.

    Detection: ``y`` or ``(y, raw)``. Segmentation: ``((y, prototypes), raw)`` since 8.4, and
    ``(y, (features, coefficients, prototypes))`` before.
    """
    first, rest = output if isinstance(output, tuple | list) else (output, None)
    if task == "detect":
        return first, None
    if isinstance(first, tuple | list):
        first, rest = first
    return first, rest[-1] if isinstance(rest, tuple | list) else rest


def _is_finite(numbers: Tensor) -> bool:
    """Whether no number is NaN or infinite; the extremes tell, for both carry NaN on."""
    return not numbers.numel() or bool(torch.isfinite(torch.stack(torch.aminmax(numbers))).all())


def _prepare_end_to_end(network: torch.nn.Module) -> bool:
    """Whether the head gives final boxes (v10, 26); then it may give as many as options allow."""
    layers = getattr(network, "model", None)
    if not isinstance(layers, torch.nn.Sequential) or not getattr(layers[-1], "end2end", False):
        return False
    layers[-1].max_det = MAX_INSTANCES  # type: ignore[assignment]
    return True


def _not_finite(info: ModelInfo) -> Note:
    return Note(
        "detector_not_finite",
        f"the detector {info.name} computed no finite numbers for this picture; nothing was found",
        "try another detector, or another detector size",
    )
