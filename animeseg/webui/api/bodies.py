"""The body of a request, read no further than the limit: JSON or a form with files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from animeseg.errors import (
    MediaTypeError,
    MissingDependencyError,
    RequestError,
    RequestTooLargeError,
)
from animeseg.limits import MAX_REQUEST_BYTES

if TYPE_CHECKING:
    from starlette.types import Message, Receive

Fields = dict[str, Any]
"""Values by name: what JSON holds, and ``bytes`` for the files of a form."""

_JSON_FIELDS = ("options", "output")
_MOST_PARTS = 16


async def read_fields(request: Request, most: int = MAX_REQUEST_BYTES) -> Fields:
    """The fields of a request; of a form, those that hold JSON as text are parsed.

    Args:
        request: whose body was not read yet.
        most: largest body, in bytes.

    Raises:
        RequestTooLargeError: the body is larger; the rest is not read.
        MediaTypeError: neither JSON nor a form.
        RequestError: no valid JSON.
        MissingDependencyError: forms cannot be read here.
    """
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length) > most:
        raise _too_large(most)
    bounded = Request(request.scope, _bounded(request.receive, most))
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type in ("", "application/json"):
        return parse_object(await bounded.body())
    if media_type == "multipart/form-data":
        return await _form(bounded)
    raise MediaTypeError(
        f"a body of type {media_type[:60]!r} is not read",
        "send application/json or multipart/form-data",
    )


def parse_object(text: bytes | str, field: str = "") -> Fields:
    """The JSON object in ``text``; ``field`` is where it stands, for the error.

    Raises:
        RequestError: no valid JSON, or no object.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise RequestError(f"not valid JSON: {reason}", "send a JSON object", field) from error
    if not isinstance(value, dict):
        raise RequestError("the JSON is no object", "send a JSON object", field)
    return value


async def _form(request: Request) -> Fields:
    if not (find_spec("python_multipart") or find_spec("multipart")):
        raise MissingDependencyError(
            "forms cannot be read here", "pip install python-multipart, or send JSON"
        )
    form = await _parsed_form(request)
    try:
        fields: Fields = {}
        for name, value in form.multi_items():
            if name in fields:
                raise RequestError("given more than once", "give it once", name[:80])
            fields[name] = await value.read() if isinstance(value, UploadFile) else value
    finally:
        await form.close()
    return _with_parsed(fields)


async def _parsed_form(request: Request) -> FormData:
    try:
        return await request.form(max_files=_MOST_PARTS, max_fields=_MOST_PARTS)
    except RequestError:
        raise
    except (HTTPException, ValueError, KeyError) as error:
        # Old Starlette lets its parser's own errors through; KeyError: there is no boundary.
        reason = error.detail if isinstance(error, HTTPException) else error
        raise RequestError(
            f"the form cannot be read: {reason}", "send it as browsers do"
        ) from error


def _with_parsed(fields: Mapping[str, Any]) -> Fields:
    return {
        name: parse_object(value, name) if name in _JSON_FIELDS else value
        for name, value in fields.items()
    }


def _bounded(receive: Receive, most: int) -> Receive:
    count = 0

    async def counted() -> Message:
        nonlocal count
        message = await receive()
        count += len(message.get("body", b""))
        if count > most:
            raise _too_large(most)
        return message

    return counted


def _too_large(most: int) -> RequestTooLargeError:
    return RequestTooLargeError(
        f"the body has more than {most:,} bytes", "send one picture, saved smaller"
    )
