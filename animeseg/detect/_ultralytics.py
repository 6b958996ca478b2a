"""The one place that imports ultralytics, and leaves no trace of it in the process.

On import ultralytics (8.3.47 to 8.4.190 were read) turns off OpenCV's threads, changes the print
options of numpy and torch, adds warning filters, sets environment variables, replaces
``torch.save`` (``torch.load`` too, in older versions), ``cv2.imread/imwrite/imshow`` on Windows
and ``PIL.Image.open`` by one that runs pip when a picture is damaged, looks up hosts to see
whether it is online, and installs missing packages by itself. Inside a WebUI that harms every
other extension. Here it is imported with all of that switched off, and the globals are put back.

What ultralytics keeps inside its own modules (its logger, its settings) is left to it.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import logging
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from animeseg.errors import MissingDependencyError
from animeseg.limits import read_environment

REQUIREMENT = "ultralytics>=8.3.47,<=8.4.190"
"""What ``pip install`` is to be given."""

COMPROMISED = ("8.3.41", "8.3.42", "8.3.45", "8.3.46")
"""Releases that carried a miner (ultralytics' own advisories); they are never imported."""

_LOCK = threading.RLock()
_SWITCHES = {
    "YOLO_AUTOINSTALL": "false",
    "YOLO_OFFLINE": "true",
    "YOLO_VERBOSE": "false",
    "ULTRALYTICS_SAFE_LOAD": "1",
    "ULTRALYTICS_SKIP_REQUIREMENTS_CHECKS": "1",
    "NO_ALBUMENTATIONS_UPDATE": "1",
}
_FOREIGN_LOGGERS = ("coremltools", "sentry_sdk", "urllib3.connectionpool")


def load(module: str = "ultralytics") -> ModuleType:
    """Imports a module of ultralytics and puts the process-wide globals back.

    Args:
        module: dotted name, for example ``ultralytics.nn.tasks``.

    Raises:
        MissingDependencyError: ultralytics is not installed, is one of the compromised releases,
            or cannot be imported.
    """
    if module != "ultralytics" and not module.startswith("ultralytics."):
        raise ValueError(f"expected a module of ultralytics, got {module!r}")
    with _LOCK:
        if module in sys.modules:  # by name, so that an import under way elsewhere is awaited
            return importlib.import_module(module)
        _refuse_compromised()
        try:
            with _globals_kept(), _switched_off():
                return importlib.import_module(module)
        except (ImportError, AttributeError, OSError, RuntimeError) as error:
            raise MissingDependencyError(
                f"{module} cannot be imported: {type(error).__name__}: {error}",
                f'run: pip install "{REQUIREMENT}"',
            ) from error


def find(*places: str) -> Any:
    """The first of several ``module:name`` places that the installed ultralytics has.

    Names move between releases: ``non_max_suppression`` went from ``utils.ops`` to ``utils.nms``
    within 8.3.

    Raises:
        MissingDependencyError: none of the places exists.
    """
    load()
    for place in places:
        module, _, name = place.partition(":")
        with contextlib.suppress(MissingDependencyError):
            found = getattr(load(module), name, None)
            if found is not None:
                return found
    raise MissingDependencyError(
        f"this ultralytics has none of {', '.join(places)}", f'run: pip install "{REQUIREMENT}"'
    )


def version() -> str:
    """Version of the installed ultralytics; empty when there is none."""
    try:
        return importlib.metadata.version("ultralytics")
    except importlib.metadata.PackageNotFoundError:
        return ""


def _refuse_compromised() -> None:
    if version() in COMPROMISED:
        raise MissingDependencyError(
            f"ultralytics {version()} is a release that carried malware; it was not imported",
            f'run: pip install "{REQUIREMENT}" and check this machine',
        )


@contextlib.contextmanager
def _switched_off() -> Iterator[None]:
    """Environment under which ultralytics installs, asks and says nothing.

    The thread count is named so that ultralytics does not set ``OMP_NUM_THREADS=1``, which would
    bind every library that is loaded within its import.
    """
    import torch

    before = dict(os.environ)
    os.environ.update(_SWITCHES)
    os.environ.setdefault("OMP_NUM_THREADS", str(torch.get_num_threads()))
    if not os.environ.get("YOLO_CONFIG_DIR"):
        folder = read_environment().home / "ultralytics"
        with contextlib.suppress(OSError):  # a read-only home: ultralytics takes a temporary one
            folder.mkdir(parents=True, exist_ok=True)
        os.environ["YOLO_CONFIG_DIR"] = str(folder)
    try:
        yield
    finally:
        for name in set(os.environ) - set(before):
            del os.environ[name]
        for name, value in before.items():
            if os.environ.get(name) != value:
                os.environ[name] = value


@contextlib.contextmanager
def _globals_kept() -> Iterator[None]:
    """Puts back every process-wide setting that is known to be changed by ultralytics."""
    # What is imported here for the first time must leave its own marks before the snapshot.
    import cv2
    import numpy as np
    import PIL.Image
    import torch

    undo: list[Callable[[], object]] = [_functions_of(m) for m in (torch, cv2, PIL.Image, np)]
    undo += [_logging_levels(), _standard_output(), _torch_settings()]
    cv2_threads, printing = cv2.getNumThreads(), np.get_printoptions()
    undo += [lambda: cv2.setNumThreads(cv2_threads), lambda: np.set_printoptions(**printing)]
    with warnings.catch_warnings():
        try:
            yield
        finally:
            for step in undo:
                step()


def _functions_of(module: ModuleType) -> Callable[[], object]:
    """Undoes the replacement of public functions of ``module``, whichever they are."""
    before = {
        name: value
        for name, value in vars(module).items()
        if callable(value) and not isinstance(value, type) and not name.startswith("_")
    }

    def undo() -> None:
        for name, value in before.items():
            if vars(module).get(name) is not value:
                setattr(module, name, value)

    return undo


def _torch_settings() -> Callable[[], object]:
    import torch

    threads, shown = torch.get_num_threads(), torch._tensor_str.PRINT_OPTS
    options = dict(vars(shown))
    cudnn = torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark

    def undo() -> None:
        vars(shown).update(options)
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = cudnn
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)

    return undo


def _logging_levels() -> Callable[[], object]:
    """Undoes levels and handlers of every logger that is not ultralytics' own."""
    known = logging.root.manager.loggerDict.items()
    names = {name for name, each in known if isinstance(each, logging.Logger)}
    names = {name for name in names if name.split(".")[0] != "ultralytics"}
    loggers = [logging.root, *(logging.getLogger(n) for n in names.union(_FOREIGN_LOGGERS))]
    before = [(each, each.level, each.propagate, each.handlers[:]) for each in loggers]

    def undo() -> None:
        for each, level, propagate, handlers in before:
            each.setLevel(level)
            each.propagate = propagate
            each.handlers[:] = handlers

    return undo


def _standard_output() -> Callable[[], object]:
    """Undoes the change of standard output's encoding that ultralytics makes on Windows."""
    stream = sys.stdout
    encoding, errors = getattr(stream, "encoding", None), getattr(stream, "errors", None)

    def undo() -> None:
        sys.stdout = stream
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None and getattr(stream, "encoding", None) != encoding:
            reconfigure(encoding=encoding, errors=errors)

    return undo
