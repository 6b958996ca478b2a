import contextlib
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from training_runs import curve, job_of

from animeseg.detect._ultralytics import load
from animeseg.train.job import run
from animeseg.train.trainer import (
    DetectTrainer,
    SegmentTrainer,
    _begin_epoch,
    _cut,
    _forget,
    _replacing,
    cpu_has_bfloat16,
)

_READ = """
import sys, torch
state = torch.load(sys.argv[1], map_location="cpu", weights_only=False)
print(state["trainer"].__module__, state["trainer"].__name__, sorted(state["callbacks"])[:1] != [])
"""


@pytest.mark.parametrize("trainer", [SegmentTrainer, DetectTrainer])
def test_the_processes_of_several_gpus_can_take_the_trainer_over(trainer, tmp_path, repository):
    """ultralytics hands trainer, settings and callbacks to one process per GPU in a file."""
    pytest.importorskip("cloudpickle")
    dist = load("ultralytics.utils.dist")
    unborn = object.__new__(trainer)
    state = {"on_train_epoch_start": [_begin_epoch], "on_fit_epoch_end": [lambda _: None]}
    args = SimpleNamespace(model="m.yaml", save_dir=str(tmp_path), augmentations=None)
    vars(unborn).update(args=args, model="m.yaml", callbacks=state, hub_session=None)
    script = Path(dist.generate_ddp_file(unborn))
    handed = script.with_suffix(".pt")
    if not handed.exists():  # older releases name the class in the script instead
        text = script.read_text(encoding="utf-8")
        assert f"from animeseg.train.trainer import {trainer.__name__}" in text
        return
    run = subprocess.run(
        [sys.executable, "-c", _READ, str(handed)],
        cwd=repository, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.stdout.split() == ["animeseg.train.trainer", trainer.__name__, "True"], run.stderr


def test_a_write_that_fails_leaves_what_was_there(tmp_path):
    final = tmp_path / "last.pt"
    final.write_bytes(b"old")
    with contextlib.suppress(OSError), _replacing(final) as part:
        part.write_bytes(b"ha")
        raise OSError("full")
    assert final.read_bytes() == b"old"
    with _replacing(final) as part:
        part.write_bytes(b"new")
    assert final.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [final]


def test_the_store_of_recent_pictures_is_emptied_unless_all_are_kept():
    def dataset(cache):
        return SimpleNamespace(
            buffer=[0, 2], cache=cache, ims=["a", None, "b"], im_hw0=[1, 2, 3], im_hw=[1, 2, 3]
        )

    forgotten, kept = dataset(None), dataset("ram")
    _forget(forgotten)
    _forget(kept)
    assert (forgotten.buffer, forgotten.ims) == ([], [None, None, None])
    assert (kept.buffer, kept.ims) == ([0, 2], ["a", None, "b"])


def test_half_precision_is_for_gpus_that_can(monkeypatch):
    from animeseg.train.trainer import half_precision_is_sound

    network = torch.nn.Linear(1, 1)
    assert not half_precision_is_sound(network)
    device = SimpleNamespace(type="cuda")
    on_gpu = SimpleNamespace(parameters=lambda: iter([SimpleNamespace(device=device)]))
    sound = ["NVIDIA GeForce RTX 3060", "Tesla T4", "NVIDIA A100-SXM4-80GB"]
    for name in [*sound, "NVIDIA GeForce GTX 1660 Ti", "NVIDIA T1000"]:
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda _, name=name: name)
        assert half_precision_is_sound(on_gpu) == (name in sound), name


@pytest.mark.parametrize(
    ("epochs", "left"),
    [
        (2, "epoch,time,loss\n1,3,0.5\n2,6,0.25\n"),
        (1, "epoch,time,loss\n1,3,0.5\n"),
        (3, "epoch,time,loss\n1,3,0.5\n2,6,0.25\n"),
    ],
)
def test_rows_of_epochs_without_a_checkpoint_are_taken_back(epochs, left, tmp_path):
    table = tmp_path / "results.csv"
    table.write_text("epoch,time,loss\n1,3,0.5\n2,6,0.25\n3,9")
    _cut(table, epochs)
    assert table.read_text() == left
    _cut(tmp_path / "missing.csv", epochs)
    assert list(tmp_path.iterdir()) == [table]


@pytest.mark.parametrize("answer", [True, False, None])
def test_mixed_precision_on_a_cpu_is_for_those_that_have_the_instructions(answer, monkeypatch):
    if answer is None:  # an older torch
        monkeypatch.delattr(torch.cpu, "_is_amx_tile_supported", raising=False)
    else:
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: answer, raising=False)
    assert cpu_has_bfloat16() is bool(answer)
    unborn = object.__new__(SegmentTrainer)
    for device in ("cpu", "cuda"):
        unborn.device = torch.device(device)
        assert unborn.mixed_on_cpu is (bool(answer) and device == "cpu")


@pytest.mark.slow
@pytest.mark.parametrize("mixed", [True, False])
def test_a_network_learns_in_either_precision(mixed, figures, tmp_path, monkeypatch):
    seen = []

    def watch(running):
        running.add_callback("on_train_start", lambda _: seen.append(running.mixed_on_cpu))
        running.add_callback("on_train_batch_end", lambda _: seen.append(running.loss.dtype))

    monkeypatch.setattr("animeseg.train.trainer.cpu_has_bfloat16", lambda: mixed)
    monkeypatch.setattr("animeseg.train.progress.show", lambda running, _: watch(running))
    run(job_of(figures, tmp_path / "run", changes={"epochs": 2}), told=lambda _: None)
    assert seen[0] is mixed
    rows = curve(tmp_path / "run")
    assert len(rows) == 2
    assert all(0 < float(row["train/box_loss"]) < 100 for row in rows)
