"""Jobs, progress, interruption and the queue of the host.

Order of locks: the host's queue first, ours (of the service and of the models) inside it; the
queue is never taken while one of ours is held.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from animeseg.webui.host.modules import module, shared

_held = threading.local()


def stopping() -> bool:
    """Whether the user asked to end the whole job (Interrupt, or stop after this picture)."""
    state = _state()
    return bool(
        getattr(state, "interrupted", False) or getattr(state, "stopping_generation", False)
    )


def cut_short() -> bool:
    """Whether what the host samples now is given up in its middle.

    Less than `stopping`: a host told to stop after this picture still finishes what it samples.
    """
    return bool(getattr(_state(), "interrupted", False)) or skipping()


def skipping() -> bool:
    """Whether the user asked to leave this picture and go on with the next."""
    return bool(getattr(_state(), "skipped", False))


def show_progress(text: str) -> None:
    """Shows ``text`` under the progress bar."""
    state = _state()
    if state is not None:
        state.textinfo = text


def add_jobs(count: int) -> None:
    """Tells the progress bar that ``count`` more runs follow.

    The host counts -1 until it knows; then there is nothing to add to yet.
    """
    state = _state()
    if state is not None and count > 0 and getattr(state, "job_count", -1) > 0:
        state.job_count += count


@contextmanager
def job(title: str) -> Iterator[None]:
    """A job of ours in the host's progress; inside a job of the host's only its text changes."""
    state = _state()
    if state is None or holds_queue_for_host() or bool(getattr(state, "job", "")):
        show_progress(title)
        yield
        return
    state.begin(job=title)
    try:
        show_progress(title)
        yield
    finally:
        state.end()


def queue() -> AbstractContextManager[None]:
    """The host's one-at-a-time queue; nothing if this thread is inside it already.

    Taken at the outermost edge only (a route, a button): hooks run inside the queue, and the
    host's lock cannot be taken twice by one thread.
    """
    if getattr(_held, "depth", 0):
        return nullcontext()
    calls = module("call_queue")
    lock = getattr(calls, "queue_lock", None) or getattr(shared(), "queue_lock", None)
    return nullcontext() if lock is None else _taken(lock)


@contextmanager
def holding_queue() -> Iterator[None]:
    """Marks that the host called us from inside its queue, as it does in every hook."""
    _held.depth = getattr(_held, "depth", 0) + 1
    _held.hooks = getattr(_held, "hooks", 0) + 1
    try:
        yield
    finally:
        _held.depth -= 1
        _held.hooks -= 1


def holds_queue_for_host() -> bool:
    """Whether this thread is in a hook of the host's."""
    return bool(getattr(_held, "hooks", 0))


@contextmanager
def _taken(lock: Any) -> Iterator[None]:
    with lock:
        _held.depth = 1
        try:
            yield
        finally:
            _held.depth = 0


def _state() -> Any:
    return getattr(shared(), "state", None)
