"""The files that a browser gets: script, style, translations; in the package or beside it."""

from __future__ import annotations

from pathlib import Path


def _folder() -> Path:
    package = Path(__file__).resolve().parents[1]
    installed = package / "_web"
    return installed if installed.is_dir() else package.parent


def script() -> str:
    """The extension's JavaScript."""
    return (_folder() / "javascript" / "animeseg.js").read_text("utf-8")


def style() -> str:
    """The extension's style sheet."""
    return (_folder() / "style.css").read_text("utf-8")


def translations() -> dict[str, Path]:
    """The translations by the host's name of their language, such as ``ja_JP``."""
    return {path.stem: path for path in sorted((_folder() / "localizations").glob("*.json"))}
