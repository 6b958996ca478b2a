"""Who is let in, and that no route forgets to ask."""

from __future__ import annotations

import base64

import pytest

from animeseg.errors import AccessError, NoCredentialsError
from animeseg.webui.api import Access

METHODS = {"GET", "POST"}


def header(text):
    return "Basic " + base64.b64encode(text.encode()).decode()


def ours(app):
    """Paths and methods of the routes, from the application's own description."""
    paths = app.openapi()["paths"]
    return [
        (method.upper(), path)
        for path, methods in paths.items()
        for method in methods
        if path.startswith("/animeseg")
    ]


@pytest.mark.parametrize(
    ("flags", "sent", "error"),
    [
        ((None, False), None, None),
        (("", False), None, None),
        (("a:b", False), None, AccessError),
        (("a:b", False), header("a:b"), None),
        (("a:b,c:d", False), header("c:d"), None),
        (("a:b,c:d", True), header("c:d"), None),
        (("a:b", False), header("a:c"), AccessError),
        (("a:b", False), header("x:b"), AccessError),
        (("a:b", False), header("a:"), AccessError),
        (("a:b", False), header(":"), AccessError),
        (("a:b", False), "Basic !!!", AccessError),
        (("a:b", False), "Basic " + base64.b64encode(b"\xff\xfe").decode(), AccessError),
        (("a:b", False), "Bearer a:b", AccessError),
        (("ü:ß€", False), header("ü:ß€"), None),
        ((None, True), None, NoCredentialsError),
        ((None, True), header("a:b"), NoCredentialsError),
    ],
)
def test_only_the_credentials_of_the_api_let_in(flags, sent, error):
    api_auth, page_login = flags
    access = Access.from_flags(api_auth, page_login=page_login)
    if error is None:
        access.check(sent)
    else:
        with pytest.raises(error):
            access.check(sent)


def test_passwords_are_not_shown():
    assert "secret" not in repr(Access.from_flags("user:secret", page_login=False))


@pytest.mark.parametrize(
    ("flags", "status", "code"),
    [
        ({"api_auth": "user:password"}, 401, "unauthorized"),
        ({"page_login": True}, 403, "no_credentials"),
    ],
)
def test_every_route_refuses_who_has_no_credentials(tools, flags, status, code):
    server = tools.Server(**flags)
    routes = ours(server.app)
    assert len(routes) == 5
    for method, path in routes:
        reply = server.client.request(method, path)
        assert (path, reply.status_code, reply.json()["code"]) == (path, status, code)
    assert not server.calls


def test_every_route_lets_in_who_has_them(tools):
    server = tools.Server(api_auth="user:password")
    sent = {"authorization": header("user:password")}
    for method, path in ours(server.app):
        assert server.client.request(method, path, headers=sent).status_code not in (401, 403)
    refusal = server.client.get("/animeseg/v1/version")
    assert refusal.headers["www-authenticate"].startswith("Basic")


def test_a_body_is_not_read_before_the_credentials(tools):
    server = tools.Server(api_auth="user:password")

    async def receive():
        pytest.fail("the body was read")

    assert tools.asgi(server.app, receive).status == 401
