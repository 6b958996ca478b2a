"""What a request for a segmentation asks for, checked before any model is touched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from animeseg.base64_image import read_base64
from animeseg.errors import OptionError, RequestError
from animeseg.images import Picture, read_image
from animeseg.limits import MAX_REQUEST_FRAMES
from animeseg.options import Options, OptionSet, OutputOptions, knobs
from animeseg.webui.api.frames import check_animation
from animeseg.webui.api.schema import REQUEST_LIMITS, SERVER_OPTIONS
from animeseg.weights.catalog import find, unknown

if TYPE_CHECKING:
    from typing import TypeVar

    Set = TypeVar("Set", bound=OptionSet)

FIELDS = ("image", "options", "output", "background_picture")


@dataclass(frozen=True, eq=False)
class Asked:
    """A request that can be worked on.

    Attributes:
        picture: what is to be segmented.
        options: how.
        output: what is made of the result.
        background: picture behind the characters, or None.
    """

    picture: Picture
    options: Options
    output: OutputOptions
    background: Picture | None = None


def read_asked(fields: Mapping[str, Any]) -> Asked:
    """What ``fields`` ask for.

    Raises:
        RequestError: a field is unknown, missing or of a wrong type.
        OptionError: an option is unknown or has a bad value.
        UnknownModelError: a model is not in the catalog.
        BadImageError: a picture is none, or too large, or a URL or path stands in its place.
    """
    for name in fields:
        if name not in FIELDS:
            raise RequestError("unknown", f"known are {', '.join(FIELDS)}", str(name)[:80])
    options = _options(Options, fields, "options")
    _check_models(options)
    output = _options(OutputOptions, fields, "output")
    background = fields.get("background_picture")
    if (output.background == "picture") != (background is not None):
        raise RequestError(
            "a background picture and the background 'picture' go together",
            "give both, or neither",
            "background_picture",
        )
    if "image" not in fields:
        raise RequestError("no picture was sent", "send it as the field image", "image")
    return Asked(
        picture=_picture(fields["image"], "image"),
        options=options,
        output=output,
        background=None if background is None else _picture(background, "background_picture"),
    )


def _options(kind: type[Set], fields: Mapping[str, Any], field: str) -> Set:
    values = fields.get(field, {})
    if not isinstance(values, dict):
        raise RequestError(f"got a {type(values).__name__}", "send a JSON object", field)
    for name in values:
        if name in SERVER_OPTIONS:
            raise OptionError(name, "cannot be set by a request", SERVER_OPTIONS[name])
    specification = knobs(kind)
    # JSON knows one kind of number: 3.0 is a whole one.
    whole = {
        name: int(value)
        for name, value in values.items()
        if isinstance(value, float)
        and value.is_integer()
        and name in specification
        and specification[name].kind == "int"
    }
    return kind.from_mapping({**values, **whole})


def _check_models(options: Options) -> None:
    """Only names of the catalog: nothing here tells which files there are."""
    for name, kind in ((options.model, "detector"), (options.sam_model, "sam")):
        record = find(name, kind)
        if record is None or record.name != name:
            raise unknown(name, kind)


def _picture(value: Any, field: str) -> Picture:
    if isinstance(value, str):
        return read_base64(value, accept=REQUEST_LIMITS, check=_check_animation)
    if not isinstance(value, bytes):
        raise RequestError(
            f"got a {type(value).__name__}", "send the picture as base64, or as a file", field
        )
    REQUEST_LIMITS.check_bytes(len(value))
    _check_animation(value)
    return read_image(value, accept=REQUEST_LIMITS)


def _check_animation(data: bytes) -> None:
    check_animation(data, MAX_REQUEST_FRAMES)
