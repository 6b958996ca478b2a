"""Every limit and every environment variable, parsed once and typed.

Nothing else in animeseg reads ``os.environ``; a test holds that.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MAX_IMAGE_BYTES = 200 * 2**20
"""Largest encoded picture, in bytes, that is opened."""

MAX_IMAGE_PIXELS = 64_000_000
"""Largest picture, in pixels (width x height), that is decoded."""

MIN_IMAGE_SIDE = 8
"""Smallest side, in pixels, that detection can work with."""

MAX_IMAGE_SIDE = 16_384
"""Largest side, in pixels."""

MAX_INSTANCES = 500
"""No option can ask for more instances than this in one picture."""

MAX_REQUEST_BYTES = 80 * 2**20
"""Largest body of an HTTP request, in bytes; reading ends there."""

MAX_REQUEST_IMAGE_BYTES = 50 * 2**20
"""Largest encoded picture in an HTTP request, in bytes."""

MAX_REQUEST_PIXELS = 40_000_000
"""Largest picture in an HTTP request, in pixels: several are held in memory at a time."""

MAX_REQUEST_SIDE = 8192
"""Largest side of a picture in an HTTP request, in pixels."""

MAX_REQUEST_FRAMES = 1000
"""An animation in an HTTP request has at most this many frames; only the first is used."""

MAX_REQUESTS_WAITING = 16
"""HTTP requests that may wait for the models; further ones are told to come back later."""

HUB_TIMEOUT_SECONDS = 10.0
"""A download says why it failed within about this time when the Hub cannot be reached."""

DEFAULT_ENDPOINT = "https://huggingface.co"

_TRUE = {"1", "true", "yes", "on"}


@dataclass(frozen=True)
class Environment:
    """What the environment variables say.

    Attributes:
        home: ``ANIMESEG_HOME``, where downloaded and converted weights are kept
            (default ``~/.cache/animeseg``, under ``XDG_CACHE_HOME`` or ``LOCALAPPDATA`` if set).
        model_dirs: ``ANIMESEG_MODEL_DIRS``, further folders to look for weights in
            (separated like ``PATH``).
        endpoint: ``HF_ENDPOINT``, the Hub or a mirror of it.
        offline: ``ANIMESEG_OFFLINE``, ``HF_HUB_OFFLINE`` or ``TRANSFORMERS_OFFLINE`` is on.
        token: ``HF_TOKEN``, sent to the Hub when set.
    """

    home: Path
    model_dirs: tuple[Path, ...]
    endpoint: str
    offline: bool
    token: str | None


def read_environment(environ: Mapping[str, str] | None = None) -> Environment:
    """Parses ``environ`` (default ``os.environ``) into an `Environment`."""
    env = os.environ if environ is None else environ
    cache = env.get("XDG_CACHE_HOME") or env.get("LOCALAPPDATA")
    base = Path(cache) if cache else Path.home() / ".cache"
    home = env.get("ANIMESEG_HOME")
    extra = env.get("ANIMESEG_MODEL_DIRS", "")
    flags = ("ANIMESEG_OFFLINE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
    return Environment(
        home=Path(home).expanduser() if home else base / "animeseg",
        model_dirs=tuple(Path(part).expanduser() for part in extra.split(os.pathsep) if part),
        endpoint=(env.get("HF_ENDPOINT") or DEFAULT_ENDPOINT).rstrip("/"),
        offline=any(env.get(flag, "").strip().lower() in _TRUE for flag in flags),
        token=env.get("HF_TOKEN") or None,
    )
