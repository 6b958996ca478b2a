from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from animeseg.errors import BadImageError
from animeseg.webui import compat


@pytest.fixture(params=["3.41.2", "4.40.0"])
def gradio(request, monkeypatch):
    """A gradio that only remembers how its components were made."""
    module = ModuleType("gradio")
    module.__version__ = request.param

    def component(name):
        return lambda *args, **given: SimpleNamespace(kind=name, args=args, given=given)

    for name in ("Image", "Gallery", "File", "Blocks"):
        setattr(module, name, component(name))
    monkeypatch.setitem(sys.modules, "gradio", module)
    compat.major.cache_clear()
    yield module
    compat.major.cache_clear()


def is_old(gradio):
    return gradio.__version__.startswith("3")


def test_scripts_of_events_have_the_name_that_gradio_knows(gradio):
    assert compat.js("() => 1") == {"_js" if is_old(gradio) else "js": "() => 1"}


def test_a_picture_is_dropped_and_never_edited_or_made_lossy(gradio):
    given = compat.image("Label", "some_id", interactive=True, height=5).given
    if is_old(gradio):
        assert given["source"] == "upload"
        assert not {"sources", "format"} & set(given)
    else:
        assert given["sources"] == ["upload", "clipboard"]
        assert given["format"] == "png"
        assert "source" not in given
    assert given["type"] == "pil"
    assert given["image_mode"] == "RGBA"
    assert given["show_download_button"] is given["show_share_button"] is False


def test_files_are_asked_for_in_the_words_of_each(gradio):
    assert compat.files("L", "id", many=True).given["type"] == (
        "file" if is_old(gradio) else "filepath"
    )


def test_no_page_tells_that_it_was_opened(gradio):
    assert compat.blocks().given["analytics_enabled"] is False


def test_the_queue_lets_several_work_and_offers_no_api(gradio):
    asked = {}
    page = SimpleNamespace(queue=lambda **given: asked.update(given) or "queued")
    assert compat.queued(page, 3) == "queued"
    assert asked.pop("api_open") is False
    assert asked == (
        {"concurrency_count": 3} if is_old(gradio) else {"default_concurrency_limit": 3}
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, []),
        ([{"name": "/t/a.png", "data": None, "is_file": True}], ["/t/a.png"]),
        ([[{"name": "/t/a.png", "is_file": True}, "caption"]], ["/t/a.png"]),
        ([("/t/a.png", None), ("/t/b.png", "caption")], ["/t/a.png", "/t/b.png"]),
        ([{"image": {"path": "/t/a.png"}, "caption": None}], ["/t/a.png"]),
        (["/t/a.png"], ["/t/a.png"]),
    ],
)
def test_a_gallery_gives_its_pictures_whatever_it_wraps_them_in(value, expected):
    assert compat.pictures(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, []),
        ("/t/a.png", ["/t/a.png"]),
        (SimpleNamespace(name="/t/a.png", orig_name="a.png"), ["/t/a.png"]),
        ([SimpleNamespace(name="/t/a"), "/t/b"], ["/t/a", "/t/b"]),
        ({"path": "/t/a"}, ["/t/a"]),
        ({"name": "/t/a"}, ["/t/a"]),
    ],
)
def test_uploaded_files_are_found_whatever_names_them(value, expected):
    assert compat.paths(value) == [Path(path) for path in expected]


@pytest.mark.parametrize("value", ["", {}, 7, SimpleNamespace(name=None), [None, ""]])
def test_an_upload_that_was_lost_is_said(value):
    with pytest.raises(BadImageError, match="lost"):
        compat.paths(value)


@pytest.mark.parametrize(
    ("index", "position", "chosen"),
    [([3, 4], (3, 4), None), ((3.0, 4.0), (3, 4), None), (5, None, 5), (None, None, None)],
)
def test_a_selection_is_a_pixel_or_an_item(index, position, chosen):
    event = SimpleNamespace(index=index)
    assert compat.position(event) == position
    assert compat.chosen(event) == chosen


def test_annotations_are_those_that_gradio_looks_for():
    def handler(event, *values):
        return event

    assert compat.typed(handler, event=int).__annotations__ == {"event": int}
