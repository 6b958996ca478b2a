"""The network a run starts from, as the checkpoint that ultralytics' trainer reads."""

from __future__ import annotations

import copy
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from animeseg.detect._ultralytics import load, version
from animeseg.detect.architecture import read_header
from animeseg.errors import OptionError
from animeseg.files import write_file
from animeseg.train.surgery import operate
from animeseg.weights import load_state, resolve

if TYPE_CHECKING:
    from torch import Tensor, nn

    from animeseg.detect.architecture import Header
    from animeseg.train.preset import Preset

SCRATCH = "scratch"
_COCO_CLASSES = 80


def write_start(
    path: Path, preset: Preset, names: Sequence[str], *, model_dirs: Sequence[Path] = ()
) -> tuple[str, int, int]:
    """Writes the checkpoint to start from.

    The network is that of the preset; of the weights to start from (read through the allow-list,
    like all weights here) every tensor of the same name and shape is taken over. COCO's 80 classes
    become one by surgery, see `animeseg.train.surgery`.

    Args:
        path: of the checkpoint.
        preset: names the network and the weights.
        names: of the classes.
        model_dirs: further folders to look for weights in.

    Returns:
        (SHA-256 of the start weights or empty, tensors taken over, tensors of the network).

    Raises:
        AnimesegError: unknown or missing weights, or a network ultralytics does not know.
    """
    sha256, taken = "", 0
    network = new_network(preset, len(names))
    own = network.state_dict()
    if preset.start != SCRATCH:
        resolved = resolve(preset.start, kind="detector", model_dirs=model_dirs, allow_paths=True)
        sha256 = resolved.sha256
        state, metadata = load_state(resolved)
        fitting = _fitting(_from_person(state, read_header(metadata), preset, len(names)), own)
        network.load_state_dict(fitting, strict=False)
        taken = len(fitting)
    network.names = dict(enumerate(names))  # type: ignore[assignment]
    _write(path, network)
    return sha256, taken, len(own)


def _from_person(
    state: dict[str, Tensor], header: Header, preset: Preset, classes: int
) -> dict[str, Tensor]:
    """COCO's weights with a class branch that reads out its person, for a single class.

    Taking over only what fits would begin with a class branch that knows nothing; anything but
    COCO weights of the same network stays as it is.
    """
    is_coco = len(header.names) == _COCO_CLASSES and header.names[0] == "person"
    if not (is_coco and classes == 1 and preset.task == header.task == "segment"):
        return state
    coco = new_network(preset, _COCO_CLASSES)
    fitting = _fitting(state, coco.state_dict())
    if len(fitting) < len(coco.state_dict()):
        return state
    coco.load_state_dict(fitting)
    return dict(operate(coco).state_dict())


def new_network(preset: Preset, classes: int) -> nn.Module:
    """The network of a preset with weights drawn from its seed.

    Raises:
        OptionError: ultralytics knows no network of that name.
    """
    tasks = load("ultralytics.nn.tasks")
    kind = tasks.SegmentationModel if preset.task == "segment" else tasks.DetectionModel
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(preset.seed)
        try:
            network: nn.Module = kind(f"{preset.architecture}.yaml", nc=classes, verbose=False)
        except (FileNotFoundError, KeyError, AttributeError) as error:
            raise OptionError(
                "architecture", f"ultralytics has no {preset.architecture!r}", "try yolov8n-seg"
            ) from error
    return network


def _fitting(state: dict[str, Tensor], own: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        name: value.float() if value.is_floating_point() else value
        for name, value in state.items()
        if name in own and own[name].shape == value.shape
    }


def _write(path: Path, network: nn.Module) -> None:
    checkpoint: dict[str, Any] = {
        "epoch": -1,
        "best_fitness": None,
        "model": copy.deepcopy(network).half(),
        "ema": None,
        "updates": None,
        "optimizer": None,
        "train_args": {},
        "version": version(),
    }
    stream = io.BytesIO()
    torch.save(checkpoint, stream)
    write_file(path, stream.getvalue(), overwrite=True)
