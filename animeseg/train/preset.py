"""Presets: everything a training run is set by, as data files; each value may be changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import yaml

from animeseg.errors import OptionError

FOLDER = Path(__file__).with_name("presets")
TASKS = ("segment", "detect")


@dataclass(frozen=True)
class Preset:
    """The settings of a run, named as ultralytics' trainer names them where it has them.

    Attributes:
        task: ``segment`` or ``detect``.
        architecture: ultralytics' name of the network, without ``.yaml``.
        start: weights to start from: a catalog name, a path, or ``scratch``.
        epochs: passes over the pictures.
        batch: pictures a step; with several GPUs, of all together.
        nominal_batch: pictures an update of the weights; a smaller batch is added up to it.
        image_size: longer side, in pixels.
        optimizer: ``SGD``, ``AdamW``, ``auto``, ...
        lr0: highest learning rate.
        lrf: the last learning rate, as a share of ``lr0``.
        momentum: of SGD, or beta1 of Adam.
        weight_decay: of the kernels.
        dropout: of the head, 0..1.
        warmup_epochs: over which the rate rises.
        patience: epochs without gain after which it ends; 0 never.
        mosaic: probability of a picture made of four.
        close_mosaic: last epochs without mosaic.
        mask_ratio: by how much masks are smaller than the picture.
        freeze: first layers that do not learn.
        alpha: share of the trained weights in the result, the rest is the start: what the start
            knew and the pictures do not show is kept (WiSE-FT, Wortsman et al. 2022).
        seed: of everything random.
    """

    task: str
    architecture: str
    start: str
    epochs: int
    batch: int
    nominal_batch: int
    image_size: int
    optimizer: str
    lr0: float
    lrf: float
    momentum: float
    weight_decay: float
    dropout: float
    warmup_epochs: float
    patience: int
    mosaic: float
    close_mosaic: int
    mask_ratio: int
    freeze: int = 0
    alpha: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise OptionError("task", f"got {self.task!r}", "choose " + " or ".join(TASKS))
        for name in ("epochs", "batch", "nominal_batch", "image_size", "mask_ratio"):
            if getattr(self, name) < 1:
                raise OptionError(name, f"got {getattr(self, name)}", "give 1 or more")
        for name in ("lr0", "lrf", "momentum", "weight_decay", "dropout", "warmup_epochs"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise OptionError(name, f"got {getattr(self, name)}", "give 0 or more")
        for name in ("mosaic", "alpha"):
            if not 0 <= getattr(self, name) <= 1:
                raise OptionError(name, f"got {getattr(self, name)}", "give 0 to 1")

    def as_dict(self) -> dict[str, Any]:
        """All values, ready for JSON."""
        return dataclasses.asdict(self)


def names() -> list[str]:
    """The presets there are."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def about() -> dict[str, str]:
    """What each preset is for: the comment that its file begins with, up to the first stop."""
    told = {}
    for name in names():
        lines = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8").split("\n")
        words = [line[1:].strip() for line in takewhile(lambda line: line.startswith("#"), lines)]
        told[name] = " ".join(words).split(". ")[0].rstrip(".")
    return told


def load_preset(name: str, changes: Mapping[str, Any] | None = None) -> Preset:
    """A preset by name, or from a YAML file of one's own, with some values changed.

    Raises:
        OptionError: there is none of that name, or a value is unknown, missing or wrong.
    """
    path = FOLDER / f"{name}.yaml" if name in names() else Path(name)
    if not path.is_file():
        raise OptionError("--preset", f"got {name!r}", "choose of " + ", ".join(names()))
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise OptionError("--preset", f"{path} is no YAML: {error}", "mend the file") from error
    if not isinstance(values, dict):
        raise OptionError("--preset", f"{path} holds no values", "give NAME: VALUE lines")
    return _checked({**values, **(changes or {})})


def _checked(values: Mapping[str, Any]) -> Preset:
    """A preset whose values have the types that its fields declare."""
    fields = {field.name: field for field in dataclasses.fields(Preset)}
    for name in values:
        if name not in fields:
            raise OptionError(str(name), "is no setting of a run", "known: " + ", ".join(fields))
    typed = {}
    for name, field in fields.items():
        if name in values:
            typed[name] = _typed(name, str(field.type), values[name])
        elif field.default is dataclasses.MISSING:
            raise OptionError(name, "is missing", "give it in the preset")
    return Preset(**typed)


def _typed(name: str, kind: str, value: Any) -> Any:
    wanted = {"int": int, "float": float, "str": str}[kind]
    if wanted is float and type(value) is int:
        return float(value)
    if type(value) is not wanted:
        raise OptionError(name, f"got {value!r}, a {type(value).__name__}", f"give {kind}")
    return value
