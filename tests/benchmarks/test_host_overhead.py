"""What the benchmark of running hosts computes, against a host made of a few lines."""

from __future__ import annotations

import argparse
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks.host_overhead import Client, main, picture_of, row_of


@pytest.fixture
def host():
    """A stand-in of a WebUI's API; `asked` remembers path and body of every request."""
    asked = []

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append((self.path, body, self.headers.get("Authorization")))
            content = json.dumps({"timings": {"segment": 0.001}, "count": 3}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.asked = asked
    yield server
    server.shutdown()
    server.server_close()


def _address(server):
    return f"http://127.0.0.1:{server.server_address[1]}"


def test_the_ratio_is_the_median_of_rounds_not_of_sums():
    row = row_of("x", [(1.0, 1.0), (2.0, 1.0), (90.0, 30.0)], 1.05)
    assert (row.ratio, row.seconds, row.against) == (2.0, 2.0, 1.0)
    assert row.low <= row.ratio <= row.high


def test_no_two_rounds_show_the_same_picture():
    assert len({picture_of(number, (64, 48)) for number in range(20)}) == 20


def test_every_round_asks_for_all_that_is_compared(host, tmp_path):
    out = tmp_path / "rows.json"
    address = _address(host)
    sizes = ["--rounds", "2", "--size", "64x48"]
    main(["--host", address, "--bare", address, *sizes, "--out", str(out)])
    bodies = [body for path, body, _ in host.asked if path == "/sdapi/v1/img2img"]
    panels = [body.get("alwayson_scripts", {}).get("animeseg") for body in bodies]
    assert sum(panel is None for panel in panels) == 2 * 4  # off: both hosts, warm-up included
    assert [panel["args"][0] for panel in panels if panel] == [False, True] * 4
    assert sum(path == "/animeseg/v1/segment" for path, _, _ in host.asked) == 4
    assert len(json.loads(out.read_text(encoding="utf-8"))["rows"]) == 2


def test_credentials_go_along(host):
    args = argparse.Namespace(size=(8, 8), denoising=0.1, steps=1, refine="none")
    Client(_address(host), "user:password").segment(picture_of(0, (8, 8)), args)
    assert host.asked[0][2].startswith("Basic ")
