"""Handing a result to the other tabs of the host.

Picture and mask go to *Inpaint upload*, whose two components have the same ids in every host;
pictures go to img2img and Extras by the host's own paste buttons, which know their canvases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from animeseg.webui import compat, host
from animeseg.webui.tab import texts
from animeseg.webui.tab.captured import inpaint_parts
from animeseg.webui.tab.downloads import cutout_pixels, finished, mask_pixels
from animeseg.webui.tab.drawing import say

if TYPE_CHECKING:
    from animeseg.webui.tab.events import CutEvents

PASTE_TABS = ("img2img", "extras")


def connect(events: CutEvents) -> None:
    """Gives the buttons of the page that send results their events."""
    if parts := inpaint_parts():
        _connect_inpaint(events, parts)
    for tab in PASTE_TABS:
        _connect_paste(events, tab)


def _connect_inpaint(events: CutEvents, parts: list[Any]) -> None:
    import gradio as gr

    page = events.page

    def handler(*values: Any) -> tuple[Any, Any, str]:
        from PIL import Image

        try:
            session = events.sessions.get(values[0])
            with session.lock:
                picture, _ = finished(session)
                mask = Image.fromarray(mask_pixels(session))
                base = Image.fromarray(picture.rgb)
        except Exception as error:
            return gr.update(), gr.update(), say(error)
        return base, mask.convert("RGB"), texts.message("sent to inpaint", kind="good")

    outputs = [*parts, page.message]
    page.send_inpaint.click(
        handler, [page.token], outputs, show_progress="hidden", **compat.hidden_event()
    ).then(None, [], [], **compat.js("() => window.animeseg && animeseg.showInpaintUpload()"))


def _connect_paste(events: CutEvents, tab: str) -> None:
    """Our button fills a picture out of sight, then presses the host's own paste button for it."""
    import gradio as gr

    page = events.page
    hidden = ["animeseg_hidden"]
    whole = compat.image(tab, f"animeseg_tab_whole_{tab}", elem_classes=hidden)
    paste = gr.Button(tab, elem_id=f"animeseg_tab_paste_{tab}", elem_classes=hidden)
    button = page.parts[f"send_{tab}"]
    if not host.register_paste(paste, tab, whole):
        return

    def handler(*values: Any) -> tuple[Any, str]:
        from PIL import Image

        try:
            form = events.form(values)
            session = events.sessions.get(values[0])
            with session.lock:
                pixels = np.ascontiguousarray(cutout_pixels(session, form.output, form.behind))
        except Exception as error:
            return gr.update(), say(error)
        sent = Image.fromarray(pixels)
        if tab == "img2img" and sent.mode == "RGBA":
            # It works without alpha, and the colour under it is black.
            sent = Image.alpha_composite(Image.new("RGBA", sent.size, "white"), sent).convert("RGB")
        return sent, texts.message(f"sent to {tab}", kind="good")

    button.click(
        handler,
        events.inputs,
        [whole, page.message],
        show_progress="hidden",
        **compat.hidden_event(),
    ).then(None, [], [], **compat.js(f"() => animeseg.press('animeseg_tab_paste_{tab}')"))
