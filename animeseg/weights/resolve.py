"""From the name of a model to a verified file on this machine.

Order: a path the user gave, weights that come with animeseg, the user's model folders and those
of other extensions, the cache of the Hub, and, only when asked for, a download.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from animeseg.errors import BadWeightsError, MissingWeightsError
from animeseg.limits import Environment, read_environment
from animeseg.weights.catalog import Record, find, find_hash, folders_of, unknown
from animeseg.weights.hashes import remembering_hash
from animeseg.weights.places import (
    SUFFIXES,
    bundled_folder,
    folders_below,
    inside,
    is_plain_name,
)

if TYPE_CHECKING:
    from animeseg.instances import ModelInfo

Progress = Callable[[int, int], None]
"""Called with the bytes that are there and the bytes in total while a file is fetched."""

MODEL_FILE = "model.safetensors"
"""The weights inside the directory of a trained model."""


@dataclass(frozen=True)
class Resolved:
    """A weight file on this machine, verified.

    Attributes:
        path: the file.
        record: its catalog entry; None for a user's own model.
        sha256: hash of its content.
        source: ``path``, ``bundled``, ``folder``, ``hub-cache`` or ``download``.
    """

    path: Path
    record: Record | None
    sha256: str
    source: str

    @property
    def name(self) -> str:
        """Catalog name, or the file's name (its folder's, for the directory of a model)."""
        if self.record:
            return self.record.name
        return self.path.parent.name if self.path.name == MODEL_FILE else self.path.name

    def info(self, role: str) -> ModelInfo:
        """What a result says about these weights."""
        from animeseg.instances import ModelInfo  # imports numpy, which a list of weights spares

        licence = self.record.licence if self.record else ""
        return ModelInfo(role=role, name=self.name, sha256=self.sha256, licence=licence)


def resolve(
    name_or_path: str | os.PathLike[str],
    *,
    kind: str,
    model_dirs: Iterable[Path] = (),
    download: bool = False,
    progress: Progress | None = None,
    environment: Environment | None = None,
    allow_paths: bool = False,
    accept_unknown: bool = False,
) -> Resolved:
    """Finds the weights of a model, verified against the catalog.

    Args:
        name_or_path: a catalog name, the name of a file in a model folder, or, with
            ``allow_paths``, the path of a weight file or of a trained model's directory.
        kind: ``detector`` or ``sam``.
        model_dirs: further folders to look into; a WebUI's root or its ``models`` will do.
        download: fetch the file from the Hub when it is nowhere here. Nothing else ever opens a
            connection.
        progress: told about bytes while a file is fetched.
        environment: default: what the environment variables say.
        allow_paths: only for callers on this machine (command line, Python). Anything that comes
            over a network or from a form passes False.
        accept_unknown: also accept files for which the catalog knows no hash.

    Returns:
        The file, with its hash.

    Raises:
        UnknownModelError: no such name; the text does not tell whether a file of that name exists.
        MissingWeightsError: a known model whose file is not here.
        BadWeightsError: the file here is not the one the catalog knows.
        DownloadError: the download failed (and its subclasses, `DiskFullError`, `OutputError`).
    """
    name = os.fspath(name_or_path)
    env = environment or read_environment()
    roots = (env.home / "models", *env.model_dirs, *model_dirs)
    record = find(name, kind)
    if record is None:
        return _own(name, kind, roots, env, allow_paths)
    try:
        found = locate(record, roots, env, accept_unknown=accept_unknown)
    except BadWeightsError:
        if not (download and record.sha256):
            raise
        found = None
    if found:
        return found
    if not download or record.bundled:
        raise _missing(record, env)
    from animeseg.weights.hub import download as fetch  # opens sockets: only loaded when asked for

    path, sha256 = fetch(record, env, progress=progress, accept_unknown=accept_unknown)
    return Resolved(path, record, sha256, "download")


def locate(
    record: Record,
    roots: Iterable[Path],
    environment: Environment,
    *,
    accept_unknown: bool = False,
) -> Resolved | None:
    """The verified file of ``record`` on this machine, or None.

    A file of the right name with another content is passed over as long as a later place has
    the right one.

    Raises:
        BadWeightsError: only files with another content were found.
    """
    first_error: BadWeightsError | None = None
    for path, source in candidates(record, roots):
        outcome = _attempt(path, record, environment, accept_unknown)
        if isinstance(outcome, str):
            return Resolved(path, record, outcome, source)
        first_error = first_error or outcome
    if first_error:
        raise first_error
    return None


def candidates(record: Record, roots: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """Existing files that could be ``record``, best place first, with where they are from."""
    if record.bundled:
        path = bundled_folder() / record.file
        if path.is_file():
            yield path, "bundled"
        return
    for root in roots:
        for folder in folders_below(root, record.folders):
            for name in record.file_names:
                if (path := folder / name).is_file():
                    yield path, "folder"
    from animeseg.weights.hub import cached  # imports huggingface_hub

    if path_in_cache := cached(record):
        yield path_in_cache, "hub-cache"


def verify(
    path: Path, record: Record, environment: Environment, *, accept_unknown: bool = False
) -> str:
    """The hash of ``path``, which has to be one that the catalog lists for ``record``.

    Weights that come with animeseg are trusted as far as animeseg itself is, so that a checkout
    with a newly trained model runs.

    Raises:
        BadWeightsError: another content, or a record without a hash that was not accepted.
    """
    if not record.sha256 and not record.bundled and not accept_unknown:
        raise BadWeightsError(
            f"no sha256 of {record.name} is known, so {path} cannot be verified",
            "if you trust where it is from, give its path instead of the name",
        )
    sizes = {variant.bytes for variant in record.variants}
    size = path.stat().st_size
    if sizes and None not in sizes and size not in sizes:
        raise _mismatch(path, record, f"{size} bytes", " or ".join(map(str, sizes)) + " bytes")
    sha256 = remembering_hash(path, environment.home)
    if record.sha256 and sha256 not in record.sha256:
        raise _mismatch(path, record, sha256, " or ".join(record.sha256))
    return sha256


def _attempt(
    path: Path, record: Record, environment: Environment, accept_unknown: bool
) -> str | BadWeightsError:
    """The hash of ``path``, or why it is not ``record``."""
    try:
        return verify(path, record, environment, accept_unknown=accept_unknown)
    except BadWeightsError as error:
        return error


def manual_steps(record: Record, environment: Environment) -> str:
    """How to get the file by hand: address, folder, hash."""
    name = record.file_names[0]
    known = f" (sha256 {record.sha256[0]})" if record.sha256 else ""
    url = record.url(environment.endpoint)
    return f"download {url} and put it into {environment.home / 'models'} as {name!r}{known}"


def _missing(record: Record, environment: Environment) -> MissingWeightsError:
    if record.bundled:
        return MissingWeightsError(
            f"{record.name} should have come with animeseg, but {record.file} is not in "
            f"{bundled_folder()}",
            "install animeseg again",
        )
    return MissingWeightsError(
        f"{record.name} ({record.size_text}, {record.licence}) is not on this machine",
        f"run `animeseg weights fetch {record.name}`, or {manual_steps(record, environment)}",
    )


def _mismatch(path: Path, record: Record, found: str, expected: str) -> BadWeightsError:
    return BadWeightsError(
        f"{path} is not {record.name}: expected {expected}, found {found}",
        f"remove or rename it and run `animeseg weights fetch {record.name}`, or, if it is a model "
        "of your own, give its path instead of the name",
    )


def _own(
    name: str, kind: str, roots: Iterable[Path], environment: Environment, allow_paths: bool
) -> Resolved:
    """A file that the catalog does not name; it may still list its hash."""
    path = path_of(name) if allow_paths else None
    source = "path" if path else "folder"
    path = path or _own_file(name, kind, roots)
    if path is None:
        raise unknown(name, kind)
    sha256 = remembering_hash(path, environment.home)
    record = find_hash(sha256)
    if record and record.kind != kind:
        raise BadWeightsError(
            f"{path} is {record.name}, of the kind {record.kind}, not a {kind}",
            f"choose a {kind}",
        )
    return Resolved(path, record, sha256, source)


def path_of(name: str) -> Path | None:
    """The file at a path, or the weights in the directory of a trained model."""
    try:
        path = Path(name).expanduser()
        if path.is_dir():
            path /= MODEL_FILE
        return path if path.is_file() else None
    except (OSError, ValueError, RuntimeError):  # too long, a NUL, no such user's home
        return None


def _own_file(name: str, kind: str, roots: Iterable[Path]) -> Path | None:
    """A user's own model by its plain name in the model folders, with or without its ending."""
    if not is_plain_name(name):
        return None
    names = [name] if name.lower().endswith(SUFFIXES) else [name + suffix for suffix in SUFFIXES]
    for root in roots:
        for folder in folders_below(root, folders_of(kind)):
            for path in (folder / name for name in names):
                if path.is_file() and inside(path, folder):
                    return path
    return None
