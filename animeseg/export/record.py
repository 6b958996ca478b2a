"""One JSON object per picture, and the way back from it.

The form is described by ``docs/record.schema.json``. It holds everything of a `Segmentation` but
soft alphas, which belong into PNG files. What it holds comes back bit for bit.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from animeseg.errors import BadRecordError, OptionError
from animeseg.instances import Instances, ModelInfo, Note, Segmentation
from animeseg.limits import MAX_IMAGE_PIXELS, MAX_INSTANCES
from animeseg.masks import decode_rle, encode_rle
from animeseg.options import Options, knobs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from numpy.typing import NDArray

RECORD_FORMAT = "animeseg.record"

RECORD_VERSION = 1
"""Raised when a reader of an older version could misunderstand a record."""

_MAX_MASK_BYTES = 2**32
_CURE = "it must be a record written by animeseg; make it again from the picture"


def make_record(result: Segmentation, image: NDArray[np.uint8], name: str) -> dict[str, Any]:
    """The record of ``result``, ready for JSON.

    Args:
        result: of one picture.
        image: (H, W, 3) uint8 RGB, the picture, for its hash.
        name: file name of the picture, without folders.
    """
    height, width = result.size
    changed = result.options.changed()
    return {
        "format": RECORD_FORMAT,
        "format_version": RECORD_VERSION,
        "animeseg": result.version,
        # A name that is no valid Unicode (Linux allows it) must not cost the record.
        "image": {
            "name": name.encode("utf-8", "replace").decode("utf-8"),
            "width": width,
            "height": height,
            "sha256": pixel_hash(image),
        },
        "names": list(result.instances.names),
        "instances": [_instance(result.instances, row) for row in range(len(result))],
        "models": [
            {"role": m.role, "name": m.name, "sha256": m.sha256, "licence": m.licence}
            for m in result.models
        ],
        "options": result.options.as_dict(),
        "changed_options": sorted(changed),
        "notes": [{"code": n.code, "message": n.message, "cure": n.cure} for n in result.notes],
    }


def encode_record(record: Mapping[str, Any]) -> bytes:
    """The record as UTF-8 JSON, one line per instance and section, keys in their order."""
    parts = []
    for key, value in record.items():
        text = _json(value)
        if isinstance(value, list) and value and isinstance(value[0], dict):
            text = "[\n  " + ",\n  ".join(map(_json, value)) + "\n ]"
        parts.append(f" {_json(key)}: {text}")
    return ("{\n" + ",\n".join(parts) + "\n}\n").encode("utf-8")


def load_record(source: str | PathLike[str] | bytes | Mapping[str, Any]) -> Segmentation:
    """Restores what a record was made from.

    Options that this version does not know are left out, and a note says which.

    Args:
        source: a path, the bytes of the JSON, or the parsed record.

    Raises:
        BadRecordError: not a record, damaged, of a newer format version, or too large.
    """
    record = _parsed(source)
    try:
        if record["format"] != RECORD_FORMAT:
            raise ValueError(f"the format is {str(record['format'])[:40]!r}")
        version = record["format_version"]
        if not isinstance(version, int) or not 1 <= version <= RECORD_VERSION:
            raise BadRecordError(
                f"the record has format version {str(version)[:20]}, known is 1 to"
                f" {RECORD_VERSION}",
                "read it with a newer animeseg",
            )
        options, notes = _options(record["options"])
        size = int(record["image"]["height"]), int(record["image"]["width"])
        return Segmentation(
            size=size,
            instances=_instances(record, size),
            options=options,
            models=tuple(
                ModelInfo(m["role"], m["name"], m["sha256"], m["licence"]) for m in record["models"]
            ),
            notes=tuple(Note(n["code"], n["message"], n["cure"]) for n in record["notes"]) + notes,
            version=str(record["animeseg"]),
        )
    except (KeyError, IndexError) as error:
        raise BadRecordError(f"the record has no {error}", _CURE) from error
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        if isinstance(error, BadRecordError):
            raise
        raise BadRecordError(f"the record cannot be read: {error}", _CURE) from error


def pixel_hash(image: NDArray[np.uint8]) -> str:
    """SHA-256, in hex, of the bytes of ``image`` (H, W, 3) uint8 RGB, row by row."""
    return hashlib.sha256(np.ascontiguousarray(image).tobytes()).hexdigest()


def _instance(found: Instances, row: int) -> dict[str, Any]:
    label = int(found.labels[row])
    described: dict[str, Any] = {
        "box": [_shortest(value) for value in found.boxes[row]],
        "score": _shortest(found.scores[row]),
        "label": label,
        "label_name": found.names[label],
        "area": int(np.count_nonzero(found.masks[row])),
        "segmentation": encode_rle(found.masks[row]),
    }
    if found.ids is not None:
        described["id"] = int(found.ids[row])
    return described


def _instances(record: Mapping[str, Any], size: tuple[int, int]) -> Instances:
    rows, names = record["instances"], tuple(map(str, record["names"]))
    height, width = size
    if not (height > 0 and width > 0 and height * width <= MAX_IMAGE_PIXELS):
        raise ValueError(f"a picture of {width} x {height} pixels is not accepted")
    if len(rows) > MAX_INSTANCES or len(rows) * height * width > _MAX_MASK_BYTES:
        raise ValueError(f"{len(rows)} instances of {width} x {height} pixels are too many")
    if not rows:
        return Instances.empty(size, names)
    masks = np.zeros((len(rows), height, width), np.bool_)
    for mask, row in zip(masks, rows, strict=True):
        decoded = decode_rle(row["segmentation"])
        if decoded.shape != size:
            raise ValueError(f"a mask is {decoded.shape}, the picture {size}")
        mask[:] = decoded
    ids = [row["id"] for row in rows] if "id" in rows[0] else None
    return Instances(
        boxes=np.array([row["box"] for row in rows], np.float32).reshape(len(rows), 4),
        masks=masks,
        scores=np.array([row["score"] for row in rows], np.float32),
        labels=np.array([row["label"] for row in rows], np.int64),
        names=names,
        ids=None if ids is None else np.array(ids, np.int64),
    )


def _options(values: Mapping[str, Any]) -> tuple[Options, tuple[Note, ...]]:
    known = {name: value for name, value in values.items() if name in knobs()}
    try:
        options = Options.from_mapping(known)
    except OptionError as error:
        raise ValueError(str(error)) from error
    unknown = ", ".join(sorted(str(name)[:40] for name in values if name not in known)[:20])
    if not unknown:
        return options, ()
    note = Note("unknown_options", f"options of another version were left out: {unknown}")
    return options, (note,)


def _parsed(source: str | PathLike[str] | bytes | Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(source, bytes | str) or hasattr(source, "__fspath__"):
        try:
            data = source if isinstance(source, bytes) else Path(source).read_bytes()
            parsed = json.loads(data)
        except (OSError, ValueError, RecursionError) as error:
            raise BadRecordError(f"the record cannot be read: {error}", _CURE) from error
    else:
        parsed = source
    if not isinstance(parsed, dict):
        raise BadRecordError("the record is no JSON object", _CURE)
    return parsed


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _shortest(value: np.float32) -> float:
    """The float with the shortest text that becomes the same float32 again."""
    short = float(str(value))
    return short if np.float32(short) == value else float(value)
