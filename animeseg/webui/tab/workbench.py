"""What a visitor does to a picture: find, pick, fix, undo, shape. No gradio in here.

Only `Workbench.open`, `Workbench.find` and corrections run networks; `Workbench.cleaned` and the
shaping of results are mask geometry alone, so that edges follow their sliders at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from animeseg.__about__ import __version__
from animeseg.errors import OptionError
from animeseg.images import Picture, read_image
from animeseg.instances import Instances, Note, Segmentation
from animeseg.options import Options
from animeseg.segmenter import clean
from animeseg.targets import DEFAULT_TARGET, PictureFinder, evaluate, kind_options, parse
from animeseg.watch import Watch
from animeseg.webui import host
from animeseg.webui.tab.session import Mark, Scene, Session

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.images import Source
    from animeseg.refine import SegmentAnything

    Mask = NDArray[np.bool_]
    Box = tuple[int, int, int, int]

OPAQUE = 255
_LEAST_BOX = 3


class Models(Protocol):
    """What the page asks of `animeseg.webui.service`.

    Attributes:
        models: where they are loaded from.
    """

    models: Any

    def segment(
        self, image: Source | Picture, options: Options, *, watch: Watch = ...
    ) -> Segmentation:
        """Runs the pipeline on one picture."""
        ...

    def ask(self, options: Options, question: Callable[[Any], Any]) -> tuple[Any, tuple[Note, ...]]:
        """Puts a question to the Segment Anything model that the options name."""
        ...


class Workbench:
    """Works on sessions.

    Args:
        models: gives the models when they are needed for the first time.
    """

    def __init__(self, models: Callable[[], Models]) -> None:
        self._models = models

    def open(self, session: Session, image: Any, options: Options) -> None:
        """Takes a new picture and finds its characters.

        Args:
            session: to work in.
            image: a Pillow image, or whatever else `read_image` takes.
            options: how to find and refine.

        Raises:
            AnimesegError: the picture cannot be read, or a model cannot be loaded.
        """
        picture = _without_idle_alpha(read_image(image))
        session.open(picture)
        session.scene = Scene.of(Instances.empty(picture.size))
        self.find(session, options)

    def find(self, session: Session, options: Options) -> None:
        """Finds the characters anew; what was corrected by hand can be brought back by undoing."""
        picture, _ = session.shown()
        session.kinds.clear()
        result = self._segment(session, picture, options.replace(target=DEFAULT_TARGET))
        session.models, session.notes = result.models, result.notes
        session.change(Scene.of(result.instances))

    def pick(self, session: Session, x: int, y: int) -> bool:
        """Puts the character at a pixel in, or leaves it out; says whether there is one."""
        _, scene = session.shown()
        row = scene.at(x, y)
        if row is not None:
            session.change(scene.toggled(row))
        return row is not None

    def choose(self, session: Session, rows: Iterable[int]) -> None:
        """Puts exactly ``rows`` in."""
        _, scene = session.shown()
        known = frozenset(row for row in rows if 0 <= row < len(scene.found))
        session.change(replace(scene, chosen=known))

    def mark(self, session: Session, mark: Mark, row: int | None, options: Options) -> None:
        """Corrects a character by a click, or makes a new one of it.

        Args:
            session: to work in.
            mark: the click.
            row: the character to correct; None makes a new one.
            options: which Segment Anything model answers.

        Raises:
            OptionError: the click takes away, but there is no character to take from.
            AnimesegError: Segment Anything cannot be loaded.
        """
        _, scene = session.shown()
        row = row if row is not None and row < len(scene.found) else None
        if row is None and not mark.inside:
            raise OptionError("click", "there is no character to take this from", "click on one")
        marks = (*(scene.marks[row] if row is not None else ()), mark)
        previous = None if row is None else scene.found.masks[row]
        mask = self._answer(session, options, marks, None, previous)
        self._keep(session, row, mask, marks)

    def box(self, session: Session, box: Box, row: int | None, options: Options) -> None:
        """Makes a character of what is in a box, or corrects one by it.

        Raises:
            OptionError: the box is empty.
            AnimesegError: Segment Anything cannot be loaded.
        """
        _, scene = session.shown()
        left, right = sorted((box[0], box[2]))
        top, bottom = sorted((box[1], box[3]))
        if right - left < _LEAST_BOX or bottom - top < _LEAST_BOX:
            raise OptionError("box", "it is empty", "click two corners, or draw with the mouse")
        row = row if row is not None and row < len(scene.found) else None
        mask = self._answer(session, options, (), (left, top, right, bottom), None)
        self._keep(session, row, mask, scene.marks[row] if row is not None else ())

    def remove(self, session: Session, row: int | None) -> None:
        """Takes a character away for good.

        Raises:
            OptionError: there is none of that number.
        """
        _, scene = session.shown()
        if row is None or not 0 <= row < len(scene.found):
            raise OptionError("remove", "no character is chosen", "choose one under Work on")
        session.change(scene.without(row))

    def cleaned(self, session: Session, options: Options) -> Instances:
        """Every character with holes filled and islands dropped; no network runs."""
        _, scene = session.shown()
        return clean(scene.found, options)

    def result(self, session: Session, found: Instances, options: Options) -> Segmentation:
        """What is cut out: the characters that are in, or what the target makes of them.

        Args:
            session: to work in.
            found: from `cleaned`.
            options: how edges are shaped, and the target.

        Raises:
            OptionError: the target cannot be read, or nothing here finds what it names.
            AnimesegError: the target needs a model that is missing.
        """
        picture, scene = session.shown()
        if options.target.strip() == DEFAULT_TARGET:
            instances = found[sorted(scene.chosen)]
        else:
            instances = self._aimed(session, picture, found, scene.chosen, options)
        session.result = Segmentation(
            size=picture.size,
            instances=instances,
            options=options,
            models=session.models,
            notes=session.notes,
            version=__version__,
            alpha=picture.alpha,
        )
        return session.result

    def _aimed(
        self,
        session: Session,
        picture: Picture,
        found: Instances,
        chosen: frozenset[int],
        options: Options,
    ) -> Instances:
        """What the target stands for; numbers are those shown, characters left out are empty."""
        expression = parse(options.target)
        masks = found.masks.copy()
        masks[[row for row in range(len(found)) if row not in chosen]] = False

        def search(asked: Options) -> Segmentation:
            return self._segment(session, picture, asked)

        kinds = {**session.kinds, DEFAULT_TARGET: found.with_masks(masks)}
        finder = PictureFinder(
            picture.size, search, lambda kind: kind_options(options, kind), kinds
        )
        for kind in expression.kinds:
            if kind not in kinds:
                session.kinds[kind] = finder.find(kind)
        aimed = evaluate(expression, finder)
        return aimed[np.flatnonzero(aimed.masks.any(axis=(1, 2)))] if len(aimed) else aimed

    def _answer(
        self,
        session: Session,
        options: Options,
        marks: tuple[Mark, ...],
        box: Box | None,
        previous: Mask | None,
    ) -> Mask:
        from animeseg.refine.click import click

        picture, _ = session.shown()
        points = np.array([(m.x, m.y) for m in marks], np.float32) if marks else None
        labels = np.array([m.inside for m in marks], np.int64) if marks else None
        corners = None if box is None else np.array(box, np.float32)

        def question(sam: SegmentAnything) -> Mask:
            return click(sam, picture.rgb, points, labels, corners, previous)

        with at_work():
            answer, notes = self._models().ask(options, question)
        mask: Mask = answer
        session.notes = tuple(dict.fromkeys((*session.notes, *notes)))
        if not mask.any():
            raise OptionError("click", "nothing was found there", "click its middle, or draw a box")
        return mask

    def _keep(self, session: Session, row: int | None, mask: Mask, marks: tuple[Mark, ...]) -> None:
        _, scene = session.shown()
        if row is None:
            session.change(scene.added(mask, marks))
        else:
            session.change(scene.with_mask(row, mask, marks))

    def _segment(self, session: Session, picture: Picture, options: Options) -> Segmentation:
        """Runs the networks; the masks stay as they are, to be shaped afterwards."""
        raw = options.replace(fill_holes=0.0, drop_islands=0.0)
        session.stop.clear()
        watch = Watch(should_stop=lambda: session.stop.is_set() or host.stopping())
        with at_work():
            return self._models().segment(picture, raw, watch=watch)


@contextmanager
def at_work() -> Iterator[None]:
    """One job at a time with the host's own."""
    with host.queue(), host.job("animeseg"):
        yield


def _without_idle_alpha(picture: Picture) -> Picture:
    """Browsers hand every picture over with alpha; one that is opaque everywhere says nothing."""
    if picture.alpha is None or int(picture.alpha.min()) < OPAQUE:
        return picture
    return Picture(picture.rgb, None, picture.format, picture.frames, picture.notes)
