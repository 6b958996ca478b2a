"""Any exception as one that can be told: a code, a cause, a cure."""

from __future__ import annotations

from animeseg.errors import AnimesegError, OutOfMemoryError


def tellable(error: Exception) -> AnimesegError:
    """``error`` itself if it is animeseg's own, else one that wraps it."""
    if isinstance(error, AnimesegError):
        return error
    if isinstance(error, MemoryError):
        told: AnimesegError = OutOfMemoryError(
            "memory ran out", "close other programs, or scale the picture down"
        )
    else:
        told = AnimesegError(
            f"an unexpected {type(error).__name__}: {error}",
            "this is a defect of animeseg: please report it with what --debug shows",
        )
    told.__cause__ = error
    return told
