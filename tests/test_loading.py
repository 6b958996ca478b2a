"""Models from options: where they stand, and what counts as memory that ran out."""

from __future__ import annotations

import pytest
import torch

from animeseg import Options
from animeseg.errors import OptionError
from animeseg.limits import read_environment
from animeseg.loading import ModelSource, is_out_of_memory, pick_device


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 MiB"), True),
        (MemoryError(), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 5 GB)"), True),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"), True),
        (RuntimeError("Could not allocate tensor: not enough GPU video memory available!"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_what_counts_as_memory_that_ran_out(error, expected):
    assert is_out_of_memory(error) is expected


def test_a_full_device_is_no_unusable_device(monkeypatch):
    def full(*_, **__):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(torch, "zeros", full)
    with pytest.raises(torch.cuda.OutOfMemoryError):
        pick_device("cuda")


def test_a_device_that_is_not_there_is_named():
    with pytest.raises(OptionError, match="nowhere"):
        pick_device("nowhere")


def test_parked_models_come_back_to_their_device_when_they_are_used(monkeypatch):
    options = Options(device="cpu", refine="none")
    source = ModelSource()
    detector = source.detector(options)
    moves = []
    monkeypatch.setattr(
        type(detector),
        "move",
        lambda self, device: (moves.append(device), setattr(self, "device", device)),
    )
    detector.device = "elsewhere"
    assert source.detector(options) is detector
    assert moves == ["cpu"]
    assert not source.park(), "it is there already"
    detector.device = "elsewhere"
    assert source.park()
    assert moves == ["cpu", "cpu"]


def test_weights_are_looked_for_where_the_environment_of_the_source_says(tmp_path):
    asked = []

    def environment():
        asked.append(None)
        return read_environment({"ANIMESEG_HOME": str(tmp_path), "ANIMESEG_OFFLINE": "1"})

    ModelSource(environment=environment).detector(Options(device="cpu"))
    assert asked
    assert list(tmp_path.iterdir())
