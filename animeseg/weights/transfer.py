"""One transfer from the Hub into an unfinished file: lock, attempts, checks, words for failures.

Opens no connection itself; the caller hands in how to get an answer.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from animeseg.__about__ import __version__
from animeseg.errors import DownloadError, OutputError
from animeseg.limits import HUB_TIMEOUT_SECONDS, Environment
from animeseg.weights.catalog import Record
from animeseg.weights.hashes import remember_hash, remembering_hash
from animeseg.weights.partial import SUFFIX, Partial
from animeseg.weights.resolve import Progress, manual_steps

_LOCK_SECONDS = 120.0
_ATTEMPTS = 20
_PAUSE_SECONDS = 0.5
_ONLINE = "check the connection, or set HF_ENDPOINT to a mirror"
_LATER = "try again later"
_PORTAL = "log in to the network, or check HF_ENDPOINT and the proxy"
_UPDATE = "update animeseg"
_HINTS = {
    401: "set HF_TOKEN if the model needs an account",
    403: "accept the model's licence on its page and set HF_TOKEN",
    404: "update animeseg, or check HF_ENDPOINT",
}
_SHA256 = re.compile(r'(?:W/)?"?([0-9a-f]{64})"?')


@dataclass
class Answer:
    """What a server said: the same for requests, httpx and httpx2."""

    status: int
    headers: Mapping[str, str]
    linked: Mapping[str, str]
    chunks: Iterator[bytes]


class Interrupted(Exception):
    """The connection failed; another attempt may go on where it stopped."""

    def __init__(self, cause: str, hint: str = _ONLINE) -> None:
        super().__init__(cause)
        self.hint = hint


@dataclass
class Transfer:
    """Fetches one file.

    Attributes:
        record: what to fetch.
        environment: where to, from which mirror, with which token.
        progress: told about bytes.
        get: opens an address with headers; raises `Interrupted` when the connection fails.
    """

    record: Record
    environment: Environment
    progress: Progress | None
    get: Callable[[str, Mapping[str, str]], AbstractContextManager[Answer]]

    def __post_init__(self) -> None:
        folder = self.environment.home / "models"
        self.target = folder / self.record.file_names[0]
        tag = f".{self.record.sha256[0][:8]}" if self.record.sha256 else ""
        self.unfinished = folder / f"{self.target.name}{tag}{SUFFIX}"
        self.expected = set(self.record.sha256)
        self.url = self.record.url(self.environment.endpoint)

    def run(self) -> tuple[Path, str]:
        """The fetched file and its hash; errors as in `animeseg.weights.hub.download`."""
        with self._alone():
            if self.target.is_file():
                sha256 = remembering_hash(self.target, self.environment.home)
                if sha256 in self.expected or not self.expected:
                    return self.target, sha256  # another process was faster
            with Partial(self.unfinished, fresh=not self.expected) as partial:
                self._fetch(partial)
                sha256 = partial.sha256
                if self.expected and sha256 not in self.expected:
                    partial.discard()
                    raise self._failed(f"what came has the sha256 {sha256}; it was deleted")
                partial.finish(self.target)
            remember_hash(self.target, sha256, self.environment.home)
            return self.target, sha256

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Holds the lock of this file; while another process fetches, tells how far it is."""
        import filelock

        path = self.target.parent / ".locks" / f"{self.target.name}.lock"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(str(path))
            self._acquire(lock, filelock.Timeout)
        except OSError as error:
            if isinstance(error, DownloadError):
                raise
            raise OutputError(
                f"{path.parent} cannot be written ({error.strerror or error})",
                "make it writable, or set ANIMESEG_HOME to another folder",
            ) from error
        try:
            yield
        finally:
            lock.release()

    def _acquire(self, lock: Any, busy: type[Exception]) -> None:
        seen, since = -1, time.monotonic()
        while not _acquired(lock, busy):
            size = self.unfinished.stat().st_size if self.unfinished.is_file() else 0
            if size != seen:
                seen, since = size, time.monotonic()
                self._tell(size)
            if time.monotonic() - since > _LOCK_SECONDS:
                raise self._failed("another process is fetching it and stands still")

    def _fetch(self, partial: Partial) -> None:
        """Goes on until the file is whole; gives up when nothing comes any more."""
        idle = 0
        for _ in range(_ATTEMPTS):
            before, started = partial.size, time.monotonic()
            try:
                with self.get(self.url, self._headers(partial.size)) as answer:
                    self._receive(answer, partial)
            except Interrupted as error:
                idle = 0 if partial.size != before else idle + 1
                slow = time.monotonic() - started > HUB_TIMEOUT_SECONDS / 2
                if idle > 1 or (idle and slow):
                    raise self._failed(str(error), error.hint, partial) from error
                time.sleep(_PAUSE_SECONDS)
            else:
                return
        raise self._failed("the connection broke off again and again", _ONLINE, partial)

    def _headers(self, start: int) -> dict[str, str]:
        # Compressed transfer would make byte ranges and sizes mean something else.
        headers = {"User-Agent": f"animeseg/{__version__}", "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        parts = urlsplit(self.url)
        private = parts.scheme == "https" or parts.hostname in ("localhost", "127.0.0.1", "::1")
        if self.environment.token and private:
            headers["Authorization"] = f"Bearer {self.environment.token}"
        return headers

    def _receive(self, answer: Answer, partial: Partial) -> None:
        """Takes the body of one answer; raises `Interrupted` if it stops early."""
        self._check_status(answer, partial)
        total = self._total(answer, partial)
        self._check_content(answer, total, partial)
        if total is not None:
            partial.reserve(total)
        for chunk in answer.chunks:
            partial.append(chunk)
            if total is not None and partial.size > total:
                partial.discard()
                raise self._failed(f"more than {total} bytes came; they were deleted", _LATER)
            self._tell(partial.size, total)
        if total is not None and partial.size < total:
            raise Interrupted(f"the connection broke off after {partial.size} of {total} bytes")

    def _check_status(self, answer: Answer, partial: Partial) -> None:
        status = answer.status
        if status == 416 or (status == 206 and not _starts_at(answer, partial.size)):
            partial.restart()
            raise Interrupted("the server has another idea of how long the file is")
        if status == 200 and partial.size:
            partial.restart()  # it ignored the range and sends everything
        if status in (200, 206):
            return
        wait = answer.headers.get("retry-after", "")
        if status == 429 and (not wait.isdigit() or int(wait) > 2):
            hint = f"try again in {wait} seconds" if wait.isdigit() else _LATER
            raise self._failed("the server answers 429, too many requests", hint, partial)
        if status == 429:
            time.sleep(int(wait))
        if status == 429 or status >= 500:
            raise Interrupted(f"the server answers {status}", _LATER)
        raise self._failed(f"the server answers {status}", _HINTS.get(status, _LATER), partial)

    def _total(self, answer: Answer, partial: Partial) -> int | None:
        """Size of the whole file as this answer states it."""
        if answer.status == 206:
            size = answer.headers.get("content-range", "").rpartition("/")[2]
        else:
            size = answer.headers.get("content-length", "")
        return int(size) if size.isdigit() else None

    def _check_content(self, answer: Answer, total: int | None, partial: Partial) -> None:
        """Refuses, before it is transferred, what cannot be the file."""
        if "text/html" in answer.headers.get("content-type", ""):
            raise self._failed("a web page came in place of the file", _PORTAL, partial)
        linked = _SHA256.fullmatch(answer.linked.get("x-linked-etag", ""))
        sizes = {variant.bytes for variant in self.record.variants}
        if linked and not self.record.sha256:
            self.expected = {linked[1]}
        elif linked and linked[1] not in self.expected:
            raise self._failed(f"the Hub now has a file with the sha256 {linked[1]}", _UPDATE)
        if sizes and None not in sizes and total is not None and total not in sizes:
            raise self._failed(f"the file there has {total} bytes", _UPDATE)

    def _tell(self, size: int, total: int | None = None) -> None:
        if self.progress is not None:
            self.progress(size, total or self.record.bytes or 0)

    def _failed(
        self, cause: str, hint: str = "try again", partial: Partial | None = None
    ) -> DownloadError:
        record = self.record
        if partial is not None and partial.size and self.expected:
            hint = f"run it again to go on after {partial.size / 1e6:,.1f} MB ({hint})"
        host = urlsplit(self.url).hostname
        return DownloadError(
            f"{record.name} ({record.size_text}) could not be fetched from {host}: {cause}",
            f"{hint}, or {manual_steps(record, self.environment)}",
        )


def _acquired(lock: Any, busy: type[Exception]) -> bool:
    try:
        lock.acquire(timeout=0.5)
    except busy:
        return False
    return True


def _starts_at(answer: Answer, start: int) -> bool:
    return answer.headers.get("content-range", "").startswith(f"bytes {start}-")
