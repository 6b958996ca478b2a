"""The OpenAPI document of the routes, written out: no pydantic model stands behind it."""

from __future__ import annotations

from typing import Any

from animeseg.webui.api import schema

Document = dict[str, Any]

_FAULTS = {
    "401": "No credentials, or wrong ones.",
    "403": "The page asks for a login, and the API has no credentials of its own.",
    "404": "A model is not in the catalog.",
    "406": "The answer cannot be had in the form that is accepted.",
    "413": "The body or the picture is too large.",
    "415": "The body is neither JSON nor a form.",
    "422": "A field or an option is wrong, or the picture is none.",
    "500": "A defect; the server's log tells more.",
    "503": "Weights are missing, the queue is full, or the work was interrupted.",
}


def document(prefix: str, version: str) -> Document:
    """The OpenAPI document of all routes below ``prefix``."""
    paths: Document = {}
    for path, (method, _, _, _) in _OPERATIONS.items():
        # FastAPI writes these three for its own documents from the endpoint's name and docstring.
        summary = {
            "summary": path.strip("/"),
            "operationId": f"animeseg{path}",
            "tags": ["animeseg"],
        }
        paths[prefix + path] = {method: {**summary, **operation(path)}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "animeseg",
            "version": version,
            "description": "Finds every anime character in a picture: masks, cut-outs, records.",
            "license": {"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"},
        },
        "paths": paths,
        "components": {"securitySchemes": {"HTTPBasic": {"type": "http", "scheme": "basic"}}},
    }


def operation(path: str) -> Document:
    """What OpenAPI says about the route at ``path``."""
    _, description, faults, content = _OPERATIONS[path]
    described: Document = {
        "description": description,
        "responses": {
            "200": {"description": "Done.", "content": content},
            **{status: _fault(_FAULTS[status]) for status in faults},
        },
        "security": [{}, {"HTTPBasic": []}],
    }
    if path == "/segment":
        described["requestBody"] = {
            "required": True,
            "content": {
                "application/json": {"schema": schema.request_schema(form=False)},
                "multipart/form-data": {
                    "schema": schema.request_schema(form=True),
                    "encoding": {
                        "options": {"contentType": "application/json"},
                        "output": {"contentType": "application/json"},
                    },
                },
            },
        }
    return described


def _fault(description: str) -> Document:
    return {
        "description": description,
        "content": {"application/json": {"schema": schema.FAULT}},
    }


def _json(content: schema.Schema) -> Document:
    return {"application/json": {"schema": content}}


_ALWAYS = ("401", "403", "500")
_BINARY = {"schema": {"type": "string", "format": "binary"}}

_OPERATIONS: dict[str, tuple[str, str, tuple[str, ...], Document]] = {
    "/version": (
        "get",
        "Version of animeseg and of this API, and the limits of requests.",
        _ALWAYS,
        _json(schema.VERSION),
    ),
    "/models": (
        "get",
        "Every model of the catalog, with its licence and whether it is on the server.",
        _ALWAYS,
        _json(schema.MODELS),
    ),
    "/schema": (
        "get",
        "JSON schemas of all options: of finding characters (options), of what is made of them "
        "(output), of an inpaint pass of the WebUI (pass).",
        _ALWAYS,
        _json({"type": "object", "additionalProperties": {"type": "object"}}),
    ),
    "/openapi.json": ("get", "This description.", _ALWAYS, _json({"type": "object"})),
    "/segment": (
        "post",
        "Finds the characters of a picture. The answer is JSON with files in base64; with "
        "'Accept: application/zip' a zip of the files and result.json; with 'Accept: image/png' "
        "the picture itself, where one is made.",
        tuple(_FAULTS),
        {
            **_json(schema.RESULT),
            "application/zip": _BINARY,
            "image/png": _BINARY,
        },
    ),
}
