"""Weights: the catalog, where files are, verification, safe loading, the cache of loaded models.

    resolved = resolve("mobile-sam", kind="sam")      # a verified file on this machine
    state, metadata = load_state(resolved)            # tensors; no pickle is ever executed

Importing this package costs milliseconds; torch and the Hub's client are loaded on first use.
"""

from __future__ import annotations

from animeseg.weights.catalog import SAM_ARCHITECTURES, Record, catalog, find
from animeseg.weights.load import load_state
from animeseg.weights.resolve import Progress, Resolved, resolve

__all__ = [
    "SAM_ARCHITECTURES",
    "Progress",
    "Record",
    "Resolved",
    "catalog",
    "find",
    "load_state",
    "resolve",
]
