"""The examples of docs/api.md, run against a real server on this machine."""

from __future__ import annotations

import re
import shlex
import shutil
import socket
import subprocess
import threading
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from animeseg import limits

uvicorn = pytest.importorskip("uvicorn", reason="the examples are run against uvicorn")

REPOSITORY = Path(__file__).resolve().parents[3]
PAGE = REPOSITORY / "docs" / "api.md"
PLACE = "http://127.0.0.1:7860"


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


@pytest.fixture
def served(server):
    """Serves the routes on a free port; gives the place that stands for the page's."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(server.app, log_level="error", lifespan="off")
        running = uvicorn.Server(config)
        thread = threading.Thread(target=running.run, args=([listening],), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        running.should_exit = True
        thread.join(20)


@pytest.mark.slow
def test_the_python_example_runs_with_the_bundled_weights(
    server, served, tmp_path, monkeypatch, capsys
):
    from animeseg import Segmenter

    server.segment = Segmenter()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs" / "pictures").mkdir(parents=True)
    shutil.copy(REPOSITORY / "docs/pictures/demo.jpg", tmp_path / "docs/pictures/demo.jpg")
    (example,) = blocks("python")
    names: dict[str, object] = {}
    exec(compile(example.replace(PLACE, served), "docs/api.md", "exec"), names)
    size = Image.open("docs/pictures/demo.jpg").size
    count = names["answer"]["count"]
    assert count >= 2
    assert Image.open("cutout.png").size == size
    for number in range(1, count + 1):
        assert Image.open(f"character-mask-{number}.png").size == size


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_curl_examples_run(served, tools, tmp_path):
    (tmp_path / "girl.png").write_bytes(tools.encoded(tools.make_picture()))
    lines = "".join(blocks("sh")).replace("\\\n", " ").replace(PLACE, served).splitlines()
    assert len(lines) == 7
    for line in lines:
        command = [*shlex.split(line), "--fail", "--silent", "--show-error", "--noproxy", "*"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (line, done.stderr)
    assert Image.open(tmp_path / "cutout.png").mode == "RGBA"
    assert Image.open(tmp_path / "mask.png").mode == "L"
    with zipfile.ZipFile(tmp_path / "result.zip") as archive:
        assert {"result.json", "mask.png", "character-1.png", "layers.ora"} <= set(
            archive.namelist()
        )


def test_the_limits_that_the_page_names_are_the_limits():
    text = " ".join(PAGE.read_text("utf-8").split())
    assert f"{limits.MAX_REQUEST_IMAGE_BYTES // 2**20} MiB" in text
    assert f"{limits.MAX_REQUEST_PIXELS // 10**6} million pixels" in text
    assert f"{limits.MAX_REQUEST_SIDE} pixels a side" in text
    assert f"{limits.MAX_REQUEST_FRAMES} frames" in text
    assert f"bodies {limits.MAX_REQUEST_BYTES // 2**20} MiB" in text


def test_every_route_and_every_code_of_an_error_is_on_the_page(server):
    text = PAGE.read_text("utf-8")
    for path in server.client.get("/animeseg/v1/openapi.json").json()["paths"]:
        assert path in text
    from animeseg import errors

    ours = ("RequestError", "AccessError", "BusyError", "InterruptedJobError", "BadImageError")
    for name in ours:
        kind = getattr(errors, name)
        for one in (kind, *kind.__subclasses__()):
            assert one.code in text, one
