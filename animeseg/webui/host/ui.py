"""Components, callbacks and pasting, as the host has them or as plain gradio."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

from animeseg.webui.guard import guarded
from animeseg.webui.host.modules import module


def ui() -> SimpleNamespace:
    """``InputAccordion``, ``ToolButton``, ``FormRow`` and ``create_refresh_button``.

    The host's own (own subclasses of components lose their events in Forge), or stand-ins of
    plain gradio with the same call.
    """
    components, common = module("ui_components"), module("ui_common")
    if components is None:
        return _plain()
    return SimpleNamespace(
        InputAccordion=components.InputAccordion,
        ToolButton=components.ToolButton,
        FormRow=components.FormRow,
        create_refresh_button=common.create_refresh_button,
    )


def on(event: str, callback: Callable[..., Any]) -> bool:
    """Registers ``callback`` for ``script_callbacks.on_<event>``; says whether the host has it.

    What it raises is logged and kept from the host.
    """
    callbacks = module("script_callbacks")
    register = getattr(callbacks, f"on_{event}", None)
    if register is None:
        return False
    wanted = guarded(callback)
    if not _added(callbacks, event, wanted):
        register(wanted)
    return True


def _added(callbacks: Any, event: str, callback: Callable[..., Any]) -> bool:
    """Registers as ``on_<event>`` does, with the name of our file; says whether the host can.

    Without it the host looks through the whole stack for that name, which was seen to take 65 ms
    for every callback.
    """
    add = getattr(callbacks, "add_callback", None)
    listed = getattr(callbacks, "callback_map", {}).get(f"callbacks_{event}")
    if add is None or listed is None or "filename" not in inspect.signature(add).parameters:
        return False
    add(listed, callback, category=event, filename=__file__)
    return True


def register_paste(
    button: Any,
    tabname: str,
    image: Any,
    *,
    text: Any = None,
    field_names: Sequence[str] = (),
) -> bool:
    """Makes ``button`` send a picture to another tab; says whether there is one.

    Args:
        button: the button.
        tabname: ``txt2img``, ``img2img``, ``inpaint`` or ``extras``.
        image: component that holds the picture, or a gallery.
        text: component that holds generation parameters.
        field_names: labels of parameters to send along.
    """
    pasting = module("infotext_utils") or module("generation_parameters_copypaste")
    if pasting is None:
        return False
    pasting.register_paste_params_button(
        pasting.ParamBinding(
            paste_button=button,
            tabname=tabname,
            source_image_component=image,
            source_text_component=text,
            paste_field_names=list(field_names),
        )
    )
    return True


def _plain() -> SimpleNamespace:
    import gradio

    class InputAccordion:
        """An accordion with a check mark, which is what its ``with`` block gives.

        No subclass of a component: gradio 4 would write a ``.pyi`` file beside this one.
        """

        def __init__(self, value: bool, *, label: str, elem_id: str | None = None) -> None:
            self.checkbox = gradio.Checkbox(value=value, label=label, elem_id=elem_id)
            self.accordion = gradio.Accordion(label, open=value)

        def __enter__(self) -> Any:
            self.accordion.__enter__()
            return self.checkbox

        def __exit__(self, *problem: Any) -> None:
            self.accordion.__exit__(*problem)

    def tool_button(value: str, *, elem_id: str | None = None, **_: Any) -> Any:
        return gradio.Button(value, elem_id=elem_id, elem_classes=["tool"])

    def refresh_button(
        component: Any, refresh: Callable[[], Any], arguments: Any, elem_id: str
    ) -> Any:
        def refreshed() -> Any:
            refresh()
            return gradio.update(**(arguments() if callable(arguments) else arguments))

        button = tool_button("\U0001f504", elem_id=elem_id)
        button.click(refreshed, inputs=[], outputs=[component])
        return button

    return SimpleNamespace(
        InputAccordion=InputAccordion,
        ToolButton=tool_button,
        FormRow=gradio.Row,
        create_refresh_button=refresh_button,
    )
