"""Settings and command-line flags, as the host has them."""

from __future__ import annotations

import inspect
from typing import Any

from animeseg.webui.host.modules import shared
from animeseg.webui.settings import BY_KEY, SECTION, SETTINGS, Setting

_overrides: dict[str, Any] = {}


def setting(key: str) -> Any:
    """The value of a setting of ours, checked; its default where the host has none.

    Raises:
        KeyError: `animeseg.webui.settings` declares no such setting.
    """
    declared = BY_KEY[key]
    if key in _overrides:
        return declared.checked(_overrides[key])
    return declared.checked(host_option(key, declared.default))


def override(**values: Any) -> None:
    """Sets settings for this process, as the application without a host does from its flags.

    Raises:
        KeyError: `animeseg.webui.settings` declares no such setting.
    """
    for key in values:
        BY_KEY[key]
    _overrides.update(values)


def host_option(key: str, default: Any = None) -> Any:
    """The value of an option of the host's own; ``default`` where it knows no such option.

    The host's ``opts.data`` holds only what was ever saved, and is empty until then; what it falls
    back on stands in ``opts.data_labels``.
    """
    opts = getattr(shared(), "opts", None)
    data, labels = getattr(opts, "data", None), getattr(opts, "data_labels", None)
    if isinstance(data, dict) and key in data:
        return data[key]
    declared = labels.get(key) if isinstance(labels, dict) else None
    return default if declared is None else declared.default


def cmd_option(name: str) -> Any:
    """The value of a command-line flag of the host (dashes as underscores), or None."""
    return getattr(getattr(shared(), "cmd_opts", None), name, None)


def add_settings() -> None:
    """Adds our section to the host's settings; called by its ``ui_settings`` callback."""
    host = shared()
    if host is None:
        return
    accepted = inspect.signature(host.OptionInfo).parameters
    for entry in SETTINGS:
        more = {"restrict_api": True} if entry.private and "restrict_api" in accepted else {}
        info = host.OptionInfo(
            entry.default, entry.label, *_component(entry), section=SECTION, **more
        )
        info = info.info(entry.help)
        host.opts.add_option(entry.key, info.needs_reload_ui() if entry.reload else info)


def _component(entry: Setting) -> tuple[Any, dict[str, Any]]:
    """The gradio component of a setting and its arguments."""
    import gradio

    if entry.choices:
        return gradio.Dropdown, {"choices": list(entry.choices)}
    if entry.span is not None:
        minimum, maximum = entry.span
        return gradio.Slider, {"minimum": minimum, "maximum": maximum, "step": entry.step}
    return (gradio.Checkbox if isinstance(entry.default, bool) else gradio.Textbox), {}
