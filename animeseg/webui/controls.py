"""Gradio components made from the knobs of `animeseg.options`; works on gradio 3.41 and 4.x.

    parts = controls(Options, "script_txt2img_animeseg", ["model", "confidence", "refine"])
    button.click(run, inputs=list(parts.values()), ...)
    ...
    def run(*values):
        options = read_values(Options, list(parts), values)      # animeseg.webui.reading

The labels are the knobs' labels: they are keys of translations, of ``ui-config.json`` and of the
infotext, and never change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from animeseg.options import Knob, OptionSet, knobs
from animeseg.weights.available import model_names

MODEL_KINDS = {"model": "detector", "sam_model": "sam"}
"""Knobs that name a model, and of which kind."""

_MOST_RADIO_BUTTONS = 3


def controls(
    options: type[OptionSet],
    elem_id: str,
    names: Iterable[str] | None = None,
    *,
    values: Mapping[str, Any] | None = None,
    refresh: bool = True,
) -> dict[str, Any]:
    """Components for the knobs of a set, one below the other in the current gradio context.

    Args:
        options: the set of options.
        elem_id: what the ids begin with; ``_<name>`` is appended.
        names: which knobs, in this order; default all.
        values: what is shown at first where it is not the default.
        refresh: whether lists of models get a refresh button.

    Returns:
        The components by the name of their knob.
    """
    known = knobs(options)
    given = values or {}
    return {
        name: control(known[name], f"{elem_id}_{name}", value=given.get(name), refresh=refresh)
        for name in (known if names is None else names)
    }


def control(
    knob: Knob,
    elem_id: str,
    *,
    value: Any = None,
    label: str | None = None,
    choices: Callable[[], list[str]] | None = None,
    refresh: bool = True,
) -> Any:
    """One component.

    Args:
        knob: what it sets.
        elem_id: its id in the page.
        value: what is shown at first; default the knob's default.
        label: in place of the knob's; only where a page shows a knob several times.
        choices: gives the names to choose from where the host knows them (samplers, checkpoints);
            any other text can be typed as well.
        refresh: whether a list of names that can change gets a refresh button.

    Returns:
        A gradio component whose value `animeseg.webui.reading` understands.
    """
    common = {
        "label": label or knob.label,
        "info": knob.help,
        "elem_id": elem_id,
        "value": knob.default if value is None else value,
    }
    names = choices or _model_choices(knob)
    if names is not None:
        return _names(common, names, elem_id, refresh)
    return _MAKERS[knob.kind](knob, common)


def model_choices(name: str) -> list[str]:
    """The models that the knob ``name`` can be set to: those of the catalog, then the user's."""
    from animeseg.webui import host

    return model_names(MODEL_KINDS[name], host.model_dirs())


def _model_choices(knob: Knob) -> Callable[[], list[str]] | None:
    if knob.name not in MODEL_KINDS:
        return None
    return lambda: ([""] if knob.default == "" else []) + model_choices(knob.name)


def _names(
    common: dict[str, Any], names: Callable[[], list[str]], elem_id: str, refresh: bool
) -> Any:
    import gradio as gr

    from animeseg.webui import host

    shown = names()
    if common["value"] not in shown:
        shown = [common["value"], *shown]
    # What is typed may name a model that came after the page; a wrong name is told when it is used.
    if not refresh:
        return gr.Dropdown(choices=shown, allow_custom_value=True, **common)
    with host.ui().FormRow():
        component = gr.Dropdown(choices=shown, allow_custom_value=True, **common)
        host.ui().create_refresh_button(
            component, lambda: None, lambda: {"choices": names()}, f"{elem_id}_refresh"
        )
    return component


def _checkbox(knob: Knob, common: dict[str, Any]) -> Any:
    import gradio as gr

    return gr.Checkbox(**common)


def _slider(knob: Knob, common: dict[str, Any]) -> Any:
    import gradio as gr

    step = knob.step or (1 if knob.kind == "int" else 0.01)
    return gr.Slider(minimum=knob.minimum, maximum=knob.maximum, step=step, **common)


def _string(knob: Knob, common: dict[str, Any]) -> Any:
    import gradio as gr

    if knob.choices:
        is_short = len(knob.choices) <= _MOST_RADIO_BUTTONS
        return (gr.Radio if is_short else gr.Dropdown)(choices=list(knob.choices), **common)
    if str(knob.default).startswith("#"):
        return gr.ColorPicker(**common)
    return gr.Textbox(lines=2 if "prompt" in knob.name else 1, **common)


def _list(knob: Knob, common: dict[str, Any]) -> Any:
    import gradio as gr

    if knob.choices:
        return gr.CheckboxGroup(
            choices=list(knob.choices), **{**common, "value": list(common["value"])}
        )
    return gr.Textbox(**{**common, "value": ", ".join(common["value"])})


_MAKERS = {"bool": _checkbox, "int": _slider, "float": _slider, "str": _string, "list": _list}
