"""Characters and backgrounds: folders of the user's, or drawn without any data.

Everything is found once, by name, in the parent process; pixels are read where they are needed and
kept up to a limit of memory. Which row a picture uses depends on its random numbers alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from animeseg.data.figures import draw_figure, sample_style
from animeseg.data.pictures import pictures_in
from animeseg.data.sprites import drop_symbols
from animeseg.data.synth.pixels import Cache, draw_scene, read_rgb, read_rgba, resize_rgba
from animeseg.errors import BadDatasetError, BadImageError
from animeseg.files import write_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

DRAWN_HEIGHT = 1024
CUT_SHARE = 0.3
"""Share of the width that is solid in the lowest rows of a figure that is cut there."""


@dataclass(frozen=True)
class Row:
    """One character or background that can be used.

    Attributes:
        name: file relative to its folder, or ``figure-7``, ``scene-7``.
        identity: who or what it is; training and validation share none.
        path: the file; None for what is drawn.
        seed: of what is drawn.
    """

    name: str
    identity: str
    path: Path | None = None
    seed: int = 0


def find_characters(
    folder: Path | None, *, figures: int, identity: Callable[[Path], str]
) -> list[Row]:
    """The characters of a folder, or the figures that will be drawn.

    A ``manifest.json`` (rows with ``file``, ``kind`` fg|bg, ``identity``) says who is who; without
    one it is what ``identity`` makes of the path.

    Raises:
        BadDatasetError: no such folder, or nothing in it.
    """
    if folder is None:
        return [Row(f"figure-{k}", f"figure-{k}", None, k) for k in range(figures)]
    return _found(folder, "fg", identity)


def find_backgrounds(folder: Path | None, *, scenes: int) -> list[Row]:
    """The backgrounds of a folder, or the scenes that will be drawn.

    Raises:
        BadDatasetError: no such folder, or nothing in it.
    """
    if folder is None:
        return [Row(f"scene-{k}", f"scene-{k}", None, k) for k in range(scenes)]
    return _found(folder, "bg", lambda path: path.stem)


def in_part(rows: Sequence[Row], part: str, share: float) -> list[Row]:
    """The rows whose identities belong to a part.

    Args:
        rows: all there are.
        part: ``val``, or anything else for the rest.
        share: of the identities that are for validation; 0 gives all rows to every part.

    Raises:
        BadDatasetError: there are too few identities to divide them.
    """
    if not share:
        return list(rows)
    identities = sorted({row.identity for row in rows}, key=_shuffled)
    count = max(1, round(share * len(identities)))
    if count >= len(identities):
        raise BadDatasetError(
            f"{len(identities)} identities cannot be divided into training and validation",
            "give more characters and backgrounds, or --val 0",
        )
    chosen = set(identities[:count] if part == "val" else identities[count:])
    return [row for row in rows if row.identity in chosen]


class Characters:
    """Cut-outs of characters, at most ``largest`` pixels on their longer side.

    Args:
        rows: who there is.
        largest: pixels; 0 keeps every file's own size.
        drawn: folder where figures are kept once they are drawn.
        clean: take small parts that touch nothing off, such as a drawn question mark.
    """

    def __init__(
        self, rows: Sequence[Row], largest: int, drawn: Path, *, clean: bool = False
    ) -> None:
        self.rows = list(rows)
        self._clean = clean
        self._largest = largest
        self._drawn = drawn
        self._cache = Cache()
        self._poses: dict[str, list[int]] = {}
        for number, row in enumerate(self.rows):
            self._poses.setdefault(row.identity, []).append(number)
        self._identities = sorted(self._poses)

    @property
    def identities(self) -> int:
        """How many there are."""
        return len(self._identities)

    def choose(self, rng: np.random.Generator) -> Row:
        """A character: first who, then which pose, so that many poses do not crowd others out."""
        poses = self._poses[self._identities[int(rng.integers(len(self._identities)))]]
        return self.rows[poses[int(rng.integers(len(poses)))]]

    def pixels(self, row: Row) -> Pixels:
        """(H, W, 4) uint8 straight RGBA, cropped to what is visible; not to be changed.

        Raises:
            BadImageError: the file is damaged, has no alpha, or is transparent throughout.
        """
        return self._cache.get(row.name, lambda: self._made(row))

    def head(self, row: Row) -> float:
        """Where the head begins, as share of the height: arms may be raised above it.

        Of a file it is not known and taken to be 0.
        """
        if row.path is not None:
            return 0.0
        self.pixels(row)  # draws the figure where that was not done yet
        return float(json.loads(self._sidecar(row).read_text(encoding="utf-8"))["head"])

    def is_cut(self, row: Row) -> bool:
        """Whether the file ends in the middle of the body, as portraits do, and not at the feet."""
        lowest = self.pixels(row)[-3:, :, 3].min(axis=0)
        return row.path is not None and float((lowest > 127).mean()) > CUT_SHARE

    def _made(self, row: Row) -> Pixels:
        if row.path is None:
            return self._figure(row)
        rgba = read_rgba(row.path)
        if self._clean:
            rgba = drop_symbols(rgba)
        x, y, w, h = cv2.boundingRect((rgba[..., 3] > 8).view(np.uint8))
        if not w:
            raise BadImageError(f"{row.name} is transparent throughout", "remove it")
        cropped = rgba[y : y + h, x : x + w]
        scale = self._largest / max(h, w) if self._largest else 1.0
        return np.ascontiguousarray(cropped) if scale >= 1 else resize_rgba(cropped, scale)

    def _figure(self, row: Row) -> Pixels:
        """Drawing takes longer than all the rest of a picture: it is done once, by any worker."""
        path = self._sidecar(row).with_suffix(".png")
        if path.is_file():
            return read_rgba(path)
        look = sample_style(np.random.default_rng([row.seed, 0]))
        # Falling and lying figures are turned by the recipes, which need to know where the head is.
        tilt = float(np.clip(look.tilt, -15, 15))
        look = replace(look, framing="full", tilt=tilt)
        figure = draw_figure(row.seed, height=self._largest or DRAWN_HEIGHT, style=look)
        x, y, w, h = cv2.boundingRect((figure.rgba[..., 3] > 8).view(np.uint8))
        rgba = np.ascontiguousarray(figure.rgba[y : y + h, x : x + w])
        _, top, _, bottom = figure.face_box
        head = max(0.0, top - 0.5 * (bottom - top) - y) / h
        bgra = cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA)
        packed = cv2.imencode(".png", bgra, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1]
        write_file(self._sidecar(row), json.dumps({"head": head}).encode(), overwrite=True)
        write_file(path, packed.tobytes(), overwrite=True)
        return rgba

    def _sidecar(self, row: Row) -> Path:
        return self._drawn / f"{row.seed:06d}.json"


class Backgrounds(Sequence[Any]):
    """Backgrounds as (H, W, 3) uint8 RGB, read when asked for; not to be changed.

    Args:
        rows: which there are.
        size: pixels; what is at least this on its shorter side is read at a half, a quarter or an
            eighth where that suffices. 0 keeps every file's own size.
    """

    def __init__(self, rows: Sequence[Row], size: int) -> None:
        self.rows = list(rows)
        self._size = size
        self._cache = Cache()
        self.used: list[str] = []

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> Any:
        """The picture of a row, whose name is noted in ``used``."""
        row = self.rows[index]
        self.used.append(row.name)
        return self._cache.get(row.name, lambda: self._made(row))

    def _made(self, row: Row) -> Pixels:
        if row.path is None:
            return draw_scene(row.seed, self._size or DRAWN_HEIGHT)
        return read_rgb(row.path, self._size)


def identity_rule(pattern: str | None, root: Path) -> Callable[[Path], str]:
    """Who a file shows: what the pattern's first group matches, its folder, or its name."""
    import re

    if pattern is None:
        return lambda path: path.stem if path.parent == root else path.parent.name
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise BadDatasetError(f"--identity is no pattern: {error}", "see `pydoc re`") from error

    def rule(path: Path) -> str:
        found = compiled.search(path.relative_to(root).as_posix())
        return path.stem if found is None else found.group(compiled.groups and 1)

    return rule


def _found(folder: Path, kind: str, identity: Callable[[Path], str]) -> list[Row]:
    if not folder.is_dir():
        raise BadDatasetError(f"{folder} is no folder", "check the path")
    table = folder / "manifest.json"
    if table.is_file():
        try:
            listed = json.loads(table.read_text(encoding="utf-8"))
            chosen = [row for row in listed if row["kind"] == kind]
            rows = [
                Row(row["file"], row.get("identity", Path(row["file"]).stem), folder / row["file"])
                for row in chosen
            ]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadDatasetError(f"{table} cannot be read ({error})", "see the docs") from error
    else:
        rows = [
            Row(path.relative_to(folder).as_posix(), identity(path), path)
            for path in pictures_in(folder)
        ]
    if not rows:
        raise BadDatasetError(f"{folder} holds no pictures", "give a folder of PNG files")
    return rows


def _shuffled(identity: str) -> str:
    return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
