"""Base64 in, picture out; everything else is refused before it costs anything."""

from __future__ import annotations

import base64
import io
import socket

import numpy as np
import pytest
from PIL import Image

from animeseg.base64_image import read_base64
from animeseg.errors import BadImageError, ImageTooLargeError, UrlsNotAllowedError
from animeseg.images import ImageLimits


@pytest.fixture
def pixels(rng):
    return rng.integers(0, 255, (24, 32, 3), np.uint8)


@pytest.fixture
def text(pixels):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode()


@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,", "DATA:image/x-png;BASE64,"])
def test_bare_and_data_uri_give_the_same_picture(text, pixels, prefix):
    assert np.array_equal(read_base64(prefix + text).rgb, pixels)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "",
        lambda text: "data:image/png;base64,",
        lambda text: text[:40] + "\n" + text[40:],
        lambda text: " " + text,
        lambda text: text.rstrip("=")[:-1],
        lambda text: text[:-8] + "=" * 8,
        lambda text: text.replace("i", "-", 1),
        lambda text: base64.b64encode(b"not a picture at all").decode(),
        lambda text: "\0" * 16,
    ],
)
def test_anything_but_one_whole_base64_picture_is_refused(text, change):
    with pytest.raises(BadImageError):
        read_base64(change(text))


def test_too_much_text_is_refused_before_it_is_decoded(monkeypatch):
    monkeypatch.setattr(base64, "b64decode", lambda *a, **k: pytest.fail("was decoded"))
    with pytest.raises(ImageTooLargeError):
        read_base64("A" * (100 * 2**20), accept=ImageLimits(max_bytes=50 * 2**20))


def test_urls_and_paths_are_not_opened(tmp_path, monkeypatch, text):
    monkeypatch.setattr(socket, "socket", lambda *a, **k: pytest.fail("a socket was opened"))
    existing = tmp_path / "picture.png"
    existing.write_bytes(base64.b64decode(text))
    places = ["http://127.0.0.1/a.png", "file:///etc/passwd", str(existing), "../a.png", "a.png"]
    for place in [
        *places,
        "C:\\pictures\\a.png",
        "\\\\server\\share\\a.png",
        "s3://bucket/key",
        "/srv/girl12",
    ]:
        with pytest.raises(UrlsNotAllowedError, match="not opened"):
            read_base64(place)


def test_a_path_made_of_base64_letters_is_not_opened_either(monkeypatch, tmp_path, text):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "abcd").write_bytes(base64.b64decode(text))
    with pytest.raises(BadImageError):
        read_base64("abcd")
