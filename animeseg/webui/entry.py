"""What every script of the extension does when the host loads it, and how its parts are shown.

The files in ``scripts/`` hold the classes that the host looks for and nothing else; the host keeps
their folder on the path only while it loads them, and runs them again when its page is reloaded.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from animeseg.webui import host, missing
from animeseg.webui.guard import guarded, tell
from animeseg.webui.tab.captured import capture

if TYPE_CHECKING:
    from animeseg.webui.service import Service

TAB_TITLE = "animeseg"
TAB_ID = "animeseg_tab"

_drawn: dict[str, Any] = {}


def panel_or_message(build: Callable[[], Any], title: str, elem_id: str) -> Any:
    """What ``build`` makes; where packages are missing or it fails, a panel that says so, and None.

    The host dies at start if a panel cannot be built, so this never raises. It also asks for every
    panel four more times than it shows, only to read default values for its API: those get the
    panel that is there already, since making hundreds of components takes a noticeable time.
    """
    if elem_id in _drawn:
        return _drawn[elem_id]
    try:
        if not missing.problems():
            _drawn[elem_id] = build()
            return _drawn[elem_id]
        _message(title, elem_id, missing.text(missing.problems()))
    except Exception as error:  # the edge: the host starts whatever happens here
        line = tell(error, f"the panel {title}")
        guarded(_message)(title, elem_id, missing.plain(line))
    return None


def register() -> None:
    """Registers the settings, the tab, the routes and what else the host calls back."""
    level = str(host.cmd_option("animeseg_loglevel") or "warning").upper()
    logging.getLogger("animeseg").setLevel(level)
    host.keep_alpha()
    _drawn.clear()
    host.on("ui_settings", host.add_settings)
    host.on("after_component", capture)
    host.on("ui_tabs", _tab)
    host.on("app_started", _routes)
    host.on("before_ui", _begin_page)
    host.on("before_image_saved", _keep_alpha)
    host.on("script_unloaded", _release)
    for line in (missing.log_line(), *missing.warnings()):
        if line:
            print(line)  # noqa: T201 - the host's console is where its users look


def settle() -> None:
    """Before the host generates: models that wait for a next click make room now."""
    service = _service_in_use()
    if service is not None:
        guarded(service.settle)()


def _tab() -> list[tuple[Any, str, str]]:
    def page() -> Any:
        from animeseg.webui import tab

        return tab.build(host_aware=True)

    return [(page_or_message(page), TAB_TITLE, TAB_ID)]


def page_or_message(build: Callable[[], Any]) -> Any:
    """The page that ``build`` makes, or one with the reason why there is none."""
    import gradio

    try:
        if not missing.problems():
            return build()
        text = missing.text(missing.problems())
    except Exception as error:  # the edge: the other tabs stay
        text = missing.plain(tell(error, "the tab"))
    with gradio.Blocks(analytics_enabled=False) as page:
        gradio.HTML(text, elem_id="animeseg_missing")
    return page


def _routes(demo: Any, app: Any) -> None:
    from animeseg.webui.api.hosted import register_in_host

    register_in_host(demo, app)


def _begin_page() -> None:
    """A new page is drawn: at the start, or when it is reloaded."""
    _drawn.clear()
    guarded(_axes)()


def _axes() -> None:
    from animeseg.webui.xyz import add_axes

    add_axes()


def _keep_alpha(params: Any) -> None:
    from animeseg.webui.gallery import keep_alpha

    keep_alpha(params)


def _release() -> None:
    """The page is being reloaded: nothing may keep graphics memory meanwhile."""
    service = _service_in_use()
    if service is not None:
        service.release()


def _service_in_use() -> Service | None:
    """The service, if anybody has used it; a host that never does need not even import it."""
    module = sys.modules.get("animeseg.webui.service")
    return None if module is None else module.existing()


def _message(title: str, elem_id: str, text: str) -> None:
    import gradio

    with gradio.Accordion(title, open=False, elem_id=elem_id):
        gradio.HTML(text, elem_id=f"{elem_id}_missing")
