"""The stand-ins offer what hosts were seen to offer, with the same parameters."""

from __future__ import annotations

import inspect

import pytest
from host_standin import Host
from signatures import HOSTS, SIGNATURES


@pytest.mark.parametrize("flavour", HOSTS)
@pytest.mark.parametrize("name", SIGNATURES)
def test_a_stand_in_is_called_like_its_host(flavour, name, monkeypatch, tmp_path):
    host = Host(flavour, monkeypatch, tmp_path)
    module, *path = name.split(".")
    expected = SIGNATURES[name][flavour]
    try:
        found = getattr(host, module)
        for part in path:
            found = getattr(found, part)
    except (KeyError, AttributeError):
        found = None
    if expected is None:
        assert found is None
        return
    assert " ".join(inspect.signature(found).parameters) == expected
