"""From the best checkpoint of a run to a model directory that `animeseg` uses by its path."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animeseg.data.dataset import open_dataset
from animeseg.errors import BadWeightsError, MissingDependencyError
from animeseg.evaluate.measure import measure
from animeseg.evaluate.scores import NAMES, Scores, score
from animeseg.evaluate.systems import Running, System
from animeseg.evaluate.truth import TruthSet
from animeseg.files import write_file
from animeseg.options import Options
from animeseg.segmenter import FALLBACK_CONFIDENCE
from animeseg.train.finetune import interpolate
from animeseg.weights import load_state, resolve
from animeseg.weights.load import write_safetensors
from animeseg.weights.resolve import MODEL_FILE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from torch import Tensor

LICENCE = "AGPL-3.0-or-later"


def write_model_dir(
    out: Path, config: Mapping[str, Any], *, onnx: bool = False, told: Any = print
) -> Path:
    """Writes weights, card and curves of a run.

    The weights are the checkpoint's of the best epoch, drawn back to the start as far as the preset
    says, both read through the allow-list. The default confidence is that of the best F1 on the
    validation part.

    Args:
        out: folder of the run, with ``train/weights/best.pt``.
        config: of the run.
        onnx: also write ``model.onnx``.
        told: called with messages.

    Returns:
        The weights.

    Raises:
        BadWeightsError: there is no checkpoint, or it is damaged.
        MissingDependencyError: ONNX is asked for and cannot be written here.
    """
    weights = out / MODEL_FILE
    confidence = FALLBACK_CONFIDENCE
    _export(out, config, confidence)
    told("measuring on the validation part ...")
    measured = _measure(out)
    if 0 < measured.best < 1:
        confidence = round(measured.best, 3)
        _export(out, config, confidence)
        measured = _measure(out)
    write_file(out / "curves.png", _curves(out / "train" / "results.csv"), overwrite=True)
    card = _card(out, config, measured, confidence)
    text = json.dumps(card, indent=1)
    write_file(out / "card.json", text.encode("utf-8"), overwrite=True)
    write_file(out / "README.md", _readme(card).encode("utf-8"), overwrite=True)
    if onnx:
        told(f"ONNX: {write_onnx(out)}")
    return weights


def is_drawn_back(config: Mapping[str, Any]) -> bool:
    """Whether the result lies between start and training: only where all of it had a start."""
    start = config["start"]
    return bool(config["preset"]["alpha"] < 1 and start["tensors_taken"] == start["tensors"])


def write_onnx(out: Path) -> Path:
    """Writes the network of the model directory as ``model.onnx``, by ultralytics' exporter.

    Raises:
        MissingDependencyError: the package ``onnx`` (or what it needs) is not installed.
    """
    from animeseg.detect._ultralytics import load

    try:
        import onnx  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError(
            "ONNX files need the package onnx", "pip install 'animeseg[onnx]'"
        ) from error
    best = out / "train" / "weights" / "best.pt"
    model = load().YOLO(str(best))
    model.model.load_state_dict(_read(out / MODEL_FILE)[0])
    written = Path(model.export(format="onnx", simplify=False, dynamic=True, verbose=False))
    return Path(written.replace(out / "model.onnx"))


def _export(out: Path, config: Mapping[str, Any], confidence: float) -> None:
    best = out / "train" / "weights" / "best.pt"
    if not best.is_file():
        raise BadWeightsError(f"the run left no checkpoint in {best.parent}", "train again")
    state, metadata = _read(best)
    preset = config["preset"]
    if is_drawn_back(config):
        between = interpolate(_read(out / "start.pt")[0], state, preset["alpha"])
        state = {name: value.to(state[name].dtype) for name, value in between.items()}
    metadata |= {
        "names": json.dumps(config["names"]),
        "imgsz": str(preset["image_size"]),
        "confidence": str(confidence),
        "licence": LICENCE,
        "train": json.dumps({"preset": config["preset_name"], "data": config["data_sha256"]}),
    }
    write_safetensors(out / MODEL_FILE, state, metadata)


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    return load_state(resolve(path, kind="detector", allow_paths=True))


def _measure(out: Path) -> Scores:
    truths = TruthSet(open_dataset(out / "data.yaml", part="val"))
    system = System("model", Options(model=str(out), refine="none"))
    measured = measure(lambda: Running(system), (truths[n] for n in range(len(truths))))
    return score(measured, draws=0)


def _card(
    out: Path, config: Mapping[str, Any], measured: Scores, confidence: float
) -> dict[str, Any]:
    data = (out / MODEL_FILE).read_bytes()
    return {
        "name": out.resolve().name,
        "task": config["preset"]["task"],
        "architecture": config["preset"]["architecture"],
        "classes": config["names"],
        "imgsz": config["preset"]["image_size"],
        "confidence": confidence,
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "licence": LICENCE,
        "config": dict(config),
        "metrics": {
            "validation": {
                "pictures": measured.pictures,
                "characters": measured.characters,
                **{name: value.value for name, value in measured.values.items()},
            }
        },
    }


def _readme(card: Mapping[str, Any]) -> str:
    config, validation = card["config"], card["metrics"]["validation"]
    rows = "\n".join(
        f"| {heading} | {validation[name]:.3f} |"
        for name, heading in NAMES.items()
        if name in validation
    )
    settings = "\n".join(f"| {name} | {value} |" for name, value in config["preset"].items())
    return f"""# {card["name"]}

Finds {", ".join(card["classes"])}: {card["architecture"]}, {card["bytes"]:,} bytes, sha256
`{card["sha256"]}`. Use it with `animeseg segment PICTURE --model FOLDER`.

Trained by `python -m animeseg.train {config["kind"]} --preset {config["preset_name"]}` with
animeseg {config["versions"]["animeseg"]}, ultralytics {config["versions"]["ultralytics"]} and torch
{config["versions"]["torch"]} on {config["train_pictures"]} pictures (content
`{config["data_sha256"]}`), from `{config["preset"]["start"]}`.

Licence of the weights: {card["licence"]}, as those of the network they are trained with; the
pictures may ask for more.

## On the validation part

{validation["pictures"]} pictures, {validation["characters"]} of them to be found; at confidence
{card["confidence"]}, the threshold of the best F1 there. The pictures of this part chose the epoch
and the threshold: expect less on others.

| | |
|---|---|
{rows}

![curves](curves.png)

## Settings

| | |
|---|---|
{settings}
"""


def _curves(results: Path) -> bytes:
    """The curves of ``results.csv``: losses, and average precision, over the epochs."""
    from matplotlib.figure import Figure

    with results.open(encoding="utf-8", newline="") as stream:
        rows = [
            {key.strip(): value for key, value in row.items()} for row in csv.DictReader(stream)
        ]
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    losses, precision = figure.subplots(1, 2)
    _draw(losses, rows, lambda key: key.endswith("_loss"))
    _draw(precision, rows, lambda key: "mAP" in key)
    losses.set(xlabel="epoch", ylabel="loss", yscale="log")
    precision.set(xlabel="epoch", ylabel="average precision", ylim=(0, 1))
    stream_out = io.BytesIO()
    figure.savefig(stream_out, format="png", dpi=100)
    return stream_out.getvalue()


def _draw(axes: Axes, rows: list[dict[str, str]], chosen: Any) -> None:
    epochs = [float(row["epoch"]) for row in rows]
    for key in rows[0] if rows else ():
        values = [float(row[key] or "nan") for row in rows] if chosen(key) else []
        if any(value > 0 for value in values):
            axes.plot(epochs, values, marker=".", label=key.replace("metrics/", ""))
    if axes.lines:
        axes.legend(fontsize=6)
    axes.grid(alpha=0.3)
