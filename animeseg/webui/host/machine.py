"""Device, memory and folders of the host."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from animeseg.webui.host.modules import foreign, module
from animeseg.webui.host.settings import cmd_option, setting

ROOM = 2 * 2**30
"""Bytes of graphics memory that the host is asked to make free: enough for SAM ViT-H."""


def extension_dir() -> Path:
    """The folder of this extension (of the checkout, or where the package lies)."""
    return Path(__file__).resolve().parents[3]


def models_path() -> Path | None:
    """The host's folder of models, or None."""
    path = getattr(module("paths"), "models_path", None)
    return Path(path) if path else None


def model_dirs() -> tuple[Path, ...]:
    """Folders to look for weights in, best first: the flag's, the setting's, the host's."""
    flag = str(cmd_option("animeseg_models_path") or "")
    texts = (*flag.split("|"), *setting("animeseg_model_dirs").split("|"))
    named = tuple(Path(text.strip()).expanduser() for text in texts if text.strip())
    base = models_path()
    return (*named, base / "animeseg", base) if base else named


def device() -> str:
    """The torch device our models run on; ``auto`` where nobody has a say.

    ``--use-cpu animeseg`` and ``--use-cpu all`` are obeyed on every host, also where the host's
    own function forgets them.
    """
    wanted = setting("animeseg_device")
    if wanted != "auto":
        return str(wanted)
    named = [str(name).lower() for name in cmd_option("use_cpu") or ()]
    if "animeseg" in named or "all" in named:
        return "cpu"
    choose = getattr(module("devices"), "get_device_for", None)
    return str(choose("animeseg")) if callable(choose) else "auto"


def memory_mode() -> str:
    """``low``, ``medium`` or ``normal``: how the host was told to spare graphics memory."""
    if any(cmd_option(name) for name in ("lowvram", "always_low_vram", "always_no_vram")):
        return "low"
    manager = _memory_manager()
    state = getattr(getattr(manager, "vram_state", None), "name", "")
    if state in ("LOW_VRAM", "NO_VRAM"):
        return "low"
    return "medium" if cmd_option("medvram") or cmd_option("medvram_sdxl") else "normal"


def free_memory(needed: int = ROOM) -> bool:
    """Asks the host to free ``needed`` bytes of graphics memory; says whether it can be asked.

    The Forge family moves its own models away; AUTOMATIC1111 can only drop its caches, for we
    never move a model that is not ours.
    """
    manager = _memory_manager()
    free = getattr(manager, "free_memory", None)
    if callable(free):
        free(needed, manager.get_torch_device())
    collect = getattr(module("devices"), "torch_gc", None)
    if callable(collect):
        collect()
    return callable(free)


def _memory_manager() -> Any:
    """The Forge family's memory management, or None."""
    if module("shared") is None or foreign("modules_forge") is None:
        return None
    return foreign("backend.memory_management") or foreign("ldm_patched.modules.model_management")
