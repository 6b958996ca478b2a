"""From a file's metadata and tensors to a network, with nothing in the file trusted.

The architecture of a YOLO model is a table of layers (ultralytics' YAML, here JSON). Building it
looks layers up by name and evaluates the text of an activation, so both are held against lists
of what detectors and segmenters of v3 to 26 are made of. The tensors must fit key by key; that is
found out before memory for the network is taken.
"""

from __future__ import annotations

import copy
import json
import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from animeseg.detect._ultralytics import load
from animeseg.errors import BadWeightsError

if TYPE_CHECKING:
    from torch import Tensor

FORMAT = "animeseg-yolo"
"""Value of ``format`` in the metadata of weights that this room reads."""

LAYERS = frozenset(
    (
        *("A2C2f", "AConv", "ADown", "Bottleneck", "BottleneckCSP", "C1", "C2", "C2f", "C2fCIB"),
        *("C2fPSA", "C2PSA", "C3", "C3Ghost", "C3TR", "C3k2", "C3x", "CBFuse", "CBLinear"),
        *("Concat", "Conv", "ConvTranspose", "DWConv", "DWConvTranspose2d", "Detect", "ELAN1"),
        *("Focus", "GhostBottleneck", "GhostConv", "PSA", "RepC3", "RepNCSPELAN4", "SCDown"),
        *("SPP", "SPPELAN", "SPPF", "Segment", "Segment26", "Silence", "nn.BatchNorm2d"),
        *("nn.ConvTranspose2d", "nn.Identity", "nn.MaxPool2d", "nn.Upsample", "nn.ZeroPad2d"),
        "v10Detect",
    )
)
HEADS = {"segment": ("Segment", "Segment26"), "detect": ("Detect", "v10Detect")}
_ACTIVATION = re.compile(
    r"(torch\.)?nn\.(ELU|GELU|Hardswish|Identity|LeakyReLU|Mish|ReLU|ReLU6|SiLU)"
    r"\((\d?\.\d+)?(, )?(inplace=(True|False))?\)"
)
_WORD = re.compile(r"[A-Za-z0-9_.]{0,32}")
_MULTIPLES = ("depth_multiple", "width_multiple")
_VALUES = ("nc", "scales", "scale", *_MULTIPLES, "reg_max", "end2end", "inplace")
_KEYS = (*_VALUES, "activation", "backbone", "head")
_MOST_LAYERS, _MOST_REPEATS, _MOST_CLASSES, _LARGEST_NUMBER = 500, 30, 10_000, 65_536
_LARGEST_MULTIPLE = 8.0  # of depth and width; ultralytics' own go up to 1.5

_NOT_BUILT = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
)

_BUILDING = threading.Lock()  # ultralytics keeps the activation under construction in a class


@dataclass(frozen=True)
class Header:
    """What the metadata of a detector's weights say.

    Attributes:
        task: ``segment`` or ``detect``.
        arch: table of layers.
        names: class names by index.
        classes: indices of the classes that the detector is meant for.
        image_size: longer side, in pixels, that the network was trained at.
        confidence: least score that its maker recommends, or None.
    """

    task: str
    arch: dict[str, Any]
    names: tuple[str, ...]
    classes: tuple[int, ...]
    image_size: int
    confidence: float | None


def read_header(metadata: Mapping[str, str]) -> Header:
    """The metadata of a weight file, checked.

    Keys: ``format`` (`FORMAT`), ``task``, ``arch`` (JSON), ``names`` (JSON: list, or object by
    index), and optionally ``imgsz``, ``confidence`` and ``classes`` (JSON list of names).

    Raises:
        BadWeightsError: naming what is missing or wrong.
    """
    if metadata.get("format") != FORMAT:
        raise _bad(f"format is {metadata.get('format')!r}, expected {FORMAT!r}")
    task = metadata.get("task", "")
    if task not in HEADS:
        raise _bad(f"the model's task is {task[:40]!r}, expected one of {', '.join(HEADS)}")
    names = _names(_json(metadata, "names"))
    arch = _checked_arch(_json(metadata, "arch"), task, len(names))
    try:
        size, confidence = int(metadata.get("imgsz", 640)), metadata.get("confidence")
        least = None if confidence is None else float(confidence)
    except ValueError as error:
        raise _bad(f"imgsz or confidence is no number: {error}") from error
    if not 32 <= size <= 8192 or (least is not None and not 0 <= least <= 1):
        raise _bad(f"imgsz is {size} and confidence {confidence}, out of range")
    return Header(task, arch, names, _meant_classes(metadata, names), size, least)


def build(state: Mapping[str, Tensor], header: Header) -> torch.nn.Module:
    """The network of ``header`` with the tensors ``state``, fused, in eval mode, on the CPU.

    Raises:
        BadWeightsError: a layer cannot be built, or keys or shapes do not belong to the
            architecture; up to five of each are named.
    """
    tasks = load("ultralytics.nn.tasks")
    kind = tasks.SegmentationModel if header.task == "segment" else tasks.DetectionModel
    conv = load("ultralytics.nn.modules.conv").Conv
    with _BUILDING, torch.random.fork_rng(devices=[]):  # the random start is nobody's business
        activation = conv.default_act
        try:
            with torch.device("meta"):
                layers, _ = tasks.parse_model(copy.deepcopy(header.arch), ch=3, verbose=False)
            _check_state(state, {f"model.{key}": t for key, t in layers.state_dict().items()})
            network: torch.nn.Module = kind(copy.deepcopy(header.arch), ch=3, verbose=False)
            network.load_state_dict(dict(state), strict=False)  # strictly compared just now
            network.requires_grad_(False).eval()
            network.fuse(verbose=False)  # type: ignore[operator]
        except BadWeightsError:
            raise
        except _NOT_BUILT as error:
            raise _bad(f"its architecture cannot be built: {error}"[:500]) from error
        finally:
            conv.default_act = activation
    return network


def _check_state(state: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    """Keys and shapes must be those of the network; counters of seen batches may be absent."""
    counters = {key for key in expected if key.endswith("num_batches_tracked")}
    missing = sorted(set(expected) - set(state) - counters)
    extra = sorted(set(state) - set(expected))
    wrong = [
        f"{key} {tuple(state[key].shape)} in place of {tuple(tensor.shape)}"
        for key, tensor in expected.items()
        if key in state and state[key].shape != tensor.shape
    ]
    found = [
        f"{len(keys)} {what}: {', '.join(keys[:5])}{', ...' if len(keys) > 5 else ''}"
        for what, keys in (("missing", missing), ("unknown", extra), ("of another shape", wrong))
        if keys
    ]
    if found:
        raise _bad("its tensors are not those of its architecture: " + "; ".join(found))


def _checked_arch(arch: Any, task: str, count: int) -> dict[str, Any]:
    """The keys of ``arch`` that a network is built from, each looked at."""
    if not isinstance(arch, dict):
        raise _bad("its architecture is no table")
    channels = arch.get("channels", arch.get("ch", 3))
    if channels != 3:
        raise _bad(f"it takes pictures of {str(channels)[:40]} channels, expected 3")
    checked = {key: arch[key] for key in _KEYS if key in arch}
    if checked.get("nc") != count:
        raise _bad(f"it has {count} class names for {str(arch.get('nc'))[:40]} classes")
    activation = arch.get("activation") or "nn.SiLU()"
    if not isinstance(activation, str) or not _ACTIVATION.fullmatch(activation):
        raise _bad(f"its activation {str(activation)[:60]!r} is not one of the known ones")
    rows = [*_list(arch.get("backbone")), *_list(arch.get("head"))]
    if not 2 <= len(rows) <= _MOST_LAYERS:
        raise _bad(f"its architecture has {len(rows)} layers")
    for row in rows:
        _check_row(row)
    if rows[-1][2] not in HEADS[task]:
        raise _bad(f"its last layer is {rows[-1][2]}, expected {' or '.join(HEADS[task])}")
    _check_multiples(checked)
    return checked


def _check_multiples(arch: dict[str, Any]) -> None:
    """Depth and width may not blow the network up; other values must be plain."""
    scales = arch.get("scales") or {"": [arch.get(key, 1) for key in _MULTIPLES]}
    if not isinstance(scales, dict) or not all(_plain(arch.get(key)) for key in _VALUES):
        raise _bad("its architecture holds more than words and moderate numbers")
    for scale in scales.values():
        multiples = _list(scale)[:2]
        if len(multiples) < 2 or not all(
            isinstance(each, int | float) and 0 < each <= _LARGEST_MULTIPLE for each in multiples
        ):
            raise _bad(f"its depth and width are scaled by {str(scale)[:60]}")


def _check_row(row: Any) -> None:
    if not isinstance(row, list) or len(row) != 4 or not _plain(row[0]) or not _plain(row[3]):
        raise _bad(f"{str(row)[:80]} is no layer of an architecture")
    if row[2] not in LAYERS:
        raise _bad(f"layer {str(row[2])[:40]!r} is not one that detectors are made of")
    if type(row[1]) is not int or not 1 <= row[1] <= _MOST_REPEATS or not isinstance(row[3], list):
        raise _bad(f"{str(row)[:80]} is no layer of an architecture")


def _plain(value: Any) -> bool:
    """Whether ``value`` is made of words, moderate numbers, and lists and tables of them."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and _plain(each) for key, each in value.items())
    if isinstance(value, list):
        return all(_plain(each) for each in value)
    if isinstance(value, str):
        return bool(_WORD.fullmatch(value))
    return value is None or (isinstance(value, int | float) and abs(value) <= _LARGEST_NUMBER)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _json(metadata: Mapping[str, str], key: str) -> Any:
    try:
        return json.loads(metadata[key])
    except KeyError as error:
        raise _bad(f"its metadata have no {key!r}") from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise _bad(f"{key!r} in its metadata is no JSON: {error}") from error


def _names(value: Any) -> tuple[str, ...]:
    """Class names by index, from a list or from an object whose keys count from 0."""
    if isinstance(value, dict):
        try:
            value = [value[key] for key in sorted(value, key=int)]
        except ValueError as error:
            raise _bad(f"the class names are not numbered: {error}") from error
    if not isinstance(value, list) or not 1 <= len(value) <= _MOST_CLASSES:
        raise _bad("it has no class names")
    return tuple(str(name)[:100] for name in value)


def _meant_classes(metadata: Mapping[str, str], names: tuple[str, ...]) -> tuple[int, ...]:
    """What the detector is meant for: as the metadata say; of COCO's 80 classes, persons."""
    if "classes" in metadata:
        try:
            return class_indices(_list(_json(metadata, "classes")), names)
        except LookupError as error:
            raise _bad(f"its metadata name the classes {error}, which it does not have") from error
    coco = len(names) == 80 and names[0] == "person"
    return (0,) if coco else tuple(range(len(names)))


def class_indices(chosen: Iterable[Any], names: tuple[str, ...]) -> tuple[int, ...]:
    """Indices in ``names`` of the class names ``chosen``, ascending; case does not matter.

    Raises:
        LookupError: with the names that are unknown.
    """
    wanted = {str(name).casefold() for name in chosen}
    unknown = wanted.difference(name.casefold() for name in names)
    if unknown or not wanted:
        raise LookupError(", ".join(sorted(unknown))[:80])
    return tuple(index for index, name in enumerate(names) if name.casefold() in wanted)


def _bad(cause: str) -> BadWeightsError:
    return BadWeightsError(
        f"these are no weights of a detector that animeseg can run: {cause}",
        "give the weights of a YOLO detection or segmentation model (v3 to 26)",
    )
