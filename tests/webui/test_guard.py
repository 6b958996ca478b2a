"""What fails is told in one line and goes no further."""

from __future__ import annotations

import pytest

from animeseg.errors import MissingWeightsError
from animeseg.webui.guard import guarded, tell


def _raises(error):
    def function(*_, **__):
        raise error

    return function


def test_an_error_we_foresaw_is_one_line_with_cause_and_cure(capsys, caplog):
    line = tell(MissingWeightsError("no weights", "fetch them"))
    assert line == "[animeseg] missing_weights: no weights; fetch them"
    assert capsys.readouterr().out == line + "\n"
    assert not caplog.records


def test_any_other_error_is_one_line_and_its_traceback_goes_to_the_log(capsys, caplog):
    line = tell(RuntimeError("first\nsecond"), "the panel")
    assert line.startswith("[animeseg] error: RuntimeError: first in the panel")
    assert "second" not in capsys.readouterr().out
    assert caplog.records[0].exc_info


def test_an_error_without_words_can_be_told(capsys):
    assert "MemoryError" in tell(MemoryError())


def test_a_guarded_function_gives_its_answer_or_the_fallback(capsys):
    assert guarded(lambda x: x + 1)(1) == 2
    assert guarded(_raises(ValueError("no")), fallback=7)(1) == 7


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_the_end_of_the_program_is_not_held_up(error):
    with pytest.raises(error):
        guarded(_raises(error()))()
