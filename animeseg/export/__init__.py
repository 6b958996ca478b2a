"""What is made of a result: cut-outs, backgrounds, overlays, layers, records.

Pure functions from values to arrays and dicts; `animeseg.images.write_png` and ``write_file`` put
them on disk.
"""

from __future__ import annotations

from animeseg.export.background import blurred, covering, on_background, without_characters
from animeseg.export.cutout import Cutout, character_cutouts, cutout
from animeseg.export.layers import Layer, encode_layers, layers_of
from animeseg.export.overlay import overlay
from animeseg.export.products import Product, products
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
    "Layer",
    "Product",
    "blurred",
    "character_cutouts",
    "covering",
    "cutout",
    "encode_layers",
    "encode_record",
    "layers_of",
    "load_record",
    "make_record",
    "on_background",
    "overlay",
    "pixel_hash",
    "products",
    "without_characters",
]
