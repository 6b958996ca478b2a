"""A conversion behind a page: told as it goes, ended when asked, errors passed on."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from animeseg.batch.stop import Stop
from animeseg.errors import BadVideoError, InterruptedJobError, OptionError
from animeseg.video.conversion import Conversion
from animeseg.video.formats import FORMATS
from animeseg.webui.tab import film

DONE = Conversion(Path("out.webm"), 3, {1: 3})


def test_frames_are_told_and_the_result_comes_last():
    def start(watch):
        for number in range(1, 4):
            watch.tell(number, 3)
        return DONE

    assert list(film.converted(start, Stop())) == [(1, 3), (2, 3), (3, 3), DONE]


def test_an_error_reaches_the_page():
    def start(watch):
        watch.tell(1, 0)
        raise BadVideoError("damaged", "convert it")

    told = film.converted(start, Stop())
    assert next(told) == (1, 0)
    with pytest.raises(BadVideoError):
        next(told)


def endless(watch):
    """A conversion that only ends when it is told to."""
    number = 0
    pause = threading.Event()
    while not watch.stops():
        number += 1
        watch.tell(number, 0)
        pause.wait(0.01)
    raise InterruptedJobError("the work was interrupted", "start it again")


def test_a_request_ends_it():
    stop = Stop()
    told = film.converted(endless, stop)
    assert next(told) == (1, 0)
    stop.request()
    with pytest.raises(InterruptedJobError):
        list(told)


def test_leaving_the_page_ends_it():
    before = threading.active_count()
    told = film.converted(endless, Stop())
    next(told)
    told.close()
    assert threading.active_count() == before


def test_every_visitor_has_the_result_in_a_folder_that_is_emptied_first(tmp_path):
    folder = tmp_path / "video"
    folder.mkdir()
    (folder / "old.webm").write_bytes(b"old")
    target = film._target(folder, Path("/somewhere/my clip.gif"), "prores")
    assert target == folder / "my clip.mov"
    assert not folder.exists()
    for name in ("png", "gif", "../x"):
        with pytest.raises(OptionError):
            film._target(folder, Path("a.gif"), name)


def test_formats_of_the_page_are_files():
    assert set(film.FORMAT_NAMES) == set(FORMATS) - {"png"}


def test_a_page_without_av_says_what_to_install(monkeypatch):
    monkeypatch.setattr(film, "find_spec", lambda name: None)
    assert "pip install av" in film.welcome()
    monkeypatch.setattr(film, "find_spec", lambda name: object())
    assert "pip install" not in film.welcome()


@pytest.mark.parametrize(
    ("done", "total", "width"), [(0, 0, "0.0"), (5, 0, "0.0"), (1, 4, "25.0"), (9, 4, "100.0")]
)
def test_the_bar_never_leaves_its_place(done, total, width):
    assert f"width:{width}%" in film.progress_bar(done, total)
