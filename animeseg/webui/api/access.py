"""Who may call: the credentials of the host's own API, and nobody where there should be some."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from secrets import compare_digest

from animeseg.errors import AccessError, NoCredentialsError

CHALLENGE = 'Basic realm="animeseg"'
"""What the header ``WWW-Authenticate`` of a refusal says."""


@dataclass(frozen=True)
class Access:
    """Checks the header ``Authorization`` of requests.

    Attributes:
        credentials: passwords by user name; empty lets everybody in.
        closed: nobody is let in: the page asks for a login, and the API has no credentials.
    """

    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    closed: bool = False

    @classmethod
    def from_flags(cls, api_auth: str | None, *, page_login: bool) -> Access:
        """What the host's flags mean.

        Args:
            api_auth: ``--api-auth``, as in ``user:password,user:password``.
            page_login: whether the page asks for a login (``--gradio-auth``). Without credentials
                for the API everything is then refused: whoever protects the page does not mean to
                leave a way around it.
        """
        pairs = (part.partition(":") for part in (api_auth or "").split(",") if part)
        credentials = {user: password for user, _, password in pairs}
        return cls(credentials, closed=page_login and not credentials)

    def check(self, authorization: str | None) -> None:
        """Lets a request pass, or not.

        Args:
            authorization: the value of the header.

        Raises:
            AccessError: no credentials, or wrong ones.
            NoCredentialsError: nobody is let in.
        """
        if self.closed:
            raise NoCredentialsError(
                "the page asks for a login, and the API has no credentials of its own",
                "start the WebUI with --api-auth user:password",
            )
        if not self.credentials:
            return
        user, password = _basic(authorization or "")
        # Compared even where the user is unknown, so that the time does not tell which there are.
        expected = self.credentials.get(user)
        equal = compare_digest(password.encode(), (expected or "").encode())
        if expected is None or not equal:
            raise AccessError(
                "the user name or the password is wrong" if authorization else "not logged in",
                "send the credentials of --api-auth (HTTP Basic)",
            )


def _basic(authorization: str) -> tuple[str, str]:
    """User name and password of HTTP Basic (RFC 7617); empty where there are none."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeError, ValueError):
        return "", ""
    user, _, password = decoded.partition(":")
    return user, password
