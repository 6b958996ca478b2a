"""Access to the host's modules, and which host this is."""

from __future__ import annotations

import sys
from enum import Enum
from importlib import import_module
from typing import Any


class Family(Enum):
    """The hosts that are told apart."""

    A1111 = "AUTOMATIC1111"
    FORGE = "Forge"
    REFORGE = "reForge"
    CLASSIC = "Forge Classic"
    NEO = "Forge Neo"
    NONE = "none"


def present() -> bool:
    """Whether this process is a host that has loaded its scripts.

    Asked of what is loaded already: importing a package as commonly named as ``modules`` to find
    out could run anybody's code.
    """
    return "modules.scripts" in sys.modules and "modules.shared" in sys.modules


def module(name: str) -> Any:
    """The host's module ``modules.<name>``, or None where there is no host or no such module."""
    if not present():
        return None
    return foreign(f"modules.{name}")


def foreign(name: str) -> Any:
    """A module of the host that only some of its families have, or None."""
    try:
        return import_module(name)
    except ImportError:
        return None


def shared() -> Any:
    """The host's ``modules.shared``, or None."""
    return module("shared")


def family() -> Family:
    """Which host this is."""
    if not present():
        return Family.NONE
    version = foreign("modules_forge.forge_version")
    if version is None:
        return Family.A1111
    name = str(getattr(version, "version", ""))
    for known in (Family.NEO, Family.CLASSIC):
        if name == known.value.split()[-1].lower():
            return known
    # reForge keeps the backend that Forge left behind; both call themselves by numbers.
    return Family.REFORGE if foreign("ldm_patched.modules") is not None else Family.FORGE


def host_version() -> str:
    """The host's version as it says itself, or an empty text."""
    version = foreign("modules_forge.forge_version") if present() else None
    if version is not None:
        parts = (getattr(version, name, "") for name in ("version", "release"))
        return " ".join(str(part) for part in parts if part)
    launch = sys.modules.get("modules.launch_utils")
    tag = getattr(launch, "git_tag", None)
    return str(tag()) if callable(tag) else ""
