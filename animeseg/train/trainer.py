"""ultralytics' trainers, made to survive: whole checkpoints, and resuming on the same curve.

ultralytics writes its checkpoint in place (a kill at the wrong moment leaves half of it), writes
both once more at the end, and resumes from the averaged weights in half precision. Here every
checkpoint is written once, beside, and renamed, and a second file keeps what the first one rounds
or leaves out; each epoch draws its random numbers from the seed and its own number, so that it is
the same after a restart.
"""

from __future__ import annotations

import contextlib
import csv
import io
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from animeseg.detect._ultralytics import load
from animeseg.files import write_file

_segment = load("ultralytics.models.yolo.segment")
_detect = load("ultralytics.models.yolo.detect")
_trainer_module = load("ultralytics.engine.trainer")
_callbacks_module = load("ultralytics.utils.callbacks")

# GPUs that give NaN when they train in half precision: Turing without tensor cores.
_UNSOUND = re.compile(r"GTX\s*16\d\d|\bT(400|500|550|600|1000|1200|2000)\b", re.IGNORECASE)

# A step of the seed between epochs that no user's seeds are apart by.
_EPOCH_STRIDE = 1_000_003


class AlreadyComplete(Exception):
    """A run that is taken up had come to its end before it was stopped."""


class Surviving:
    """What both trainers below add to ultralytics' own."""

    args: Any
    device: torch.device
    csv: Path
    epoch: int
    start_epoch: int
    model: Any
    last: Path
    best: Path
    wdir: Path
    resume: bool
    train_loader: Any

    def __init__(self, cfg: Any = None, overrides: Any = None, _callbacks: Any = None) -> None:
        given = {} if cfg is None else {"cfg": cfg}
        # Experiment trackers that happen to be installed would report to their servers.
        with _instead(_callbacks_module, "add_integration_callbacks", lambda _: None):
            super().__init__(overrides=overrides, _callbacks=_callbacks, **given)  # type: ignore[call-arg]
        self.add_callback("on_train_epoch_start", _begin_epoch)  # type: ignore[attr-defined]

    def train(self) -> None:
        """Trains; on a CPU with bfloat16 of its own in mixed precision."""
        with contextlib.suppress(AlreadyComplete), contextlib.ExitStack() as stack:
            if self.mixed_on_cpu:
                stack.enter_context(_instead(_trainer_module, "autocast", _autocast_on_cpu))
            super().train()  # type: ignore[misc]

    @property
    def mixed_on_cpu(self) -> bool:
        """Whether it trains in bfloat16 and single precision, on a CPU."""
        return self.device.type == "cpu" and cpu_has_bfloat16()

    def _setup_train(self, *args: Any) -> None:
        # ultralytics' own check of half precision downloads a model.
        with _instead(_trainer_module, "check_amp", half_precision_is_sound):
            super()._setup_train(*args)  # type: ignore[misc]
        if self.mixed_on_cpu:
            self.model.to(memory_format=torch.channels_last)

    def save_model(self) -> Any:
        """Writes the checkpoint whole or not at all; the previous one stays until then."""
        self.wdir.mkdir(parents=True, exist_ok=True)
        exact = self.wdir / f"exact-{self.epoch}.pt"
        with _replacing(exact) as part:
            torch.save(self._exact_state(), part)
        last, best = self.last, self.best
        try:
            with _replacing(last) as self.last, _replacing(best) as self.best:
                done = super().save_model()  # type: ignore[misc]
        finally:
            self.last, self.best = last, best
        for older in self.wdir.glob("exact-*.pt"):
            if older != exact:
                older.unlink(missing_ok=True)
        return done

    def resume_training(self, ckpt: Any) -> None:
        """Takes up a run with the numbers it stopped with.

        Raises:
            AlreadyComplete: it had come to its end.
        """
        if ckpt is None or not self.resume:
            return
        path = self.wdir / f"exact-{ckpt['epoch']}.pt"
        exact = None
        if path.is_file():
            exact = torch.load(path, map_location="cpu", weights_only=True)
            if exact.get("complete"):
                raise AlreadyComplete
        super().resume_training(ckpt)  # type: ignore[misc]
        _cut(self.csv, self.start_epoch)
        if exact is not None:
            self._restore(exact)

    def final_eval(self) -> None:
        """Nothing: ultralytics would write both checkpoints anew, in place and without optimiser.

        What it measures besides is measured when the model directory is written.
        """

    def _exact_state(self) -> dict[str, Any]:
        trainer: Any = self
        return {
            "model": _bare(trainer.model).state_dict(),
            "ema": trainer.ema.ema.state_dict(),
            "updates": int(trainer.ema.updates),
            "optimizer": trainer.optimizer.state_dict(),
            "scaler": trainer.scaler.state_dict(),
            "complete": bool(trainer.stop),
        }

    def _restore(self, exact: dict[str, Any]) -> None:
        trainer: Any = self
        _bare(trainer.model).load_state_dict(exact["model"])
        trainer.ema.ema.load_state_dict(exact["ema"])
        trainer.ema.updates = exact["updates"]
        trainer.optimizer.load_state_dict(exact["optimizer"])
        trainer.scaler.load_state_dict(exact["scaler"])


class SegmentTrainer(Surviving, _segment.SegmentationTrainer):  # type: ignore[misc, name-defined]
    """Trains boxes and masks."""


class DetectTrainer(Surviving, _detect.DetectionTrainer):  # type: ignore[misc, name-defined]
    """Trains boxes."""


def half_precision_is_sound(model: Any) -> bool:
    """Whether a network can be trained in mixed half precision where it lies."""
    device = next(model.parameters()).device
    if device.type != "cuda":
        return False
    return not _UNSOUND.search(torch.cuda.get_device_name(device))


def cpu_has_bfloat16() -> bool:
    """Whether this processor has the matrix instructions (AMX) that make bfloat16 the faster way.

    False with releases of torch that cannot tell.
    """
    told = getattr(torch.cpu, "_is_amx_tile_supported", None)
    return bool(told is not None and told())


def _autocast_on_cpu(*_: Any, **__: Any) -> Any:
    """In place of ultralytics' ``autocast``, which knows bfloat16 on graphics cards only."""
    return torch.autocast("cpu", torch.bfloat16)


def _begin_epoch(trainer: Any) -> None:
    """Draws the random numbers of an epoch from the seed and its number, in every process."""
    seed = (trainer.args.seed + (trainer.epoch + 1) * _EPOCH_STRIDE) % 2**32
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    loader = trainer.train_loader
    _forget(loader.dataset)
    if getattr(loader, "generator", None) is not None:
        loader.generator.manual_seed(seed)
    if hasattr(loader, "reset"):
        loader.reset()


def _forget(dataset: Any) -> None:
    """Empties the store of recent pictures that mosaics are made of: it depends on the past."""
    buffer = getattr(dataset, "buffer", None)
    if not buffer or getattr(dataset, "cache", None) == "ram":
        return
    for row in buffer:
        dataset.ims[row], dataset.im_hw0[row], dataset.im_hw[row] = None, None, None
    buffer.clear()


def _cut(table: Path, epochs: int) -> None:
    """Leaves the rows of the first ``epochs`` in ``results.csv``, and of those only whole ones.

    An epoch is entered before its checkpoint is written: one whose checkpoint is missing will be
    trained, and entered, again.
    """
    if not table.is_file():
        return
    with table.open(encoding="utf-8", newline="") as stream:
        head, *rows = list(csv.reader(stream)) or [[]]
    kept = [row for row in rows if len(row) == len(head) and int(row[0]) <= epochs]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([head, *kept])
    write_file(table, text.getvalue().encode("utf-8"), overwrite=True)


@contextlib.contextmanager
def _instead(module: Any, name: str, replacement: Any) -> Iterator[None]:
    """Another function in a module, within the block."""
    before = getattr(module, name)
    setattr(module, name, replacement)
    try:
        yield
    finally:
        setattr(module, name, before)


@contextlib.contextmanager
def _replacing(final: Path) -> Iterator[Path]:
    """A path to write to; what is there at the end takes the place of ``final``."""
    part = final.with_name(final.name + ".part")
    try:
        yield part
        if part.exists():
            part.replace(final)
    finally:
        part.unlink(missing_ok=True)


def _bare(model: Any) -> Any:
    """The network inside of a wrapper for several GPUs."""
    return model.module if hasattr(model, "module") else model
