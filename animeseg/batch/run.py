"""The pipeline over many pictures: read ahead, segment, write behind.

Pictures are read and decoded in threads ahead of the network and written in threads behind it, so
that the network does not wait for the disk. A fixed number of pictures is in memory at any time,
and rows are told in the order of the pictures.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from animeseg.batch.faults import tellable
from animeseg.batch.job import Job
from animeseg.batch.ledger import Origin
from animeseg.batch.naming import openable
from animeseg.batch.report import Row, Totals
from animeseg.batch.sources import Source
from animeseg.batch.stop import Stop
from animeseg.batch.writing import write_outputs
from animeseg.errors import (
    BadImageError,
    BadWeightsError,
    DiskFullError,
    DownloadError,
    ImageTooLargeError,
    MissingDependencyError,
    MissingWeightsError,
    OptionError,
    UnknownModelError,
)
from animeseg.images import Picture, read_image
from animeseg.limits import MAX_IMAGE_BYTES

if TYPE_CHECKING:
    from animeseg.instances import Segmentation

READ_AHEAD = 2
"""Pictures read and decoded before the network asks for them."""

WRITE_BEHIND = 2
"""Pictures whose files may still be being written while the network works on the next."""

_POLL_SECONDS = 0.2

_FATAL = (
    BadWeightsError,
    DiskFullError,
    DownloadError,
    MissingDependencyError,
    MissingWeightsError,
    OptionError,
    UnknownModelError,
)
"""Errors that the next picture would meet as well."""


@dataclass(frozen=True, eq=False)
class _Loaded:
    source: Source
    origin: Origin
    kinds: tuple[str, ...]
    picture: Picture


def run_batch(
    sources: Iterable[Source],
    segment: Callable[[Picture], Segmentation],
    job: Job,
    *,
    on_row: Callable[[Row, Totals], None],
    stop: Stop | None = None,
) -> Totals:
    """Works on all ``sources``.

    A picture that fails does not keep the others from being worked on. The run ends early when
    ``stop`` asks for it, or after an error that every further picture would meet (a full disk,
    missing weights); then files being written are finished, and no file is left in part.

    Args:
        sources: the pictures, taken one by one as they are needed.
        segment: usually a `Segmenter`.
        job: what to make and where.
        on_row: called in this thread for every picture, in the order of the pictures.
        stop: see `Stop`.

    Returns:
        The totals; what was not reached because the run ended early is not in them.
    """
    pipeline = _Pipeline(segment, job, on_row, stop or Stop())
    pipeline.run(iter(sources))
    return pipeline.totals


class _Pipeline:
    def __init__(
        self,
        segment: Callable[[Picture], Segmentation],
        job: Job,
        on_row: Callable[[Row, Totals], None],
        stop: Stop,
    ) -> None:
        self.totals = Totals()
        self._segment = segment
        self._job = job
        self._on_row = on_row
        self._stop = stop
        self._readers = ThreadPoolExecutor(READ_AHEAD, "animeseg-read")
        self._writers = ThreadPoolExecutor(WRITE_BEHIND, "animeseg-write")
        self._reading: deque[Future[_Loaded | Row]] = deque()
        self._writing: deque[Future[Row]] = deque()

    def run(self, sources: Iterator[Source]) -> None:
        try:
            while not self._ending():
                self._read_ahead(sources)
                if not self._reading:
                    break
                self._work(self._reading[0])
        except KeyboardInterrupt:  # the network was left in the middle of a picture
            self._stop.requests = max(1, self._stop.requests)
        finally:
            self._drain()
        if self._stop.requests and self.totals.stopped is None:
            self.totals.stopped = "interrupted"

    def _ending(self) -> bool:
        return bool(self._stop.requests) or self.totals.stopped is not None

    def _read_ahead(self, sources: Iterator[Source]) -> None:
        while len(self._reading) <= READ_AHEAD and (source := next(sources, None)) is not None:
            self._reading.append(self._readers.submit(self._load, source))

    def _work(self, reading: Future[_Loaded | Row]) -> None:
        """Takes the next picture from the readers through the network to the writers."""
        while not _settled(reading):
            if self._stop.requests:
                return
        self._reading.popleft()
        loaded = reading.result()
        if isinstance(loaded, _Loaded):
            started = time.perf_counter()
            result = self._segmented(loaded)
            seconds = time.perf_counter() - started
            if isinstance(result, Row):
                self._writing.append(_finished(result))
            else:
                self._writing.append(self._writers.submit(self._save, loaded, result, seconds))
        else:
            self._writing.append(_finished(loaded))
        while self._writing and (len(self._writing) > WRITE_BEHIND or self._writing[0].done()):
            self._tell()

    def _tell(self) -> None:
        """Waits for the oldest picture to be written and tells its row."""
        writing = self._writing.popleft()
        while not _settled(writing):
            if self._stop.requests > 1:  # what has not begun need not begin
                writing.cancel()
        with suppress(CancelledError):
            row = writing.result()
            self.totals.add(row)
            if isinstance(row.error, _FATAL) and self.totals.stopped is None:
                self.totals.stopped = row.error
            self._on_row(row, self.totals)

    def _drain(self) -> None:
        self._readers.shutdown(wait=True, cancel_futures=True)
        self._reading.clear()
        try:
            while self._writing:
                self._tell()
        finally:
            self._writers.shutdown(wait=True)

    def _load(self, source: Source) -> _Loaded | Row:
        try:
            if source.fault is not None:
                raise source.fault
            data = _read_bytes(source.path)
            origin = self._job.origin(source, hashlib.sha256(data).hexdigest())
            skipped = self._job.skipped(source, origin)
            if skipped is not None:
                return skipped
            kinds = self._job.kinds_to_make(origin)
            return _Loaded(source, origin, kinds, read_image(data))
        except Exception as error:
            return _failed(source, error)

    def _segmented(self, loaded: _Loaded) -> Segmentation | Row:
        try:
            with self._stop.leaving_at_once():
                return self._segment(loaded.picture)
        except Exception as error:
            return _failed(loaded.source, error)

    def _save(self, loaded: _Loaded, result: Segmentation, seconds: float) -> Row:
        source = loaded.source
        try:
            files = write_outputs(loaded.picture, result, self._job, loaded.origin, loaded.kinds)
        except Exception as error:
            return _failed(source, error)
        return Row(
            source.path, "done", len(result), result.size, seconds, tuple(files), result.notes
        )


def _settled(future: Future[_Loaded | Row] | Future[Row]) -> bool:
    """Waits a moment for ``future``: on Windows a wait without end is deaf to Ctrl-C."""
    with suppress(FutureTimeoutError, CancelledError):
        future.exception(timeout=_POLL_SECONDS)
    return future.done()


def _finished(row: Row) -> Future[Row]:
    future: Future[Row] = Future()
    future.set_result(row)
    return future


def _read_bytes(path: Path) -> bytes:
    """The whole file; a directory, a pipe or a file beyond the limit is refused unread."""
    where = openable(path)
    try:
        if not where.is_file():
            raise BadImageError("this is not a regular file", "give a picture file")
        if where.stat().st_size > MAX_IMAGE_BYTES:
            raise ImageTooLargeError(
                f"the file has more than {MAX_IMAGE_BYTES:,} bytes", "save it smaller first"
            )
        return where.read_bytes()
    except OSError as error:
        reason = error.strerror or error
        raise BadImageError(f"cannot read the file: {reason}", "check its permissions") from error


def _failed(source: Source, error: Exception) -> Row:
    """The row of a picture that failed; one picture's error never costs the others."""
    return Row(source.path, "failed", error=tellable(error))
