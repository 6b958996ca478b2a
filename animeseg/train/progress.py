"""What is seen of a run while it goes on: a bar for the epoch, a line for each that is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tqdm import tqdm

from animeseg.detect._ultralytics import load

_SCORES = {
    "metrics/mAP50(B)": "box mAP50",
    "metrics/mAP50-95(B)": "box mAP50-95",
    "metrics/mAP50(M)": "mask mAP50",
    "metrics/mAP50-95(M)": "mask mAP50-95",
}


def show(trainer: Any, told: Callable[[str], None]) -> None:
    """Attaches bar and lines to one of ultralytics' trainers.

    Args:
        trainer: not yet started.
        told: called with the line of every epoch.
    """
    bars: list[tqdm[Any]] = []

    def begin(running: Any) -> None:
        if load("ultralytics.utils").RANK > 0:  # of several processes only the first one tells
            return
        title = f"epoch {running.epoch + 1}/{running.epochs}"
        total = len(running.train_loader)
        bars.append(tqdm(total=total, desc=title, unit="batch", leave=False, disable=None))

    def step(running: Any) -> None:
        if not bars:
            return
        bars[-1].set_postfix(_losses(running), refresh=False)
        bars[-1].update()

    def end(running: Any) -> None:
        if not bars:
            return
        bars.pop().close()
        scores = ", ".join(
            f"{shown} {running.metrics[key]:.3f}"
            for key, shown in _SCORES.items()
            if key in running.metrics
        )
        losses = ", ".join(f"{name} {value}" for name, value in _losses(running).items())
        told(f"epoch {running.epoch + 1}/{running.epochs}: {losses}; {scores}")

    trainer.add_callback("on_train_epoch_start", begin)
    trainer.add_callback("on_train_batch_end", step)
    trainer.add_callback("on_fit_epoch_end", end)


def _losses(running: Any) -> dict[str, str]:
    """Mean losses of the epoch so far; older releases keep them as a tensor."""
    losses = running.tloss
    if losses is None:
        return {}
    if not isinstance(losses, dict):
        losses = dict(zip(running.loss_names, losses.reshape(-1).tolist(), strict=False))
    return {name: f"{float(value):.3f}" for name, value in losses.items() if float(value)}
