"""Loaded models, kept for the next picture: one lock a model, a memory budget, the least used out.

Order of locks: a model's lock first, the table's lock inside it and only for moments, never the
other way round; a thread holds at most one model by `ModelCache.use`. Hence no circle can form.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, TypeVar

T = TypeVar("T")

DEFAULT_BUDGET = 6 * 2**30
"""Bytes of parameters that are kept loaded: Segment Anything ViT-H and a detector fit twice."""


@dataclass(eq=False)
class _Entry:
    loading: threading.Lock = field(default_factory=threading.Lock)
    using: threading.RLock = field(default_factory=threading.RLock)
    model: Any = None
    loaded: bool = False
    size: int = 0
    users: int = 0


class ModelCache:
    """Keeps loaded models by key; safe to use from several threads.

    Args:
        budget: bytes of parameters to keep. A single model that is larger is kept alone.
    """

    def __init__(self, budget: int = DEFAULT_BUDGET) -> None:
        self._budget = budget
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._table = threading.Lock()
        self._held = threading.local()

    def get(self, key: Hashable, load: Callable[[], T]) -> T:
        """The model under ``key``; ``load`` is called if it is not there, by one thread only.

        What ``load`` raises goes to its caller; others who wait try for themselves.
        """
        return self._loaded(key, load).model  # type: ignore[no-any-return]

    @contextmanager
    def use(self, key: Hashable, load: Callable[[], T]) -> Iterator[T]:
        """The model under ``key``, for this thread alone while the context lasts.

        Raises:
            RuntimeError: this thread already holds another model; holding two could deadlock.
        """
        holding = getattr(self._held, "key", key)
        if holding != key:
            raise RuntimeError(f"give {holding!r} back before using {key!r}")
        entry = self._loaded(key, load, users=1)
        try:
            with entry.using:
                outermost = not hasattr(self._held, "key")
                self._held.key = key
                try:
                    yield entry.model
                finally:
                    if outermost:
                        del self._held.key
        finally:
            with self._table:
                entry.users -= 1

    def unload(self, key: Hashable | None = None) -> int:
        """Forgets one model or all; says how many bytes of parameters that frees.

        A model that is at work is freed when its work is done.
        """
        with self._table:
            keys = list(self._entries) if key is None else [key]
            gone = [self._entries.pop(k) for k in keys if k in self._entries]
        freed = sum(entry.size for entry in gone)
        if gone:
            del gone
            _release()
        return freed

    def loaded(self) -> list[Any]:
        """All loaded models, the least recently used first."""
        with self._table:
            return [entry.model for entry in self._entries.values() if entry.loaded]

    def sizes(self) -> dict[Hashable, int]:
        """Bytes of parameters of every loaded model, the least recently used first."""
        with self._table:
            return {key: entry.size for key, entry in self._entries.items() if entry.loaded}

    def _loaded(self, key: Hashable, load: Callable[[], Any], users: int = 0) -> _Entry:
        with self._table:
            entry = self._entries.setdefault(key, _Entry())
            entry.users += users
        try:
            with entry.loading:
                if not entry.loaded:
                    entry.model = load()
                    entry.size = model_bytes(entry.model)
                    entry.loaded = True
        except BaseException:
            with self._table:
                entry.users -= users
                if self._entries.get(key) is entry and not entry.loaded:
                    del self._entries[key]
            raise
        if self._keep(key, entry):
            _release()
        return entry

    def _keep(self, key: Hashable, entry: _Entry) -> bool:
        """Notes the use of an entry and drops old ones above the budget; says if any were."""
        with self._table:
            self._entries.setdefault(key, entry)
            self._entries.move_to_end(key)
            excess = sum(other.size for other in self._entries.values()) - self._budget
            dropped = []
            for other_key, other in self._entries.items():
                if excess > 0 and other.loaded and not other.users and other_key != key:
                    dropped.append(other_key)
                    excess -= other.size
            for other_key in dropped:
                del self._entries[other_key]
            return bool(dropped)


def model_bytes(model: object) -> int:
    """Bytes of the parameters and buffers of a module, or of the modules an object holds."""
    parts = (model, *getattr(model, "__dict__", {}).values())
    modules = [part for part in parts if hasattr(part, "parameters") and hasattr(part, "buffers")]
    tensors = (chain(module.parameters(), module.buffers()) for module in modules)
    sizes = {
        tensor.data_ptr(): tensor.numel() * tensor.element_size()
        for tensor in chain.from_iterable(tensors)
    }
    return sum(sizes.values())


def _release() -> None:
    """Gives memory of dropped models back, to the graphics card as well."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
