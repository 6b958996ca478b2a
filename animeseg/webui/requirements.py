"""Which packages the extension needs in the host's environment, and whether they are there.

Shared by ``install.py``, which runs before anything is installed, and the panel that says what is
missing. Looks at the metadata of installed packages only; imports none of them, and where all is
well not even `importlib.metadata`, which alone takes longer than the rest.
"""

from __future__ import annotations

import operator
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

OPENCV = (
    "opencv-python",
    "opencv-contrib-python",
    "opencv-python-headless",
    "opencv-contrib-python-headless",
)
"""Packages that all bring the module ``cv2`` and overwrite each other's files."""


_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_CLAUSE = re.compile(r"(>=|<=|==|<)(.+)")
_HOLDS = {">=": operator.ge, "<=": operator.le, "==": operator.eq, "<": operator.lt}


@dataclass(frozen=True)
class Requirement:
    """One package.

    Attributes:
        name: of the package in the index.
        specifier: accepted versions.
        module: what is imported.
        purpose: what cannot be done without it.
        of_host: the host brings it; it is never installed by us, whatever its version.
        others: packages that will do as well.
    """

    name: str
    specifier: str
    module: str
    purpose: str
    of_host: bool = False
    others: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """What pip is to be given."""
        return self.name + self.specifier

    def installed(self) -> str | None:
        """The installed version, of this package or of one that will do as well; None: none.

        An empty text for a module that no package claims, as some distributions install it.
        """
        for name in (self.name, *self.others):
            version = installed_version(name)
            if version is not None:
                return version
        return "" if _is_importable(self.module) else None

    def satisfied(self) -> bool:
        """Whether it is there, in a version that will do.

        Of what the host brings, any version will: replacing it would harm the host.
        """
        version = self.installed()
        if version is None:
            return False
        return self.of_host or bool(self.others) or not version or self._accepts(version)

    def _accepts(self, version: str) -> bool:
        # packaging.specifiers would say the same, but takes longer to import than all of this.
        from packaging.version import InvalidVersion, Version

        try:
            found = Version(version)
        except InvalidVersion:
            return False
        clauses = (_CLAUSE.match(part) for part in self.specifier.split(","))
        return all(_HOLDS[one[1]](found, Version(one[2])) for one in clauses if one)


REQUIREMENTS = (
    Requirement("numpy", ">=1.26", "numpy", "everything", of_host=True),
    Requirement("pillow", ">=9.5", "PIL", "everything", of_host=True),
    Requirement("torch", ">=2.1", "torch", "running networks", of_host=True),
    Requirement("torchvision", ">=0.16", "torchvision", "running networks", of_host=True),
    Requirement("opencv-python", ">=4.8,<5", "cv2", "working on masks", others=OPENCV[1:]),
    Requirement("safetensors", ">=0.4.2", "safetensors", "reading weights"),
    Requirement("huggingface-hub", ">=0.20", "huggingface_hub", "fetching weights"),
    Requirement("pycocotools", ">=2.0.7", "pycocotools", "keeping masks in records"),
    Requirement("segment-anything", "==1.0", "segment_anything", "refining masks"),
    Requirement("tqdm", ">=4.66", "tqdm", "showing progress"),
    Requirement(
        "ultralytics",
        ">=8.3.47,<=8.4.190",
        "ultralytics",
        "finding characters",
    ),
)
"""In the order in which they are installed."""


def unsatisfied() -> tuple[Requirement, ...]:
    """What is missing, or there in a version that will not do."""
    return tuple(item for item in REQUIREMENTS if not item.satisfied())


def installed_version(name: str) -> str | None:
    """Version of an installed package, or None."""
    known = _by_folder().get(normal(name))
    if known is not None:
        return known
    from importlib import metadata

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def look_again() -> None:
    """To be called after something was installed."""
    import importlib

    importlib.invalidate_caches()
    _by_folder.cache_clear()


def normal(name: str) -> str:
    """``name`` of a package as indexes compare it."""
    return name.lower().replace("_", "-").replace(".", "-")


def mixed_opencv() -> tuple[str, ...]:
    """The OpenCV packages, if there are several of different versions: one broke the other."""
    found = {name: installed_version(name) for name in OPENCV}
    versions = {version for version in found.values() if version}
    return tuple(name for name in OPENCV if found[name]) if len(versions) > 1 else ()


def everything_installed() -> Iterator[tuple[str, str]]:
    """Name and version of every installed package, each name once, as it is imported.

    A pip that was interrupted leaves folders such as ``~umpy-1.24.4.dist-info``, which still say
    they are numpy: pinning that version would replace the one in use. Names and versions that pip
    would not read are left out.
    """
    from importlib import metadata

    from packaging.version import InvalidVersion, Version

    seen = set()
    for distribution in metadata.distributions():
        name = str(distribution.metadata["Name"] or "")
        if normal(name) in seen or not _NAME.fullmatch(name):
            continue
        seen.add(normal(name))
        try:
            yield name, str(Version(installed_version(name) or ""))
        except InvalidVersion:
            continue


@lru_cache(maxsize=1)
def _by_folder() -> dict[str, str]:
    """Versions by normal name, as the names of metadata folders tell them (PEP 376 and 427)."""
    found: dict[str, str] = {}
    for place in sys.path:
        try:
            with os.scandir(place or ".") as entries:
                names = [entry.name for entry in entries if entry.name.endswith(".dist-info")]
        except OSError:
            continue
        for entry in names:
            name, _, version = entry.removesuffix(".dist-info").partition("-")
            if version:
                found.setdefault(normal(name), version)
    return found


def _is_importable(module: str) -> bool:
    from importlib import util

    try:
        return util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
