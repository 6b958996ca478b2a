"""A real browser, and for each gradio a real server in an environment of its own."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from environments import BROWSERS, ENVIRONMENTS, REPOSITORY, browser

# Without Playwright (it is among the development packages) nothing here can be read.
collect_ignore_glob = [] if importlib.util.find_spec("playwright") else ["test_*.py"]

START_SECONDS = 180
PATIENCE = 45_000
"""Milliseconds that an expectation may take; a busy machine is no fault of the page."""

NOT_OURS = (
    "Method not implemented",  # gradio 4 asks its own server for what it does not offer
    "Too many arguments provided for the endpoint",  # gradio 4, for every event with a SelectData
    "iframe-resizer",
    "manifest.json",
)
"""What gradio itself writes to the console."""


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if here in Path(str(item.fspath)).parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium():
    """One browser for all tests."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = browser()
    if program is None:
        pytest.skip(f"no browser on this machine: none of {', '.join(BROWSERS)}")
    with playwright.sync_playwright() as driver:
        shown = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield shown
        shown.close()


@pytest.fixture(scope="session", params=list(ENVIRONMENTS))
def environment(request):
    """An environment with one gradio."""
    chosen = ENVIRONMENTS[request.param]
    if not chosen.is_ready:
        pytest.skip(f"{chosen.folder.name} is not made: python tests/browser/environments.py")
    return chosen


class Server:
    """A page that is being served."""

    def __init__(self, command, home):
        env = {name: value for name, value in os.environ.items() if "PROXY" not in name.upper()}
        env |= {
            "PYTHONPATH": str(REPOSITORY),
            "ANIMESEG_HOME": str(home),
            "ANIMESEG_OFFLINE": "1",
            "OMP_NUM_THREADS": "1",
            "PYTHONUNBUFFERED": "1",
            "GRADIO_TEMP_DIR": str(home / "gradio"),
        }
        self.home = home
        self.log = home / "log.txt"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command, env=env, cwd=home, stdout=subprocess.PIPE, stderr=log, text=True
            )
        watchdog = threading.Timer(START_SECONDS, self.process.kill)
        watchdog.start()
        self.address = self._first_address()
        watchdog.cancel()

    def _first_address(self):
        for line in self.process.stdout:
            if line.startswith("http://"):
                return line.strip()
        raise AssertionError(f"the server did not start: {self.log.read_text()[-3000:]}")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


@pytest.fixture(scope="session")
def served(environment, tmp_path_factory):
    """Starts a page by name, once for each gradio."""
    servers = {}

    def start(which):
        if which not in servers:
            home = tmp_path_factory.mktemp(f"{environment.name}-{which}")
            command = [str(environment.python), "-W", "ignore"]
            if which == "app":
                command += ["-m", "animeseg", "app", "--port", "0", "--api"]
            else:
                command += [str(Path(__file__).with_name("serve.py")), which]
            servers[which] = Server(command, home)
        return servers[which]

    yield start
    for server in servers.values():
        server.stop()


class Console:
    """What the browser complained about."""

    def __init__(self, page):
        self.complaints = []
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))
        page.on("requestfailed", self._failed)

    def _said(self, message):
        if message.type == "error" and not any(known in message.text for known in NOT_OURS):
            self.complaints.append(f"{message.text} ({message.location.get('url')})")

    def _failed(self, request):
        if "127.0.0.1" not in request.url:
            self.complaints.append(f"asked for {request.url}")


@pytest.fixture
def visit(chromium, served):
    """Opens a page; nothing outside this machine can be reached, and nothing may complain."""
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)
    opened = []

    def go(which):
        context = chromium.new_context(
            viewport={"width": 1500, "height": 1200}, accept_downloads=True
        )
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        outside = lambda route: (  # noqa: E731
            route.continue_() if "127.0.0.1" in route.request.url else route.abort()
        )
        page.route("**/*", outside)
        opened.append((context, Console(page)))
        page.goto(served(which).address)
        return page

    yield go
    for context, console in opened:
        context.close()
        assert console.complaints == []
