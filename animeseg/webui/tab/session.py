"""What the page remembers about the picture a visitor works on: one session each, never shared.

A page holds nothing but a random token; the pictures stay here, within a budget of memory.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
import threading
import weakref
from collections import OrderedDict, deque
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from animeseg.batch.stop import Stop
from animeseg.errors import BadImageError
from animeseg.images import Picture
from animeseg.instances import Instances, ModelInfo, Note, Segmentation

MOST_SESSIONS = 32
"""More visitors than this at once make the one who was idle longest start again."""

SESSION_BYTES = 2**30
"""Bytes of pictures and masks that all sessions may hold together."""

HISTORY_BYTES = 256 * 2**20
"""Bytes of masks that can be brought back by undoing, in one session."""

NEAR = 0.04
"""A click this far from a character still means it; a fraction of the picture's longer side."""


@dataclass(frozen=True)
class Mark:
    """A click that corrects a character.

    Attributes:
        x: column in pixels of the picture.
        y: row in pixels of the picture.
        inside: whether the character is there, or is not.
    """

    x: int
    y: int
    inside: bool


@dataclass(frozen=True, eq=False)
class Scene:
    """The characters of a picture as they stand; replaced by every change, so undo keeps them.

    Attributes:
        found: every character, as the networks or clicks gave it, before its mask is shaped.
        chosen: rows that are in the result.
        marks: clicks on each row.
        edits: what was done by hand, in order.
    """

    found: Instances
    chosen: frozenset[int]
    marks: tuple[tuple[Mark, ...], ...]
    edits: tuple[str, ...] = ()

    @classmethod
    def of(cls, found: Instances) -> Scene:
        """All characters chosen, none corrected."""
        count = len(found)
        return cls(found, frozenset(range(count)), ((),) * count)

    def at(self, x: int, y: int) -> int | None:
        """The smallest character at a pixel: of two that overlap it is the one in front."""
        rows = np.flatnonzero(self.found.masks[:, y, x])
        if not len(rows):
            return None
        areas = np.count_nonzero(self.found.masks[rows], axis=(1, 2))
        return int(rows[int(areas.argmin())])

    def near(self, x: int, y: int) -> int | None:
        """The character at a pixel, or the nearest one if it is close by."""
        inside = self.at(x, y)
        if inside is not None or not len(self.found):
            return inside
        reach = max(1, round(NEAR * max(self.found.size)))
        top, left = max(y - reach, 0), max(x - reach, 0)
        around = self.found.masks[:, top : y + reach + 1, left : x + reach + 1]
        rows, lines, columns = np.nonzero(around)
        if not len(rows):
            return None
        distances = (lines + top - y) ** 2 + (columns + left - x) ** 2
        closest = int(distances.argmin())
        return int(rows[closest]) if distances[closest] <= reach**2 else None

    def toggled(self, row: int) -> Scene:
        """With ``row`` put in or left out."""
        return replace(self, chosen=self.chosen ^ {row})

    def with_mask(self, row: int, mask: np.ndarray, marks: tuple[Mark, ...]) -> Scene:
        """With another mask (H, W) bool for ``row``."""
        masks = self.found.masks.copy()
        masks[row] = mask
        all_marks = (*self.marks[:row], marks, *self.marks[row + 1 :])
        edits = (*self.edits, "click")
        return replace(self, found=self.found.with_masks(masks), marks=all_marks, edits=edits)

    def added(self, mask: np.ndarray, marks: tuple[Mark, ...]) -> Scene:
        """With a new character, which is chosen."""
        row, old = len(self.found), self.found
        fresh = Instances.from_masks(mask[None], names=old.names)
        found = Instances(
            boxes=np.concatenate([old.boxes, fresh.boxes]),
            masks=np.concatenate([old.masks, fresh.masks]),
            scores=np.concatenate([old.scores, fresh.scores]),
            labels=np.concatenate([old.labels, fresh.labels]),
            names=old.names,
        )
        return Scene(found, self.chosen | {row}, (*self.marks, marks), (*self.edits, "added"))

    def without(self, row: int) -> Scene:
        """With ``row`` taken away for good; the numbers behind it move up."""
        rows = [other for other in range(len(self.found)) if other != row]
        chosen = frozenset(place for place, old in enumerate(rows) if old in self.chosen)
        marks = tuple(self.marks[old] for old in rows)
        return Scene(self.found[rows], chosen, marks, (*self.edits, "removed"))


@dataclass(eq=False)
class Session:
    """One visitor's work.

    Attributes:
        token: names the session; nobody can guess it.
        lock: held by whoever works on it.
        stop: set to end the work that is going on.
        picture: what was dropped, or None yet.
        scene: its characters.
        kinds: what else was found in the picture (faces, ...), by kind.
        models: the weights that took part.
        notes: what the networks had to tell.
        result: what is shown, for downloads.
        corner: XY of the first corner of a box that is being clicked.
        batch: ends the run over many pictures that is going on.
        previews: files the page shows, the oldest first.
        tickets: number of changes asked for; a change that is not the latest is not drawn.
    """

    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    lock: threading.RLock = field(default_factory=threading.RLock)
    stop: threading.Event = field(default_factory=threading.Event)
    picture: Picture | None = None
    scene: Scene | None = None
    kinds: dict[str, Instances] = field(default_factory=dict)
    models: tuple[ModelInfo, ...] = ()
    notes: tuple[Note, ...] = ()
    result: Segmentation | None = None
    corner: tuple[int, int] | None = None
    batch: Stop | None = None
    tickets: int = 0
    previews: deque[Path] = field(default_factory=deque)
    _history: deque[Scene] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="animeseg-"))
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)

    def shown(self) -> tuple[Picture, Scene]:
        """The picture and its characters.

        Raises:
            BadImageError: there is none yet.
        """
        if self.picture is None or self.scene is None:
            raise BadImageError("there is no picture yet", "drop one on the left")
        return self.picture, self.scene

    def open(self, picture: Picture | None) -> None:
        """Starts over with another picture, or with none."""
        self.picture, self.scene, self.result = picture, None, None
        self.models, self.notes, self.corner = (), (), None
        self.kinds.clear()
        self._history.clear()

    def change(self, scene: Scene) -> None:
        """Replaces the characters; the old ones can be brought back."""
        if self.scene is not None:
            self._history.append(self.scene)
        self.scene = scene
        while self._history and self._history_bytes() > HISTORY_BYTES:
            self._history.popleft()

    def undo(self) -> bool:
        """Brings the characters back as they were before the last change; says if there was one."""
        if not self._history:
            return False
        self.scene = self._history.pop()
        return True

    @property
    def bytes(self) -> int:
        """Bytes of pictures and masks."""
        total = self._history_bytes()
        if self.picture is not None:
            total += self.picture.rgb.nbytes
        if self.scene is not None:
            total += self.scene.found.masks.nbytes
        return total + sum(found.masks.nbytes for found in self.kinds.values())

    def _history_bytes(self) -> int:
        masks = {id(scene.found.masks): scene.found.masks for scene in self._history}
        return sum(array.nbytes for array in masks.values())


class Sessions:
    """The sessions of a page, the ones used last.

    Args:
        most: how many are kept.
        budget: bytes they may hold together; the one in use is kept in any case.
    """

    def __init__(self, most: int = MOST_SESSIONS, budget: int = SESSION_BYTES) -> None:
        self._most = most
        self._budget = budget
        self._table = threading.Lock()
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def start(self, token: str | None) -> Session:
        """The session of ``token``, or a new one."""
        with self._table:
            session = self._sessions.get(token or "")
            if session is None:
                session = Session()
                self._sessions[session.token] = session
            self._keep(session)
            return session

    def get(self, token: str | None) -> Session:
        """The session of ``token``.

        Raises:
            BadImageError: there is none yet, or it was idle for too long.
        """
        with self._table:
            session = self._sessions.get(token or "")
            if session is None:
                cause = "this page was idle for too long" if token else "there is no picture yet"
                raise BadImageError(cause, "drop a picture")
            self._keep(session)
            return session

    def __len__(self) -> int:
        return len(self._sessions)

    def _keep(self, session: Session) -> None:
        self._sessions.move_to_end(session.token)
        while len(self._sessions) > 1 and (
            len(self._sessions) > self._most
            or sum(each.bytes for each in self._sessions.values()) > self._budget
        ):
            _, idle = self._sessions.popitem(last=False)
            idle.stop.set()
