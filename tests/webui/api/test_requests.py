"""What is refused, with which status and code, and before what it costs anything."""

from __future__ import annotations

import base64
import json
import socket
import struct
import subprocess
import zlib

import numpy as np
import pytest

from animeseg import limits
from animeseg.errors import MissingWeightsError, OutOfMemoryError

SEGMENT = "/animeseg/v1/segment"


def refusal(reply):
    """Status, code and field of a refusal, whose form is checked."""
    fault = reply.json()
    assert set(fault) == {"code", "cause", "cure", "field"}
    assert "Traceback" not in reply.text
    return reply.status_code, fault["code"], fault["field"]


def png_header(width, height):
    """A PNG that claims a size and holds next to nothing."""

    def chunk(kind, data):
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.fixture
def image(tools):
    return tools.in_base64(tools.encoded(tools.make_picture()))


@pytest.fixture
def nothing_runs(monkeypatch):
    """No process is started and no socket opened while a request is refused."""

    def forbidden(*args, **kwargs):
        pytest.fail("a process was started, or a connection opened")

    monkeypatch.setattr(subprocess, "Popen", forbidden)
    monkeypatch.setattr(socket.socket, "connect", forbidden)


# ---------------------------------------------------------------- fault 1: damaged pictures
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("kept", [0.05, 0.5, 0.9])
def test_truncated_pictures_are_refused(server, tools, nothing_runs, kind, kept):
    data = tools.encoded(tools.make_picture(size=(200, 160)), kind)
    reply = server.post({"image": tools.in_base64(data[: int(len(data) * kept)])})
    assert refusal(reply) in {
        (422, "bad_image", "image"),
        (422, "unsupported_image", "image"),
    }
    assert not server.calls


@pytest.mark.parametrize("size", [1, 1000, 5_000_000])
def test_garbage_is_refused(server, tools, rng, nothing_runs, size):
    data = rng.integers(0, 256, size, np.uint8).tobytes()
    for reply in (
        server.post({"image": tools.in_base64(data)}),
        server.client.post(SEGMENT, files={"image": ("a.png", data)}),
    ):
        assert refusal(reply) == (422, "unsupported_image", "image")


# ---------------------------------------------------------------- fault 2: large pictures
@pytest.mark.parametrize(
    "size", [(16000, 10500), (8193, 16), (limits.MAX_REQUEST_PIXELS // 16, 16)]
)
def test_pictures_of_too_many_pixels_are_refused_from_their_header(server, tools, size):
    reply = server.post({"image": tools.in_base64(png_header(*size))})
    assert refusal(reply) == (413, "image_too_large", "image")


def test_too_small_pictures_are_refused(server, tools):
    reply = server.ask(np.zeros((4, 40, 3), np.uint8))
    assert refusal(reply) == (422, "image_too_small", "image")


# ---------------------------------------------------------------- fault 10: bad options
@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"confidence": 1.5}, "confidence"),
        ({"confidence": "0.5"}, "confidence"),
        ({"confidence": None}, "confidence"),
        ({"confidence": True}, "confidence"),
        ({"top_k": 1.5}, "top_k"),
        ({"top_k": 10**400}, "top_k"),
        ({"order": "by-name"}, "order"),
        ({"classes": ["a"] * 100_000}, "classes"),
        ({"classes": [1]}, "classes"),
        ({"min_area": 0.5, "max_area": 0.1}, "min_area"),
        ({"no_such": 1}, "no_such"),
        ({"device": "cuda:7"}, "device"),
        ({"refine": "\ud800"}, "refine"),
    ],
)
def test_bad_options_are_refused_with_their_name(server, image, options, field):
    reply = server.client.post(SEGMENT, content=json.dumps({"image": image, "options": options}))
    assert refusal(reply) == (422, "bad_option", field)
    assert not server.calls


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_none_are_refused(server, image, number):
    body = f'{{"image": "{image}", "options": {{"confidence": {number}}}}}'
    reply = server.client.post(SEGMENT, content=body)
    assert refusal(reply) == (422, "bad_option", "confidence")


@pytest.mark.parametrize(
    ("output", "field"),
    [
        ({"outputs": ["everything"]}, "outputs"),
        ({"background": "forest"}, "background"),
        ({"background_colour": "red"}, "background_colour"),
        ({"background_picture": "/etc/passwd"}, "background_picture"),
        ({"background": "picture"}, "background_picture"),
    ],
)
def test_bad_output_options_are_refused_with_their_name(server, image, output, field):
    status, _, named = refusal(server.post({"image": image, "output": output}))
    assert (status, named) == (422, field)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", ""),
        (b"{", ""),
        (b"[]", ""),
        (b"null", ""),
        (b'"text"', ""),
        (b"\xff\xfe\x00", ""),
        (b"[" * 100_000, ""),
        (b'{"a":' * 100_000, ""),
        (b"{}", "image"),
        (b'{"image": null}', "image"),
        (b'{"image": 1}', "image"),
        (b'{"image": ["a"]}', "image"),
        (b'{"image": "QUFBQQ==", "options": []}', "options"),
        (b'{"image": "QUFBQQ==", "output": "mask"}', "output"),
        (b'{"image": "QUFBQQ==", "images": []}', "images"),
        (b'{"image": "QUFBQQ==", "\\ud800": []}', "\ud800"),
    ],
)
def test_bodies_of_another_form_are_refused(server, body, field):
    headers = {"content-type": "application/json"}
    reply = server.client.post(SEGMENT, content=body, headers=headers)
    assert refusal(reply) == (422, "bad_request", field)


def test_other_media_types_are_refused(server):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "image/png", "x" * 5000):
        reply = server.client.post(SEGMENT, content=b"a=b", headers={"content-type": kind})
        assert refusal(reply) == (415, "unsupported_media_type", "")


def test_forms_that_cannot_be_read_are_refused(server, tools):
    data = tools.encoded(tools.make_picture())
    cases = [
        {"files": [("image", ("a", data)), ("image", ("b", data))]},
        {"files": [("image", ("a", data))] * 20},
        {"files": {"image": ("a", data)}, "data": {"options": "{"}},
        {"files": {"image": ("a", data)}, "data": {"options": "[]"}},
        {"files": {"other": ("a", data)}},
        {"content": b"xx", "headers": {"content-type": "multipart/form-data; boundary=b"}},
        {"content": b"xx", "headers": {"content-type": "multipart/form-data"}},
    ]
    for sent in cases:
        reply = server.client.post(SEGMENT, **sent)
        assert refusal(reply)[:2] == (422, "bad_request"), sent


# ---------------------------------------------------------------- fault 11: base64
def test_a_data_uri_is_read_and_other_wrappings_are_not(server, image):
    assert server.post({"image": "data:image/png;base64," + image}).status_code == 200
    for text in ("", "data:image/png;base64,", " " + image, image[:-1], image + "=", image + "\n"):
        assert refusal(server.post({"image": text})) == (422, "bad_image", "image")


def test_a_body_that_is_announced_too_large_is_not_read(server, tools):
    async def receive():
        pytest.fail("the body was read")

    answer = tools.asgi(server.app, receive, content_length=str(limits.MAX_REQUEST_BYTES + 1))
    assert (answer.status, answer.body["code"]) == (413, "request_too_large")


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x"])
def test_reading_ends_at_the_limit(server, tools, kind):
    chunk, read = b"A" * 2**20, []
    start = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'

    async def receive():
        read.append(1)
        body = start if len(read) == 1 and "multipart" in kind else chunk
        return {"type": "http.request", "body": body, "more_body": True}

    answer = tools.asgi(server.app, receive, content_type=kind)
    assert (answer.status, answer.body["code"]) == (413, "request_too_large")
    assert len(read) <= limits.MAX_REQUEST_BYTES // len(chunk) + 2


def test_a_picture_of_too_many_bytes_is_refused_undecoded(server, monkeypatch):
    monkeypatch.setattr(base64, "b64decode", lambda *a, **k: pytest.fail("was decoded"))
    text = "A" * (limits.MAX_REQUEST_IMAGE_BYTES * 4 // 3 + 8)
    assert refusal(server.post({"image": text})) == (413, "image_too_large", "image")


# ---------------------------------------------------------------- fault 12: URLs and paths
def test_urls_and_paths_are_not_opened(server, tools, tmp_path, nothing_runs):
    existing = tmp_path / "girl.png"
    existing.write_bytes(tools.encoded(tools.make_picture()))
    places = [
        "http://127.0.0.1:1/a.png",
        "https://example.org/a.png",
        "file:///etc/passwd",
        "ftp://127.0.0.1/a",
        str(existing),
        existing.as_uri(),
        "../../etc/passwd",
        "C:\\a.png",
        "\\\\server\\share\\a.png",
        "/srv/girl12",
    ]
    for place in places:
        for field in ({"image": place}, {"image": place, "options": {}}):
            assert refusal(server.post(field)) == (422, "urls_not_allowed", "image")
        reply = server.client.post(SEGMENT, files={"a": b""}, data={"image": place})
        assert reply.status_code == 422


# ---------------------------------------------------------------- fault 13: model names
@pytest.mark.parametrize("option", ["model", "sam_model"])
def test_models_have_names_of_the_catalog_only(server, image, tmp_path, monkeypatch, option):
    existing = tmp_path / "mine.pt"
    existing.write_bytes(b"weights")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANIMESEG_MODEL_DIRS", str(tmp_path))
    names = [
        str(existing),
        "mine.pt",
        "missing.pt",
        "../../etc/passwd",
        "/etc/passwd",
        "\\\\server\\share\\x",
        "C:x",
        "CON",
        "a/b",
        "character-n.pt",
        "yolov8n-seg.pt",
        "http://127.0.0.1/x.pt",
    ]
    causes = set()
    for name in names:
        reply = server.post({"image": image, "options": {option: name}})
        assert refusal(reply)[:2] == (404, "unknown_model"), name
        causes.add(reply.json()["cause"].replace(repr(name), "..."))
    assert len(causes) == 1, "the text tells which files there are"
    reply = server.post({"image": image, "options": {option: "a\0b"}})
    assert refusal(reply) == (422, "bad_option", option)


# ---------------------------------------------------------------- what the caller cannot mend
@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (MissingWeightsError("not here", "fetch them"), 503, "missing_weights"),
        (OutOfMemoryError("memory ran out", "use a smaller picture"), 503, "out_of_memory"),
        (RuntimeError("secret place: /home/me"), 500, "error"),
    ],
)
def test_faults_of_the_server_are_told_and_logged(server, caplog, error, status, code):
    def broken(picture, options):
        raise error

    server.segment = broken
    reply = server.ask()
    assert refusal(reply) == (status, code, "")
    assert "secret" not in reply.text
    assert "[animeseg]" in caplog.text
    assert not server.lock.locked()


def test_answers_hold_text_that_no_encoding_takes(server, image):
    reply = server.post({"image": image, "options": {"order": "a\x7f\u2028<b>"}})
    assert refusal(reply) == (422, "bad_option", "order")
