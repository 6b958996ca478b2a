from __future__ import annotations

import asyncio
import socket

import pytest

from animeseg.webui import assets
from animeseg.webui.app import OwnPage, PortTakenError, SameOrigin, listening
from animeseg.webui.tab import captured, texts

PAGE = (
    '<html><head><meta property="og:image" content="https://raw.example/x.png" />'
    '<script src="https://cdn.example/a.js" async></script>'
    '<link rel="preconnect" href="https://fonts.example" />'
    '<script type="module" src="./assets/index.js"></script>'
    '<link rel="stylesheet" href="./assets/index.css"></head><body>\u00e9</body></html>'
)


def served(app, path="/", headers=()):
    """Status, headers and body of a GET."""
    said = []

    async def send(message):
        said.append(message)

    async def receive():
        return {"type": "http.request", "body": b""}

    scope = {"type": "http", "path": path, "headers": list(headers)}
    asyncio.run(app(scope, receive, send))
    body = b"".join(part.get("body", b"") for part in said[1:])
    return said[0]["status"], dict(said[0].get("headers", [])), body


def inner(kind=b"text/html; charset=utf-8"):
    body = PAGE.encode()

    async def app(scope, receive, send):
        headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body[:50], "more_body": True})
        await send({"type": "http.response.body", "body": body[50:]})

    return app


def test_the_page_has_our_script_and_asks_nobody_else():
    status, headers, body = served(OwnPage(inner()))
    text = body.decode("utf-8")
    assert status == 200
    assert "https://" not in text.replace(assets.script(), "")
    assert assets.script() in text
    assert "./assets/index.js" in text
    assert "./assets/index.css" in text
    assert int(headers[b"content-length"]) == len(body)


@pytest.mark.parametrize(("path", "kind"), [("/config", b"text/html"), ("/", b"application/json")])
def test_what_is_not_the_page_stays_as_it_is(path, kind):
    assert served(OwnPage(inner(kind)), path)[2] == PAGE.encode()


@pytest.mark.parametrize(
    ("headers", "local", "status"),
    [
        ({"host": "127.0.0.1:7870"}, True, 200),
        ({"host": "127.0.0.1:7870", "origin": "http://127.0.0.1:7870"}, True, 200),
        ({"host": "localhost:7870"}, True, 200),
        ({"host": "[::1]:7870"}, True, 200),
        ({"host": "127.0.0.1:7870", "origin": "https://somebody.example"}, True, 403),
        ({"host": "127.0.0.1:7870", "origin": "null"}, True, 403),
        ({"host": "rebound.example:7870"}, True, 403),
        ({"host": "my-server:7870"}, False, 200),
        ({"host": "my-server:7870", "origin": "http://other:7870"}, False, 403),
    ],
)
def test_pages_of_others_cannot_use_the_server(headers, local, status):
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    assert served(SameOrigin(inner(), local=local), headers=pairs)[0] == status


def test_a_port_that_is_taken_is_said_and_the_next_one_found(monkeypatch):
    with listening("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(PortTakenError, match=str(port)):
            listening("127.0.0.1", port)
        monkeypatch.setattr("animeseg.webui.app.DEFAULT_PORT", port)
        with listening("127.0.0.1", None) as other:
            assert other.getsockname()[1] != port
    assert isinstance(other, socket.socket)


def test_results_go_to_the_two_components_of_inpaint_upload(monkeypatch):
    monkeypatch.setattr(captured, "_found", {})
    base, mask = object(), object()
    captured.capture(object(), elem_id="txt2img_prompt")
    captured.capture(base, elem_id="img_inpaint_base")
    assert captured.inpaint_parts() == []
    captured.capture(mask, elem_id="img_inpaint_mask", label="Mask")
    assert captured.inpaint_parts() == [base, mask]


def test_messages_escape_what_they_are_told():
    shown = texts.message("<b>x", "<script>")
    assert "<b>" not in shown
    assert "<script>" not in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no picture", "No picture."),
        ("mobile-sam is not here", "mobile-sam is not here."),
        ("a.png exists", "a.png exists."),
        ("\u3042 done!", "\u3042 done!"),
    ],
)
def test_sentences_begin_large_but_names_do_not(text, shown):
    assert f">{shown}<" in texts.message(text)
