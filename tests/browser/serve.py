"""Serves a page for the tests in a browser, and prints its address as soon as it answers.

tab      the page of `animeseg app` over networks that know the truth
host     the same inside a page that has what a host has: Inpaint upload among tabs
panel    the panels of txt2img and img2img, and what they were read as
"""

from __future__ import annotations

import json
import sys

from stand_in import Models

from animeseg.webui import app, assets, compat, panel, tab
from animeseg.webui.panel_args import read_request
from animeseg.webui.pass_args import read_passes
from animeseg.webui.pass_controls import build_passes
from animeseg.webui.tab.captured import capture


def host_page():
    import gradio as gr

    with compat.blocks() as inner, gr.Tabs(elem_id="mode_img2img"):
        for label in ("img2img", "Inpaint upload", "Batch"):
            with gr.Tab(label):
                if label == "Inpaint upload":
                    for name in ("img_inpaint_base", "img_inpaint_mask"):
                        part = gr.Image(label=name, type="pil", elem_id=name)
                        capture(part, elem_id=name)
    ours = tab.build(host_aware=True, models=Models)
    with compat.blocks(css=assets.style(), theme=compat.local_theme()) as page:
        with gr.Tab("animeseg"):
            ours.render()
        with gr.Tab("img2img"):
            inner.render()
    return page


def panel_page():
    import gradio as gr

    with compat.blocks(css=assets.style(), theme=compat.local_theme()) as page:
        for is_img2img in (False, True):
            name = "img2img" if is_img2img else "txt2img"
            with gr.Tab(name):
                made = panel.build(is_img2img, build_passes)
                button = gr.Button("read", elem_id=f"read_{name}")
                said = gr.Textbox(label="what was read", elem_id=f"said_{name}")
                button.click(read_panel, made.components, [said], **compat.hidden_event())
    return page


def read_panel(*values):
    request = read_request(values)
    return json.dumps(
        {
            "panel": request.panel.changed(),
            "options": request.options.changed(),
            "output": request.output.changed(),
            "backdrop": request.backdrop is not None,
            "passes": [unit.changed() for unit in read_passes(request.rest)],
        }
    )


PAGES = {"host": host_page, "panel": panel_page}


def main(which):
    if which in PAGES:
        build = PAGES[which]
        tab_build = tab.build

        def stand_in(*_, **__):
            tab.build = tab_build
            return build()

        tab.build = stand_in
    app.serve("127.0.0.1", 0, models=Models, ready=lambda address: print(address, flush=True))


if __name__ == "__main__":
    main(sys.argv[1])
