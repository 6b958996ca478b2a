"""What the command line does with weights: list, fetch, verify, convert, remove. Prints nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from animeseg.errors import BadWeightsError, OutputError
from animeseg.limits import Environment, read_environment
from animeseg.weights.catalog import Record, catalog, find, find_hash, unknown
from animeseg.weights.hashes import hash_file, remember_hash, remembered_hash
from animeseg.weights.load import converted_path, read_torch_file, write_safetensors
from animeseg.weights.partial import SUFFIX
from animeseg.weights.resolve import Progress, Resolved, candidates, path_of, resolve


@dataclass(frozen=True)
class WeightStatus:
    """Where the weights of a record are.

    Attributes:
        record: the catalog entry, with name, kind, licence and size.
        path: the file that would be used; None if it is absent.
        source: ``bundled``, ``folder``, ``hub-cache``, or empty if it is absent.
        state: ``absent``, ``present`` (here, not hashed yet), ``verified``, ``unverifiable`` (no
            hash is known) or ``mismatch`` (another content; fetching brings the right one).
    """

    record: Record
    path: Path | None
    source: str
    state: str


@dataclass(frozen=True)
class Verification:
    """Outcome of hashing one file.

    Attributes:
        path: the file.
        sha256: its hash.
        record: the entry it was held against, or the one that lists its hash; None if none does.
        matches: whether the record lists the hash; None if the catalog knows no hash for it.
    """

    path: Path
    sha256: str
    record: Record | None
    matches: bool | None


def list_weights(
    model_dirs: Iterable[Path] = (), environment: Environment | None = None
) -> list[WeightStatus]:
    """Every record of the catalog and where its file is; hashes nothing, opens no connection."""
    env = environment or read_environment()
    roots = _roots(model_dirs, env)
    return [_status(record, roots, env) for record in catalog().values()]


def fetch(
    name: str,
    *,
    progress: Progress | None = None,
    model_dirs: Iterable[Path] = (),
    environment: Environment | None = None,
    accept_unknown: bool = False,
) -> Resolved:
    """Makes sure that the weights are here, fetching them if they are nowhere on this machine.

    Licence and size to show beforehand are in ``find(name)``.

    Raises:
        UnknownModelError: no such name.
        AnimesegError: as `animeseg.weights.hub.download`.
    """
    record = _record(name)
    return resolve(
        record.name,
        kind=record.kind,
        model_dirs=model_dirs,
        download=True,
        progress=progress,
        environment=environment,
        accept_unknown=accept_unknown,
    )


def verify(
    name_or_path: str,
    *,
    model_dirs: Iterable[Path] = (),
    environment: Environment | None = None,
) -> list[Verification]:
    """Hashes files anew: the file at a path, or every file on this machine that could be a record.

    Raises:
        UnknownModelError: neither a file nor a name of the catalog.
    """
    env = environment or read_environment()
    record = find(name_or_path)
    if record is None:
        path = path_of(name_or_path)
        if path is None:
            raise unknown(name_or_path)
        return [_verified(path, None, env)]
    places = candidates(record, _roots(model_dirs, env))
    return [_verified(path, record, env) for path, _ in places]


def convert(
    source: Path, target: Path | None = None, *, environment: Environment | None = None
) -> Path:
    """Writes the tensors of a pickle as safetensors, dtypes unchanged; executes nothing of it.

    Args:
        source: a file of ``torch.save``.
        target: where to write; default: the folder of converted weights, where loading
            ``source`` finds it. An existing file is replaced.
        environment: default: what the environment variables say.

    Returns:
        The file written.

    Raises:
        UnsafePickleError: the pickle names something outside the allow-list.
        BadWeightsError: damaged, or it holds something else.
        OutputError: it could not be written.
    """
    env = environment or read_environment()
    sha256 = hash_file(source)
    path = target or converted_path(sha256, env.home)
    try:
        state, metadata = read_torch_file(source)
    except BadWeightsError as error:
        raise type(error)(f"{source} cannot be converted: {error.cause}", error.cure) from error
    try:
        write_safetensors(path, state, {**metadata, "source_sha256": sha256})
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error})", "choose another folder") from error
    return path


def remove(name: str, *, environment: Environment | None = None) -> list[Path]:
    """Removes what animeseg itself fetched or converted; never files of others or bundled ones.

    Returns:
        The files that were removed; empty if there were none.

    Raises:
        UnknownModelError: no such name.
        OutputError: the weights come with animeseg, or a file could not be removed.
    """
    env = environment or read_environment()
    record = _record(name)
    if record.bundled:
        raise OutputError(f"{record.name} comes with animeseg and is not removed")
    folder = env.home / "models"
    paths = [folder / name for name in record.file_names]
    paths += [path for name in record.file_names for path in folder.glob(f"{name}*{SUFFIX}")]
    hashes = {*record.sha256, *(remembered_hash(p, env.home) for p in paths if p.is_file())}
    paths += [converted_path(sha256, env.home) for sha256 in hashes if sha256]
    removed = [path for path in paths if path.is_file()]
    for path in removed:
        _unlink(path)
    return removed


def _record(name: str) -> Record:
    record = find(name)
    if record is None:
        raise unknown(name)
    return record


def _roots(model_dirs: Iterable[Path], environment: Environment) -> tuple[Path, ...]:
    return (environment.home / "models", *environment.model_dirs, *model_dirs)


def _status(record: Record, roots: Iterable[Path], environment: Environment) -> WeightStatus:
    """The best file of a record, judged by its size and by hashes noted earlier."""
    best = WeightStatus(record, None, "", "absent")
    for path, source in candidates(record, roots):
        state = _state(record, path, environment)
        if state != "mismatch":
            return WeightStatus(record, path, source, state)
        if best.path is None:
            best = WeightStatus(record, path, source, state)
    return best


def _state(record: Record, path: Path, environment: Environment) -> str:
    if not record.sha256:
        return "present" if record.bundled else "unverifiable"
    sizes = {variant.bytes for variant in record.variants}
    if None not in sizes and path.stat().st_size not in sizes:
        return "mismatch"
    known = remembered_hash(path, environment.home)
    if known is None:
        return "present"
    return "verified" if known in record.sha256 else "mismatch"


def _verified(path: Path, record: Record | None, environment: Environment) -> Verification:
    sha256 = hash_file(path)
    remember_hash(path, sha256, environment.home)
    found = record or find_hash(sha256)
    matches = sha256 in found.sha256 if found and found.sha256 else None
    return Verification(path, sha256, found, matches)


def _unlink(path: Path) -> None:
    try:
        path.unlink()
    except OSError as error:
        raise OutputError(
            f"{path} cannot be removed ({error.strerror or error})",
            "close the programs that use it",
        ) from error
