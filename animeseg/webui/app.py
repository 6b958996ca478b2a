"""``animeseg app``: the tab as a page of its own, without any WebUI.

It is served to this machine alone unless told otherwise, tells nobody anything, and needs nothing
from the network: what gradio's page would fetch from elsewhere (fonts, a script for embedding) is
taken out of it.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from animeseg.errors import AnimesegError, MissingDependencyError
from animeseg.webui import assets

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 7870
LOCAL_NAMES = ("127.0.0.1", "localhost", "[::1]", "::1")
_TRIES = 20
_AT_ONCE = 4

_ELSEWHERE = re.compile(
    r"<script[^>]*\bsrc=[\"']https?://[^>]*>\s*</script>"
    r"|<link[^>]*\bhref=[\"']https?://[^>]*>"
    r"|<meta[^>]*\bcontent=[\"']https?://[^>]*>",
    re.IGNORECASE,
)

_PORT = re.compile(r":\d+$")

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class PortTakenError(AnimesegError, OSError):
    """The address cannot be listened at."""

    code = "port_taken"


class OwnPage:
    """ASGI middleware: adds our script to gradio's page and takes out what lies elsewhere.

    Args:
        app: what is served.
    """

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self._app = app
        self._script = f"<script>{assets.script()}</script></head>"

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http" or scope["path"] not in ("", "/"):
            await self._app(scope, receive, send)
            return
        held: list[Message] = []

        async def hold(message: Message) -> None:
            held.append(message)

        await self._app(scope, receive, hold)
        body = b"".join(m.get("body", b"") for m in held if m["type"] == "http.response.body")
        start = next(m for m in held if m["type"] == "http.response.start")
        headers = [item for item in start["headers"] if item[0].lower() != b"content-length"]
        if any(value.startswith(b"text/html") for _, value in headers):
            body = self._own(body.decode("utf-8")).encode("utf-8")
        headers.append((b"content-length", str(len(body)).encode()))
        await send({**start, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _own(self, page: str) -> str:
        return _ELSEWHERE.sub("", page).replace("</head>", self._script, 1)


class SameOrigin:
    """ASGI middleware: refuses requests that a page of somebody else's makes.

    Any website could otherwise make its visitor's browser ask this server to work on folders.

    Args:
        app: what is served.
        local: whether only names of this machine are accepted, so that no other name can be made
            to point here.
    """

    def __init__(self, app: Callable[..., Awaitable[None]], *, local: bool) -> None:
        self._app = app
        self._local = local

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serves or refuses one request."""
        if scope["type"] not in ("http", "websocket") or self._accepts(dict(scope["headers"])):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await send({"type": "http.response.start", "status": 403, "headers": []})
            await send({"type": "http.response.body", "body": b"another origin"})

    def _accepts(self, headers: dict[bytes, bytes]) -> bool:
        asked = headers.get(b"host", b"").decode("latin-1").lower()
        origin = headers.get(b"origin", b"").decode("latin-1").lower()
        name = asked.rpartition(":")[0] if _PORT.search(asked) else asked
        if self._local and name not in LOCAL_NAMES:
            return False
        return not origin or origin.partition("://")[2] == asked


def make_app(
    models: Callable[[], Any] | None = None,
    *,
    local: bool = True,
    api: bool = False,
    api_auth: str | None = None,
) -> Any:
    """The ASGI application.

    Args:
        local: whether it is for this machine alone; if it is not, nobody can name folders.
        models: gives what runs the networks; default the service of this process.
        api: whether the routes of ``docs/api.md`` are served as well.
        api_auth: ``name:password`` of those who may call them, parted by commas; None: everybody.

    Raises:
        MissingDependencyError: gradio is not installed.
    """
    try:
        import fastapi
        import gradio
    except ImportError as error:
        raise MissingDependencyError(
            f"the page needs gradio ({error})", "run: pip install 'animeseg[app]'"
        ) from error
    from animeseg.webui import compat, tab

    page = compat.queued(tab.build(host_aware=False, models=models, with_folders=local), _AT_ONCE)
    app = fastapi.FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    if api:
        from animeseg.webui.api import Access
        from animeseg.webui.api.hosted import host_backend
        from animeseg.webui.api.routes import register

        register(app, host_backend(), Access.from_flags(api_auth, page_login=False))
    app = gradio.mount_gradio_app(app, page, path="/")
    app.add_middleware(OwnPage)
    app.add_middleware(SameOrigin, local=local)
    return app


def serve(
    host: str = DEFAULT_HOST,
    port: int | None = None,
    *,
    models: Callable[[], Any] | None = None,
    api: bool = False,
    api_auth: str | None = None,
    ready: Callable[[str], None] = lambda address: None,
) -> None:
    """Serves the page until it is interrupted.

    Args:
        host: address to listen at; any but this machine's own lets others use it.
        port: default the first free one from `DEFAULT_PORT`.
        models: gives what runs the networks; default the service of this process.
        api: whether the routes of ``docs/api.md`` are served as well.
        api_auth: who may call them, see `make_app`.
        ready: told the address as soon as the page answers there.

    Raises:
        MissingDependencyError: gradio is not installed.
        PortTakenError: the address is taken, or none of this machine's.
    """
    app = make_app(models, local=host in LOCAL_NAMES, api=api, api_auth=api_auth)
    import uvicorn

    with listening(host, port) as listener:
        number = listener.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=3)
        server = _server(config, lambda: ready(f"http://{shown}:{number}/"))
        server.run(sockets=[listener])


def listening(host: str, port: int | None) -> socket.socket:
    """A socket that listens at ``host``, at ``port`` or at the first free one from the default.

    Raises:
        PortTakenError: the address is taken, or none of this machine's.
    """
    ports = [port] if port is not None else range(DEFAULT_PORT, DEFAULT_PORT + _TRIES)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    cause = ""
    for number in ports:
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.bind((host, number))
            listener.listen(128)
        except OSError as error:
            listener.close()
            cause = error.strerror or str(error)
        else:
            return listener
    raise PortTakenError(f"cannot listen at {host}:{ports[0]}: {cause}", "choose another --port")


def _server(config: Any, started: Callable[[], None]) -> Any:
    """A uvicorn server that says when it answers."""
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            started()

    return Server(config)
