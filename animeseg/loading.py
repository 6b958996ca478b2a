"""From options to loaded models: which weights an option means, built and kept.

The only module that joins `weights` with `detect` and `refine`, so that none of them knows the
others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from animeseg.errors import (
    DownloadError,
    MissingDependencyError,
    MissingWeightsError,
    OptionError,
)
from animeseg.instances import Note
from animeseg.limits import Environment, read_environment
from animeseg.weights import Resolved, load_state, resolve
from animeseg.weights.cache import ModelCache

if TYPE_CHECKING:
    from animeseg.detect import Detector
    from animeseg.options import Options
    from animeseg.refine import Refiner
    from animeseg.refine.sam import Sam
    from animeseg.watch import Watch

_NO_MEMORY = (
    "out of memory",
    "not enough memory",
    "can't allocate memory",
    "not enough gpu video memory",
    "alloc_failed",
)

"""What torch says, in lower case, when memory ran out."""


class Movable(Protocol):
    """A loaded model, as far as moving it goes."""

    device: Any

    def move(self, device: str) -> None:
        """Moves the model to ``device``."""
        ...


Model = TypeVar("Model", bound=Movable)

DownloadProgress = Callable[[str, int, int], None]


class ModelSource:
    """Loads the models that options name, and keeps them.

    Args:
        model_dirs: further folders to look for weights in.
        download: whether missing weights may be fetched from the Hub.
        progress: called with (name, bytes so far, bytes in all) during a download.
        allow_paths: whether options may name models by path; off for anything that comes over a
            network.
        environment: asked at each loading for folders and offline flags; default: what the
            environment variables say.
    """

    def __init__(
        self,
        model_dirs: Sequence[Path] = (),
        *,
        download: bool = False,
        progress: DownloadProgress | None = None,
        allow_paths: bool = True,
        environment: Callable[[], Environment] = read_environment,
    ) -> None:
        self._model_dirs = tuple(model_dirs)
        self._download = download
        self._progress = progress
        self._allow_paths = allow_paths
        self._environment = environment
        self._cache = ModelCache()

    def detector(self, options: Options) -> Detector:
        """The detector named by ``options.model``.

        Raises:
            AnimesegError: unknown or missing weights, a damaged file, a missing package.
        """
        from animeseg.detect.yolo import YoloDetector

        device = pick_device(options.device)

        def build() -> YoloDetector:
            resolved = self._resolve(options.model, "detector")
            state, metadata = load_state(resolved, self._environment())
            return YoloDetector.from_state(
                state,
                metadata,
                resolved.info("detector"),
                device=device,
                precision=options.precision,
            )

        key = ("detector", options.model, device, options.precision)
        return _placed(self._cache.get(key, build), device)

    def sam(self, options: Options) -> Sam:
        """The Segment Anything model named by ``options.sam_model``.

        Raises:
            AnimesegError: unknown or missing weights, a damaged file, a missing package.
        """
        device = pick_device(options.device)

        def build() -> Sam:
            from animeseg.refine.sam import guess_kind, load_sam

            resolved = self._resolve(options.sam_model, "sam")
            state, _ = load_state(resolved, self._environment())
            kind = resolved.record.architecture if resolved.record else guess_kind(state)
            return load_sam(kind, state, resolved.info("refiner"), device, options.precision)

        key = ("sam", options.sam_model, device, options.precision)
        return _placed(self._cache.get(key, build), device)

    def refiner(
        self, options: Options, watch: Watch | None = None
    ) -> tuple[Refiner | None, tuple[Note, ...]]:
        """The refiner that ``options.refine`` asks for, and a note where it is a weaker one.

        Only ``auto`` ever falls back (to the edges of the picture); asking for ``prompt`` or
        ``vote`` by name and not having the weights is an error. ``watch`` is the refiner's.
        """
        if options.refine == "none":
            return None, ()
        if options.refine == "edge":
            return self._edge(options, watch), ()
        try:
            sam = self.sam(options)
        except (MissingWeightsError, DownloadError, MissingDependencyError) as error:
            if options.refine != "auto":
                raise
            return self._edge(options, watch), (_edge_note(options, error),)
        if options.refine == "vote":
            from animeseg.refine.vote import VoteRefiner, VoteSettings

            settings = VoteSettings.from_options(options)
            return VoteRefiner(sam, options.vote_preset, settings, watch), ()
        from animeseg.refine.prompt import PromptRefiner

        return PromptRefiner.from_options(sam, options, watch), ()

    def unload(self) -> None:
        """Frees the memory of all models."""
        self._cache.unload()

    def park(self) -> bool:
        """Moves all models to the CPU; the next use brings each back to its device.

        To be called only while no model is in use.

        Returns:
            Whether any was elsewhere.
        """
        elsewhere = [model for model in self._cache.loaded() if str(model.device) != "cpu"]
        for model in elsewhere:
            model.move("cpu")
        return bool(elsewhere)

    def places(self) -> Sequence[Path]:
        """Further folders to look for weights in."""
        return self._model_dirs

    def may_download(self) -> bool:
        """Whether missing weights may be fetched from the Hub."""
        return self._download

    def _edge(self, options: Options, watch: Watch | None) -> Refiner:
        from animeseg.refine.edge import EdgeRefiner

        return EdgeRefiner.from_options(options, watch)

    def _resolve(self, name: str, kind: str) -> Resolved:
        def told(done: int, total: int) -> None:
            if self._progress is not None:
                self._progress(name, done, total)

        return resolve(
            name,
            kind=kind,
            model_dirs=self.places(),
            download=self.may_download(),
            progress=told,
            allow_paths=self._allow_paths,
            environment=self._environment(),
        )


def pick_device(wanted: str) -> str:
    """The torch device that ``wanted`` means on this machine.

    Raises:
        OptionError: torch does not know or does not have that device.
    """
    import torch

    if wanted == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.zeros(1, device=wanted)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        if is_out_of_memory(error):
            raise
        raise OptionError(
            "device", f"{wanted!r} cannot be used here ({_first_line(error)})", "try auto or cpu"
        ) from error
    return wanted


def is_out_of_memory(error: BaseException) -> bool:
    """Whether ``error`` says that memory ran out, on whatever device.

    torch has a class for it on CUDA only; MPS, DirectML and the CPU say it in words.
    """
    import torch

    if isinstance(error, torch.cuda.OutOfMemoryError | MemoryError):
        return True
    words = str(error).lower()
    return isinstance(error, RuntimeError) and any(sign in words for sign in _NO_MEMORY)


def _placed(model: Model, device: str) -> Model:
    """``model`` on the device it was loaded for, whence `ModelSource.park` may have taken it."""
    if str(model.device) != device:
        model.move(device)
    return model


def _edge_note(options: Options, error: MissingWeightsError | DownloadError | ImportError) -> Note:
    cause = getattr(error, "cause", str(error))
    cure = getattr(error, "cure", "")
    return Note(
        "edge_fallback",
        f"masks were refined along the picture's edges, not by Segment Anything: {cause}",
        cure,
    )


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
