"""An application with the routes on a segmenter that needs no weights."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import threading
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("fastapi", reason="the HTTP API needs FastAPI, which the WebUI brings")
pytest.importorskip("httpx", reason="FastAPI's test client needs httpx")


def fake_segment(picture, options):
    """Every red pixel belongs to the one character, every blue one to the other."""
    from animeseg import Instances, ModelInfo, Note, Segmentation

    red, green, blue = (picture.rgb[:, :, channel] for channel in range(3))
    masks = [
        mask for mask in ((red > 200) & (green < 90), (blue > 200) & (green < 90)) if mask.any()
    ]
    found = np.stack(masks) if masks else np.zeros((0, *picture.size), np.bool_)
    return Segmentation(
        size=picture.size,
        instances=Instances.from_masks(found),
        options=options,
        models=(ModelInfo("detector", options.model, "f" * 64, "CC0-1.0"),),
        notes=(*picture.notes, Note("fake", "no network looked at it")),
        version="test",
        alpha=picture.alpha,
    )


def make_picture(seed=0, characters=2, size=(48, 40)):
    """(H, W, 3) uint8: grey noise with a red block, and a blue one if there are two characters."""
    width, height = size
    rng = np.random.default_rng(seed)
    image = rng.integers(100, 140, (height, width, 3), np.uint8)
    left = int(rng.integers(2, 8))
    if characters > 0:
        image[5:30, left : left + 12] = (250, 30, 40)
    if characters > 1:
        image[8:35, 30:44] = (40, 30, 250)
    return image


def encoded(image, kind="PNG"):
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, kind)
    return stream.getvalue()


def in_base64(data):
    return base64.b64encode(data).decode("ascii")


def asgi(app, receive, **headers):
    """Sends a request to ``app`` by hand; returns its status and its body, parsed."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": "/animeseg/v1/segment",
        "raw_path": b"/animeseg/v1/segment",
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "headers": [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    body = b"".join(message.get("body", b"") for message in sent)
    return SimpleNamespace(status=sent[0]["status"], body=json.loads(body))


class Server:
    """A client of an application with the routes, and what their backend was asked for."""

    def __init__(self, **flags):
        from fastapi import FastAPI
        from fastapi.testclient import TestClient

        from animeseg.webui.api import Access, Backend
        from animeseg.webui.api.routes import register

        self.lock = threading.Lock()
        self.calls, self.jobs, self.inside = [], [], 0
        self.stop = False
        self.segment = fake_segment
        self.app = FastAPI()
        self.backend = Backend(
            segment=self._segment,
            queue=lambda: self.lock,
            job=self._job,
            stopping=lambda: self.stop,
            program="a test",
        )
        page_login = flags.pop("page_login", False)
        access = Access.from_flags(flags.pop("api_auth", None), page_login=page_login)
        register(self.app, self.backend, access)
        self.client = TestClient(self.app, **flags)

    def _segment(self, picture, options):
        assert self.lock.locked(), "the models are used outside the host's queue"
        self.calls.append(options)
        return self.segment(picture, options)

    @contextmanager
    def _job(self, title):
        assert self.lock.locked(), "a job began outside the host's queue"
        self.jobs.append(title)
        yield

    def post(self, body=None, **more):
        return self.client.post("/animeseg/v1/segment", json=body, **more)

    def ask(self, image=None, **fields):
        """Sends a picture as JSON."""
        image = make_picture() if image is None else image
        return self.post({"image": in_base64(encoded(image)), **fields})


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def tools():
    return SimpleNamespace(
        Server=Server,
        asgi=asgi,
        encoded=encoded,
        fake_segment=fake_segment,
        in_base64=in_base64,
        make_picture=make_picture,
    )
