"""Pictures that arrive as base64 text, as HTTP clients send them. Never a URL, never a path."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable

from animeseg.errors import BadImageError, UnsupportedImageError, UrlsNotAllowedError
from animeseg.images import DEFAULT_LIMITS, ImageLimits, Picture, read_image

_PREFIX = re.compile(r"data:image/[a-z0-9.+-]{1,32};base64,", re.IGNORECASE)
_PLACE = re.compile(r"[a-z][a-z0-9+.-]{0,20}:|[/\\~.]{1,3}[\w/\\]|[\w.-]+\.\w{2,5}$", re.IGNORECASE)
_HEAD = 4096


def read_base64(
    text: str,
    *,
    accept: ImageLimits = DEFAULT_LIMITS,
    check: Callable[[bytes], None] | None = None,
) -> Picture:
    """Reads a picture from base64 (RFC 4648, section 4), with or without a data-URI prefix.

    The length is checked before anything is decoded. White space and missing padding are refused:
    they are signs of a text that was cut or wrapped on its way.

    Args:
        text: ``iVBORw0...`` or ``data:image/png;base64,iVBORw0...``.
        accept: the limits; those on bytes hold for the decoded size.
        check: given the decoded bytes before they are read; what it raises ends the reading.

    Raises:
        UrlsNotAllowedError: a URL or a path; neither is ever opened.
        ImageTooLargeError: too long, or too many pixels.
        BadImageError: empty, not base64, or not a picture.
    """
    prefix = _PREFIX.match(text)
    payload = text[prefix.end() :] if prefix else text
    if not payload:
        raise BadImageError("the picture is empty", "send the file's bytes as base64")
    accept.check_bytes(len(payload) // 4 * 3 - 2)
    # "/9j/..." is how every JPEG begins, so a text is taken for a path only if it cannot be base64.
    try:
        if payload.endswith("==="):
            raise binascii.Error("excess padding")
        data = base64.b64decode(payload, validate=True)
    except ValueError as error:
        if not prefix and _PLACE.match(payload[:_HEAD]):
            raise _not_opened() from error
        raise BadImageError(
            "the picture is not valid base64", "send it unwrapped, with its padding"
        ) from error
    if check is not None:
        check(data)
    try:
        return read_image(data, accept=accept)
    except UnsupportedImageError as error:
        # "/srv/girl12" happens to be base64 as well.
        if not prefix and len(payload) < _HEAD and _PLACE.match(payload):
            raise _not_opened() from error
        raise


def _not_opened() -> UrlsNotAllowedError:
    return UrlsNotAllowedError("URLs and paths are not opened", "send the picture itself as base64")
