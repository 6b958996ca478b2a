"""Reads the pickle inside a torch file without executing anything.

A pickle is a program. Instead of letting Python's unpickler run it, this module interprets the
opcodes itself (parsed by the standard library's ``pickletools``): names of classes and functions
are looked up in an allow-list that maps them to harmless functions of ours or to inert
stand-ins; nothing is imported, no class is created, no method is called. Whatever is not on the
list is noted, and the file is refused with all of these names at once.

Tensors come out as descriptions (`TensorRef`), so that reading needs no torch at all and works
the same for every version of it.
"""

from __future__ import annotations

import io
import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from animeseg.errors import BadWeightsError, UnsafePickleError
from animeseg.weights.pickle_allowed import (
    CALLS,
    Global,
    Inert,
    StorageRef,
    TensorRef,
    damaged,
    full_name,
    is_allowed,
    plain_key,
    storage_ref,
)

MAX_PICKLE_BYTES = 8 * 2**20
"""Largest pickle that is interpreted. Tensors lie outside of it; real ones stay below 2 MB."""

_MAX_WORK = 2**24


@dataclass(frozen=True)
class Unpickled:
    """What a pickle says.

    Attributes:
        root: its object. Containers are Python's own (sets are lists), tensors are `TensorRef`,
            objects of allowed classes are `Inert`.
        storages: every storage it refers to, by key.
    """

    root: Any
    storages: dict[str, StorageRef]


def read_pickle(source: io.BytesIO) -> Unpickled:
    """Reads the pickle that starts at the position of ``source``; afterwards it stands behind it.

    Raises:
        UnsafePickleError: the pickle names something outside the allow-list; all such names are
            in the text. Nothing was executed.
        BadWeightsError: it is damaged, or uses what no torch file needs.
    """
    machine = _Machine()
    try:
        root = machine.run(source)
    except BadWeightsError:
        raise
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, ArithmeticError) as error:
        raise damaged(f"its pickle cannot be read ({error})") from error
    if machine.refused:
        names = ", ".join(ascii(name)[1:-1][:100] for name in sorted(machine.refused)[:20])
        raise _unsafe(f"refers to {names}")
    return Unpickled(root, machine.storages)


def _unsafe(what: str) -> UnsafePickleError:
    return UnsafePickleError(
        f"its pickle {what}, which no weight file needs; nothing of it was executed",
        "do not use this file; get the weights as safetensors or from their publisher",
    )


class _Machine:
    """Stack machine for the opcodes that torch's pickles consist of."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.refused: set[str] = set()
        self.storages: dict[str, StorageRef] = {}
        self.work = 0

    def spend(self, amount: int) -> None:
        """Counts copied items, so that a small pickle cannot ask for endless work."""
        self.work += amount
        if self.work > _MAX_WORK:
            raise damaged("its pickle asks for more work than any weight file needs")

    def run(self, source: io.BytesIO) -> Any:
        for opcode, argument, _ in pickletools.genops(source):
            name = opcode.name
            if name == "STOP":
                return self.stack.pop()
            if name in _PUSHED:
                self.stack.append(argument)
            elif (step := _STEPS.get(name)) is not None:
                step(self, argument)
            elif name not in ("PROTO", "FRAME"):
                raise _unsafe(f"uses the operation {name}")
        raise damaged("its pickle has no end")

    def since_mark(self) -> list[Any]:
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def top(self, kind: type) -> Any:
        if not isinstance(self.stack[-1], kind):
            raise damaged(
                f"its pickle fills a {type(self.stack[-1]).__name__} like a {kind.__name__}"
            )
        return self.stack[-1]

    def name_found(self, module: str, name: str) -> None:
        full = full_name(module, name)
        if "." in name or not is_allowed(full):
            self.refused.add(full)
        self.stack.append(Global(full))

    def stack_global(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if not isinstance(module, str) or not isinstance(name, str):
            raise damaged("its pickle names a class by something that is not a text")
        self.name_found(module, name)

    def call(self) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        if not isinstance(function, Global):
            raise _unsafe("calls the result of a call")
        if not isinstance(arguments, tuple):
            raise damaged("its pickle calls something without arguments")
        self.spend(1 + sum(len(item) for item in arguments if hasattr(item, "__len__")))
        known = CALLS.get(function.name)
        self.stack.append(known(*arguments) if known else Inert(function.name, arguments))

    def build(self) -> None:
        state = self.stack.pop()
        target = self.stack[-1]
        if isinstance(target, Inert):
            parts = state if isinstance(state, tuple) else (state,)
            for part in parts:
                if isinstance(part, dict):
                    self.spend(len(part))
                    target.state.update(part)
            target.state.setdefault("", state)
        elif not isinstance(target, dict | TensorRef):  # attributes of a state dict: not needed
            raise damaged(f"its pickle gives attributes to a {type(target).__name__}")

    def set_items(self, pairs: list[Any]) -> None:
        target = self.top(dict)
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            target[plain_key(key)] = value

    def storage(self) -> None:
        ref = storage_ref(self.stack.pop())
        if self.storages.setdefault(ref.key, ref) != ref:
            raise damaged("its pickle describes one storage in two ways")
        self.stack.append(ref)


# fmt: off
_PUSHED = frozenset({
    "NONE", "INT", "BININT",
    "BININT1", "BININT2", "LONG", "LONG1", "LONG4",
    "FLOAT", "BINFLOAT", "STRING", "BINSTRING", "SHORT_BINSTRING",
    "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINBYTES",
    "SHORT_BINBYTES", "BINBYTES8",
})
# fmt: on


def _since_mark_into(kind: Callable[[list[Any]], Any]) -> Callable[[_Machine, Any], None]:
    return lambda machine, _: machine.stack.append(kind(machine.since_mark()))


def _last_into_tuple(count: int) -> Callable[[_Machine, Any], None]:
    def step(machine: _Machine, _: Any) -> None:
        items = tuple(machine.stack[-count:])
        del machine.stack[-count:]
        machine.stack.append(items)

    return step


def _drop(machine: _Machine, _: Any) -> None:
    machine.stack.pop()


def _drop_to_mark(machine: _Machine, _: Any) -> None:
    machine.since_mark()


def _memorize(machine: _Machine, index: int) -> None:
    machine.memo[index] = machine.stack[-1]


def _recall(machine: _Machine, index: int) -> None:
    machine.stack.append(machine.memo[index])


def _dictionary(items: list[Any]) -> dict[Any, Any]:
    pairs = zip(items[::2], items[1::2], strict=True)
    return {plain_key(key): value for key, value in pairs}


def _append(machine: _Machine, _: Any) -> None:
    item = machine.stack.pop()
    machine.top(list).append(item)


def _extend(machine: _Machine, _: Any) -> None:
    items = machine.since_mark()
    machine.top(list).extend(items)


def _set_item(machine: _Machine, _: Any) -> None:
    value, key = machine.stack.pop(), machine.stack.pop()
    machine.set_items([key, value])


_STEPS: dict[str, Callable[[_Machine, Any], None]] = {
    "MARK": lambda machine, _: machine.marks.append(len(machine.stack)),
    "NEWTRUE": lambda machine, _: machine.stack.append(True),
    "NEWFALSE": lambda machine, _: machine.stack.append(False),
    "POP": _drop,
    "POP_MARK": _drop_to_mark,
    "DUP": lambda machine, _: machine.stack.append(machine.stack[-1]),
    "EMPTY_TUPLE": lambda machine, _: machine.stack.append(()),
    "EMPTY_LIST": lambda machine, _: machine.stack.append([]),
    "EMPTY_DICT": lambda machine, _: machine.stack.append({}),
    "EMPTY_SET": lambda machine, _: machine.stack.append([]),
    "TUPLE": _since_mark_into(tuple),
    "LIST": _since_mark_into(list),
    "DICT": _since_mark_into(_dictionary),
    "FROZENSET": _since_mark_into(list),
    "TUPLE1": _last_into_tuple(1),
    "TUPLE2": _last_into_tuple(2),
    "TUPLE3": _last_into_tuple(3),
    "APPEND": _append,
    "APPENDS": _extend,
    "ADDITEMS": _extend,
    "SETITEM": _set_item,
    "SETITEMS": lambda machine, _: machine.set_items(machine.since_mark()),
    "MEMOIZE": lambda machine, _: _memorize(machine, len(machine.memo)),
    "PUT": _memorize,
    "BINPUT": _memorize,
    "LONG_BINPUT": _memorize,
    "GET": _recall,
    "BINGET": _recall,
    "LONG_BINGET": _recall,
    "GLOBAL": lambda machine, argument: machine.name_found(*argument.split(" ", 1)),
    "STACK_GLOBAL": lambda machine, _: machine.stack_global(),
    "REDUCE": lambda machine, _: machine.call(),
    "NEWOBJ": lambda machine, _: machine.call(),
    "BUILD": lambda machine, _: machine.build(),
    "BINPERSID": lambda machine, _: machine.storage(),
}
