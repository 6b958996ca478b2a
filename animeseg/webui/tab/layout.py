"""Where everything is on the page that cuts out one picture; what it does is in `events`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from animeseg.options import Options, OutputOptions
from animeseg.webui import compat
from animeseg.webui.controls import controls
from animeseg.webui.tab import texts

ID = "animeseg_tab"

EDGES = (
    "cutout_grow",
    "cutout_feather",
    "mask_grow",
    "mask_feather",
    "fill_holes",
    "drop_islands",
    "mask_invert",
)
"""Knobs that only move edges: no network runs when they change."""

BACKGROUND = ("background", "background_colour", "background_blur")
FINDING = ("model", "confidence", "refine", "sam_model", "order", "max_instances")
_STAGE_HEIGHT = 560


@dataclass(eq=False)
class Cut:
    """The components of the page, by what they are for."""

    parts: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    output: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["parts"][name]
        except KeyError:
            raise AttributeError(name) from None


def cut_page(*, with_host: bool, with_folders: bool) -> Cut:
    """Lays the page out in the current gradio context.

    Args:
        with_host: whether results can be sent to other tabs.
        with_folders: whether files may be kept on this machine.
    """
    import gradio as gr

    page = Cut()
    part = page.parts
    part["token"] = gr.State(None)
    part["message"] = gr.HTML(texts.message(texts.WELCOME), elem_id=f"{ID}_message")
    with gr.Row(elem_id=f"{ID}_stages"):
        with gr.Column(scale=1, min_width=360):
            part["stage"] = compat.image(
                texts.PICTURE, f"{ID}_stage", interactive=True, height=_STAGE_HEIGHT
            )
            _tools(part)
        with gr.Column(scale=1, min_width=360):
            part["result"] = compat.image(
                texts.RESULT, f"{ID}_result", height=_STAGE_HEIGHT, elem_classes=["animeseg_empty"]
            )
            _taking(page, with_host=with_host)
    with gr.Row():
        with gr.Column(scale=1, min_width=360):
            _characters(part)
            _background(page)
            with gr.Accordion(texts.FINDING, open=False, elem_id=f"{ID}_finding"):
                page.options |= controls(Options, ID, FINDING)
                part["find"] = button(texts.FIND, f"{ID}_find")
        with gr.Column(scale=1, min_width=360):
            _shaping(page, with_folders=with_folders)
    return page


def _tools(part: dict[str, Any]) -> None:
    import gradio as gr

    choices = list(texts.TOOLS.values())
    part["tool"] = gr.Radio(choices, value=choices[0], label=texts.TOOL, elem_id=f"{ID}_tool")
    with bar():
        part["active"] = gr.Dropdown(
            [texts.AUTOMATIC, texts.NEW_CHARACTER],
            value=texts.AUTOMATIC,
            label=texts.WORK_ON,
            elem_id=f"{ID}_active",
            min_width=180,
            scale=2,
        )
        part["undo"] = button(texts.UNDO, f"{ID}_undo")
        part["remove"] = button(texts.REMOVE, f"{ID}_remove")
        part["stop"] = button(texts.STOP, f"{ID}_stop", "stop")
    # What the mouse draws comes through this box; it is out of sight, not out of the page.
    with gr.Row(elem_classes=["animeseg_hidden"]):
        part["drawn"] = gr.Textbox("", label="drawn", elem_id=f"{ID}_drawn")


def _taking(page: Cut, *, with_host: bool) -> None:
    """What a result can be looked at as, and taken away as."""
    import gradio as gr

    part = page.parts
    views = list(texts.VIEWS.values())
    part["view"] = gr.Radio(views, value=views[0], label=texts.VIEW, elem_id=f"{ID}_view")
    with bar():
        for kind, label in texts.DOWNLOADS.items():
            variant = "primary" if kind == "png" else "secondary"
            part[f"download_{kind}"] = button(label, f"{ID}_download_{kind}", variant)
    part["files"] = compat.files(texts.FILES, f"{ID}_files", visible=True, interactive=False)
    with bar(visible=with_host):
        for target, label in texts.SEND.items() if with_host else ():
            part[f"send_{target}"] = gr.Button(
                label, elem_id=f"{ID}_send_{target}", size="sm", min_width=110
            )


def _characters(part: dict[str, Any]) -> None:
    import gradio as gr

    with bar():
        part["chosen"] = gr.CheckboxGroup(
            [], label=texts.CHARACTERS, elem_id=f"{ID}_chosen", scale=4
        )
        part["all"] = button(texts.EVERY_ONE, f"{ID}_all")
        part["none"] = button(texts.NO_ONE, f"{ID}_none")
    part["gallery"] = compat.gallery(
        texts.FOUND, f"{ID}_gallery", columns=6, height=150, allow_preview=False
    )


def _background(page: Cut) -> None:
    import gradio as gr

    with gr.Accordion(texts.BACKGROUND, open=True, elem_id=f"{ID}_background_part"):
        page.output |= controls(OutputOptions, ID, BACKGROUND)
        page.parts["behind"] = compat.image(
            texts.BEHIND, f"{ID}_behind", interactive=True, height=160, mode="RGB"
        )


def _shaping(page: Cut, *, with_folders: bool) -> None:
    import gradio as gr

    part = page.parts
    with gr.Accordion(texts.EDGES, open=True, elem_id=f"{ID}_edges"):
        page.options |= controls(Options, ID, EDGES)
    with gr.Accordion(texts.TARGET, open=False, elem_id=f"{ID}_target_part"):
        page.options |= controls(Options, ID, ("target",))
        page.output |= controls(OutputOptions, ID, ("layer_format",))
    with bar(visible=with_folders):
        part["correction"] = button(texts.CORRECTION, f"{ID}_correction")


def button(label: str, elem_id: str, variant: str = "secondary") -> Any:
    """A small button."""
    import gradio as gr

    return gr.Button(label, elem_id=elem_id, variant=variant, size="sm", min_width=80)


def bar(**more: Any) -> Any:
    """A row of small things that keep their own sizes."""
    import gradio as gr

    return gr.Row(elem_classes=["animeseg_bar"], equal_height=False, **more)
