"""From a verified file to tensors: safetensors read directly, pickles read once and converted.

No pickle is ever executed; see `animeseg.weights.pickle_guard`.
"""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from animeseg.errors import BadWeightsError
from animeseg.limits import Environment, read_environment
from animeseg.weights.resolve import Resolved

if TYPE_CHECKING:
    from torch import Tensor

    State = dict[str, Tensor]

_PICKLE = (b"PK\x03\x04", b"\x80")
_log = logging.getLogger(__name__)


def load_state(
    resolved: Resolved, environment: Environment | None = None
) -> tuple[State, dict[str, str]]:
    """The tensors and the metadata of a weight file.

    A pickle is read through the allow-list and kept as safetensors under its hash, dtypes
    unchanged; the next load takes that copy.

    Args:
        resolved: the file, with the hash it was verified by.
        environment: default: what the environment variables say.

    Returns:
        Tensors by name (contiguous, on the CPU), and the metadata as texts.

    Raises:
        UnsafePickleError: a pickle that names something outside the allow-list. Nothing ran.
        BadWeightsError: damaged, cut off, or not a weight file.
    """
    env = environment or read_environment()
    path = resolved.path
    try:
        if _is_pickle(path):
            return _load_pickle(path, resolved.sha256, env.home)
        return read_safetensors(path)
    except BadWeightsError as error:
        raise type(error)(f"{path} cannot be loaded: {error.cause}", error.cure) from error


def converted_path(sha256: str, home: Path) -> Path:
    """Where the safetensors copy of a pickle with this hash is kept."""
    return home / "converted" / f"{sha256}.safetensors"


def read_safetensors(path: Path) -> tuple[State, dict[str, str]]:
    """Tensors and metadata of a safetensors file.

    The library checks the header's size, that the offsets neither overlap nor leave gaps, and
    that the file is as long as they say.

    Raises:
        BadWeightsError: it is not a whole safetensors file.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            metadata = dict(file.metadata() or {})
            return {name: file.get_tensor(name) for name in file.keys()}, metadata  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, KeyError, AttributeError) as error:
        raise BadWeightsError(
            f"it is not a whole safetensors file ({error})", "get the file again"
        ) from error


def write_safetensors(path: Path, state: State, metadata: dict[str, str]) -> None:
    """Writes ``state`` under a temporary name in the same folder, then renames it.

    Raises:
        OSError: it could not be written.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".tmp")
    os.close(handle)
    try:
        save_file(state, name, metadata=metadata)
        Path(name).replace(path)
    except SafetensorError as error:
        raise OSError(str(error)) from error
    finally:
        Path(name).unlink(missing_ok=True)


def read_torch_file(path: Path) -> tuple[State, dict[str, str]]:
    """Tensors and metadata of a pickle, through the allow-list.

    Raises:
        UnsafePickleError: it names something outside of the list.
        BadWeightsError: it is damaged or holds something else.
    """
    from animeseg.weights.checkpoint import tensors_of
    from animeseg.weights.torch_file import open_torch_file

    with open_torch_file(path) as file:
        refs, metadata = tensors_of(file)
        return {name: file.tensor(ref) for name, ref in refs.items()}, metadata


def _is_pickle(path: Path) -> bool:
    """Tells by the content; a file that is called safetensors may not be a pickle."""
    try:
        with path.open("rb") as file:
            head = file.read(9)
    except OSError as error:
        raise BadWeightsError(f"it cannot be read ({error.strerror})", "get it again") from error
    if path.suffix.lower() == ".onnx":
        raise BadWeightsError(
            "ONNX graphs are not loaded, whatever their inputs, classes or external data",
            "give the same model as .safetensors or .pt",
        )
    named_safetensors = path.suffix.lower() == ".safetensors"
    # A safetensors header may begin with any byte: they count its length. Then comes a brace.
    if head.startswith(_PICKLE) and head[8:] != b"{":
        if named_safetensors:
            cause = "it is a pickle under the name of a safetensors file"
            raise BadWeightsError(cause, "do not use this file")
        return True
    if not named_safetensors and head[8:] != b"{":
        page = head.lstrip().startswith(b"<")
        what = "a web page" if page else "neither safetensors nor a file of torch.save"
        raise BadWeightsError(f"it is {what}", "get the file again, or convert it first")
    return False


def _load_pickle(path: Path, sha256: str, home: Path) -> tuple[State, dict[str, str]]:
    kept = converted_path(sha256, home)
    if kept.is_file():
        try:
            state, metadata = read_safetensors(kept)
        except BadWeightsError:
            _log.warning("the converted copy %s is damaged and is made again", kept)
        else:
            if metadata.get("source_sha256") == sha256:
                return state, metadata
    state, metadata = read_torch_file(path)
    metadata["source_sha256"] = sha256
    try:
        write_safetensors(kept, state, metadata)
    except OSError as error:
        _log.warning("%s was converted, but could not be kept (%s)", path, error)
    return state, metadata
