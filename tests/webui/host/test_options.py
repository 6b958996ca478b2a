"""Options of the host are read as the host itself would read them."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest

from animeseg.webui import host


@pytest.fixture
def opts(monkeypatch):
    """Before settings were ever saved `data` is empty; the defaults stand in `data_labels`."""
    for name in ("modules", "modules.scripts", "modules.shared"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    labels = {"save_to_dirs": SimpleNamespace(default=True)}
    sys.modules["modules.shared"].opts = SimpleNamespace(data={}, data_labels=labels)
    return sys.modules["modules.shared"].opts


def test_what_was_never_saved_has_the_hosts_default(opts):
    assert host.host_option("save_to_dirs", False) is True


def test_what_was_saved_counts(opts):
    opts.data["save_to_dirs"] = False
    assert host.host_option("save_to_dirs", True) is False


def test_what_the_host_does_not_know_has_our_default(opts):
    assert host.host_option("no_such_option", 7) == 7
