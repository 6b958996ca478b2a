"""The ladder: one rung at a time, each told once, nothing of a failed attempt kept alive."""

from __future__ import annotations

import gc
import weakref

import pytest
import torch

from animeseg.errors import OutOfMemoryError
from animeseg.webui.ladder import Rung, climb


class Work:
    """Runs out of memory so many times."""

    def __init__(self, failures, error=torch.cuda.OutOfMemoryError):
        self.left, self.error, self.calls = failures, error, 0

    def __call__(self):
        self.calls += 1
        if self.calls <= self.left:
            raise self.error("CUDA out of memory. Tried to allocate 2.00 GiB")
        return "done"


def rungs(taken, count=3):
    return [Rung(f"oom_{n}", f"step {n}", lambda n=n: taken.append(n)) for n in range(count)]


@pytest.mark.parametrize("error", [torch.cuda.OutOfMemoryError, RuntimeError])
@pytest.mark.parametrize("failures", [0, 1, 2, 3])
def test_as_many_rungs_are_taken_as_are_needed(failures, error, capsys):
    taken = []
    answer, notes = climb(Work(failures, error), rungs(taken))
    assert answer == "done"
    assert taken == list(range(failures))
    assert [note.code for note in notes] == [f"oom_{n}" for n in taken]
    assert capsys.readouterr().out.count("[animeseg] oom_") == failures


def test_below_the_last_rung_there_is_an_error_with_a_cure(capsys):
    taken = []
    with pytest.raises(OutOfMemoryError, match=r"2\.00 GiB") as caught:
        climb(Work(99), rungs(taken))
    assert taken == [0, 1, 2]
    assert caught.value.cure


@pytest.mark.parametrize("error", [ValueError("no"), RuntimeError("shapes do not match")])
def test_any_other_error_is_not_swallowed(error):
    def work():
        raise error

    taken = []
    with pytest.raises(type(error), match=str(error)):
        climb(work, rungs(taken))
    assert taken == []


def test_what_a_failed_attempt_held_is_gone_before_the_next_step(capsys):
    class Tensor:
        pass

    held = []

    def work():
        tensor = Tensor()
        held.append(weakref.ref(tensor))
        if len(held) == 1:
            raise torch.cuda.OutOfMemoryError("out of memory")
        return "done"

    alive = []

    def look():
        gc.collect()
        alive.append(held[0]() is not None)

    climb(work, [Rung("oom", "looked", look)])
    assert alive == [False]
