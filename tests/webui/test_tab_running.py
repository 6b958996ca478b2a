"""Runs of a page: one at a time, and each can be stopped."""

from __future__ import annotations

import pytest

from animeseg.errors import OptionError
from animeseg.webui.tab.running import only_run, stop_run
from animeseg.webui.tab.session import Sessions


@pytest.fixture
def visitor():
    """Sessions and the token of one visitor."""
    sessions = Sessions()
    return sessions, sessions.start(None).token


def begin(sessions, token):
    with only_run(sessions, token):
        pass


def test_a_second_start_leaves_the_run_going_on_and_stoppable(visitor):
    sessions, token = visitor
    with only_run(sessions, token) as (_, stop):
        with pytest.raises(OptionError, match="going on already"):
            begin(sessions, token)
        assert "on its way" in stop_run(sessions, token, "on its way").lower()
        assert stop.requests == 1


def test_after_a_run_another_one_may_begin_whatever_ended_it(visitor):
    sessions, token = visitor
    with pytest.raises(RuntimeError), only_run(sessions, token):
        raise RuntimeError
    assert "nothing is running" in stop_run(sessions, token, "never").lower()
    begin(sessions, token)
