"""The pictures that files, directories and patterns name, found one by one as they are needed.

Only the names of the directory being walked (and of those above it) are held, so a tree of any size
costs little memory. What was made by an earlier run is recognised by the ledger of its output
directory and is never taken for a picture.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from animeseg.batch.ledger import Ledger, read_ledger
from animeseg.batch.naming import (
    absolute,
    clashing_stems,
    folded,
    openable,
    outsider_stem,
    own_stem,
)
from animeseg.errors import AnimesegError, BadImageError

PICTURE_SUFFIXES = frozenset(
    (".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff")
)
"""Endings that make a file of a directory a picture; a file that is named itself may have any."""


@dataclass(frozen=True)
class Source:
    """A picture to work on.

    Attributes:
        path: where it is, as the user named it.
        key: stem of its results with the mirrored directories, separated by ``/``.
        fault: why it cannot even be looked at (no such file, unreadable directory), or None.
    """

    path: Path
    key: str
    fault: AnimesegError | None = None


class Sources:
    """Iterates over the pictures that ``paths`` name, in the same order every time.

    Args:
        paths: files, directories, and patterns with ``*``, ``?``, ``[]`` and ``**``. A path that
            exists is never read as a pattern.
        recursive: whether directories are walked with all that is below them.

    Attributes:
        root: deepest directory that holds all of them, below which the structure is mirrored;
            None if they are on several drives.
        ignored: files of directories that were passed by so far: not pictures by their ending, or
            results of an earlier run.
    """

    def __init__(self, paths: Sequence[str], *, recursive: bool = True) -> None:
        self.paths = tuple(dict.fromkeys(paths))
        self.recursive = recursive
        self.ignored = 0
        self._bases = {_base(path): _is_deep(path) and recursive for path in self.paths}
        self.root = _common_root(self._bases)
        self._results = _Results()
        self._neighbours = lru_cache(maxsize=8)(_clashes_in)

    def may_take(self, path: Path) -> bool:
        """Whether ``path`` lies where pictures are taken from, so that it could be an original."""
        full = absolute(path)
        return any(
            full.is_relative_to(base) if deep else full.parent == base
            for base, deep in self._bases.items()
        )

    def __iter__(self) -> Iterator[Source]:
        # Arguments can overlap (`pics pics/a.png`); a hash of each path is enough to see it.
        seen: set[int] = set()
        try:
            for named in self.paths:
                for source in self._of(named):
                    mark = hash(str(absolute(source.path)))
                    if len(self.paths) == 1 or mark not in seen:
                        yield source
                    if len(self.paths) > 1:
                        seen.add(mark)
        finally:
            self._results.close()

    def _of(self, named: str) -> Iterator[Source]:
        path = Path(named)
        try:
            if not named.strip() or "\0" in named:
                yield _faulty(path, "the path is empty or has a NUL character")
            elif _is_directory(path):
                yield from self._walk(path)
            elif os.path.lexists(openable(path)) or not glob.has_magic(named):
                yield from self._file(path)
            else:
                yield from self._pattern(named)
        except AnimesegError as error:  # a damaged ledger: its results cannot be told from pictures
            yield Source(path, "", error)

    def _file(self, path: Path) -> Iterator[Source]:
        """A file that was named itself: any ending will do, the reader says if it is no picture."""
        if not os.path.lexists(openable(path)):
            yield _faulty(path, "no such file or directory")
        elif self._results.has(path):
            self.ignored += 1
        elif _is_picture(path.name):
            clashes = self._neighbours(path.parent)
            yield Source(path, self._key(path.parent, clashes.get(path.name, own_stem(path.name))))
        else:
            stem = outsider_stem(path.name, _pictures_in(path.parent))
            yield Source(path, self._key(path.parent, stem))

    def _pattern(self, pattern: str) -> Iterator[Source]:
        found = False
        # Hidden files are left out, as in a shell. Sorted, so that every run has the same order.
        # Path.glob takes no pattern that starts at the root.
        matches = glob.iglob(pattern, recursive=True)  # noqa: PTH207
        for match in sorted(matches, key=_order):
            found = True
            path = Path(match)
            if _is_directory(path):
                # "**" reaches into directories by itself, and only as far as the pattern says.
                yield from () if "**" in pattern else self._walk(path)
            elif _is_picture(path.name):
                yield from self._file(path)
            else:
                self.ignored += 1
        if not found:
            yield _faulty(Path(pattern), "no file matches this pattern")

    def _walk(self, directory: Path) -> Iterator[Source]:
        try:
            pictures, below, others = _listing(directory)
        except OSError as error:
            yield _faulty(directory, f"cannot read the directory: {error.strerror or error}")
            return
        self.ignored += others
        clashes = clashing_stems(pictures)
        for name in pictures:
            if self._results.has(directory / name):
                self.ignored += 1
            else:
                stem = clashes.get(name) or own_stem(name)
                yield Source(directory / name, self._key(directory, stem))
        del pictures, clashes
        for name in below if self.recursive else ():
            yield from self._walk(directory / name)

    def _key(self, directory: Path, stem: str) -> str:
        full = absolute(directory)
        if self.root is not None:
            parts = full.relative_to(self.root).parts
        else:  # several drives: the letter becomes a directory
            parts = (full.drive.strip("\\/:").replace("\\", "_"), *full.parts[1:])
        return "/".join((*parts, stem))


class _Results:
    """Knows which files are results, by the ledgers in the directories above them."""

    def __init__(self) -> None:
        self._open: dict[Path, Ledger] = {}
        self._nearest = lru_cache(maxsize=256)(self._find)

    def has(self, path: Path) -> bool:
        full = absolute(path)
        home = self._nearest(full.parent)
        return home is not None and self._open[home].lists(full)

    def close(self) -> None:
        for ledger in self._open.values():
            ledger.close()
        self._open.clear()
        self._nearest.cache_clear()

    def _find(self, directory: Path) -> Path | None:
        if directory not in self._open and (ledger := read_ledger(directory)) is not None:
            self._open[directory] = ledger
        if directory in self._open:
            return directory
        return None if directory == directory.parent else self._nearest(directory.parent)


def _listing(directory: Path) -> tuple[list[str], list[str], int]:
    """Names of the pictures and directories in ``directory``, sorted; number of other files.

    Hidden names are left out. Links to directories are not followed: they can lead in circles.
    """
    pictures, below, others = [], [], 0
    with os.scandir(openable(directory)) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                if not entry.is_symlink():
                    below.append(entry.name)
            elif _is_picture(entry.name):
                pictures.append(entry.name)
            else:
                others += 1
    return sorted(pictures, key=_order), sorted(below, key=_order), others


def _pictures_in(directory: Path) -> list[str]:
    try:
        return _listing(directory)[0]
    except OSError:  # a directory may let files be opened and yet not be listed
        return []


def _clashes_in(directory: Path) -> dict[str, str]:
    return clashing_stems(_pictures_in(directory))


def _is_picture(name: str) -> bool:
    return Path(name).suffix.lower() in PICTURE_SUFFIXES


def _order(name: str) -> tuple[str, str]:
    return folded(name), name


def _faulty(path: Path, cause: str) -> Source:
    return Source(path, "", BadImageError(cause, "check the path and its permissions"))


def _is_directory(path: Path) -> bool:
    # Path.is_dir raises for a name that is too long or below a forbidden directory.
    return os.path.isdir(openable(path))  # noqa: PTH112


def _base(named: str) -> Path:
    """Directory below which the structure of what ``named`` stands for is mirrored."""
    path = absolute(named)
    if _is_directory(path):
        return path
    if not os.path.lexists(path) and glob.has_magic(named):
        fixed = named[: min(named.find(char) for char in "*?[" if char in named)]
        return absolute(fixed + "x").parent
    return path.parent


def _is_deep(named: str) -> bool:
    """Whether ``named`` reaches below its base: a directory or a pattern, not a file."""
    path = Path(named)
    return _is_directory(path) or not os.path.lexists(path)


def _common_root(bases: Iterable[Path]) -> Path | None:
    try:
        return Path(os.path.commonpath(bases))
    except ValueError:  # several drives
        return None
