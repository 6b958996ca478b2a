"""Callbacks are registered as the host registers them, without its search through the stack."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace

import pytest

# By name: the package has a function of the same name.
ui = import_module("animeseg.webui.host.ui")


@pytest.fixture
def registered(monkeypatch):
    """Hosts by the way they register; what reached them."""
    seen = []

    def host(kind):
        callbacks = SimpleNamespace(on_ui_tabs=lambda callback: seen.append(("on", callback())))
        if kind != "old":
            callbacks.callback_map = {"callbacks_ui_tabs": seen}
        if kind == "new":

            def add(listed, callback, *, name=None, category="unknown", filename=None):
                listed.append((category, filename, callback()))

            callbacks.add_callback = add
        if kind == "without file names":
            callbacks.add_callback = lambda listed, callback: listed.append("never")
        monkeypatch.setattr(ui, "module", lambda name: callbacks)
        return seen

    return host


@pytest.mark.parametrize("kind", ["old", "without file names"])
def test_hosts_that_take_no_file_name_are_asked_as_ever(registered, kind):
    seen = registered(kind)
    assert ui.on("ui_tabs", lambda: 7)
    assert seen == [("on", 7)]


def test_hosts_that_take_it_are_told_the_file(registered):
    seen = registered("new")
    assert ui.on("ui_tabs", lambda: 7)
    assert seen == [("ui_tabs", ui.__file__, 7)]


def test_an_event_the_host_does_not_know_is_said(registered):
    registered("new")
    assert not ui.on("moon_phase", lambda: 7)
