"""schemathesis makes requests from the OpenAPI document: good ones are served, bad ones refused."""

from __future__ import annotations

from importlib.metadata import version

import pytest
from hypothesis import HealthCheck, Phase, given, settings

if int(version("anyio").split(".")[0]) < 4:
    pytest.skip(
        "with anyio 3 schemathesis leaves a thread that Python waits for", allow_module_level=True
    )
schemathesis = pytest.importorskip("schemathesis", reason="the fuzzing of the API needs it")

SEGMENT = "/animeseg/v1/segment"
GETS = ("version", "models", "schema")
"""The fourth, of the document itself, is the way schemathesis gets it."""


def operation(server, path):
    schema = schemathesis.openapi.from_asgi("/animeseg/v1/openapi.json", server.app)
    return next(o.ok() for o in schema.get_all_operations() if o.ok().path == path)


def requests(server, path, mode, examples):
    """A decorator: runs a test with requests that are always the same ones."""
    strategy = operation(server, path).as_strategy(
        generation_mode=schemathesis.GenerationMode[mode]
    )

    def decorate(test):
        repeatable = settings(
            max_examples=examples,
            derandomize=True,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )
        return given(case=strategy)(repeatable(test))

    return decorate


def made_sensible(body, picture):
    """What no schema can say: pictures are pictures, limits do not cross, targets are words."""
    options, output = body.get("options", {}), body.get("output", {})
    body["image"] = picture
    body.pop("background_picture", None)
    if output.get("background") == "picture":
        body["background_picture"] = picture
    for name in ("min_area", "max_area", "min_aspect", "max_aspect"):
        options.pop(name, None)
    for name, value in (("target", "character"), ("model", "character-n")):
        if name in options:
            options[name] = value
    options.pop("sam_model", None)


@pytest.mark.parametrize("path", GETS)
def test_what_can_be_read_has_the_form_that_is_promised(server, path):
    @requests(server, f"/animeseg/v1/{path}", "POSITIVE", 1)
    def check(case):
        case.call_and_validate()

    check()


@pytest.mark.slow
def test_requests_of_the_promised_form_are_served(server, tools):
    data = tools.encoded(tools.make_picture())
    served = []

    @requests(server, SEGMENT, "POSITIVE", 80)
    def check(case):
        is_form = case.media_type == "multipart/form-data"
        made_sensible(case.body, data if is_form else tools.in_base64(data))
        response = case.call()
        case.validate_response(response)
        served.append((response.status_code, case.media_type))

    check()
    assert {(200, "application/json"), (200, "multipart/form-data")} <= set(served)


@pytest.mark.slow
def test_requests_of_any_other_form_are_refused(server):
    @requests(server, SEGMENT, "NEGATIVE", 150)
    def check(case):
        case.call_and_validate()

    check()
    assert not server.calls
