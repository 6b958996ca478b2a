"""Everything that differs between gradio 3.41 and 4.x, and nothing else.

    button.click(run, inputs, outputs, **compat.js("switch_to_img2img"))
    picture = compat.image("Picture", elem_id="animeseg_picture", interactive=True)

Pages are written against these functions and ``gr.update``; whatever works alike in both versions
is used directly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from animeseg.errors import BadImageError

FileValue = Any
"""What a file component hands over: a path, an open temporary file, a mapping, or a list."""


@cache
def major() -> int:
    """Major version of gradio: 3 or 4."""
    import gradio

    return int(gradio.__version__.split(".")[0])


def js(code: str) -> dict[str, str]:
    """The keyword argument of an event that runs ``code`` in the browser first."""
    return {"_js" if major() < 4 else "js": code}


def image(
    label: str,
    elem_id: str,
    *,
    interactive: bool = False,
    height: int | None = None,
    mode: str = "RGBA",
    show_label: bool = True,
    **more: Any,
) -> Any:
    """A picture that is dropped, pasted or shown; its value is a Pillow image or None.

    It has no editor, no camera and no button of its own that would save a mere preview. What it
    shows can be given as the path of a file, which is passed on as it is: gradio 4 would otherwise
    send lossy WebP, gradio 3 slow PNG.
    """
    import gradio

    given: dict[str, Any] = {
        "label": label,
        "elem_id": elem_id,
        "type": "pil",
        "image_mode": mode,
        "interactive": interactive,
        "height": height,
        "show_label": show_label,
        "show_download_button": False,
        "show_share_button": False,
        **more,
    }
    if major() < 4:
        return gradio.Image(source="upload", **given)
    return gradio.Image(sources=["upload", "clipboard"], format="png", **given)


def gallery(label: str, elem_id: str, **more: Any) -> Any:
    """A gallery that is only shown; see `pictures` for what is given to it."""
    import gradio

    shown = {"show_download_button": False, "show_share_button": False, "object_fit": "contain"}
    if major() >= 4:
        shown |= {"format": "png", "interactive": False}
    return gradio.Gallery(label=label, elem_id=elem_id, **{**shown, **more})


def pictures(value: Sequence[Any] | None) -> list[Any]:
    """The pictures of a gallery's value, as paths or images, captions left out.

    gradio 3 gives dictionaries with ``name``, gradio 4 pairs of a path and a caption.
    """
    return [_picture(item) for item in value or ()]


def _picture(item: Any) -> Any:
    if isinstance(item, list | tuple):
        item = item[0]
    if isinstance(item, Mapping):
        nested = item.get("image")
        if isinstance(nested, Mapping):
            item = nested
        return item.get("path") or item.get("name") or item.get("data")
    return item


def files(label: str, elem_id: str, *, many: bool = False, **more: Any) -> Any:
    """Files to download, or (``interactive=True``) to upload; read the latter with `paths`."""
    import gradio

    return gradio.File(
        label=label,
        elem_id=elem_id,
        file_count="multiple" if many else "single",
        type="file" if major() < 4 else "filepath",
        **more,
    )


def paths(value: FileValue) -> list[Path]:
    """Where uploaded files lie on this machine.

    Raises:
        BadImageError: the value is none that a file component gives.
    """
    if value is None:
        return []
    if isinstance(value, list | tuple):
        return [path for item in value for path in paths(item)]
    if isinstance(value, Mapping):
        value = value.get("path") or value.get("name")
    name = getattr(value, "name", value)
    if not isinstance(name, str | Path) or not str(name):
        raise BadImageError("the uploaded file was lost", "drop it again")
    return [Path(name)]


def position(event: Any) -> tuple[int, int] | None:
    """XY in pixels of a click on a picture; None for any other selection."""
    index = getattr(event, "index", None)
    if not isinstance(index, list | tuple) or len(index) != 2:
        return None
    return int(index[0]), int(index[1])


def chosen(event: Any) -> int | None:
    """Index of the item that was clicked in a gallery; None for any other selection."""
    index = getattr(event, "index", None)
    return index if isinstance(index, int) else None


def typed(function: Callable[..., Any], **kinds: Any) -> Callable[..., Any]:
    """``function`` with annotations that gradio can read: it looks for ``gr.SelectData`` there."""
    function.__annotations__ = {**function.__annotations__, **kinds}
    return function


def blocks(**more: Any) -> Any:
    """An empty page that tells nobody that it was opened."""
    import gradio

    return gradio.Blocks(analytics_enabled=False, **more)


def local_theme() -> Any:
    """The usual looks in fonts that every machine has: gradio's own are fetched from elsewhere."""
    import gradio

    plain = ("ui-sans-serif", "system-ui", "sans-serif")
    return gradio.themes.Default(font=plain, font_mono=("ui-monospace", "Consolas", "monospace"))


def queued(page: Any, at_once: int) -> Any:
    """``page`` with a queue that lets ``at_once`` events run side by side and offers no API."""
    if major() < 4:
        return page.queue(concurrency_count=at_once, api_open=False)
    return page.queue(default_concurrency_limit=at_once, api_open=False)


def hidden_event() -> dict[str, Any]:
    """Keyword arguments of an event that is no part of the page's API."""
    return {"api_name": False}


def latest_only() -> dict[str, str]:
    """Keyword arguments of an event of which only the last of many in a row matters."""
    return {} if major() < 4 else {"trigger_mode": "always_last"}
