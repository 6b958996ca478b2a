"""From an event on the page to its form, and from a session to everything the page shows of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from animeseg.errors import AnimesegError
from animeseg.options import Options, OutputOptions
from animeseg.webui.guard import tell
from animeseg.webui.reading import read_values
from animeseg.webui.tab import previews, texts
from animeseg.webui.tab.layout import Cut
from animeseg.webui.tab.session import Session, Sessions
from animeseg.webui.tab.workbench import Workbench

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHOWN = ("message", "stage", "result", "chosen", "active", "gallery")
"""What a change of the picture draws anew."""

Action = Callable[..., str | None]


@dataclass(frozen=True, eq=False)
class Form:
    """The values of the page's controls when an event fired."""

    options: Options
    output: OutputOptions
    view: str
    active: int | None
    automatic: bool
    behind: NDArray[np.uint8] | None


class Drawing:
    """A laid out page, and how it is drawn.

    Args:
        page: the components.
        bench: works on the sessions.
        sessions: of everybody who has the page open.
    """

    def __init__(self, page: Cut, bench: Workbench, sessions: Sessions) -> None:
        self.page = page
        self.bench = bench
        self.sessions = sessions
        fixed = [page.token, page.view, page.active, page.behind]
        self.inputs = [*fixed, *page.options.values(), *page.output.values()]
        self.outputs = [page.parts[name] for name in SHOWN]

    def form(self, values: Sequence[Any]) -> Form:
        """The values of `inputs`, read."""
        _, view, active, behind, *rest = values
        names = list(self.page.options)
        options = read_values(Options, names, rest)
        output = read_values(OutputOptions, list(self.page.output), rest[len(names) :])
        views = {label: key for key, label in texts.VIEWS.items()}
        number = int(active) - 1 if str(active).isdigit() else None
        automatic = active == texts.AUTOMATIC
        picture = None if behind is None else np.asarray(behind.convert("RGB"))
        return Form(options, output, views.get(view, "cutout"), number, automatic, picture)

    def drawing(self, action: Action, *, latest: bool = False) -> Callable[..., list[Any]]:
        """A handler that does ``action`` and draws the page anew.

        Args:
            action: given the session, the form, and the values of further inputs; what it answers
                is said in place of the usual message.
            latest: nothing is done when another event has come in the meantime.
        """

        def handler(*values: Any) -> list[Any]:
            count = len(self.inputs)
            try:
                form = self.form(values[:count])
                session = self.sessions.get(values[0])
                session.tickets += 1
                ticket = session.tickets
                with session.lock:
                    if latest and ticket != session.tickets:
                        return self.unchanged()
                    return self._done(action, session, form, values[count:], latest)
            except Exception as error:
                return self.unchanged(say(error))

        return handler

    def unchanged(self, said: str | None = None) -> list[Any]:
        """Leaves the page as it is, but for the message."""
        import gradio as gr

        return [gr.update() if said is None else said, *[gr.update() for _ in SHOWN[1:]]]

    def _done(
        self, action: Action, session: Session, form: Form, more: Sequence[Any], light: bool
    ) -> list[Any]:
        said = None
        try:
            said = action(session, form, *more)
        except AnimesegError as error:
            said = say(error)
        if session.picture is None or session.scene is None:
            return self._blank(said)
        return self._draw(session, form, said, light)

    def _draw(self, session: Session, form: Form, said: str | None, light: bool) -> list[Any]:
        import gradio as gr

        picture, scene = session.shown()
        found = self.bench.cleaned(session, form.options)
        stage = previews.to_file(previews.stage(picture, found, scene, session.corner), session)
        shown: Any = gr.update()
        try:
            result = self.bench.result(session, found, form.options)
            pixels = previews.result(picture, result, form.view, form.output, form.behind)
            shown = previews.to_file(pixels, session)
        except AnimesegError as error:
            said = say(error)
        numbers = [str(number + 1) for number in range(len(found))]
        workable = [texts.AUTOMATIC, texts.NEW_CHARACTER, *numbers]
        active = str(form.active + 1) if form.active is not None else ""
        return [
            said or texts.found(len(found), len(scene.chosen), session.notes),
            stage,
            shown,
            gr.update(choices=numbers, value=[numbers[row] for row in sorted(scene.chosen)]),
            gr.update(choices=workable, **_vanished(active, workable)),
            gr.update() if light else _captioned(previews.thumbnails(picture, found), found.scores),
        ]

    def _blank(self, said: str | None) -> list[Any]:
        import gradio as gr

        return [
            said or texts.message(texts.WELCOME),
            None,
            None,
            gr.update(choices=[], value=[]),
            gr.update(choices=[texts.AUTOMATIC, texts.NEW_CHARACTER], value=texts.AUTOMATIC),
            [],
        ]


def say(error: Exception) -> str:
    """What the page says about an error; one that nobody foresaw is logged with its traceback."""
    if isinstance(error, AnimesegError):
        return texts.told(error)
    tell(error, "the animeseg tab")
    return texts.unforeseen()


def _vanished(active: str, workable: Sequence[str]) -> dict[str, str]:
    """What to choose in place of a number that is gone."""
    return {"value": texts.AUTOMATIC} if active and active not in workable else {}


def _captioned(pictures: Sequence[Any], scores: Iterable[float]) -> list[tuple[Any, str]]:
    return [
        (picture, f"{number} \u00b7 {score:.2f}")
        for number, (picture, score) in enumerate(zip(pictures, scores, strict=True), 1)
    ]
