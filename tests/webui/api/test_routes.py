"""What the routes give for good requests, from one client and from many."""

from __future__ import annotations

import base64
import io
import json
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from animeseg.export import load_record
from animeseg.weights.catalog import catalog


def pixels(data):
    return np.asarray(Image.open(io.BytesIO(data)))


def files_of(answer):
    return {entry["name"]: base64.b64decode(entry["data"]) for entry in answer["outputs"]}


def without_times(answer):
    return {key: value for key, value in answer.items() if key != "timings"}


def test_a_picture_gives_a_cutout_and_a_record_of_every_character(server, tools):
    image = tools.make_picture()
    reply = server.ask(image)
    assert reply.status_code == 200
    answer = reply.json()
    assert answer["count"] == 2
    result = load_record(answer)  # an answer is a record, and more
    assert result.size == image.shape[:2]
    assert result.instances.masks[0][10, 10]
    assert [row["label_name"] for row in answer["instances"]] == ["character"] * 2
    assert {note["code"] for note in answer["notes"]} == {"fake"}
    assert answer["models"][0]["sha256"] == "f" * 64
    assert set(answer["timings"]) == {"read", "wait", "segment", "encode"}
    cutout = pixels(files_of(answer)["cutout.png"])
    assert cutout.shape == (*image.shape[:2], 4)
    assert np.array_equal(cutout[10, 10, :3], image[10, 10])
    assert server.jobs == ["animeseg API"]


def test_a_picture_without_characters_is_an_answer_like_any_other(server, tools):
    answer = server.ask(tools.make_picture(characters=0)).json()
    assert (answer["count"], answer["instances"]) == (0, [])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF"])
def test_a_form_gives_what_json_gives(server, tools, kind):
    data = tools.encoded(tools.make_picture(), kind)
    settings = {"confidence": 0.5, "order": "area-descending"}
    output = {"outputs": ["mask", "characters"]}
    by_json = server.post({"image": tools.in_base64(data), "options": settings, "output": output})
    by_form = server.client.post(
        "/animeseg/v1/segment",
        files={"image": ("../../a.png", data)},
        data={"options": json.dumps(settings), "output": json.dumps(output)},
    )
    assert by_json.status_code == by_form.status_code == 200
    assert without_times(by_json.json()) == without_times(by_form.json())
    assert by_json.json()["changed_options"] == ["confidence", "order"]


def test_options_reach_the_pipeline_with_whole_numbers_as_json_has_them(server):
    reply = server.ask(options={"top_k": 1.0, "confidence": 1, "prompt_mask": False})
    assert reply.status_code == 200
    asked = server.calls[0]
    assert (asked.top_k, asked.confidence, asked.prompt_mask) == (1, 1.0, False)


def test_every_output_asked_for_comes_with_its_number(server):
    kinds = ["mask", "cutout", "overlay", "characters", "character-masks"]
    answer = server.ask(output={"outputs": kinds}).json()
    found = {(entry["kind"], entry["number"]) for entry in answer["outputs"]}
    assert found == {
        ("mask", None),
        ("cutout", None),
        ("overlay", None),
        ("characters", 1),
        ("characters", 2),
        ("character-masks", 1),
        ("character-masks", 2),
    }
    for data in files_of(answer).values():
        assert pixels(data).size


def test_layers_come_as_a_file(server):
    answer = server.ask(output={"outputs": ["layers"]}).json()
    (entry,) = answer["outputs"]
    assert (entry["name"], entry["media_type"]) == ("layers.ora", "image/openraster")
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(entry["data"]))) as archive:
        assert archive.read("mimetype") == b"image/openraster"


def test_the_background_can_be_a_picture_of_the_request(server, tools):
    image, behind = tools.make_picture(), np.full((30, 60, 3), (10, 200, 30), np.uint8)
    answer = server.ask(
        image,
        output={"background": "picture"},
        background_picture=tools.in_base64(tools.encoded(behind)),
    ).json()
    made = pixels(files_of(answer)["cutout.png"])
    assert made.shape == image.shape
    assert tuple(made[-1, -1]) == (10, 200, 30)
    assert np.array_equal(made[15, 10], image[15, 10])


def test_a_zip_holds_the_same_files_and_the_record(server, tools):
    body = {
        "image": tools.in_base64(tools.encoded(tools.make_picture())),
        "output": {"outputs": ["mask", "characters"]},
    }
    plain = server.post(body).json()
    reply = server.post(body, headers={"accept": "application/zip"})
    assert reply.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    record = json.loads(files.pop("result.json"))
    assert files == files_of(plain)
    assert record["instances"] == plain["instances"]


def test_one_picture_is_given_by_itself_to_who_accepts_only_that(server, tools):
    body = {"image": tools.in_base64(tools.encoded(tools.make_picture()))}
    reply = server.post({**body, "output": {"outputs": ["mask"]}}, headers={"accept": "image/png"})
    assert reply.headers["content-type"] == "image/png"
    assert set(np.unique(pixels(reply.content))) == {0, 255}
    many = {**body, "output": {"outputs": ["mask", "cutout"]}}
    reply = server.post(many, headers={"accept": "image/png"})
    assert (reply.status_code, reply.json()["code"]) == (406, "not_acceptable")


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        ("*/*", "application/json"),
        ("", "application/json"),
        ("text/html, application/zip;q=0.5", "application/zip"),
        ("image/*", "image/png"),
        ("text/html", None),
    ],
)
def test_the_form_of_the_answer_is_what_is_accepted(server, tools, accept, given):
    body = {"image": tools.in_base64(tools.encoded(tools.make_picture()))}
    reply = server.post(body, headers={"accept": accept})
    assert reply.status_code == (200 if given else 406)
    assert given is None or reply.headers["content-type"] == given


def test_models_are_the_catalog_without_any_path(server):
    models = server.client.get("/animeseg/v1/models").json()["models"]
    assert [model["name"] for model in models] == list(catalog())
    character = models[0]
    assert character["installed"] is True
    assert character["licence"]
    assert not any("path" in model for model in models)


def test_version_says_what_may_be_sent(server):
    answer = server.client.get("/animeseg/v1/version").json()
    assert answer["api"] == 1
    assert answer["program"] == "a test"
    assert answer["limits"]["image_bytes"] < answer["limits"]["body_bytes"]


def test_eight_clients_at_once_get_the_answers_of_serial_calls(server, tools):
    bodies = [
        {
            "image": tools.in_base64(tools.encoded(tools.make_picture(seed, seed % 3))),
            "options": {"model": "character-n", "confidence": seed / 10},
            "output": {"outputs": ["mask", "characters"]},
        }
        for seed in range(8)
    ]
    serial = [without_times(server.post(body).json()) for body in bodies]
    start = threading.Barrier(8)

    def ask(body):
        start.wait()
        return without_times(server.post(body).json())

    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            assert list(pool.map(ask, bodies)) == serial


def test_the_loop_answers_others_while_a_picture_is_worked_on(server):
    begun, done = threading.Event(), threading.Event()
    segment = server.segment

    def slow(picture, options):
        begun.set()
        assert done.wait(20)
        return segment(picture, options)

    server.segment = slow
    with server.client, ThreadPoolExecutor(1) as pool:  # one loop for all requests
        answer = pool.submit(server.ask)
        assert begun.wait(20)
        assert server.client.get("/animeseg/v1/version").status_code == 200
        assert server.client.get("/animeseg/v1/models").status_code == 200
        done.set()
        assert answer.result().status_code == 200


def test_too_many_waiting_requests_are_told_to_come_back(server, tools, monkeypatch):
    monkeypatch.setattr("animeseg.limits.MAX_REQUESTS_WAITING", 3)
    begun, done = threading.Semaphore(0), threading.Event()
    segment = server.segment

    def slow(picture, options):
        done.wait(20)
        return segment(picture, options)

    server.segment = slow
    body = {"image": tools.in_base64(tools.encoded(tools.make_picture()))}

    def ask(_):
        reply = server.post(body)
        begun.release()
        return reply

    with server.client, ThreadPoolExecutor(4) as pool:
        replies = [pool.submit(ask, number) for number in range(4)]
        assert begun.acquire(timeout=20)  # the one that is sent away
        done.set()
        codes = sorted(reply.result().status_code for reply in replies)
    assert codes == [200, 200, 200, 503]
    refused = next(r.result() for r in replies if r.result().status_code == 503)
    assert refused.json()["code"] == "busy"
    assert int(refused.headers["retry-after"]) > 0


def test_an_interrupted_job_gives_no_result(server):
    server.stop = True
    reply = server.ask()
    assert (reply.status_code, reply.json()["code"]) == (503, "interrupted")
    server.stop = False
    assert server.ask().status_code == 200
    assert not server.lock.locked()


def test_registering_twice_adds_nothing(server):
    from animeseg.webui.api import Access
    from animeseg.webui.api.routes import register

    before = len(server.app.routes)
    register(server.app, server.backend, Access())
    assert len(server.app.routes) == before
