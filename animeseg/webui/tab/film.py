"""The page for videos: one in, one out, with progress; see `animeseg.video`."""

from __future__ import annotations

import queue
import shutil
import threading
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animeseg.batch.stop import Stop
from animeseg.errors import BadVideoError, InterruptedJobError, OptionError
from animeseg.images import ImageLimits, read_image
from animeseg.options import Options, OutputOptions, VideoOptions
from animeseg.video.formats import FORMATS
from animeseg.watch import Watch
from animeseg.webui import compat, host
from animeseg.webui.controls import controls
from animeseg.webui.reading import read_values
from animeseg.webui.tab import texts
from animeseg.webui.tab.drawing import say
from animeseg.webui.tab.layout import bar, button
from animeseg.webui.tab.running import connect, only_run, stop_run
from animeseg.webui.tab.workbench import at_work

if TYPE_CHECKING:
    from animeseg.images import Picture
    from animeseg.instances import Segmentation
    from animeseg.video.conversion import Conversion
    from animeseg.webui.tab.session import Session, Sessions
    from animeseg.webui.tab.workbench import Models

ID = "animeseg_video"
KNOBS = ("model", "refine", "confidence", "cutout_grow", "cutout_feather", "target")
VIDEO_KNOBS = ("content", "smooth", "bridge", "quality", "audio", "identities", "remember")
BACKGROUND_KNOBS = ("background", "background_colour", "background_blur")
FIELDS = ("upload", "behind", "format")
FORMAT_NAMES = tuple(name for name, form in FORMATS.items() if form.container)


class VideoPage:
    """Lays the page out in the current gradio context and connects it.

    Args:
        models: gives what runs the networks.
        sessions: of everybody who has the page open.
    """

    def __init__(self, models: Callable[[], Models], sessions: Sessions) -> None:
        import gradio as gr

        self.models = models
        self.sessions = sessions
        self.part: dict[str, Any] = {"token": gr.State(None)}
        part = self.part
        part["message"] = gr.HTML(welcome(), elem_id=f"{ID}_message")
        with gr.Row():
            with gr.Column(scale=1, min_width=360):
                part["upload"] = compat.files(
                    texts.VIDEO, f"{ID}_upload", interactive=True, height=160
                )
                part["format"] = gr.Dropdown(
                    list(FORMAT_NAMES), value="webm", label=texts.FORMAT, elem_id=f"{ID}_format"
                )
                with bar():
                    part["start"] = button(texts.START, f"{ID}_start", "primary")
                    part["stop"] = button(texts.STOP, f"{ID}_stop", "stop")
                self.video = controls(VideoOptions, ID, VIDEO_KNOBS)
            with gr.Column(scale=1, min_width=360):
                part["progress"] = gr.HTML("", elem_id=f"{ID}_progress")
                part["result"] = compat.files(texts.RESULTS, f"{ID}_result", interactive=False)
                with gr.Accordion(texts.BACKGROUND, open=False, elem_id=f"{ID}_behind_what"):
                    self.output = controls(OutputOptions, ID, BACKGROUND_KNOBS)
                    part["behind"] = compat.files(
                        texts.BEHIND, f"{ID}_behind", interactive=True, height=120
                    )
                with gr.Accordion(texts.FINDING, open=False, elem_id=f"{ID}_finding"):
                    self.options = controls(Options, ID, KNOBS)
        self._connect()

    def _connect(self) -> None:
        part = self.part
        chosen = [*self.video.values(), *self.output.values(), *self.options.values()]
        inputs = [part["token"], *(part[name] for name in FIELDS), *chosen]
        outputs = [part["message"], part["progress"], part["result"]]
        connect(part, "start", inputs, outputs, begin=self._begin, run=self._run, stop=self._stop)

    def _begin(self, token: str | None) -> tuple[str, str]:
        return self.sessions.start(token).token, texts.message("opening the video \u2026")

    def _stop(self, token: str | None) -> str:
        return stop_run(self.sessions, token, "stopping; nothing of the unfinished video is kept")

    def _run(self, *values: Any) -> Iterator[tuple[Any, Any, Any]]:
        import gradio as gr

        try:
            with only_run(self.sessions, values[0]) as (session, stop):
                for news in converted(self._wanted(session, values[1:]), stop):
                    if isinstance(news, tuple):
                        yield texts.message(_counted(*news)), progress_bar(*news), gr.update()
                    else:
                        yield _said(news), progress_bar(1, 1), gr.update(value=str(news.path))
        except InterruptedJobError:
            yield texts.message("stopped; nothing was kept", kind="note"), "", gr.update()
        except Exception as error:
            yield say(error), "", gr.update()

    def _wanted(self, session: Session, values: tuple[Any, ...]) -> Callable[[Watch], Conversion]:
        """The conversion that the page asks for, ready to be started."""
        fields = dict(zip(FIELDS, values, strict=False))
        rest = list(values[len(FIELDS) :])
        sets: list[Any] = []
        for kind, parts in (
            (VideoOptions, self.video),
            (OutputOptions, self.output),
            (Options, self.options),
        ):
            sets.append(read_values(kind, list(parts), rest[: len(parts)]))
            del rest[: len(parts)]
        video, output, options = sets
        uploads = compat.paths(fields["upload"])
        if not uploads:
            raise BadVideoError("there is no video yet", "drop one")
        behind = [read_image(path, accept=ImageLimits(min_side=1)).rgb
                  for path in compat.paths(fields["behind"])]  # fmt: skip
        target = _target(session.folder / "video", uploads[0], str(fields["format"]))

        def start(watch: Watch) -> Conversion:
            from animeseg.video.conversion import convert

            return convert(
                uploads[0],
                target,
                self._segment(options, watch),
                video=video,
                output=output,
                behind=behind[0] if behind else None,
                format_name=str(fields["format"]),
                watch=watch,
            )

        return start

    def _segment(self, options: Options, watch: Watch) -> Callable[[Picture], Segmentation]:
        models = self.models()

        def segment(picture: Picture) -> Segmentation:
            with at_work():
                return models.segment(picture, options, watch=Watch(watch.should_stop))

        return segment


def converted(
    start: Callable[[Watch], Conversion], stop: Stop
) -> Iterator[tuple[int, int] | Conversion]:
    """Runs a conversion in a thread of its own; gives frames done and in all, and what came of it.

    Leaving the loop early ends it.

    Raises:
        AnimesegError: whatever ended it.
    """
    told: queue.Queue[tuple[int, int] | Conversion | Exception] = queue.Queue()
    watch = Watch(
        should_stop=lambda: bool(stop.requests) or host.stopping(),
        progress=lambda done, total: told.put((done, total)),
    )

    def work() -> None:
        try:
            told.put(start(watch))
        except Exception as error:  # told to the page, by the thread that asked
            told.put(error)

    worker = threading.Thread(target=work, name="animeseg-video", daemon=True)
    worker.start()
    try:
        while True:
            news = told.get()
            if isinstance(news, Exception):
                raise news
            yield news
            if not isinstance(news, tuple):
                return
    finally:
        stop.request()
        worker.join()


def welcome() -> str:
    """What the page says at first: what it does, or what it lacks."""
    if find_spec("av") is None:
        return texts.message(texts.VIDEO_WELCOME, "it needs PyAV: pip install av", "note")
    return texts.message(texts.VIDEO_WELCOME)


def progress_bar(done: int, total: int) -> str:
    """A bar, as HTML; empty where nobody knows how many frames there are."""
    share = min(100.0, 100 * done / total) if total else 0.0
    return f'<div class="animeseg_bar_of"><div style="width:{share:.1f}%"></div></div>'


def _target(folder: Path, upload: Path, name: str) -> Path:
    """Where the result goes: into a folder of the visitor's, which is emptied first."""
    if name not in FORMAT_NAMES:
        raise OptionError("format", f"got {name[:40]!r}", "choose one of the list")
    shutil.rmtree(folder, ignore_errors=True)
    return folder / f"{upload.stem[:80]}{FORMATS[name].suffixes[0]}"


def _counted(done: int, total: int) -> str:
    return f"{done} of {total} frames" if total >= done else f"{done} frames"


def _said(done: Conversion) -> str:
    count = len(done.identities)
    followed = "1 character" if count == 1 else f"{count} characters"
    said = texts.message(f"{done.frames} frames, {followed} followed", kind="good")
    return said + "".join(texts.message(note.message, note.cure, "note") for note, _ in done.notes)
