"""The routes in a host: when they are there, who may call, and that jobs take their turn."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType, SimpleNamespace

import pytest

from animeseg.webui.api.hosted import register_in_host


@pytest.fixture
def started(monkeypatch, tools):
    """Starts an application in a stub of the host, with the flags given; gives its client."""
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    def start(**flags):
        lock = threading.Lock()
        state = SimpleNamespace(
            interrupted=False, stopping_generation=False, skipped=False, job="", textinfo=""
        )
        jobs = []

        def begin(job):
            assert lock.locked()
            state.job, state.interrupted = job, False
            jobs.append(job)

        state.begin, state.end = begin, lambda: setattr(state, "job", "")
        names = {"api": False, "nowebui": False, "api_auth": None, "gradio_auth": None, **flags}
        shared = ModuleType("modules.shared")
        shared.state, shared.cmd_opts = state, SimpleNamespace(**names)
        shared.opts = SimpleNamespace(data={})
        calls = ModuleType("modules.call_queue")
        calls.queue_lock = lock
        modules = ModuleType("modules")
        modules.shared, modules.call_queue, modules.__path__ = shared, calls, []
        found = {"modules": modules, "modules.scripts": ModuleType("modules.scripts")}
        found |= {"modules.shared": shared, "modules.call_queue": calls}
        for name, module in found.items():
            monkeypatch.setitem(sys.modules, name, module)

        def segment(picture, options):
            assert lock.locked()
            return tools.fake_segment(picture, options)

        monkeypatch.setattr(
            "animeseg.webui.service.service", lambda: SimpleNamespace(segment=segment)
        )
        app = FastAPI()
        added = register_in_host(None, app)
        return SimpleNamespace(
            added=added, client=TestClient(app), lock=lock, state=state, jobs=jobs
        )

    return start


@pytest.fixture
def body(tools):
    return {"image": tools.in_base64(tools.encoded(tools.make_picture()))}


def test_without_the_api_of_the_host_there_are_no_routes(started):
    host = started()
    assert not host.added
    assert host.client.get("/animeseg/v1/version").status_code == 404


@pytest.mark.parametrize("flag", ["api", "nowebui"])
def test_the_routes_come_with_the_api_of_the_host(started, body, flag):
    host = started(**{flag: True})
    assert host.added
    reply = host.client.post("/animeseg/v1/segment", json=body)
    assert (reply.status_code, reply.json()["count"]) == (200, 2)
    assert host.jobs == ["animeseg API"]
    assert host.state.job == ""
    assert not host.lock.locked()


@pytest.mark.parametrize(
    ("flags", "without", "credentials"),
    [
        ({}, 200, 200),
        ({"api_auth": "a:b"}, 401, 200),
        ({"api_auth": "a:b", "gradio_auth": "c:d"}, 401, 200),
        ({"gradio_auth": "a:b"}, 403, 403),
        ({"gradio_auth_path": "logins.txt"}, 403, 403),
    ],
)
def test_the_credentials_are_those_of_the_host(started, flags, without, credentials):
    client = started(api=True, **flags).client
    assert client.get("/animeseg/v1/version").status_code == without
    assert client.get("/animeseg/v1/version", auth=("a", "b")).status_code == credentials


def test_a_request_waits_for_the_job_of_the_host(started, body):
    host = started(api=True)
    replies = []
    host.lock.acquire()  # txt2img
    asking = threading.Thread(
        target=lambda: replies.append(host.client.post("/animeseg/v1/segment", json=body))
    )
    asking.start()
    asking.join(0.3)
    assert asking.is_alive()
    assert not host.jobs
    host.lock.release()
    asking.join(20)
    assert replies[0].status_code == 200


def test_the_interrupt_of_the_host_ends_the_job(started, body, monkeypatch):
    host = started(api=True)
    from animeseg.webui import service

    segment = service.service().segment

    def interrupted(picture, options):
        host.state.interrupted = True
        return segment(picture, options)

    monkeypatch.setattr(service, "service", lambda: SimpleNamespace(segment=interrupted))
    reply = host.client.post("/animeseg/v1/segment", json=body)
    assert (reply.status_code, reply.json()["code"]) == (503, "interrupted")
    assert host.state.job == ""


def test_eight_clients_and_jobs_of_the_host_take_turns_without_a_deadlock(started, tools):
    host = started(api=True)
    bodies = [
        {"image": tools.in_base64(tools.encoded(tools.make_picture(seed, seed % 3)))}
        for seed in range(8)
    ]
    serial = [host.client.post("/animeseg/v1/segment", json=body).json() for body in bodies]
    over, jobs = threading.Event(), []

    def txt2img():
        while not over.is_set():
            with host.lock:
                jobs.append(1)
            over.wait(0.001)

    def ask(number):
        reply = host.client.post("/animeseg/v1/segment", json=bodies[number % 8])
        return number % 8, reply.json()

    generating = threading.Thread(target=txt2img, daemon=True)
    generating.start()
    try:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(ask, range(120), timeout=120))
    finally:
        over.set()
        generating.join(20)
    assert len(jobs) > 1
    assert not generating.is_alive()
    for number, answer in answers:
        for key in ("instances", "outputs", "count"):
            assert answer[key] == serial[number][key]
