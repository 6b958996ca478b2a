"""The way from file to file: frames in, characters found and followed, frames out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from animeseg.errors import InterruptedJobError, OptionError, OutputError
from animeseg.export import make_record
from animeseg.files import whole_path
from animeseg.options import OutputOptions, VideoOptions
from animeseg.video.drawing import draw, is_transparent
from animeseg.video.formats import VideoFormat, format_of
from animeseg.video.frames import Frame, Sound
from animeseg.video.reading import open_video
from animeseg.video.steady import Steadier
from animeseg.video.tracking import Tracker
from animeseg.video.writing import new_video
from animeseg.watch import Watch

if TYPE_CHECKING:
    from typing import TextIO

    from numpy.typing import NDArray

    from animeseg.images import Picture
    from animeseg.instances import Note, Segmentation
    from animeseg.video.frames import Clip
    from animeseg.video.steady import Found
    from animeseg.video.writing import Writer

    Segment = Callable[[Picture], Segmentation]


@dataclass(frozen=True)
class Conversion:
    """What became of a video.

    Attributes:
        path: the file, or directory, that was written.
        frames: how many frames it has.
        identities: the characters that were followed, by number, with the frames each is in.
        notes: what was not done as asked, each kind once, with how often.
    """

    path: Path
    frames: int
    identities: dict[int, int]
    notes: tuple[tuple[Note, int], ...] = ()


def convert(
    source: Path,
    target: Path,
    segment: Segment,
    *,
    video: VideoOptions | None = None,
    output: OutputOptions | None = None,
    behind: NDArray[np.uint8] | None = None,
    format_name: str | None = None,
    record: Path | None = None,
    overwrite: bool = False,
    watch: Watch | None = None,
) -> Conversion:
    """Writes a video of the characters of a video.

    Args:
        source: a video, or an animated GIF, WebP or PNG.
        target: what is written; it gets its name when it is whole.
        segment: finds the characters of a frame, for example a `Segmenter`.
        video: what is made, and how frames hang together.
        output: what stands behind the characters.
        behind: (h, w, 3) uint8 RGB, for the background ``picture``.
        format_name: one of `FORMATS`; default: what the ending of ``target`` means.
        record: where to write a line of JSON for each frame, too.
        overwrite: replace ``target`` and ``record`` if they are files.
        watch: told the frames done and in all (0 if unknown), and asked whether to stop.

    Raises:
        BadVideoError: ``source`` cannot be read.
        OptionError: the format cannot hold what is asked for, or the background has no picture.
        OutputExistsError, OutputError, DiskFullError: ``target`` cannot be written.
        MissingDependencyError: PyAV is needed and is not installed.
        InterruptedJobError: ``watch`` said stop; nothing was left.
    """
    video, output, watch = video or VideoOptions(), output or OutputOptions(), watch or Watch()
    form = format_of(target, format_name)
    transparent = is_transparent(output, video)
    _check(form, transparent, source, target, output, behind)
    with ExitStack() as stack:
        reader = stack.enter_context(open_video(source))
        writer = stack.enter_context(
            new_video(
                target,
                form,
                reader,
                transparent=transparent,
                quality=video.quality,
                audio=video.audio,
                overwrite=overwrite,
            )
        )
        lines = stack.enter_context(_record_file(record, overwrite)) if record else None
        work = _Work(segment, video, output, behind, writer, reader.clip, watch, lines)
        for event in reader:
            work.take(event)
        work.end()
        notes = work.notes | {note.code: (note, 1) for note in (*reader.clip.notes, *writer.notes)}
    return Conversion(target, work.written, work.identities, tuple(notes.values()))


class _Work:
    """One conversion: what is held while frames pass through."""

    def __init__(
        self,
        segment: Segment,
        video: VideoOptions,
        output: OutputOptions,
        behind: NDArray[np.uint8] | None,
        writer: Writer,
        clip: Clip,
        watch: Watch,
        lines: TextIO | None,
    ) -> None:
        self._segment, self._video, self._output, self._behind = segment, video, output, behind
        self._writer, self._clip, self._watch, self._lines = writer, clip, watch, lines
        self._tracker = Tracker(video.remember)
        self._steadier = Steadier(video.smooth, video.bridge)
        self.written = 0
        self.identities: dict[int, int] = {}
        self.notes: dict[str, tuple[Note, int]] = {}

    def take(self, event: Frame | Sound) -> None:
        """Works on the next frame or piece of sound."""
        if self._watch.stops():
            raise InterruptedJobError("the work was interrupted", "start it again")
        if isinstance(event, Sound):
            self._writer.sound(event)
            return
        self._write(self._steadier.push(event, self._followed(event)))

    def end(self) -> None:
        """Writes the frames that are still held."""
        self._write(self._steadier.flush())

    def _followed(self, frame: Frame) -> Segmentation:
        result = self._segment(frame.picture)
        for note in result.notes:
            _, count = self.notes.get(note.code, (note, 0))
            self.notes[note.code] = note, count + 1
        known = self._tracker.identify(frame.number, frame.picture.rgb, result.instances)
        ids = [] if known.ids is None else known.ids.tolist()
        rows = [row for row, identity in enumerate(ids) if self._video.keeps(identity)]
        return replace(result, instances=known[rows])

    def _write(self, found: Iterator[Found]) -> None:
        for one in found:
            drawn = draw(one, self._output, self._video, self._behind)
            self._writer.frame(one.frame, drawn)
            self._tell(one)

    def _tell(self, found: Found) -> None:
        self.written += 1
        ids = found.result.instances.ids
        for identity in () if ids is None else ids.tolist():
            self.identities[identity] = self.identities.get(identity, 0) + 1
        if self._lines is not None:
            self._lines.write(json.dumps(self._line(found)) + "\n")
        self._watch.tell(self.written, self._clip.frames or 0)

    def _line(self, found: Found) -> dict[str, Any]:
        record = make_record(found.result, found.frame.picture.rgb, "")
        seconds = float(found.frame.time * self._clip.time_base)
        return {
            "frame": found.frame.number,
            "seconds": round(seconds, 6),
            "instances": record["instances"],
        }


@contextmanager
def _record_file(path: Path, overwrite: bool) -> Iterator[TextIO]:
    with (
        whole_path(path, overwrite=overwrite) as partial,
        partial.open("w", encoding="utf-8") as lines,
    ):
        yield lines


def _check(
    form: VideoFormat,
    transparent: bool,
    source: Path,
    target: Path,
    output: OutputOptions,
    behind: NDArray[np.uint8] | None,
) -> None:
    """Refuses what would fail at the first frame, or destroy the source."""
    if transparent and not form.transparent:
        raise OptionError(
            "background",
            f"{form.name} holds no transparency",
            "choose a background (colour, blur, picture), or write webm, prores, apng, webp or png",
        )
    if output.background == "picture" and behind is None:
        raise OptionError("background_picture", "no picture is given", "name one")
    if target.exists() and source.exists() and target.samefile(source):
        raise OutputError(f"{target} is the video itself", "choose another name")
