"""No exception of ours reaches the host: it is logged in one line, and the picture comes out."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

from animeseg.errors import AnimesegError

_log = logging.getLogger("animeseg")


def tell(error: BaseException, where: str = "") -> str:
    """Logs ``error`` in one line, with its traceback only if it is none we foresaw.

    Returns:
        The line, for showing it.
    """
    if isinstance(error, AnimesegError):
        line = error.log_line
        print(line)  # noqa: T201 - the host's console is where its users look
        return line
    cause = f"{type(error).__name__}: {error}".splitlines()[0][:500]
    place = f" in {where}" if where else ""
    line = f"[animeseg] error: {cause}{place}; please report it with the lines above"
    _log.error("unexpected error%s", place, exc_info=error)
    print(line)  # noqa: T201
    return line


def guarded(function: Callable[..., Any], fallback: Any = None) -> Callable[..., Any]:
    """``function``, but with ``fallback`` for an answer when it fails, the reason logged."""

    @functools.wraps(function)
    def safe(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception as error:  # the edge: nothing of ours stops the host
            tell(error, function.__qualname__)
            return fallback

    return safe
