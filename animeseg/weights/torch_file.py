"""The two containers that ``torch.save`` writes, opened without torch's loader.

WebUIs replace ``torch.load``, and its ``weights_only`` mode has had holes of its own, so the
containers are read here: the zip format of torch 1.6 and later, and the older one, a row of
pickles followed by the numbers.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
from abc import ABC, abstractmethod
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO

from animeseg.errors import BadWeightsError
from animeseg.weights.pickle_allowed import StorageRef, TensorRef
from animeseg.weights.pickle_guard import MAX_PICKLE_BYTES, read_pickle

if TYPE_CHECKING:
    import torch

ZIP_MAGIC = b"PK\x03\x04"
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001
_MEMBER = re.compile(
    r"data\.pkl|version|byteorder|\.format_version|\.storage_alignment"
    r"|\.data/serialization_id|data/[0-9]+"
)
_MAX_MEMBERS = 100_000
_CURE = "get the file again from its publisher"


class TorchFile(ABC):
    """An open file of torch.

    Attributes:
        root: the saved object, as `read_pickle` gives it.
    """

    root: Any

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        # Views may share numbers; together they can still not exceed the file by much.
        self._allowance = 4 * stream.seek(0, io.SEEK_END) + 2**20
        stream.seek(0)

    def __enter__(self) -> TorchFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.close()

    @abstractmethod
    def _numbers(self, storage: StorageRef) -> bytearray:
        """The bytes of a storage."""

    def tensor(self, ref: TensorRef) -> torch.Tensor:
        """The tensor that ``ref`` describes: contiguous, with memory of its own, on the CPU.

        Raises:
            BadWeightsError: it reaches outside of its storage, or the storage is cut off.
        """
        import torch

        dtype: torch.dtype = getattr(torch, ref.dtype)
        if 0 in ref.shape:
            return torch.empty(ref.shape, dtype=dtype)
        content = self._numbers(ref.storage)
        self._allowance -= len(content)
        width = item_size(ref.dtype)
        last = ref.offset + sum((n - 1) * s for n, s in zip(ref.shape, ref.stride, strict=True))
        count = 1
        for side in ref.shape:
            count *= side
        if (last + 1) * width > len(content) or count * width > len(content):
            raise BadWeightsError("a tensor reaches outside of its numbers", _CURE)
        if self._allowance < 0:
            raise BadWeightsError("its tensors overlap too often", _CURE)
        flat = torch.frombuffer(content, dtype=dtype)
        view = flat.as_strided(ref.shape, ref.stride, ref.offset)
        return (
            view
            if view.is_contiguous() and view.numel() == flat.numel()
            else view.clone(memory_format=torch.contiguous_format)
        )


class ZipTorchFile(TorchFile):
    """The zip format: ``<top>/data.pkl`` and one member a storage, nothing compressed."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(stream)
        try:
            self._zip = zipfile.ZipFile(stream)
        except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            raise BadWeightsError(f"its zip archive is damaged ({error})", _CURE) from error
        self._top = self._checked_top(self._zip.infolist())
        member = self._zip.getinfo(f"{self._top}/data.pkl")
        if member.file_size > MAX_PICKLE_BYTES:
            raise BadWeightsError(f"its pickle has {member.file_size} bytes", _CURE)
        if (
            f"{self._top}/byteorder" in self._zip.NameToInfo
            and self._read("byteorder") != b"little"
        ):
            raise BadWeightsError("its numbers are not in little-endian order", _CURE)
        self.root = read_pickle(io.BytesIO(self._read("data.pkl"))).root

    def _checked_top(self, members: list[zipfile.ZipInfo]) -> str:
        """The one top folder, after checking that there is nothing but what torch writes."""
        names = Counter(member.filename for member in members)
        top = next(iter(names), "").split("/")[0]
        if len(members) > _MAX_MEMBERS or max(names.values(), default=0) > 1:
            raise BadWeightsError("its zip archive has repeated or too many members", _CURE)
        if f"{top}/data.pkl" not in names:
            raise BadWeightsError("its zip archive is not one that torch.save wrote", _CURE)
        if any(name.startswith(f"{top}/code/") for name in names):
            raise BadWeightsError("it is a TorchScript archive, which contains code", _CURE)
        for name in names:
            if not _MEMBER.fullmatch(name.removeprefix(f"{top}/")) or not name.startswith(
                f"{top}/"
            ):
                raise BadWeightsError(f"its zip archive has a member {ascii(name)[:80]}", _CURE)
        stored = all(m.compress_type == zipfile.ZIP_STORED and not m.flag_bits & 1 for m in members)
        if not stored or sum(m.file_size for m in members) > self._allowance:
            raise BadWeightsError("its zip archive is compressed or overlaps itself", _CURE)
        return top

    def _read(self, name: str) -> bytes:
        try:
            return self._zip.read(f"{self._top}/{name}")
        except (zipfile.BadZipFile, KeyError, EOFError, OSError, ValueError) as error:
            raise BadWeightsError(
                f"its part {ascii(name)[:80]} is damaged ({error})", _CURE
            ) from error

    def _numbers(self, storage: StorageRef) -> bytearray:
        return bytearray(self._read(f"data/{storage.key}"))


class LegacyTorchFile(TorchFile):
    """The format before torch 1.6: five pickles, then size and numbers of each storage."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(stream)
        head = io.BytesIO(stream.read(MAX_PICKLE_BYTES))
        magic, protocol, system = (read_pickle(head).root for _ in range(3))
        if magic != _LEGACY_MAGIC or protocol != _LEGACY_PROTOCOL:
            raise BadWeightsError("it is not a file that torch.save wrote", _CURE)
        if not isinstance(system, dict) or system.get("little_endian") is not True:
            raise BadWeightsError("its numbers are not in little-endian order", _CURE)
        content = read_pickle(head)
        self.root = content.root
        keys = read_pickle(head).root
        self._places = self._located(keys, content.storages, head.tell())

    def _located(
        self, keys: Any, storages: dict[str, StorageRef], start: int
    ) -> dict[str, tuple[int, int]]:
        """Where the numbers of each storage begin, and how many bytes they are."""
        if not isinstance(keys, list) or not set(keys) <= storages.keys():
            raise BadWeightsError("its list of storages does not fit its content", _CURE)
        places = {}
        for key in keys:
            storage = storages[key]
            self._stream.seek(start)
            header = self._stream.read(8)
            if len(header) < 8 or struct.unpack("<q", header)[0] != storage.numel:
                raise BadWeightsError(
                    f"its storage {ascii(key)[:40]} is cut off or of another size", _CURE
                )
            places[key] = (start + 8, storage.numel * item_size(storage.dtype))
            start += 8 + places[key][1]
        return places

    def _numbers(self, storage: StorageRef) -> bytearray:
        start, size = self._places.get(storage.key, (0, 0))
        self._stream.seek(start)
        content = bytearray(self._stream.read(size))
        if len(content) < size or not start:
            raise BadWeightsError("its numbers are cut off", _CURE)
        return content


def item_size(dtype: str) -> int:
    """Bytes of one number of a torch dtype."""
    import torch

    return torch.empty(0, dtype=getattr(torch, dtype)).element_size()


def open_torch_file(path: Path) -> TorchFile:
    """Opens what ``torch.save`` wrote; use it as a context manager.

    Raises:
        UnsafePickleError: its pickle names something that is not allowed; nothing was executed.
        BadWeightsError: it is damaged or something else.
    """
    stream = path.open("rb")
    try:
        magic = stream.read(len(ZIP_MAGIC))
        return ZipTorchFile(stream) if magic == ZIP_MAGIC else LegacyTorchFile(stream)
    except BaseException:
        stream.close()
        raise
