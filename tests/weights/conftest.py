"""A Hub of our own on localhost, and records whose files it serves."""

from __future__ import annotations

import hashlib
import importlib
import subprocess
import sys
import threading
import time
import zipfile
from collections import deque
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from animeseg.limits import read_environment
from animeseg.weights.catalog import Variant, find

CONTENT = hashlib.sha256(b"seed").digest() * 2**16  # 2 MiB
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Fault:
    """What the server does wrong with one request for the file."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    html: bool = False
    pause: float = 0.0
    ignore_range: bool = False


@dataclass
class Hub:
    """What the server serves, the faults it has in store, and what was asked of it."""

    content: bytes = CONTENT
    etag: str | None = SHA256
    faults: deque[Fault] = field(default_factory=deque)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    served: int = 0
    url: str = ""

    sha256: str = SHA256

    def fail(self, *, times: int = 1, **fault) -> None:
        self.faults.extend(Fault(**fault) for _ in range(times))

    def asked(self, part: str) -> list[dict[str, str]]:
        return [headers for path, headers in self.requests if part in path]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def do_GET(self):
        headers = {key.lower(): value for key, value in self.headers.items()}
        self.hub.requests.append((self.path, headers))
        if "/resolve/" in self.path:
            self._resolve()
        else:
            self._body(headers)

    def _resolve(self):
        """As the Hub does: the hash and size in the headers of a redirect to another host."""
        fault = self.hub.faults[0] if self.hub.faults else Fault()
        if fault.status or fault.html:
            self.hub.faults.popleft()
            body = b"<!doctype html><title>Log in</title>" if fault.html else b"no"
            self.send_response(200 if fault.html else fault.status)
            self.send_header("Content-Type", "text/html; charset=utf-8" if fault.html else "text/x")
            for name, value in fault.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        self.send_response(302)
        if self.hub.etag:
            self.send_header("X-Linked-Etag", f'"{self.hub.etag}"')
            self.send_header("X-Linked-Size", str(len(self.hub.content)))
        self.send_header("X-Repo-Commit", "0" * 40)
        self.send_header("Location", f"http://localhost:{self.server.server_port}/cdn/file")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _body(self, headers):
        fault = self.hub.faults.popleft() if self.hub.faults else Fault()
        content, start = self.hub.content, 0
        if "range" in headers and not fault.ignore_range:
            start = int(headers["range"].removeprefix("bytes=").rstrip("-"))
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        stop = len(content) if fault.cut is None else fault.cut
        for position in range(start, stop, 2**16):
            chunk = content[position : min(position + 2**16, stop)]
            try:
                self.wfile.write(chunk)
                self.wfile.flush()
            except OSError:
                break
            self.hub.served += len(chunk)
            time.sleep(fault.pause)
        self.close_connection = stop < len(content)

    def log_message(self, *args):
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that hangs up is what several tests are about."""


@pytest.fixture
def hub(monkeypatch):
    """A running server; ``HF_ENDPOINT`` points to it."""
    state = Hub()
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": state}))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    monkeypatch.setenv("HF_ENDPOINT", state.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setattr("animeseg.weights.transfer._PAUSE_SECONDS", 0)
    yield state
    server.shutdown()
    server.server_close()


@pytest.fixture
def environment(hub):
    """The environment of the test, with the server as the Hub."""
    return read_environment()


@pytest.fixture
def record():
    """A record whose file is the one that the server serves."""
    return replace(
        find("mobile-sam"),
        repository="some/where",
        file="checkpoints/model.pt",
        variants=(Variant(SHA256, len(CONTENT)),),
        file_names=("model.pt",),
    )


@pytest.fixture
def listed(record, monkeypatch):
    """The record, as the only one of the catalog."""
    for name in ("catalog", "manage"):
        module = importlib.import_module(f"animeseg.weights.{name}")
        monkeypatch.setattr(module, "catalog", lambda: {record.name: record})
    return record


@pytest.fixture
def unfinished(record, environment) -> Path:
    return environment.home / "models" / f"model.pt.{record.sha256[0][:8]}.incomplete"


_CHILD = f"""
from dataclasses import replace
from animeseg.limits import read_environment
from animeseg.weights.catalog import Variant, find
from animeseg.weights.hub import download
record = replace(find("mobile-sam"), repository="some/where", file="checkpoints/model.pt",
                 variants=(Variant({SHA256!r}, {len(CONTENT)}),), file_names=("model.pt",))
print(*download(record, read_environment()))
"""


@pytest.fixture
def start_download(repository):
    """Starts a process that downloads the record; all are ended with the test."""
    running = []

    def start() -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-c", _CHILD],
            cwd=repository,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(child)
        return child

    yield start
    for child in running:
        if child.poll() is None:
            child.kill()
        child.communicate()


@pytest.fixture
def torch_zip(tmp_path):
    """Writes a file as ``torch.save`` does around a given pickle, with members of choice."""

    def write(content, *, top="archive", members=None, name="model.pt", compression=0):
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", compression) as archive:
            archive.writestr(f"{top}/data.pkl", content)
            for member, data in (members or {f"{top}/version": b"3\n"}).items():
                archive.writestr(member, data)
        return path

    return write
