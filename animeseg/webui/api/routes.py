"""The routes under ``/animeseg/v1/``: each is named, described and guarded here.

Requests are read on the event loop, no further than the limits, and worked on in threads of our
own: neither the loop nor the threads the host serves its page from ever wait for a model.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.routing import APIRoute

from animeseg import limits
from animeseg.__about__ import __version__
from animeseg.errors import BusyError, InterruptedJobError
from animeseg.webui.api import schema
from animeseg.webui.api.asked import read_asked
from animeseg.webui.api.bodies import Fields, read_fields
from animeseg.webui.api.clock import Clock
from animeseg.webui.api.faults import fault_response, json_response
from animeseg.webui.api.openapi import document, operation
from animeseg.webui.api.reply import make_reply, wanted_type

if TYPE_CHECKING:
    from animeseg.webui.api.access import Access
    from animeseg.webui.api.backend import Backend

PREFIX = "/animeseg/v1"
API_VERSION = 1
_THREADS = 4
"""One works, the others read and encode beside it."""

T = TypeVar("T")


class Route(APIRoute):
    """A route that answers every error in one form, those of its dependencies included."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler of FastAPI, with errors turned into answers."""
        handler = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                return await handler(request)
            except Exception as error:
                return fault_response(error)

        return guarded


class Routes:
    """The endpoints, on a backend.

    Args:
        backend: who does the work.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="animeseg-api")
        self._waiting = 0

    async def version(self) -> Response:
        """Version of animeseg and of this API, and the limits of requests."""
        accept = schema.REQUEST_LIMITS
        return json_response(
            {
                "animeseg": __version__,
                "api": API_VERSION,
                "program": self._backend.program,
                "limits": {
                    "body_bytes": limits.MAX_REQUEST_BYTES,
                    "image_bytes": accept.max_bytes,
                    "image_pixels": accept.max_pixels,
                    "image_side": accept.max_side,
                    "image_side_least": accept.min_side,
                    "frames": limits.MAX_REQUEST_FRAMES,
                    "waiting": limits.MAX_REQUESTS_WAITING,
                },
            }
        )

    async def models(self) -> Response:
        """Every model of the catalog, and whether its weights are on the server."""
        return json_response(await self._threaded(self._models))

    async def schemas(self) -> Response:
        """The JSON schemas of all options, made from the same declarations as the page."""
        return json_response(schema.all_schemas())

    async def openapi(self) -> Response:
        """The OpenAPI description of these routes."""
        return json_response(document(PREFIX, __version__))

    async def segment(self, request: Request) -> Response:
        """Finds the characters of a picture; gives masks, cut-outs and a record of each."""
        media_type = wanted_type(request.headers.get("accept", ""))
        if self._waiting >= limits.MAX_REQUESTS_WAITING:
            raise BusyError(f"{self._waiting} requests wait already", "try again in a few seconds")
        self._waiting += 1
        try:
            fields = await read_fields(request)
            return await self._threaded(lambda: self._segment(fields, media_type))
        finally:
            self._waiting -= 1

    def _segment(self, fields: Fields, media_type: str) -> Response:
        clock, backend = Clock(), self._backend
        with clock.phase("read"):
            asked = read_asked(fields)
        with ExitStack() as stack:
            with clock.phase("wait"):
                stack.enter_context(backend.queue())
            with clock.phase("segment"), backend.job("animeseg API"):
                result = backend.segment(asked.picture, asked.options)
                if backend.stopping():
                    raise InterruptedJobError("the work was interrupted", "send it again")
        return make_reply(asked, result, media_type, clock)

    def _models(self) -> dict[str, Any]:
        from animeseg.weights.manage import list_weights

        return {
            "models": [
                {
                    "name": status.record.name,
                    "title": status.record.title,
                    "kind": status.record.kind,
                    "licence": status.record.licence,
                    "bytes": status.record.bytes,
                    "classes": list(status.record.classes),
                    "installed": status.state in ("present", "verified"),
                }
                for status in list_weights(self._backend.model_dirs())
            ]
        }

    async def _threaded(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)


def register(app: FastAPI, backend: Backend, access: Access) -> None:
    """Adds the routes to ``app``; a second call changes nothing.

    Args:
        app: the host's application, running or not.
        backend: who does the work.
        access: who may call; every route asks it first.
    """
    if getattr(app.state, "animeseg_api", False):
        return
    app.state.animeseg_api = True

    async def allowed(request: Request) -> None:
        access.check(request.headers.get("authorization"))

    routes = Routes(backend)
    router = APIRouter(
        prefix=PREFIX, route_class=Route, dependencies=[Depends(allowed)], tags=["animeseg"]
    )
    endpoints: tuple[tuple[str, str, Callable[..., Any]], ...] = (
        ("GET", "/version", routes.version),
        ("GET", "/models", routes.models),
        ("GET", "/schema", routes.schemas),
        ("GET", "/openapi.json", routes.openapi),
        ("POST", "/segment", routes.segment),
    )
    for method, path, endpoint in endpoints:
        router.add_api_route(
            path,
            endpoint,
            methods=[method],
            name=f"animeseg {path}",
            response_class=Response,
            response_model=None,
            openapi_extra=operation(path),
        )
    app.include_router(router)
