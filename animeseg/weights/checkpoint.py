"""What a checkpoint holds: tensors by the names a network gives them, and what else is needed.

Understands plain state dicts (Segment Anything), state dicts under ``model`` or ``state_dict``
(Segment Anything 2), and whole models pickled by ultralytics, from which the state dict is read
as ``torch.nn.Module.state_dict`` would give it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from animeseg.errors import BadWeightsError
from animeseg.weights.pickle_allowed import Inert, TensorRef
from animeseg.weights.torch_file import TorchFile

YOLO_FORMAT = "animeseg-yolo"
STATE_FORMAT = "animeseg-state"

_TASKS = {"SegmentationModel": "segment", "DetectionModel": "detect"}
_MAX_DEPTH = 32
_MAX_NODES = 50_000
_CURE = "give a YOLO segmentation or detection model, or a Segment Anything checkpoint"


def tensors_of(file: TorchFile) -> tuple[dict[str, TensorRef], dict[str, str]]:
    """The tensors of an open file by name, and the metadata to keep with them.

    Of an ultralytics checkpoint the averaged weights (``ema``) are taken where there are any, as
    ultralytics does. Its metadata are the task, the network's layout, class names, input size and
    stride, as texts.

    Raises:
        BadWeightsError: it holds something else.
    """
    root = file.root
    model = (root.get("ema") or root.get("model")) if isinstance(root, dict) else root
    if isinstance(model, Inert):
        settings = root.get("train_args") if isinstance(root, dict) else None
        return dict(_module_tensors(model)), _yolo_metadata(file, model, settings)
    if not isinstance(root, dict):
        raise BadWeightsError(f"it holds a {type(root).__name__}, not tensors", _CURE)
    inner = next((root[key] for key in ("model", "state_dict") if _is_dict(root.get(key))), root)
    others = [key for key, value in inner.items() if not isinstance(value, TensorRef)]
    if others or not inner:
        what = f"entries that are no tensors ({', '.join(map(ascii, others[:5]))})"
        raise BadWeightsError(f"it holds {what if inner else 'nothing'}", _CURE)
    return {str(key): value for key, value in inner.items()}, {"format": STATE_FORMAT}


def _is_dict(value: Any) -> bool:
    return isinstance(value, dict)


def _module_tensors(root: Inert) -> Iterator[tuple[str, TensorRef]]:
    """Parameters and persistent buffers in the order of ``state_dict``."""
    visited = 0
    pending: list[tuple[str, Any, int]] = [("", root, 0)]
    while pending:
        prefix, module, depth = pending.pop()
        visited += 1
        if not isinstance(module, Inert) or depth > _MAX_DEPTH or visited > _MAX_NODES:
            raise BadWeightsError("its modules are nested in an impossible way", _CURE)
        hidden = module.state.get("_non_persistent_buffers_set") or ()
        for group in ("_parameters", "_buffers"):
            for name, value in (module.state.get(group) or {}).items():
                if isinstance(value, TensorRef) and name not in hidden:
                    yield f"{prefix}{name}", value
        children = (module.state.get("_modules") or {}).items()
        below = [(f"{prefix}{name}.", child, depth + 1) for name, child in children if child]
        pending.extend(reversed(below))


def _yolo_metadata(file: TorchFile, model: Inert, settings: Any) -> dict[str, str]:
    """The texts a YOLO network is rebuilt from; see `docs/weights.md` for their meaning."""
    kind = model.name.rpartition(".")[2]
    if kind not in _TASKS or not isinstance(model.state.get("yaml"), dict):
        raise BadWeightsError(f"it holds a {model.name}, which cannot be used here", _CURE)
    layout = _plain(model.state["yaml"])
    layout.pop("yaml_file", None)
    names = _plain(model.state.get("names"))
    labels = dict(enumerate(names)) if isinstance(names, list) else names or {}
    stride = model.state.get("stride")
    largest = int(file.tensor(stride).max()) if isinstance(stride, TensorRef) else 32
    return {
        "format": YOLO_FORMAT,
        "task": _TASKS[kind],
        "arch": json.dumps(layout),
        "names": json.dumps({str(key): str(value) for key, value in labels.items()}),
        "imgsz": str(_input_size(settings, model.state.get("args"))),
        "stride": str(largest),
    }


def _input_size(*settings: Any) -> int:
    """``imgsz`` of the first settings that have it; 640, ultralytics' own default, without."""
    for item in settings:
        values = item.state if isinstance(item, Inert) else item
        size = values.get("imgsz") if isinstance(values, dict) else None
        if isinstance(size, list | tuple) and size:
            size = max(size)
        if isinstance(size, int) and 0 < size <= 8192:
            return size
    return 640


def _plain(value: Any) -> Any:
    """``value`` as JSON can hold it, with a bound on how much."""
    return _Copy().of(value)


class _Copy:
    """Copies nested lists and dicts, counting, since shared parts could multiply endlessly."""

    def __init__(self) -> None:
        self._left = _MAX_NODES

    def of(self, value: Any, depth: int = 0) -> Any:
        self._left -= 1
        if self._left < 0 or depth > _MAX_DEPTH:
            raise BadWeightsError("its description of the network has no end", _CURE)
        if isinstance(value, dict):
            return {key: self.of(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.of(item, depth + 1) for item in value]
        return value if isinstance(value, str | int | float | bool | None) else str(value)
