"""Writing files whole or not at all.

Every result goes to a temporary file beside its final place and is then moved there in one step, so
that a crash, a full disk or Ctrl-C never leaves half a file under the final name.
"""

from __future__ import annotations

import errno
import io
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NoReturn

from animeseg.errors import DiskFullError, OutputError, OutputExistsError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PARTIAL_SUFFIX = ".incomplete"
"""Ending of the temporary files; one that is left over (after a power cut) may be deleted."""

_DISK_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


def write_file(path: str | os.PathLike[str], data: bytes, *, overwrite: bool = False) -> Path:
    """Writes ``data`` to ``path`` atomically, making missing folders.

    Args:
        path: where to write.
        data: the whole content.
        overwrite: replace a file of that name. Without it an existing file is refused even if it
            appears while this one is being written.

    Returns:
        ``path`` as a `Path`.

    Raises:
        OutputExistsError: the file exists and ``overwrite`` is false.
        DiskFullError: the disk or the quota is full; nothing is left behind.
        OutputError: no permission, an invalid or too long name, a folder in its place.
    """
    target = Path(path)
    try:
        if not overwrite and os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, "exists", str(target))
        target.parent.mkdir(parents=True, exist_ok=True)
        # A short name of its own: two processes never share it, and it fits where the target fits.
        partial = target.with_name(f".{secrets.token_hex(4)}{PARTIAL_SUFFIX}")
        try:
            partial.write_bytes(data)
            _move(partial, target, overwrite)
        finally:
            partial.unlink(missing_ok=True)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        _explain(error, target)
    return target


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A stream for a file too large for memory; it gets its name when the block ends without error.

    A file of that name is replaced then, and only then.

    Raises:
        DiskFullError, OutputError: as `write_file`; nothing is left behind.
    """
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{secrets.token_hex(4)}{PARTIAL_SUFFIX}")
        try:
            with partial.open("xb") as stream:
                yield stream
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        _explain(error, target)


@contextmanager
def whole_path(path: str | os.PathLike[str], *, overwrite: bool = False) -> Iterator[Path]:
    """A path for a large file or a directory, which gets its name when the block ends well.

    Of an error in the block nothing is left behind, and it is passed on as it is.

    Args:
        path: the name it gets in the end.
        overwrite: replace a file of that name. A directory is never replaced.

    Yields:
        A path beside it, at which nothing is yet.

    Raises:
        OutputExistsError: there is something of that name, now or when the block ends.
        DiskFullError, OutputError: as `write_file`.
    """
    target = Path(path)
    partial = target.with_name(f".{secrets.token_hex(4)}{PARTIAL_SUFFIX}")
    try:
        if os.path.lexists(target) and not (overwrite and target.is_file()):
            raise FileExistsError(errno.EEXIST, "exists", str(target))
        target.parent.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        _explain(error, target)
    try:
        yield partial
        try:
            if partial.is_dir():
                partial.rename(target)  # fails, or replaces an empty directory at most
            else:
                _move(partial, target, overwrite)
        except OSError as error:
            _explain(error, target)
    finally:
        if partial.is_dir():
            shutil.rmtree(partial, ignore_errors=True)
        else:
            partial.unlink(missing_ok=True)


def encode_png(array: NDArray[np.uint8], *, icc_profile: bytes | None = None) -> bytes:
    """PNG bytes of ``array``: (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGBA, uint8."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(array).save(stream, "PNG", icc_profile=icc_profile)
    return stream.getvalue()


def write_png(
    path: str | os.PathLike[str],
    array: NDArray[np.uint8],
    *,
    overwrite: bool = False,
    icc_profile: bytes | None = None,
) -> Path:
    """Writes ``array`` as PNG, whole or not at all; arguments and errors as in `write_file`."""
    return write_file(path, encode_png(array, icc_profile=icc_profile), overwrite=overwrite)


def _move(partial: Path, target: Path, overwrite: bool) -> None:
    if overwrite:
        partial.replace(target)
        return
    try:
        os.link(partial, target)  # fails if the target exists: no gap between look and leap
    except FileExistsError:
        raise
    except OSError:
        # No hard links here (FAT, some network shares): reserve the name, then put the file there.
        with target.open("xb"):
            pass
        try:
            partial.replace(target)
        except OSError:
            target.unlink(missing_ok=True)
            raise


def _explain(error: OSError | ValueError, target: Path) -> NoReturn:
    shown = str(target) if len(str(target)) <= 200 else f"...{str(target)[-197:]}"
    number = error.errno if isinstance(error, OSError) else None
    if number in _DISK_FULL:
        raise DiskFullError(
            f"no space left for {shown}", "free some space or choose another disk; nothing was left"
        ) from error
    if isinstance(error, FileExistsError) and os.path.lexists(target) and not target.is_dir():
        raise OutputExistsError(f"{shown} exists", "choose another name or overwrite") from error
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    raise OutputError(
        f"cannot write {shown}: {reason}", "check the folder's permissions and the name's length"
    ) from error
