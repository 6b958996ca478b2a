"""From one result to its files: every kind of output announced, encoded, written, confirmed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from animeseg.batch.job import Backdrop, Job
from animeseg.batch.ledger import Origin
from animeseg.batch.naming import is_numbered, openable, output_path
from animeseg.export import (
    character_cutouts,
    encode_layers,
    encode_record,
    make_record,
    on_background,
    overlay,
)
from animeseg.files import encode_png, write_file
from animeseg.images import Picture
from animeseg.instances import Segmentation
from animeseg.masks import inpaint_mask

Encoder = Callable[[Picture, Segmentation, str, Backdrop], Iterator[tuple[int | None, bytes]]]
"""Makes the files of one kind from a picture, its result, its name and what stands behind:
number and content."""


def write_outputs(
    picture: Picture, result: Segmentation, job: Job, origin: Origin, kinds: tuple[str, ...]
) -> list[Path]:
    """Writes ``kinds`` of output, each file whole or not at all.

    Args:
        picture: what was segmented.
        result: what was found in it.
        job: where to write, and what may be replaced.
        origin: what the ledger is to remember.
        kinds: of output.

    Returns:
        The files.

    Raises:
        OutputExistsError: a file is in the way; nothing was written yet.
        DiskFullError: no space; files written before stay, whole, and are known as unfinished.
        OutputError: a file could not be written.
    """
    planned = {kind: _paths(job.out, origin.key, kind, len(result)) for kind in kinds}
    replaced: dict[Path, bool] = {}
    for kind, paths in planned.items():
        made = job.ledger.made(origin.key, kind)
        replaced |= {path: job.may_replace(path, origin, made) for path in paths}
    job.ledger.begin(origin, planned)
    written: dict[str, list[Path]] = {kind: [] for kind in kinds}
    name = Path(origin.source).name
    for kind in kinds:
        for number, content in _ENCODERS[kind](picture, result, name, job.backdrop):
            path = output_path(job.out, origin.key, kind, number)
            write_file(openable(path), content, overwrite=replaced[path])
            written[kind].append(path)
    job.ledger.finish(origin, written, len(result))
    return [path for paths in written.values() for path in paths]


def _paths(out: Path, key: str, kind: str, characters: int) -> list[Path]:
    if is_numbered(kind):
        return [output_path(out, key, kind, number) for number in range(1, characters + 1)]
    return [output_path(out, key, kind)]


def _cutout(
    picture: Picture, result: Segmentation, _: str, backdrop: Backdrop
) -> Iterator[tuple[None, bytes]]:
    made = on_background(picture.rgb, result, backdrop.output, backdrop.picture)
    yield None, encode_png(made, icc_profile=picture.icc_profile)


def _mask(_: Picture, result: Segmentation, __: str, ___: Backdrop) -> Iterator[tuple[None, bytes]]:
    yield None, encode_png(inpaint_mask(result.masked, result.options))


def _characters(
    picture: Picture, result: Segmentation, _: str, __: Backdrop
) -> Iterator[tuple[int, bytes]]:
    for one in character_cutouts(picture.rgb, result):
        yield one.number, encode_png(one.rgba, icc_profile=picture.icc_profile)


def _character_masks(
    _: Picture, result: Segmentation, __: str, ___: Backdrop
) -> Iterator[tuple[int, bytes]]:
    for number, one in enumerate(result.instances, 1):  # one at a time: they are full-size
        yield number, encode_png(inpaint_mask(one, result.options))


def _overlay(
    picture: Picture, result: Segmentation, _: str, __: Backdrop
) -> Iterator[tuple[None, bytes]]:
    drawn = overlay(picture.rgb, result.instances)
    yield None, encode_png(drawn, icc_profile=picture.icc_profile)


def _layers(
    picture: Picture, result: Segmentation, _: str, __: Backdrop
) -> Iterator[tuple[None, bytes]]:
    yield None, encode_layers(picture.rgb, result, "ora")


def _psd(
    picture: Picture, result: Segmentation, _: str, __: Backdrop
) -> Iterator[tuple[None, bytes]]:
    yield None, encode_layers(picture.rgb, result, "psd")


def _json(
    picture: Picture, result: Segmentation, name: str, _: Backdrop
) -> Iterator[tuple[None, bytes]]:
    yield None, encode_record(make_record(result, picture.rgb, name))


_ENCODERS: dict[str, Encoder] = {
    "cutout": _cutout,
    "mask": _mask,
    "characters": _characters,
    "character-masks": _character_masks,
    "overlay": _overlay,
    "layers": _layers,
    "psd": _psd,
    "json": _json,
}
