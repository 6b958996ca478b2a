"""Errors as HTTP answers: a status, and ``{code, cause, cure, field}``."""

from __future__ import annotations

import json
import logging
from typing import Any

from fastapi.responses import Response
from starlette.exceptions import HTTPException

from animeseg import errors
from animeseg.webui.api.access import CHALLENGE

_log = logging.getLogger("animeseg")

_STATUS: tuple[tuple[type[errors.AnimesegError], int], ...] = (
    (errors.NoCredentialsError, 403),
    (errors.AccessError, 401),
    (errors.UnknownModelError, 404),
    (errors.RequestTooLargeError, 413),
    (errors.ImageTooLargeError, 413),
    (errors.NotAcceptableError, 406),
    (errors.MediaTypeError, 415),
    (errors.RequestError, 422),
    (errors.OptionError, 422),
    (errors.BadImageError, 422),
    # What the caller cannot mend, and the one who runs the server can.
    (errors.AnimesegError, 503),
)
"""The first class an error belongs to gives its status."""

_RETRY_SECONDS = 5


def json_response(
    content: Any, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """``content`` as JSON in ASCII: half a surrogate pair in an error's text must not cost it."""
    body = json.dumps(content, ensure_ascii=True, allow_nan=False)
    return Response(body, status, headers, media_type="application/json")


def fault_response(error: Exception) -> Response:
    """The answer to a request that failed; what was nobody's intention is logged.

    The text of an unexpected error is not sent: it may tell about the machine.
    """
    if isinstance(error, HTTPException):
        body = _body("bad_request", str(error.detail))
        return json_response(body, error.status_code, dict(error.headers or {}))
    if not isinstance(error, errors.AnimesegError):
        _log.error("[animeseg] error: an HTTP request failed; see below", exc_info=error)
        return json_response(_body("error", "an unexpected error", "see the server's log"), 500)
    status = status_of(error)
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = CHALLENGE
    if isinstance(error, errors.BusyError):
        headers["Retry-After"] = str(_RETRY_SECONDS)
    if status >= 500:
        _log.warning(error.log_line)
    field = getattr(error, "field", "") or _field_of(error)
    return json_response(_body(error.code, error.cause, error.cure, field), status, headers)


def status_of(error: errors.AnimesegError) -> int:
    """The HTTP status that tells what kind of error it is."""
    return next(status for kind, status in _STATUS if isinstance(error, kind))


def _field_of(error: errors.AnimesegError) -> str:
    return "image" if isinstance(error, errors.BadImageError) else ""


def _body(code: str, cause: str, cure: str = "", field: str = "") -> dict[str, str]:
    return {"code": code, "cause": cause, "cure": cure, "field": field}
