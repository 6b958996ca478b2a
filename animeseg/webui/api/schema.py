"""JSON schemas of options, made from their knobs, and of everything else the routes take and give.

Written out by hand and from the knobs, not by pydantic, so that the hosts' old and new pydantic
give the same.
"""

from __future__ import annotations

from typing import Any

from animeseg import limits
from animeseg.images import ImageLimits
from animeseg.options import Knob, Options, OptionSet, OutputOptions, PassOptions, knobs

Schema = dict[str, Any]

REQUEST_LIMITS = ImageLimits(
    max_bytes=limits.MAX_REQUEST_IMAGE_BYTES,
    max_pixels=limits.MAX_REQUEST_PIXELS,
    max_side=limits.MAX_REQUEST_SIDE,
)
"""What pictures of requests may have."""

SERVER_OPTIONS = {
    "device": "it is a matter of the server's settings",
    "background_picture": "send the picture itself, as the field background_picture",
}
"""Options that a request cannot set, and what to do instead."""

_TYPES = {
    "bool": "boolean",
    "int": "integer",
    "float": "number",
    "str": "string",
    "list": "array",
}
_COLOUR_PATTERN = "^#[0-9a-fA-F]{6}$"


def options_schema(options: type[OptionSet], *, for_requests: bool = False) -> Schema:
    """The JSON schema of a set of options, every one of them optional.

    Args:
        options: `Options`, `OutputOptions` or `PassOptions`.
        for_requests: leave out those that a request cannot set.
    """
    shown = {
        name: knob
        for name, knob in knobs(options).items()
        if not (for_requests and name in SERVER_OPTIONS)
    }
    return {
        "type": "object",
        "title": options.__name__,
        "additionalProperties": False,
        "properties": {name: knob_schema(knob) for name, knob in shown.items()},
    }


def knob_schema(knob: Knob) -> Schema:
    """The JSON schema of one option; its label, section and slider's step are in ``x-`` keys."""
    is_list = knob.kind == "list"
    schema: Schema = {
        "type": _TYPES[knob.kind],
        "title": knob.label,
        "description": knob.help,
        "default": list(knob.default) if is_list else knob.default,
        "x-section": knob.section,
    }
    if is_list:
        item: Schema = {"type": "string"}
        schema |= {"items": item | _enum(knob), "maxItems": 1000}
    elif knob.kind == "str":
        schema |= _enum(knob) or {"maxLength": 4096, "minLength": int(knob.default != "")}
    if knob.name == "background_colour":
        schema["pattern"] = _COLOUR_PATTERN
    if knob.minimum is not None:
        schema |= {"minimum": knob.minimum, "maximum": knob.maximum}
    if knob.step is not None:
        schema["x-step"] = knob.step
    return schema


def _enum(knob: Knob) -> Schema:
    return {"enum": list(knob.choices)} if knob.choices else {}


def all_schemas() -> Schema:
    """What the route ``schema`` gives: every set of options."""
    sets = {"options": Options, "output": OutputOptions, "pass": PassOptions}
    return {name: options_schema(options) for name, options in sets.items()}


def request_schema(*, form: bool) -> Schema:
    """The schema of a request for a segmentation, as JSON or as a form with files."""
    picture: Schema = {
        "type": "string",
        "description": "PNG, JPEG, WebP, BMP or GIF. URLs and paths are refused.",
    }
    if form:
        picture |= {"format": "binary"}
    else:
        picture |= {
            "contentEncoding": "base64",
            "description": picture["description"]
            + " Base64, with or without a data-URI prefix, unwrapped.",
        }
    return {
        "type": "object",
        "required": ["image"],
        "additionalProperties": False,
        "properties": {
            "image": picture,
            "options": options_schema(Options, for_requests=True),
            "output": options_schema(OutputOptions, for_requests=True),
            "background_picture": {
                **picture,
                "description": "Picture behind the characters, for the background 'picture'. "
                + picture["description"],
            },
        },
    }


def _object(properties: Schema, **more: Any) -> Schema:
    return {"type": "object", "required": list(properties), "properties": properties, **more}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _or_null(items: Schema) -> Schema:
    return {"anyOf": [items, {"type": "null"}]}


TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
COUNT: Schema = {"type": "integer", "minimum": 0}
FLAG: Schema = {"type": "boolean"}

FAULT = _object(
    {
        "code": {**TEXT, "description": "Stable name of the kind of error."},
        "cause": {**TEXT, "description": "What went wrong."},
        "cure": {**TEXT, "description": "What to do next; may be empty."},
        "field": {**TEXT, "description": "The field or option it is about; may be empty."},
    },
    additionalProperties=False,
)

VERSION = _object(
    {
        "animeseg": TEXT,
        "api": {"type": "integer", "enum": [1]},
        "program": TEXT,
        "limits": {"type": "object", "additionalProperties": COUNT},
    }
)

MODELS = _object(
    {
        "models": _list(
            _object(
                {
                    "name": TEXT,
                    "title": TEXT,
                    "kind": TEXT,
                    "licence": TEXT,
                    "bytes": _or_null(COUNT),
                    "classes": _list(TEXT),
                    "installed": FLAG,
                }
            )
        )
    }
)

_RLE = _object({"size": {**_list(COUNT), "minItems": 2, "maxItems": 2}, "counts": TEXT})

_INSTANCE = _object(
    {
        "box": {
            **_list(NUMBER),
            "minItems": 4,
            "maxItems": 4,
            "description": "Left, top, right, bottom in pixels; the far edges are exclusive.",
        },
        "score": NUMBER,
        "label": COUNT,
        "label_name": TEXT,
        "area": COUNT,
        "segmentation": {**_RLE, "description": "The mask in COCO's compressed run lengths."},
    }
)

_OUTPUT = _object(
    {
        "kind": TEXT,
        "number": {**_or_null(COUNT), "description": "Of the instance, from 1."},
        "name": {**TEXT, "description": "File name."},
        "media_type": TEXT,
        "data": {**TEXT, "contentEncoding": "base64"},
    }
)

RESULT = _object(
    {
        "format": TEXT,
        "format_version": COUNT,
        "animeseg": TEXT,
        "count": COUNT,
        "image": _object({"width": COUNT, "height": COUNT, "sha256": TEXT}),
        "names": _list(TEXT),
        "instances": _list(_INSTANCE),
        "outputs": _list(_OUTPUT),
        "models": _list(_object(dict.fromkeys(("role", "name", "sha256", "licence"), TEXT))),
        "options": {"type": "object"},
        "changed_options": _list(TEXT),
        "notes": _list(_object(dict.fromkeys(("code", "message", "cure"), TEXT))),
        "timings": {
            "type": "object",
            "additionalProperties": NUMBER,
            "description": "Seconds spent on reading, waiting, segmenting and encoding.",
        },
    }
)
