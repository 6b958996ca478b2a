"""What the page that cuts out one picture does when something on it is used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from animeseg.errors import BadImageError, OptionError
from animeseg.webui import compat
from animeseg.webui.tab import corrections, previews, texts
from animeseg.webui.tab.downloads import make_file
from animeseg.webui.tab.drawing import Drawing, Form, say
from animeseg.webui.tab.layout import FINDING
from animeseg.webui.tab.session import Mark, Session

_FETCH = "(made) => window.animeseg && window.animeseg.download('animeseg_tab_files', made)"


class CutEvents(Drawing):
    """Joins a laid out page with its workbench.

    Args:
        page: the components.
        bench: works on the sessions.
        sessions: of everybody who has the page open.
    """

    def connect(self) -> None:
        """Gives every component its events."""
        self._connect_picture()
        self._connect_clicks()
        self._connect_choice()
        self._connect_shape()
        self._connect_files()

    def _connect_picture(self) -> None:
        page = self.page
        # The token is there before the networks start: stopping them needs it.
        started = page.stage.upload(
            self._start, [page.token], [page.token, page.message], **_PLAIN, queue=False
        )
        started.then(self.drawing(self._open), [*self.inputs, page.stage], self.outputs, **_BUSY)
        page.stage.clear(self.drawing(self._clear), self.inputs, self.outputs, **_PLAIN)
        page.stop.click(self._stop, [page.token], [page.message], **_PLAIN, queue=False)
        page.find.click(self.drawing(self._find), self.inputs, self.outputs, **_BUSY)
        page.undo.click(self.drawing(_undo), self.inputs, self.outputs, **_PLAIN)
        page.remove.click(self.drawing(self._remove), self.inputs, self.outputs, **_PLAIN)

    def _connect_clicks(self) -> None:
        import gradio as gr

        page = self.page
        click = self.drawing(self._click)

        def clicked(event: Any, *values: Any) -> list[Any]:
            return click(*values, compat.position(event))

        compat.typed(clicked, event=gr.SelectData)
        page.stage.select(clicked, [*self.inputs, page.tool], self.outputs, **_PLAIN)
        draw = self.drawing(self._drawn)
        page.drawn.input(draw, [*self.inputs, page.drawn], self.outputs, **_PLAIN)

    def _connect_choice(self) -> None:
        page = self.page
        choose = self.drawing(self._choose)
        page.chosen.input(choose, [*self.inputs, page.chosen], self.outputs, **_PLAIN)
        page.all.click(self.drawing(self._choose_all), self.inputs, self.outputs, **_PLAIN)
        page.none.click(self.drawing(self._choose), self.inputs, self.outputs, **_PLAIN)

    def _connect_shape(self) -> None:
        page = self.page
        redraw = self.drawing(_redraw, latest=True)
        for name, component in {**page.options, **page.output}.items():
            if name in FINDING:
                continue
            event = component.submit if name == "target" else component.change
            event(redraw, self.inputs, self.outputs, **_PLAIN, **compat.latest_only())
        for component in (page.view, page.behind):
            component.change(redraw, self.inputs, self.outputs, **_PLAIN)

    def _connect_files(self) -> None:
        page = self.page
        for kind in texts.DOWNLOADS:
            page.parts[f"download_{kind}"].click(
                self.making(kind), self.inputs, [page.files, page.message], **_PLAIN
            ).then(None, [page.files], [], **compat.js(_FETCH))
        page.correction.click(self.saving, self.inputs, [page.message], **_PLAIN)

    def saving(self, *values: Any) -> str:
        """Keeps the characters in the result as training data."""
        try:
            form = self.form(values)
            session = self.sessions.get(values[0])
            with session.lock:
                folder = corrections.save(session, self.bench, form.options)
        except Exception as error:
            return say(error)
        cure = "python -m animeseg.data convert makes a data set of this folder"
        return texts.message(f"saved in {folder}", cure, "good")

    def making(self, kind: str) -> Callable[..., tuple[Any, str]]:
        """A handler that makes a file to download."""
        import gradio as gr

        def handler(*values: Any) -> tuple[Any, str]:
            try:
                form = self.form(values)
                session = self.sessions.get(values[0])
                with session.lock:
                    path = make_file(kind, session, form.output, form.behind)
            except Exception as error:
                return gr.update(value=None), say(error)
            return gr.update(value=str(path)), texts.message(f"ready: {path.name}", kind="good")

        return handler

    def _start(self, token: str | None) -> tuple[str, str]:
        session = self.sessions.start(token)
        session.stop.clear()
        return session.token, texts.message("looking for characters \u2026")

    def _stop(self, token: str | None) -> str:
        self.sessions.start(token).stop.set()
        return texts.message("stopping; what is found so far is shown")

    def _open(self, session: Session, form: Form, image: Any) -> None:
        if image is None:
            raise BadImageError("the picture could not be read", "try another one")
        self.bench.open(session, image, form.options)

    def _clear(self, session: Session, _: Form) -> None:
        session.open(None)

    def _find(self, session: Session, form: Form) -> None:
        self.bench.find(session, form.options)

    def _remove(self, session: Session, form: Form) -> None:
        self.bench.remove(session, form.active)

    def _choose(self, session: Session, _: Form, chosen: Sequence[str] = ()) -> None:
        self.bench.choose(session, [int(number) - 1 for number in chosen if number.isdigit()])

    def _choose_all(self, session: Session, _: Form) -> None:
        scene = session.shown()[1]
        self.bench.choose(session, range(len(scene.found)))

    def _click(
        self, session: Session, form: Form, tool: str, at: tuple[int, int] | None
    ) -> str | None:
        picture, scene = session.shown()
        if at is None:
            return None
        x, y = _full_size(at, picture.size)
        kind = {label: key for key, label in texts.TOOLS.items()}.get(tool, "pick")
        if kind == "box":
            return self._corner(session, form, (x, y))
        if kind == "pick":
            nothing = "there is no character; a click that adds makes one"
            return None if self.bench.pick(session, x, y) else texts.message(nothing, kind="note")
        row = scene.near(x, y) if form.automatic else form.active
        self.bench.mark(session, Mark(x, y, kind == "include"), row, form.options)
        return None

    def _corner(self, session: Session, form: Form, at: tuple[int, int]) -> str | None:
        first, session.corner = session.corner, None
        if first is None:
            session.corner = at
            return texts.message("now click the opposite corner")
        self.bench.box(session, (*first, *at), form.active, form.options)
        return None

    def _drawn(self, session: Session, form: Form, drawn: str) -> None:
        """A box drawn with the mouse: four numbers in pixels of the stage, parted by commas."""
        picture, _ = session.shown()
        try:
            left, top, right, bottom = (int(float(part)) for part in drawn.split(",")[:4])
        except ValueError as error:
            raise OptionError("box", "it could not be read", "draw it again") from error
        corners = [_full_size(at, picture.size) for at in ((left, top), (right, bottom))]
        session.corner = None
        self.bench.box(session, (*corners[0], *corners[1]), form.active, form.options)


def _undo(session: Session, _: Form) -> str | None:
    return None if session.undo() else texts.message("there is nothing to undo")


def _redraw(_: Session, __: Form) -> None:
    """Draws what there is."""


def _full_size(at: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    """A pixel of the stage as one of the picture, inside it."""
    scale = previews.scale_of(size)
    x, y = int((at[0] + 0.5) / scale), int((at[1] + 0.5) / scale)
    return min(max(x, 0), size[1] - 1), min(max(y, 0), size[0] - 1)


_PLAIN: dict[str, Any] = {"show_progress": "hidden", **compat.hidden_event()}
_BUSY: dict[str, Any] = {"show_progress": "full", **compat.hidden_event()}
