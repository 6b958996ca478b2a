"""What is shown where packages are missing."""

from __future__ import annotations

import sys

import pytest

from animeseg.webui import missing
from animeseg.webui.requirements import Requirement


@pytest.fixture(autouse=True)
def _looked_for_anew():
    missing.problems.cache_clear()
    yield
    missing.problems.cache_clear()


def _lacks(monkeypatch, *items):
    monkeypatch.setattr(missing, "unsatisfied", lambda: items)


def test_a_package_that_is_not_there_is_named_with_what_it_is_for(monkeypatch):
    _lacks(monkeypatch, Requirement("no-such-thing", ">=1", "no_such_thing", "finding it"))
    (problem,) = missing.problems()
    assert problem == (
        "no-such-thing is missing (needed: no-such-thing>=1), without which finding it is "
        "impossible."
    )


def test_a_version_that_will_not_do_is_named(monkeypatch):
    _lacks(monkeypatch, Requirement("pytest", ">=999", "pytest", "testing"))
    assert f"pytest {pytest.__version__} will not do" in missing.problems()[0]


def test_the_command_is_for_this_interpreter_and_our_installer(repository):
    assert missing.command() == f'"{sys.executable}" "{repository / "install.py"}"'


def test_without_the_checkout_the_command_is_pip(monkeypatch, tmp_path):
    monkeypatch.setattr(missing, "extension_dir", lambda: tmp_path)
    assert missing.command() == f'"{sys.executable}" -m pip install animeseg'


def test_the_message_is_safe_html_with_the_command(monkeypatch):
    text = missing.text(["a <b> & c"])
    assert "a &lt;b&gt; &amp; c" in text
    assert "install.py" in text
    assert "<script>" not in missing.plain("<script>")


def test_the_console_gets_one_line_or_none(monkeypatch):
    _lacks(monkeypatch)
    assert missing.log_line() == ""
    missing.problems.cache_clear()
    _lacks(monkeypatch, Requirement("no-such-thing", ">=1", "no_such_thing", "finding it"))
    line = missing.log_line()
    assert line.startswith("[animeseg] missing_dependency: no-such-thing is missing")
    assert "\n" not in line


def test_here_nothing_is_missing():
    assert missing.problems() == ()
