"""What a pickle may name, and what each name becomes: harmless functions and inert stand-ins.

Nothing here imports, creates or calls anything of torch, numpy or ultralytics.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from animeseg.errors import BadWeightsError

_STORAGES = {
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "DoubleStorage": "float64",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "UntypedStorage": "uint8",
}
_NUMBERS = {"f2": "e", "f4": "f", "f8": "d", "b1": "?"} | {
    f"{sign}{size}": code if sign == "i" else code.upper()
    for sign in "iu"
    for size, code in (("1", "b"), ("2", "h"), ("4", "i"), ("8", "q"))
}
_MODULES = (
    "torch.nn.modules.",
    "ultralytics.nn.",
    "ultralytics.utils.loss.",
    "ultralytics.utils.tal.",
    "ultralytics.yolo.utils.loss.",
    "ultralytics.yolo.utils.tal.",
    "ultralytics.yolo.v8.",
)
_CLASSES = {
    "argparse.Namespace",
    "types.SimpleNamespace",
    "ultralytics.utils.IterableSimpleNamespace",
    "ultralytics.yolo.utils.IterableSimpleNamespace",
}
_RENAMED = (("__builtin__", "builtins"), ("numpy.core.", "numpy._core."))


@dataclass(frozen=True)
class Global:
    """The name of a class or function in a pickle; only a name."""

    name: str


@dataclass(eq=False)
class Inert:
    """Stand-in for an object of an allowed class.

    Attributes:
        name: full name of the class.
        args: what it was made from.
        state: its attributes.
    """

    name: str
    args: tuple[Any, ...] = ()
    state: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class StorageRef:
    """A run of numbers in the file.

    Attributes:
        dtype: name of the torch dtype.
        key: name of the run in the file.
        numel: how many numbers.
    """

    dtype: str
    key: str
    numel: int


@dataclass(frozen=True)
class TensorRef:
    """A tensor as a view into a storage: torch's ``_rebuild_tensor_v2`` as data."""

    storage: StorageRef
    dtype: str
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


def damaged(cause: str) -> BadWeightsError:
    """The error for a file that is broken or not what torch writes."""
    return BadWeightsError(cause, "get the file again from its publisher")


def full_name(module: str, name: str) -> str:
    """``module.name``, with the names of Python 2 and numpy 1 made those of today."""
    for old, new in _RENAMED:
        if module == old or (old.endswith(".") and module.startswith(old)):
            module = new + module.removeprefix(old)
    return f"{module}.{name}"


def is_allowed(full: str) -> bool:
    """Whether a pickle may name ``full``."""
    if full in CALLS or full in _CLASSES or _dtype_of(full):
        return True
    return full.startswith(_MODULES) and all(part.isidentifier() for part in full.split("."))


def _dtype_of(full: str) -> str | None:
    """The dtype of a storage class or of a ``torch.<dtype>``; None for other names."""
    module, _, name = full.rpartition(".")
    if module in ("torch", "torch.cuda", "torch.storage") and name in _STORAGES:
        return _STORAGES[name]
    return name if module == "torch" and name in _STORAGES.values() else None


def plain_key(key: Any) -> Any:
    """``key``, if hashing it is cheap: nested tuples would take exponential time."""
    parts = key if isinstance(key, tuple) else (key,)
    for part in parts[:9]:
        cheap = isinstance(part, str | bytes | float | None) or type(part) in (int, bool)
        if not cheap or (isinstance(part, int) and part.bit_length() > 64):
            raise damaged(f"its pickle uses a {type(part).__name__} as a key")
    if len(parts) > 8:
        raise damaged("its pickle uses a long tuple as a key")
    return key


def storage_ref(persistent: Any) -> StorageRef:
    """A persistent id: ``('storage', class, key, device, numel[, view])``."""
    tag, kind, key, _, numel = persistent[:5]
    dtype = _dtype_of(kind.name)
    if tag != "storage" or dtype is None or any(item is not None for item in persistent[5:]):
        raise damaged("its pickle describes a storage in an unknown way")
    if not isinstance(key, str) or not isinstance(numel, int) or numel < 0:
        raise damaged("its pickle describes a storage without a name or a size")
    return StorageRef(dtype, key, numel)


def _tensor(storage: Any, offset: Any, shape: Any, stride: Any, *rest: Any) -> TensorRef:
    """``torch._utils._rebuild_tensor_v2``, with the bounds checked."""
    return _view(storage, storage.dtype, offset, shape, stride)


def _tensor_v3(
    storage: Any, offset: Any, shape: Any, stride: Any, grad: Any, hooks: Any, dtype: Any, *_: Any
) -> TensorRef:
    """``torch._utils._rebuild_tensor_v3``: the dtype is told apart from the storage."""
    return _view(storage, _dtype_of(dtype.name) or "", offset, shape, stride)


def _view(storage: Any, dtype: str, offset: Any, shape: Any, stride: Any) -> TensorRef:
    if not isinstance(storage, StorageRef) or len(shape) != len(stride) or len(shape) > 16:
        raise damaged("its pickle describes a tensor in an unknown way")
    numbers = (offset, *shape, *stride)
    if not dtype or not all(type(number) is int and 0 <= number < 2**40 for number in numbers):
        raise damaged("its pickle describes a tensor with an impossible size")
    return TensorRef(storage, dtype, offset, tuple(shape), tuple(stride))


def _first(value: Any, *_: Any) -> Any:
    return value


def _mapping(*args: Any) -> dict[Any, Any]:
    """An OrderedDict, dict or defaultdict, from nothing or from pairs."""
    pairs = args[-1] if args and not isinstance(args[-1], Global) else ()
    items = pairs.items() if isinstance(pairs, dict) else pairs
    return {plain_key(key): value for key, value in items}


def _collection(items: Any = ()) -> list[Any]:
    """A set or list; a list for both, which nothing here needs to tell apart."""
    return [*items]


def _encoded(text: str, encoding: str = "latin1") -> bytes:
    """``_codecs.encode``, the way protocol 2 stores bytes."""
    if encoding not in ("latin1", "latin-1"):
        raise damaged("its pickle stores bytes in an unknown encoding")
    return text.encode("latin1")


def _number(dtype: Inert, content: bytes) -> float | int | bool:
    """A numpy scalar as a Python number."""
    state = dtype.state.get("")
    order = state[1] if isinstance(state, tuple) and len(state) > 1 else "<"
    code = _NUMBERS[str(dtype.args[0]).lstrip("<>|=")]
    value: float | int | bool = struct.unpack((">" if order == ">" else "<") + code, content)[0]
    return value if math.isfinite(value) else 0.0


def _path(*parts: str) -> str:
    return "/".join(map(str, parts))


CALLS: dict[str, Callable[..., Any]] = {
    "_codecs.encode": _encoded,
    "builtins.bytes": lambda: b"",
    "builtins.dict": _mapping,
    "builtins.frozenset": _collection,
    "builtins.getattr": lambda owner, name: Inert("builtins.getattr", (owner, name)),
    "builtins.list": _collection,
    "builtins.set": _collection,
    "builtins.slice": lambda *parts: Inert("builtins.slice", parts),
    "collections.OrderedDict": _mapping,
    "collections.defaultdict": _mapping,
    "numpy._core.multiarray._reconstruct": lambda *args: Inert("numpy.ndarray", args),
    "numpy._core.multiarray.scalar": _number,
    "numpy.dtype": lambda *args: Inert("numpy.dtype", args),
    "numpy.ndarray": lambda *args: Inert("numpy.ndarray", args),
    "pathlib.PosixPath": _path,
    "pathlib.PurePosixPath": _path,
    "pathlib.PureWindowsPath": _path,
    "pathlib.WindowsPath": _path,
    "torch.Size": tuple,
    "torch._utils._rebuild_parameter": _first,
    "torch._utils._rebuild_parameter_with_state": _first,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _tensor_v3,
    "torch.device": lambda *args: Inert("torch.device", args),
}
