"""One training run: looked through, trained, measured, and left as a model directory.

RUN/
  config.json        the preset as it was used, hashes of data and start, versions
  data.yaml ...      what ultralytics' trainer is given
  train/             what it leaves: checkpoints, results.csv, its plots
  model.safetensors  the result; ``--model RUN`` takes it from here
  README.md card.json curves.png
"""

from __future__ import annotations

import errno
import importlib.util
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animeseg.__about__ import __version__
from animeseg.detect._ultralytics import version as ultralytics_version
from animeseg.errors import (
    BadDatasetError,
    DiskFullError,
    MissingDependencyError,
    OutputExistsError,
)
from animeseg.files import write_file
from animeseg.train.sources import Sources, look_through, write_data_yaml
from animeseg.weights.resolve import MODEL_FILE

if TYPE_CHECKING:
    from animeseg.train.preset import Preset

CONFIG = "config.json"
_CONFIG_VERSION = 1


@dataclass(frozen=True)
class Job:
    """What is asked for.

    Attributes:
        kind: ``character`` or ``face``: the name of the class.
        data: the set.
        out: folder of the run.
        preset: every setting.
        preset_name: where it came from, for the card.
        device: ``auto``, ``cpu``, ``0``, ``0,1``, ``mps``.
        workers: processes that load pictures.
        single_class: take all classes of the set for one.
        resume: take up what is in ``out``.
        overwrite: throw away what is in ``out``.
        onnx: write an ONNX file too.
        model_dirs: further folders to look for weights in.
    """

    kind: str
    data: Path
    out: Path
    preset: Preset
    preset_name: str
    device: str = "auto"
    workers: int = 2
    single_class: bool = False
    resume: bool = False
    overwrite: bool = False
    onnx: bool = False
    model_dirs: Sequence[Path] = ()


def run(job: Job, told: Any = print) -> Path:
    """Carries out a job; returns its model file.

    Raises:
        BadDatasetError: the set cannot be trained on, or is not the one that was begun with.
        OutputExistsError: there is a run in ``out`` already.
        OptionError, AnimesegError: settings or weights are wrong.
        DiskFullError: the disk is full; the last whole checkpoint is kept.
    """
    last = job.out / "train" / "weights" / "last.pt"
    begun = (job.out / CONFIG).is_file()
    if begun and not (job.resume or job.overwrite):
        raise OutputExistsError(
            f"{job.out} holds a run already", "give --resume, --overwrite or another --out"
        )
    told(f"looking through {job.data} ...")
    sources = look_through(job.data, job.preset, single_class=job.single_class)
    told(f"{len(sources.train)} pictures to learn from, {len(sources.val)} to measure on")
    config = _config(job, sources)
    resuming = begun and job.resume
    if resuming:
        refuse_changes(json.loads((job.out / CONFIG).read_text(encoding="utf-8")), config)
    try:
        if not resuming or not last.is_file():
            _begin(job, sources, config, told)
            resuming = False
        if not (resuming and _is_finished(job.out)):
            _train(job, last if resuming else None, told)
        return _finish(job, config, told)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFullError(
                f"the disk is full, in {job.out}",
                "make room and go on with --resume: the last whole checkpoint is kept",
            ) from error
        raise


def refuse_changes(before: dict[str, Any], now: dict[str, Any]) -> None:
    """Refuses to resume with other settings, data or start than a run was begun with.

    Raises:
        BadDatasetError: the pictures or labels are others.
        OutputExistsError: naming the settings that differ.
    """
    if before.get("data_sha256") != now["data_sha256"]:
        raise BadDatasetError(
            "the set has changed since the run was begun",
            "put it back as it was, or begin a new run in another --out",
        )
    asked = {**now["preset"], "kind": now["kind"], "single_class": now["single_class"]}
    was = {**before.get("preset", {}), **{key: before.get(key) for key in ("kind", "single_class")}}
    other = [f"{k}: {was.get(k)!r} then, {asked[k]!r} now" for k in asked if was.get(k) != asked[k]]
    if other:
        raise OutputExistsError(
            "the run was begun with other settings: " + "; ".join(other),
            "resume with the same ones, or begin a new run in another --out",
        )


def _config(job: Job, sources: Sources) -> dict[str, Any]:
    import torch

    return {
        "config_version": _CONFIG_VERSION,
        "kind": job.kind,
        "preset_name": job.preset_name,
        "preset": job.preset.as_dict(),
        "single_class": job.single_class,
        "data": str(job.data),
        "data_sha256": sources.sha256,
        "train_pictures": len(sources.train),
        "val_pictures": len(sources.val),
        "names": list(sources.names[:1] if job.single_class else sources.names),
        "workers": job.workers,
        "versions": {
            "animeseg": __version__,
            "torch": torch.__version__,
            "ultralytics": ultralytics_version(),
        },
    }


def _begin(job: Job, sources: Sources, config: dict[str, Any], told: Any) -> None:
    from animeseg.train.model_dir import is_drawn_back
    from animeseg.train.start import write_start

    job.out.mkdir(parents=True, exist_ok=True)
    for stale in (job.out / MODEL_FILE, *(job.out / "train" / "weights").glob("*.pt")):
        stale.unlink(missing_ok=True)
    (job.out / "train" / "results.csv").unlink(missing_ok=True)
    write_data_yaml(sources, job.out, single_class=job.single_class)
    sha256, taken, tensors = write_start(
        job.out / "start.pt", job.preset, config["names"], model_dirs=job.model_dirs
    )
    told(f"start: {job.preset.start}, {taken} of {tensors} tensors taken over")
    config["start"] = {"sha256": sha256, "tensors_taken": taken, "tensors": tensors}
    if is_drawn_back(config):
        told(f"the result will be {job.preset.alpha:.0%} of the way from the start (alpha)")
    elif job.preset.alpha < 1:
        told("alpha is left out: the start is not of this network")
    text = json.dumps(config, indent=1)
    write_file(job.out / CONFIG, text.encode("utf-8"), overwrite=True)


def _train(job: Job, last: Path | None, told: Any) -> None:
    if "," in job.device and importlib.util.find_spec("cloudpickle") is None:
        raise MissingDependencyError(
            "training on several GPUs needs cloudpickle", "pip install 'animeseg[train]'"
        )
    from animeseg.train.progress import show
    from animeseg.train.trainer import DetectTrainer, SegmentTrainer

    kind = SegmentTrainer if job.preset.task == "segment" else DetectTrainer
    trainer: Any = kind(overrides=overrides_of(job, last))
    if trainer.mixed_on_cpu:
        told("this CPU has bfloat16 of its own: training in mixed precision")
    show(trainer, told)
    trainer.train()


def overrides_of(job: Job, last: Path | None) -> dict[str, Any]:
    """What ultralytics' trainer is told; ``last`` is the checkpoint to go on from."""
    preset = job.preset
    values = preset.as_dict()
    for name in ("architecture", "start", "image_size", "nominal_batch", "patience", "alpha"):
        values.pop(name)
    return {
        **values,
        "model": str(last or job.out / "start.pt"),
        "resume": str(last) if last else False,
        "data": str(job.out / "data.yaml"),
        "imgsz": preset.image_size,
        "nbs": preset.nominal_batch,
        "patience": preset.patience or preset.epochs + 1,
        "device": None if job.device == "auto" else job.device,
        "workers": job.workers,
        "single_cls": job.single_class,
        "project": str(job.out.resolve()),
        "name": "train",
        "exist_ok": True,
        "deterministic": True,
        "pretrained": True,
        "save": True,
        "val": True,
        "plots": False,
        "freeze": preset.freeze or None,
    }


def _is_finished(out: Path) -> bool:
    """Whether the trainer came to its end: then only what follows it may be missing."""
    return (out / MODEL_FILE).is_file()


def _finish(job: Job, config: dict[str, Any], told: Any) -> Path:
    from animeseg.train.model_dir import write_model_dir

    stored = json.loads((job.out / CONFIG).read_text(encoding="utf-8"))
    return write_model_dir(job.out, {**config, **stored}, onnx=job.onnx, told=told)
