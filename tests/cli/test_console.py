from __future__ import annotations

import io
import sys

import pytest

from animeseg.cli.console import Console, make_safe, one_line
from animeseg.errors import BadImageError


def stream(encoding, terminal=False):
    made = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    made.isatty = lambda: terminal
    return made


def test_an_error_is_one_line_with_code_cause_and_cure(capsys):
    Console().error(BadImageError("it is\ncut off", "save it again"), "a\x1b[2Jb.png")
    assert capsys.readouterr().err == (
        "[animeseg] bad_image: a\\x1b[2Jb.png: it is\\ncut off; save it again\n"
    )


@pytest.mark.parametrize("text", ["plain", "漫画 🎀", "a b"])
def test_printable_text_is_left_as_it_is(text):
    assert one_line(text) == text


def test_file_names_steer_no_terminal_but_are_exact_in_a_pipe(monkeypatch):
    for terminal, expected in ((True, b"a\\x1b[2J\n"), (False, b"a\x1b[2J\n")):
        out = stream("utf-8", terminal)
        monkeypatch.setattr(sys, "stdout", out)
        Console().result("a\x1b[2J")
        assert out.buffer.getvalue() == expected


@pytest.mark.parametrize("encoding", ["ascii", "cp437", "cp1252", "utf-8", "utf-16"])
def test_any_name_can_be_printed_on_any_terminal(encoding):
    out = stream(encoding)
    make_safe(out)
    out.write("漫画 🎀 \udcff ü")
    out.flush()


def test_quiet_keeps_results_and_errors(capsys):
    console = Console(quiet=True)
    console.say("message")
    console.result("result")
    console.error(BadImageError("cause"))
    out, err = capsys.readouterr()
    assert (out, err) == ("result\n", "[animeseg] bad_image: cause\n")


def test_the_bar_is_shown_on_terminals_only_unless_asked(monkeypatch):
    for terminal, asked, shown in (
        (True, None, True),
        (False, None, False),
        (False, True, True),
        (True, False, False),
    ):
        monkeypatch.setattr(sys, "stderr", stream("utf-8", terminal))
        with Console().progress(asked, "picture") as bar:
            assert (not bar.disable) is shown
        with Console(quiet=True).progress(None, "picture") as bar:
            assert bar.disable


def test_a_result_of_several_lines_stays_so_on_a_terminal(monkeypatch):
    out = stream("utf-8", terminal=True)
    monkeypatch.setattr(sys, "stdout", out)
    Console().lines("first\nsecond \x1b[2J")
    Console().result("a\nname")
    out.flush()
    assert out.buffer.getvalue().decode() == "first\nsecond \\x1b[2J\na\\nname\n"
