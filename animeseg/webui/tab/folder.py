"""The page for many pictures: a folder or uploads in, results and a report out, with progress.

Originals are never written to, and no file is replaced that was not made by an earlier run from
the same picture; see `animeseg.batch.job`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animeseg.batch.naming import DEFAULT_OUTPUTS, OUTPUTS
from animeseg.errors import BadImageError
from animeseg.options import Options
from animeseg.webui import compat
from animeseg.webui.controls import controls
from animeseg.webui.reading import read_values
from animeseg.webui.tab import texts
from animeseg.webui.tab.batch import Plan, Progress, gather, pack, run
from animeseg.webui.tab.drawing import say
from animeseg.webui.tab.layout import bar, button
from animeseg.webui.tab.running import connect, only_run, stop_run

if TYPE_CHECKING:
    from animeseg.batch.report import Row
    from animeseg.webui.tab.session import Session, Sessions
    from animeseg.webui.tab.workbench import Models

ID = "animeseg_folder"
KNOBS = ("model", "refine", "confidence", "cutout_grow", "cutout_feather", "mask_grow", "target")
FIELDS = ("uploads", "source", "out", "deep", "resume", "kinds")
DEFAULT_OUT = "animeseg-out"


class FolderPage:
    """Lays the page out in the current gradio context and connects it.

    Args:
        models: gives what runs the networks.
        sessions: of everybody who has the page open.
        with_folders: whether folders of this machine may be named; else uploads only.
    """

    def __init__(
        self, models: Callable[[], Models], sessions: Sessions, *, with_folders: bool
    ) -> None:
        import gradio as gr

        self.models = models
        self.sessions = sessions
        self.with_folders = with_folders
        self.part: dict[str, Any] = {"token": gr.State(None)}
        welcome = texts.FOLDER_WELCOME if with_folders else texts.UPLOAD_WELCOME
        self.part["message"] = gr.HTML(texts.message(welcome), elem_id=f"{ID}_message")
        with gr.Row():
            with gr.Column(scale=1, min_width=360):
                self._lay_out_sources()
            with gr.Column(scale=1, min_width=360):
                self.part["report"] = gr.HTML("", elem_id=f"{ID}_report")
                self.part["results"] = compat.files(
                    texts.RESULTS, f"{ID}_results", many=True, interactive=False
                )
                with gr.Accordion(texts.FINDING, open=False, elem_id=f"{ID}_finding"):
                    self.options = controls(Options, ID, KNOBS)
        self._connect()

    def _lay_out_sources(self) -> None:
        import gradio as gr

        part = self.part
        part["uploads"] = compat.files(
            texts.PICTURES, f"{ID}_uploads", many=True, interactive=True, height=160
        )
        with gr.Group(visible=self.with_folders):
            part["source"] = gr.Textbox(label=texts.FOLDER_IN, elem_id=f"{ID}_source")
            part["out"] = gr.Textbox(label=texts.FOLDER_OUT, elem_id=f"{ID}_out")
            part["deep"] = gr.Checkbox(True, label=texts.RECURSIVE, elem_id=f"{ID}_deep")
            part["resume"] = gr.Checkbox(True, label=texts.GO_ON, elem_id=f"{ID}_resume")
        part["kinds"] = gr.CheckboxGroup(
            list(OUTPUTS), value=list(DEFAULT_OUTPUTS), label=texts.KINDS, elem_id=f"{ID}_kinds"
        )
        with bar():
            part["start"] = button(texts.START, f"{ID}_start", "primary")
            part["stop"] = button(texts.STOP, f"{ID}_stop", "stop")

    def _connect(self) -> None:
        part = self.part
        inputs = [part["token"], *(part[name] for name in FIELDS), *self.options.values()]
        outputs = [part["message"], part["report"], part["results"]]
        connect(part, "start", inputs, outputs, begin=self._begin, run=self._run, stop=self._stop)

    def _begin(self, token: str | None) -> tuple[str, str]:
        return self.sessions.start(token).token, texts.message("looking for pictures \u2026")

    def _stop(self, token: str | None) -> str:
        return stop_run(self.sessions, token, "stopping; what is being written is finished")

    def _run(self, *values: Any) -> Iterator[tuple[Any, Any, Any]]:
        import gradio as gr

        try:
            with only_run(self.sessions, values[0]) as (session, stop):
                plan, is_upload = self._plan(session, values[1:])
                for progress in run(plan, self.models(), stop):
                    yield _said(progress), table(progress), gr.update()
                given = [progress.report] if progress.report else []
                if is_upload:
                    given = [pack(plan.out)]
                files = [str(path) for path in given]
                yield _said(progress), table(progress), gr.update(value=files or None)
        except Exception as error:
            yield say(error), gr.update(), gr.update()

    def _plan(self, session: Session, values: tuple[Any, ...]) -> tuple[Plan, bool]:
        """What the page asks for, and whether it is about uploads."""
        fields = dict(zip(FIELDS, values, strict=False))
        options = read_values(Options, list(self.options), values[len(FIELDS) :])
        kinds = tuple(kind for kind in OUTPUTS if kind in (fields["kinds"] or ()))
        source = str(fields["source"] or "").strip().strip('"') if self.with_folders else ""
        uploads = compat.paths(fields["uploads"])
        if source:
            if not Path(source).is_dir():
                raise BadImageError(f"there is no folder {source}", "check the name")
            out = str(fields["out"] or "").strip().strip('"')
            target = Path(out) if out else Path(source) / DEFAULT_OUT
            deep, resume = bool(fields["deep"]), bool(fields["resume"])
            return Plan((source,), target, kinds, options, deep, resume), False
        if not uploads:
            cure = "drop some, or name a folder" if self.with_folders else "drop some"
            raise BadImageError("there are no pictures yet", cure)
        results = session.folder / "results"
        shutil.rmtree(results, ignore_errors=True)
        pictures = tuple(map(str, gather(uploads, session.folder)))
        return Plan(pictures, results, kinds, options, resume=False), True


def table(progress: Progress) -> str:
    """A bar and the latest pictures, as HTML."""
    share = 100 * progress.done / progress.pictures if progress.pictures else 100
    rows = "".join(map(_row, reversed(progress.rows)))
    heads = "".join(f"<th>{escape(head)}</th>" for head in texts.REPORT_HEADS)
    bar = f'<div class="animeseg_bar_of"><div style="width:{share:.1f}%"></div></div>'
    return (
        f'{bar}<div class="animeseg_scroll"><table class="animeseg_table"><thead><tr>{heads}</tr>'
        f"</thead><tbody>{rows}</tbody></table></div>"
    )


def _row(row: Row) -> str:
    remark = str(row.error) if row.error else "; ".join(note.message for note in row.notes)
    cells = (
        row.source.name,
        row.status,
        "" if row.characters is None else str(row.characters),
        f"{row.seconds:.1f} s" if row.seconds else "",
        remark,
    )
    inner = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f'<tr class="{escape(row.status)}">{inner}</tr>'


def _said(progress: Progress) -> str:
    totals = progress.totals
    failed, skipped = totals.pictures["failed"], totals.pictures["skipped"]
    parts = [f"{progress.done} of {progress.pictures} pictures"]
    parts += [f"{totals.characters} characters"]
    parts += [f"{skipped} done before"] if skipped else []
    parts += [f"{failed} failed"] if failed else []
    cure = ""
    if progress.report is not None and totals.stopped is not None:
        interrupted = totals.stopped == "interrupted"
        parts.append("stopped" if interrupted else str(totals.stopped))
        cure = "start again to go on" if interrupted else ""
    elif progress.report is not None and not progress.pictures:
        return texts.message("there are no pictures in this folder", kind="note")
    kind = "info" if progress.report is None else "note" if failed or totals.stopped else "good"
    return texts.message(", ".join(parts), cure, kind)
