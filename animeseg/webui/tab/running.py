"""Long runs of a page: one at a time in a session, begun and ended by two buttons."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from animeseg.batch.stop import Stop
from animeseg.errors import OptionError
from animeseg.webui import compat
from animeseg.webui.tab import texts
from animeseg.webui.tab.session import Session, Sessions


def connect(
    part: dict[str, Any],
    start: str,
    inputs: Sequence[Any],
    outputs: Sequence[Any],
    *,
    begin: Callable[..., Any],
    run: Callable[..., Any],
    stop: Callable[..., Any],
) -> None:
    """Wires the buttons of a run.

    Args:
        part: the components of the page, ``token``, ``message`` and ``stop`` among them.
        start: which of them starts the run.
        inputs: of the run.
        outputs: of the run.
        begin: from token to token and message.
        run: the run itself.
        stop: from token to message.
    """
    quiet = {"show_progress": "hidden", **compat.hidden_event()}
    token, message = part["token"], part["message"]
    # The token is there before the run starts: stopping it needs it.
    part[start].click(begin, [token], [token, message], **quiet, queue=False).then(
        run, list(inputs), list(outputs), **quiet
    )
    part["stop"].click(stop, [token], [message], **quiet, queue=False)


@contextmanager
def only_run(sessions: Sessions, token: str | None) -> Iterator[tuple[Session, Stop]]:
    """The session of a visitor and what ends its run; only one run at a time.

    Raises:
        OptionError: another one is going on, which is left alone.
    """
    session = sessions.get(token)
    if session.batch is not None:
        raise OptionError("start", "a run is going on already", "stop it first")
    stop = session.batch = Stop()
    try:
        yield session, stop
    finally:
        session.batch = None


def stop_run(sessions: Sessions, token: str | None, promise: str) -> str:
    """Asks the run of a visitor to end; the message to show, ``promise`` where there is one."""
    session = sessions.start(token)
    if session.batch is None:
        return texts.message("nothing is running")
    session.batch.request()
    return texts.message(promise)
