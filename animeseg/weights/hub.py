"""The Hub: its cache on this machine, and downloads when they were asked for."""

from __future__ import annotations

from pathlib import Path

from animeseg.weights.catalog import Record


def cached(record: Record) -> Path | None:
    """The file of ``record`` in the standard cache of the Hub's client; opens no connection."""
    from huggingface_hub import try_to_load_from_cache

    for revision in dict.fromkeys((record.revision, "main")):
        found = try_to_load_from_cache(record.repository, record.file, revision=revision)
        if isinstance(found, str) and Path(found).is_file():
            return Path(found)
    return None
