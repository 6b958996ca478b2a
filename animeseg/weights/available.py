"""Which models a list can offer: those of the catalog and the user's own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from animeseg.limits import Environment, read_environment
from animeseg.weights.catalog import catalog, find, folders_of
from animeseg.weights.places import SUFFIXES, folders_below, inside, is_plain_name


def model_names(
    kind: str, model_dirs: Iterable[Path] = (), *, environment: Environment | None = None
) -> list[str]:
    """Names that `resolve` knows: the catalog's, then files in the folders for models of a kind.

    Only folders that are for this kind are listed, not the roots above them, which hold anything;
    animeseg's own folders count as detectors', since those are what people train.

    Args:
        kind: ``detector`` or ``sam``.
        model_dirs: further folders; a WebUI's root or its ``models`` will do.
        environment: default: what the environment variables say.
    """
    env = environment or read_environment()
    names = [record.name for record in catalog().values() if record.kind == kind]
    own: set[str] = set()
    for root in (env.home / "models", *env.model_dirs, *model_dirs):
        folders = {folder for folder in folders_below(root, folders_of(kind)) if folder != root}
        if kind == "detector" and (root.name == "animeseg" or root == env.home / "models"):
            folders.add(root)
        own |= {path.name for folder in folders for path in _files(folder)}
    own = {name for name in own if find(name) is None}
    return names + sorted(own, key=str.casefold)


def _files(folder: Path) -> list[Path]:
    try:
        found = list(folder.iterdir())
    except OSError:  # not there, or not readable
        return []
    return [
        path
        for path in found
        if path.suffix.lower() in SUFFIXES and is_plain_name(path.name) and inside(path, folder)
    ]
