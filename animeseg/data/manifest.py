"""``manifest.jsonl``: what a set holds and what made it, one line per picture."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from animeseg.data.entries import Entry
from animeseg.errors import BadDatasetError
from animeseg.files import whole_file

NAME = "manifest.jsonl"
FORMAT = "animeseg.set"
VERSION = 1


def write_manifest(
    path: Path, names: Iterable[str], recipe: Mapping[str, Any], entries: Iterable[Entry]
) -> None:
    """Writes a manifest, whole or not at all.

    Raises:
        DiskFullError, OutputError: as `animeseg.files.write_file`.
    """
    head = {"format": FORMAT, "version": VERSION, "names": list(names), "recipe": dict(recipe)}
    with whole_file(path) as stream:
        stream.write(json.dumps(head, ensure_ascii=False).encode() + b"\n")
        for entry in entries:
            stream.write(entry.as_line())


class Manifest:
    """A manifest read line by line as needed; only names and places in the file are in memory.

    It holds no open file, so that it can be sent to worker processes.

    Args:
        path: the file.

    Raises:
        BadDatasetError: not a manifest, of a newer version, or damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._places: dict[str, int] = {}
        try:
            with path.open("rb") as stream:
                head = self._head(stream.readline())
                place = stream.tell()
                for line in stream:
                    self._places[_name_in(line)] = place
                    place += len(line)
        except OSError as error:
            raise BadDatasetError(f"{path} cannot be read: {error}", "check the file") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            if isinstance(error, BadDatasetError):
                raise
            raise BadDatasetError(f"{path} is damaged ({error})", "make the set again") from error
        self.names = tuple(str(name) for name in head["names"])
        self.recipe: dict[str, Any] = dict(head["recipe"])

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, image: str) -> bool:
        return image in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __getitem__(self, image: str) -> Entry:
        """The entry of a picture.

        Raises:
            KeyError: no such picture.
            BadDatasetError: its line is damaged.
        """
        with self.path.open("rb") as stream:
            stream.seek(self._places[image])
            line = stream.readline()
        try:
            return Entry.from_line(line)
        except (ValueError, KeyError, TypeError) as error:
            cause = f"{self.path}, the line of {image} is damaged ({error})"
            raise BadDatasetError(cause, "make the set again") from error

    def _head(self, line: bytes) -> dict[str, Any]:
        head: dict[str, Any] = json.loads(line)
        if head["format"] != FORMAT or head["version"] > VERSION:
            raise BadDatasetError(
                f"{self.path} is {str(head['format'])[:40]} {head['version']}, "
                f"expected {FORMAT} up to {VERSION}",
                "read it with a newer animeseg",
            )
        return head


def _name_in(line: bytes) -> str:
    # The name comes first in every line: no need to parse the run lengths behind it.
    if not line.startswith(b'{"image":"') or not line.endswith(b"}\n"):
        raise ValueError(f"a line begins with {line[:20]!r}")
    # (A quotation mark inside a name is escaped, so that this cannot be part of one.)
    return str(json.loads(line[9 : line.index(b',"width":')]))
