import contextlib
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from animeseg.detect._ultralytics import load
from animeseg.train.trainer import DetectTrainer, SegmentTrainer, _forget, _replacing


@pytest.mark.parametrize("trainer", [SegmentTrainer, DetectTrainer])
def test_other_processes_of_a_run_find_the_trainer_by_its_name(trainer, tmp_path):
    """ultralytics starts one process per GPU with a file that imports the trainer's class."""
    dist = load("ultralytics.utils.dist")
    args = SimpleNamespace(model="m.yaml", save_dir=str(tmp_path), augmentations=None)
    unborn = object.__new__(trainer)
    vars(unborn).update(args=args, hub_session=None, resume=False, save_dir=tmp_path)
    path = Path(dist.generate_ddp_file(unborn))
    try:
        text = path.read_text()
    finally:
        path.unlink()
    assert f"from animeseg.train.trainer import {trainer.__name__}" in text


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
