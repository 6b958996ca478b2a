"""The WebUI as the program around the routes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from animeseg.webui import host
from animeseg.webui.api.access import Access
from animeseg.webui.api.backend import Backend

if TYPE_CHECKING:
    from animeseg.images import Picture
    from animeseg.instances import Segmentation
    from animeseg.options import Options


def register_in_host(_: Any, app: Any) -> bool:
    """Adds the routes to the host's application; for its ``app_started`` callback.

    Args:
        app: the host's FastAPI application.

    Returns:
        Whether they were added: only if the host's own API is on.
    """
    if not (host.cmd_option("api") or host.cmd_option("nowebui")):
        return False
    from animeseg.webui.api.routes import register

    register(app, host_backend(), host_access())
    return True


def host_access() -> Access:
    """Who may call, by the host's flags."""
    page_login = host.cmd_option("gradio_auth") or host.cmd_option("gradio_auth_path")
    return Access.from_flags(host.cmd_option("api_auth"), page_login=bool(page_login))


def host_backend() -> Backend:
    """The service of this process, in the host's queue."""
    return Backend(
        segment=_segment,
        queue=host.queue,
        job=host.job,
        stopping=host.stopping,
        model_dirs=host.model_dirs,
        program=f"{host.family().value} {host.host_version()}".strip(),
    )


def _segment(picture: Picture, options: Options) -> Segmentation:
    from animeseg.webui.service import service

    return service().segment(picture, options)
