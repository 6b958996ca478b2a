"""The tab of its own: a plain gradio page, the same in a WebUI and in ``animeseg app``.

layout.py      where everything is on the page that cuts out one picture
events.py      what happens when it is used
workbench.py   find, pick, fix, undo, shape: the work itself, without gradio
session.py     what is remembered about each visitor's picture
previews.py    what the page shows; downloads.py: what it gives away
folder.py      many pictures; film.py: videos; weights.py: the weights
send.py        handing results to other tabs of the host
texts.py       every text of the page
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from animeseg.webui.tab import texts


def build(
    host_aware: bool, models: Callable[[], Any] | None = None, *, with_folders: bool = True
) -> Any:
    """The page, as gradio Blocks.

    Args:
        host_aware: whether results can be sent to the other tabs of a host.
        models: gives what runs the networks; default the service of this process.
        with_folders: whether folders of this machine may be named; a host can forbid it as well.
    """
    import gradio as gr

    from animeseg.webui import assets, compat, host
    from animeseg.webui.tab import send
    from animeseg.webui.tab.events import CutEvents
    from animeseg.webui.tab.film import VideoPage
    from animeseg.webui.tab.folder import FolderPage
    from animeseg.webui.tab.layout import cut_page
    from animeseg.webui.tab.session import Sessions
    from animeseg.webui.tab.weights import WeightsPage
    from animeseg.webui.tab.workbench import Workbench

    given = models or _service
    allowed = with_folders and not host.cmd_option("hide_ui_dir_config")
    sessions = Sessions()
    # A host has its own looks, and loads our style sheet by itself.
    looks = {} if host_aware else {"css": assets.style(), "theme": compat.local_theme()}
    with compat.blocks(title=texts.TITLE, **looks) as page, gr.Tabs(elem_id="animeseg_pages"):
        with gr.Tab(texts.PAGE_CUT, elem_id="animeseg_page_cut"):
            cut = cut_page(with_host=host_aware, with_folders=allowed)
            events = CutEvents(cut, Workbench(given), sessions)
            events.connect()
            if host_aware:
                send.connect(events)
        with gr.Tab(texts.PAGE_FOLDER, elem_id="animeseg_page_folder"):
            FolderPage(given, sessions, with_folders=allowed)
        with gr.Tab(texts.PAGE_VIDEO, elem_id="animeseg_page_video"):
            VideoPage(given, sessions)
        with gr.Tab(texts.PAGE_MODELS, elem_id="animeseg_page_models"):
            WeightsPage(sessions)
    return page


def _service() -> Any:
    from animeseg.webui.service import service

    return service()
