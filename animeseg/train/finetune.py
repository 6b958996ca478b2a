"""Fine-tuning of a COCO YOLOv8 network with little data: the part that all recipes share.

Few identities are at hand, so the danger is forgetting: a network that learns those few and loses
what COCO taught it. The recipe guards against it at every step: batch statistics stay those of
COCO, early layers are frozen and the others learn slowly, the weights are averaged over time and
over runs, and the result is drawn part of the way back to the start (`interpolate`).
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from animeseg.detect import _ultralytics
from animeseg.train.batches import Batches, shapes_of
from animeseg.train.surgery import HEAD

Weights = dict[str, torch.Tensor]
LOSSES = {
    "segment": "ultralytics.utils.loss:v8SegmentationLoss",
    "detect": "ultralytics.utils.loss:v8DetectionLoss",
}


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the result, stored with it.

    Attributes:
        task: `segment` for masks of the characters, `detect` for boxes of the faces.
        epochs: passes over the data.
        batch: pictures per step.
        rates: (first layer, learning rate): a layer takes the rate of the last row at or below it.
        weight_decay: AdamW decay, not on norms and biases.
        warmup: steps of linearly rising rate.
        decay: of the exponential moving average of the weights.
        scales: factors on the stored picture size, one drawn per batch.
        mask_stride: picture pixels per pixel of the mask target; the network predicts at 4.
        keep: weight of the feature distillation from the untouched network.
        alpha: share of the fine-tuned weights in the result; the rest is the start.
        operating_score: raw score best told apart at; it is shifted to the default confidence.
        box, cls, dfl: gains of the loss, those of ultralytics.
        seed: of the order of pictures and of the scales.
        image_size: longer side of the input that suits the result best, stored with it.
    """

    task: str = "segment"
    epochs: int = 1
    batch: int = 8
    rates: tuple[tuple[int, float], ...] = ((0, 0.0), (5, 3e-5), (10, 1e-4), (HEAD, 3e-4))
    weight_decay: float = 1e-4
    warmup: int = 100
    decay: float = 0.998
    scales: tuple[float, ...] = (0.5, 0.6, 0.7, 0.8, 1.0)
    mask_stride: int = 4
    keep: float = 0.0
    alpha: float = 0.5
    operating_score: float = 0.35
    box: float = 7.5
    cls: float = 0.5
    dfl: float = 1.5
    seed: int = 0
    image_size: int = 640


def parameter_groups(model: nn.Module, recipe: Recipe) -> list[dict[str, Any]]:
    """Freeze what has rate zero; give every other parameter its rate and decay."""
    groups = []
    for name, parameter in model.named_parameters():
        layer = int(name.split(".")[1])
        rate = [r for first, r in recipe.rates if first <= layer][-1]
        parameter.requires_grad_(rate > 0 and "dfl" not in name)
        if parameter.requires_grad:
            decay = recipe.weight_decay if parameter.ndim > 1 else 0.0
            groups.append({"params": [parameter], "lr": rate, "weight_decay": decay})
    return groups


def hold_statistics(model: nn.Module) -> None:
    """Training mode, but batch norms keep the statistics of COCO."""
    model.train()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()


def schedule(step: int, total: int, warmup: int) -> float:
    """Linear warm-up, then half a cosine down to a twentieth of the rate."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, total - warmup)))


def distance(ours: Sequence[torch.Tensor], theirs: Sequence[torch.Tensor]) -> torch.Tensor:
    """Relative squared difference of two feature pyramids, averaged over the levels."""
    parts = [
        (a.float() - b.float()).square().mean() / b.float().var()
        for a, b in zip(ours, theirs, strict=True)
    ]
    return torch.stack(parts).mean()


def train(
    model: nn.Module, batches: Sequence[Batches], recipe: Recipe, workers: int
) -> Iterator[nn.Module]:
    """Fine-tune in place; yields the averaged weights after every epoch."""
    gains = SimpleNamespace(box=recipe.box, cls=recipe.cls, dfl=recipe.dfl, overlap_mask=True)
    vars(model)["args"] = gains  # where the loss of ultralytics looks for them
    model.to(memory_format=torch.channels_last)
    start, average = copy.deepcopy(model).train(), copy.deepcopy(model)
    hold_statistics(start)
    criterion = _ultralytics.find(LOSSES[recipe.task])(model)
    optimiser = torch.optim.AdamW(parameter_groups(model, recipe))
    total = sum(len(b) for b in batches)
    rate = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: schedule(step, total, recipe.warmup)
    )
    hold_statistics(model)
    bar = tqdm(total=total, unit="step", mininterval=20)
    for epoch in batches:
        for batch in DataLoader(epoch, batch_size=None, num_workers=workers):
            image = batch["img"].float().div_(255).contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", torch.bfloat16):
                raw = model(image)
                with torch.no_grad():
                    reference = start(image)["feats"] if recipe.keep else None
            predictions = {k: v.float() if torch.is_tensor(v) else v for k, v in raw.items()}
            losses, shown = criterion(predictions, batch)
            loss = losses.sum() / recipe.batch
            if reference is not None:
                loss = loss + recipe.keep * distance(raw["feats"], reference)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 10.0)
            optimiser.step()
            rate.step()
            step = bar.n + 1
            blend_in(average, model, min(recipe.decay, step / (step + 20)))
            bar.set_postfix({k: f"{float(v):.3f}" for k, v in shown.items()}, refresh=False)
            bar.update()
        yield average
    bar.close()


@torch.no_grad()
def blend_in(average: nn.Module, model: nn.Module, decay: float) -> None:
    """One step of the exponential moving average over the parameters."""
    for mean, value in zip(average.parameters(), model.parameters(), strict=True):
        mean.lerp_(value, 1 - decay)


def interpolate(start: Weights, tuned: Weights, alpha: float) -> Weights:
    """Weights on the line from the start (alpha 0) to the fine-tuned network (alpha 1)."""
    return {
        k: torch.lerp(v.float(), tuned[k].float(), alpha) if v.is_floating_point() else v
        for k, v in start.items()
    }


def mean_of(runs: Sequence[Weights]) -> Weights:
    """The average of several fine-tuned networks that had the same start."""
    return {
        k: torch.stack([run[k].float() for run in runs]).mean(0) if v.is_floating_point() else v
        for k, v in runs[0].items()
    }


def calibrate(weights: Weights, score: float, confidence: float) -> Weights:
    """Shift all scores alike so that what scored `score` scores `confidence`; order is kept."""
    shift = math.log(confidence / (1 - confidence)) - math.log(score / (1 - score))
    biases = [f"model.{HEAD}.cv3.{level}.2.bias" for level in range(3)]
    return weights | {name: weights[name] + shift for name in biases}


def export(model: nn.Module, weights: Weights, path: Path, header: dict[str, Any]) -> None:
    """Write weights as safetensors: kernels in half precision, batch norms and biases in single.

    Args:
        model: the network the weights belong to; its layout goes into the header.
        weights: state dict, keys as in `model.state_dict()`.
        path: file to write.
        header: further metadata, `task` and `names` among them; anything but a string is stored
            as JSON.
    """
    layout: dict[str, Any] = vars(model)["yaml"]
    arch = {k: v for k, v in layout.items() if k not in ("yaml_file", "channels")}
    meta: dict[str, Any] = {"format": "animeseg-yolo", "arch": {**arch, "nc": 1}, "stride": 32}
    meta |= {"licence": "AGPL-3.0-or-later"} | header
    stored = {
        k: (v.half() if v.is_floating_point() and v.ndim > 1 else v).detach().clone().contiguous()
        for k, v in weights.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    text = {k: v if isinstance(v, str) else json.dumps(v) for k, v in meta.items()}
    save_file(stored, path, metadata=text)


def run(
    recipe: Recipe, operate: Callable[[Any], nn.Module], name: str, argv: Sequence[str] | None
) -> None:
    """Command line of a recipe: train, average, interpolate, export.

    Args:
        recipe: defaults, which `--set` changes.
        operate: makes the network to start from out of COCO's.
        name: of the one class.
        argv: arguments; those of the process when None.
    """
    args = _arguments(argv)
    changes = {k: json.loads(v) for k, v in (item.split("=", 1) for item in args.set)}
    recipe = replace(recipe, **changes)
    torch.manual_seed(recipe.seed)
    model = operate(_ultralytics.load().YOLO(str(args.coco)).model.float())
    start = copy.deepcopy(model.state_dict())
    if args.resume_from:
        model.load_state_dict(load_file(args.resume_from))
    args.out.mkdir(parents=True, exist_ok=True)
    shapes = shapes_of(args.data)
    batches = [
        Batches(
            shapes,
            batch=recipe.batch,
            scales=recipe.scales,
            mask_stride=recipe.mask_stride,
            seed=[recipe.seed, epoch],
            faces=recipe.task == "detect",
        )
        for epoch in range(recipe.epochs if shapes else 0)
    ]
    summary: dict[str, Any] = {"recipe": asdict(recipe), "pictures": len(shapes)}
    header = {"task": recipe.task, "names": {"0": name}, "imgsz": recipe.image_size}
    header |= {"confidence": args.confidence, "version": args.model_version}
    tuned, began = [load_file(path) for path in args.tuned], time.monotonic()
    for average in train(model, batches, recipe, args.workers):
        tuned = [average.state_dict()]
        export(model, tuned[0], args.out / "tuned.safetensors", header)
    if tuned:
        summary |= {"seconds": round(time.monotonic() - began), "averaged_runs": len(tuned)}
        start = interpolate(start, mean_of(tuned), recipe.alpha)
    result = calibrate(start, recipe.operating_score, args.confidence)
    export(model, result, args.out / "model.safetensors", header | {"train": summary})
    (args.out / "train.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=run.__doc__)
    parser.add_argument("--coco", type=Path, required=True, help="yolov8n-seg.pt, trusted")
    parser.add_argument("--data", type=Path, nargs="*", default=[], help="folders of compose")
    parser.add_argument(
        "--tuned", type=Path, nargs="*", default=[], help="average these tuned.safetensors of runs"
    )
    parser.add_argument(
        "--resume-from", type=Path, help="tuned.safetensors of a run to go on from, on other data"
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=JSON", help="recipe values")
    parser.add_argument("--confidence", type=float, default=0.25, help="default threshold stored")
    parser.add_argument("--model-version", default="1")
    parser.add_argument("--workers", type=int, default=1)
    return parser.parse_args(argv)
