"""A result as the client wants to have it: JSON, a zip of files, or one file by itself."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastapi.responses import Response

from animeseg.errors import NotAcceptableError
from animeseg.export import make_record
from animeseg.webui.api.faults import json_response
from animeseg.webui.api.outputs import make_outputs

if TYPE_CHECKING:
    from animeseg.instances import Segmentation
    from animeseg.webui.api.asked import Asked
    from animeseg.webui.api.clock import Clock
    from animeseg.webui.api.outputs import Output

JSON, ZIP, PNG = "application/json", "application/zip", "image/png"


def wanted_type(accept: str) -> str:
    """Which of the three forms the header ``Accept`` asks for; the first named that we have.

    Raises:
        NotAcceptableError: none of them.
    """
    names = [part.partition(";")[0].strip().lower() for part in accept.split(",") if part.strip()]
    for name in names:
        if name in (JSON, ZIP, PNG):
            return name
    if not names or "*/*" in names or "application/*" in names:
        return JSON
    if "image/*" in names:
        return PNG
    raise NotAcceptableError(
        f"an answer of type {accept[:60]!r} cannot be had",
        f"accept {JSON}, {ZIP}, or {PNG} where one picture is asked for",
        "accept",
    )


def make_reply(asked: Asked, result: Segmentation, media_type: str, clock: Clock) -> Response:
    """The answer to a request.

    Args:
        asked: the request.
        result: what was found.
        media_type: one of the three that `wanted_type` gives.
        clock: which encoding is timed by, and whose times are told.

    Raises:
        NotAcceptableError: one picture was wanted, and there are more or less.
    """
    with clock.phase("encode"):
        outputs = list(make_outputs(asked, result))
        if media_type == PNG:
            return _single(outputs)
        record = _record(asked, result)
    if media_type == ZIP:
        content = {**record, "outputs": _without_data(outputs), "timings": clock.seconds}
        return Response(_zipped(content, outputs), media_type=ZIP)
    content = {**record, "outputs": _with_data(outputs), "timings": clock.seconds}
    return json_response(content)


def _record(asked: Asked, result: Segmentation) -> dict[str, Any]:
    record = make_record(result, asked.picture.rgb, "")
    return {**record, "count": len(result)}


def _single(outputs: Sequence[Output]) -> Response:
    if len(outputs) != 1 or outputs[0].media_type != PNG:
        raise NotAcceptableError(
            f"one picture was wanted, there are {len(outputs)} files",
            f"ask for one kind of output, or accept {ZIP} or {JSON}",
            "accept",
        )
    return Response(outputs[0].data, media_type=PNG)


def _with_data(outputs: Sequence[Output]) -> list[dict[str, Any]]:
    texts = (base64.b64encode(output.data).decode("ascii") for output in outputs)
    bare = _without_data(outputs)
    return [{**entry, "data": text} for entry, text in zip(bare, texts, strict=True)]


def _without_data(outputs: Sequence[Output]) -> list[dict[str, Any]]:
    return [
        {"kind": o.kind, "number": o.number, "name": o.name, "media_type": o.media_type}
        for o in outputs
    ]


def _zipped(content: dict[str, Any], outputs: Sequence[Output]) -> bytes:
    stream = io.BytesIO()
    # Stored, since pictures are compressed already.
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("result.json", json.dumps(content, indent=1))
        for output in outputs:
            archive.writestr(output.name, output.data)
    return stream.getvalue()
