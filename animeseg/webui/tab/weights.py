"""The page of the models: which there are, under which licence, and whether they are here.

Nothing is fetched but by its button, and nothing at all where an offline flag is set.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING, Any

from animeseg.errors import AnimesegError, DownloadError
from animeseg.webui import compat, host
from animeseg.webui.models import environment
from animeseg.webui.tab import texts
from animeseg.webui.tab.drawing import say
from animeseg.webui.tab.layout import bar, button
from animeseg.webui.tab.running import connect
from animeseg.weights.catalog import Record, catalog
from animeseg.weights.manage import WeightStatus, fetch, list_weights, remove, verify

if TYPE_CHECKING:
    from animeseg.webui.tab.session import Session, Sessions

ID = "animeseg_models"
_PREFERRED = "mobile-sam"


class StoppedError(DownloadError):
    """The download was ended by its button; what is there is used when it goes on."""

    code = "stopped"


class WeightsPage:
    """Lays the page out in the current gradio context and connects it.

    Args:
        sessions: of everybody who has the page open.
    """

    def __init__(self, sessions: Sessions) -> None:
        import gradio as gr

        self.sessions = sessions
        self.part: dict[str, Any] = {"token": gr.State(None)}
        part = self.part
        part["message"] = gr.HTML(texts.message(texts.WEIGHTS_WELCOME), elem_id=f"{ID}_message")
        with bar():
            names = list(catalog())
            value = _PREFERRED if _PREFERRED in names else names[0]
            part["name"] = gr.Dropdown(
                names, value=value, label=texts.MODEL, elem_id=f"{ID}_name", min_width=220
            )
            for key, label in texts.WEIGHT_BUTTONS.items():
                variant = {"fetch": "primary", "stop": "stop"}.get(key, "secondary")
                part[key] = button(label, f"{ID}_{key}", variant)
        part["accept"] = gr.Checkbox(False, label=texts.ACCEPT, elem_id=f"{ID}_accept")
        part["table"] = gr.HTML(table(_statuses()), elem_id=f"{ID}_table")
        self._connect()

    def _connect(self) -> None:
        part = self.part
        outputs = [part["message"], part["table"]]
        quiet = {"show_progress": "hidden", **compat.hidden_event()}
        named = [part["token"], part["name"], part["accept"]]
        connect(part, "fetch", named, outputs, begin=self._begin, run=self._fetch, stop=self._stop)
        part["verify"].click(self._verify, [part["name"]], outputs, **quiet)
        part["remove"].click(self._remove, [part["name"]], outputs, **quiet)
        part["look"].click(self._look, [], outputs, **quiet)

    def _begin(self, token: str | None) -> tuple[str, str]:
        session = self.sessions.start(token)
        session.stop.clear()
        return session.token, texts.message("connecting \u2026")

    def _stop(self, token: str | None) -> str:
        self.sessions.start(token).stop.set()
        return texts.message("stopping; a later download goes on from here")

    def _fetch(self, token: str | None, name: str, accept: bool) -> Iterator[tuple[Any, Any]]:
        import gradio as gr

        try:
            session = self.sessions.get(token)
            record = _record(name)
            for done, total in _fetching(record, session, accept):
                yield _bar(record, done, total), gr.update()
        except Exception as error:
            yield say(error), table(_statuses())
            return
        yield texts.message(f"{name} is here", kind="good"), table(_statuses())

    def _verify(self, name: str) -> tuple[str, str]:
        try:
            checked = verify(name, model_dirs=host.model_dirs(), environment=environment())
        except Exception as error:
            return say(error), table(_statuses())
        if not checked:
            return texts.message(f"{name} is not here", "download it", "note"), table(_statuses())
        wrong = [one for one in checked if one.matches is False]
        if wrong:
            said = texts.message(
                f"{wrong[0].path.name} is not what its name says",
                "remove it and download it again",
                "error",
            )
        elif any(one.matches is None for one in checked):
            said = texts.message(f"no hash of {name} is known to compare with", kind="note")
        else:
            said = texts.message(f"{name} is what the catalog says", kind="good")
        return said, table(_statuses())

    def _remove(self, name: str) -> tuple[str, str]:
        try:
            removed = remove(name, environment=environment())
        except Exception as error:
            return say(error), table(_statuses())
        if removed:
            return texts.message(f"{name} was removed", kind="good"), table(_statuses())
        nothing = "animeseg has fetched no such file; files of others are left alone"
        return texts.message(nothing, kind="note"), table(_statuses())

    def _look(self) -> tuple[str, str]:
        return texts.message(texts.WEIGHTS_WELCOME), table(_statuses())


def _fetching(record: Record, session: Session, accept: bool) -> Iterator[tuple[int, int]]:
    """Fetches a model in a thread of its own and gives the bytes that are there, and in all."""
    told: queue.Queue[tuple[int, int] | BaseException | None] = queue.Queue()

    def progress(done: int, total: int) -> None:
        if session.stop.is_set():
            raise StoppedError(f"{record.name} was stopped", "press Download to go on")
        told.put((done, total))

    def work() -> None:
        try:
            fetch(
                record.name,
                progress=progress,
                model_dirs=host.model_dirs(),
                environment=environment(),
                accept_unknown=accept,
            )
            told.put(None)
        except Exception as error:  # told to the page, by the thread that asked
            told.put(error)

    threading.Thread(target=work, name="animeseg-fetch", daemon=True).start()
    try:
        while (news := told.get()) is not None:
            if isinstance(news, BaseException):
                raise news
            while not told.empty() and isinstance(told.queue[0], tuple):
                news = told.get()  # the page is slower than the network: only the latest counts
            yield news  # type: ignore[misc]
    finally:
        session.stop.set()


def _statuses() -> list[WeightStatus]:
    return list_weights(host.model_dirs(), environment())


def _record(name: str) -> Record:
    record = catalog().get(name)
    if record is None:
        raise AnimesegError(f"there is no model called {name!r}", "choose one of the list")
    return record


def _bar(record: Record, done: int, total: int) -> str:
    share = 100 * done / total if total else 0
    said = f"{record.name}: {done / 1e6:,.1f} of {total / 1e6:,.1f} MB"
    return (
        texts.message(said)
        + f'<div class="animeseg_bar_of"><div style="width:{share:.1f}%"></div></div>'
    )


def table(statuses: list[WeightStatus]) -> str:
    """The catalog as an HTML table: name, kind, licence, size, state."""
    heads = "".join(f"<th>{escape(head)}</th>" for head in texts.WEIGHT_HEADS)
    rows = "".join(map(_row, statuses))
    return (
        '<div class="animeseg_scroll"><table class="animeseg_table">'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(status: WeightStatus) -> str:
    record = status.record
    state = texts.STATES[status.state]
    if status.source == "bundled":
        state = texts.BUNDLED
    title = escape(record.title)
    note = f'<div class="animeseg_small">{escape(record.note)}</div>' if record.note else ""
    return (
        f'<tr class="{escape(status.state)}"><td><b>{escape(record.name)}</b></td>'
        f"<td>{title}{note}</td><td>{escape(texts.KIND_NAMES.get(record.kind, record.kind))}</td>"
        f"<td>{escape(record.licence)}</td><td>{escape(record.size_text)}</td>"
        f"<td><span>{escape(state)}</span></td></tr>"
    )
