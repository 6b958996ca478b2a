"""What is made of a result: cut-outs, overlays, records.

Pure functions from values to arrays and dicts; `animeseg.images.write_png` and ``write_file`` put
them on disk.
"""

from __future__ import annotations

from animeseg.export.cutout import Cutout, character_cutouts, cutout
from animeseg.export.overlay import overlay
from animeseg.export.record import (
    RECORD_VERSION,
    encode_record,
    load_record,
    make_record,
    pixel_hash,
)

__all__ = [
    "RECORD_VERSION",
    "Cutout",
    "character_cutouts",
    "cutout",
    "encode_record",
    "load_record",
    "make_record",
    "overlay",
    "pixel_hash",
]
