"""The HTTP API under ``/animeseg/v1/``.

    routes.py     the routes; `register` adds them to an application
    access.py     who may call
    bodies.py     a request's body, read no further than the limit
    asked.py      what a request asks for, checked before any model is touched
    frames.py     animations that would take minutes to look through
    outputs.py, reply.py, clock.py    what is sent back
    faults.py     errors as answers
    schema.py, openapi.py    the description, made from the knobs
    backend.py    what the routes need of the program around them
    hosted.py     the WebUI as that program

There are no URLs and no paths in requests: pictures come as base64 or as files of a form, models by
their name in the catalog. Importing this package costs nothing; `routes` imports FastAPI.
"""

from __future__ import annotations

from animeseg.webui.api.access import Access
from animeseg.webui.api.backend import Backend

__all__ = ["Access", "Backend"]
