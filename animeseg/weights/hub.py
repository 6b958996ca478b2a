"""The Hub: its cache on this machine, and downloads when they were asked for.

The only module of animeseg that opens connections. It uses the session of ``huggingface_hub``
(proxies, certificates and the offline flag are thus the user's), but keeps its own unfinished
file, because the client's own does not outlive the process: a download that was cut off goes on
where it stopped, also in a later run, and a lock lets two processes share one transfer.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from animeseg.errors import (
    BadWeightsError,
    DownloadError,
    MissingDependencyError,
    OfflineError,
)
from animeseg.limits import HUB_TIMEOUT_SECONDS, Environment
from animeseg.weights.catalog import Record
from animeseg.weights.resolve import Progress, manual_steps
from animeseg.weights.transfer import Answer, Interrupted, Transfer

_CONNECT_SECONDS = HUB_TIMEOUT_SECONDS * 0.4
_CHUNK = 2**20


def cached(record: Record) -> Path | None:
    """The file of ``record`` in the standard cache of the Hub's client; opens no connection.

    Without the client there is no cache of it to look into.
    """
    try:
        from huggingface_hub import constants, try_to_load_from_cache
    except ImportError:
        return None
    places = {"repo_id": record.repository, "cache_dir": constants.HF_HUB_CACHE}
    for revision in dict.fromkeys((record.revision, "main")):
        found = try_to_load_from_cache(filename=record.file, revision=revision, **places)
        if isinstance(found, str) and Path(found).is_file():
            return Path(found)
    return None


def download(
    record: Record,
    environment: Environment,
    *,
    progress: Progress | None = None,
    accept_unknown: bool = False,
) -> tuple[Path, str]:
    """Fetches the file of ``record`` into the user's model folder.

    Args:
        record: what to fetch.
        environment: where to, from which mirror, with which token.
        progress: called with (bytes that are there, bytes in all); what it raises stops the
            download, which can go on later.
        accept_unknown: fetch also a file for which no hash is known. It is then held against the
            hash that the Hub states.

    Returns:
        The file and its hash.

    Raises:
        OfflineError: an offline flag is set.
        DownloadError: no connection, no such file, not allowed, cut off, or not the file that the
            catalog knows; with the steps to fetch it by hand.
        DiskFullError: no room; nothing is left behind.
        OutputError: the folder cannot be written.
        MissingDependencyError: the Hub's client cannot be imported.
    """
    if environment.offline:
        raise OfflineError(
            f"{record.name} is not here, and an offline flag is set",
            f"unset ANIMESEG_OFFLINE and HF_HUB_OFFLINE, or {manual_steps(record, environment)}",
        )
    if not record.sha256 and not accept_unknown:
        raise BadWeightsError(
            f"no sha256 of {record.name} is known, so a download cannot be verified",
            "accept an unknown hash if you trust its publisher: it is then held against the hash "
            "that the Hub states",
        )
    return Transfer(record, environment, progress, _get).run()


@contextmanager
def _get(url: str, headers: Mapping[str, str]) -> Iterator[Answer]:
    """One GET with the Hub client's session: requests before its version 1, then httpx, httpx2."""
    try:
        from huggingface_hub.utils import get_session
    except ImportError as error:
        raise MissingDependencyError(
            f"huggingface_hub cannot be imported ({error})", "run: pip install huggingface-hub"
        ) from error
    session: Any = get_session()
    library = importlib.import_module(_library_of(session))
    try:
        if library.__name__ == "requests":
            patience = (_CONNECT_SECONDS, HUB_TIMEOUT_SECONDS)
            with session.get(url, headers=headers, timeout=patience, stream=True) as reply:
                yield _answer(reply, reply.status_code, reply.iter_content(_CHUNK))
        else:
            limits = library.Timeout(HUB_TIMEOUT_SECONDS, connect=_CONNECT_SECONDS)
            ways = {"headers": headers, "timeout": limits, "follow_redirects": True}
            with session.stream("GET", url, **ways) as reply:
                yield _answer(reply, reply.status_code, reply.iter_bytes(_CHUNK))
    except _transport_errors(library) as error:
        raise Interrupted(_plainly(error)) from error
    except ConnectionError as error:  # the client's own offline flag, read when it was imported
        if isinstance(error, DownloadError):
            raise
        raise Interrupted(_plainly(error)) from error


def _answer(reply: Any, status: int, chunks: Iterator[bytes]) -> Answer:
    # The Hub states the file's hash on the redirect, not where it leads to.
    linked = {
        key.lower(): value for part in (*reply.history, reply) for key, value in _linked(part)
    }
    headers = {key.lower(): value for key, value in reply.headers.items()}
    return Answer(status, headers, linked, chunks)


def _linked(reply: Any) -> list[tuple[str, str]]:
    return [item for item in reply.headers.items() if item[0].lower().startswith("x-linked-")]


def _library_of(session: object) -> str:
    names = (kind.__module__.partition(".")[0] for kind in type(session).__mro__)
    return next(name for name in names if name in ("requests", "httpx", "httpx2"))


def _transport_errors(library: Any) -> tuple[type[Exception], ...]:
    if library.__name__ == "requests":
        return (library.RequestException,)
    return (library.HTTPError, library.StreamError, library.InvalidURL)


def _plainly(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__
