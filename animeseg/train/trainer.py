"""ultralytics' trainers, made to survive: whole checkpoints, and resuming on the same curve.

ultralytics writes its checkpoint in place (a kill at the wrong moment leaves half of it), and
resumes from the averaged weights in half precision. Here every checkpoint is written beside and
renamed, and a second file keeps what the first one rounds or leaves out; each epoch draws its
random numbers from the seed and its own number, so that it is the same after a restart.
"""

from __future__ import annotations

import contextlib
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from animeseg.detect._ultralytics import load

_segment = load("ultralytics.models.yolo.segment")
_detect = load("ultralytics.models.yolo.detect")
_trainer_module = load("ultralytics.engine.trainer")
_callbacks_module = load("ultralytics.utils.callbacks")

# GPUs that give NaN when they train in half precision: Turing without tensor cores.
_UNSOUND = re.compile(r"GTX\s*16\d\d|\bT(400|500|550|600|1000|1200|2000)\b", re.IGNORECASE)

# A step of the seed between epochs that no user's seeds are apart by.
_EPOCH_STRIDE = 1_000_003


class Surviving:
    """What both trainers below add to ultralytics' own."""

    args: Any
    epoch: int
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

    def _setup_train(self, *args: Any) -> None:
        # ultralytics' own check of half precision downloads a model.
        with _instead(_trainer_module, "check_amp", half_precision_is_sound):
            super()._setup_train(*args)  # type: ignore[misc]

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
        """Takes up a run with the numbers it stopped with."""
        super().resume_training(ckpt)  # type: ignore[misc]
        if ckpt is None or not self.resume:
            return
        exact = self.wdir / f"exact-{ckpt['epoch']}.pt"
        if exact.is_file():
            self._restore(torch.load(exact, map_location="cpu", weights_only=True))

    def _exact_state(self) -> dict[str, Any]:
        trainer: Any = self
        return {
            "model": _bare(trainer.model).state_dict(),
            "ema": trainer.ema.ema.state_dict(),
            "updates": int(trainer.ema.updates),
            "optimizer": trainer.optimizer.state_dict(),
            "scaler": trainer.scaler.state_dict(),
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
