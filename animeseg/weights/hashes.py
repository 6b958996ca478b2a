"""SHA-256 of weight files, hashed once and remembered by modification time and size."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from animeseg.errors import DiskFullError, OutputError
from animeseg.files import write_file

_CHUNK = 2**22
_BOOK = "hashes.json"


def hash_file(path: Path) -> str:
    """SHA-256 of a file's content, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as source:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def remembered_hash(path: Path, home: Path) -> str | None:
    """The hash noted for ``path``, if the file has not been touched since; else None."""
    entry = _read(home).get(_key(path))
    if not isinstance(entry, list) or entry[:2] != _stamp(path):
        return None
    return str(entry[2])


def remembering_hash(path: Path, home: Path) -> str:
    """The hash of ``path``: the noted one, or a fresh one, which is then noted.

    A home that cannot be written only costs hashing again next time.
    """
    known = remembered_hash(path, home)
    if known is not None:
        return known
    stamp = _stamp(path)
    fresh = hash_file(path)
    if _stamp(path) == stamp:
        remember_hash(path, fresh, home)
    return fresh


def remember_hash(path: Path, sha256: str, home: Path) -> None:
    """Notes that ``path`` has this hash; notes about files that are gone are dropped."""
    book = {key: entry for key, entry in _read(home).items() if Path(key).is_file()}
    book[_key(path)] = [*_stamp(path), sha256]
    try:
        write_file(home / _BOOK, json.dumps(book, indent=1).encode(), overwrite=True)
    except (OutputError, DiskFullError):
        return


def _key(path: Path) -> str:
    return os.path.normcase(path.resolve())


def _stamp(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_mtime_ns, status.st_size]


def _read(home: Path) -> dict[str, list[int | str]]:
    try:
        book = json.loads((home / _BOOK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return book if isinstance(book, dict) else {}
