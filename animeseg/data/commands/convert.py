"""``convert``: annotations from one format into another."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animeseg.data.commands.telling import Commands, share_of, tell
from animeseg.errors import OptionError

if TYPE_CHECKING:
    from animeseg.cli.console import Console
    from animeseg.data.formats.source import Source

READ = ("set", "yolo", "coco", "labelme", "masks", "aniseg", "rgba", "voc", "corrections")
WRITE = ("set", "yolo", "yolo-box", "coco", "labelme", "masks", "rgba", "voc")

_EPILOG = """\
from:
  set, yolo    a folder or data.yaml; polygons and boxes
  coco         a JSON file; polygons, run lengths, crowds (--images: where its pictures are)
  labelme      a folder of JSON files with their pictures
  masks        --images DIR and a folder of mask pictures of the same names
  aniseg       the same with palette masks: all values but 0 are inside
  rgba         a folder of RGBA characters: alpha becomes the mask
  voc          a folder of XML files with --images (by supervision)
  corrections  a folder that the WebUI tab saved corrections in
to:
  set          YOLO polygons, COCO and manifest together; yolo and coco are other names for it
  yolo-box     the same with boxes in the labels
  labelme, masks (index maps), rgba (cut-outs), voc

examples:
  python -m animeseg.data convert instances_val2017.json --images val2017 --classes person \\
      --rename character --only-annotated --out coco-person
  python -m animeseg.data convert masks/ --from masks --images images/ --out set
  python -m animeseg.data convert set --to labelme --out for-labelme
"""


def add_command(commands: Commands, shared: argparse.ArgumentParser) -> None:
    """Adds ``convert`` to the program."""
    parser = commands.add_parser(
        "convert",
        parents=[shared],
        help="annotations from one format into another",
        description="Convert annotated pictures between formats.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("source", type=Path, help="a folder or file")
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    parser.add_argument("--from", dest="read", choices=READ, help="default: by what is there")
    parser.add_argument("--to", dest="write", choices=WRITE, default="set")
    parser.add_argument("--images", type=Path, help="folder of the pictures")
    parser.add_argument("--classes", default="", help="take only these, separated by commas")
    parser.add_argument("--rename", help="one name for all classes that are taken")
    parser.add_argument("--drop-crowd", action="store_true", help="leave crowd regions out")
    parser.add_argument(
        "--only-annotated", action="store_true", help="leave out pictures without annotations"
    )
    parser.add_argument(
        "--mask-kind", choices=("values", "one", "components"), default="values",
        help="how masks tell characters apart: every value one, not at all, by being apart",
    )  # fmt: skip
    parser.add_argument(
        "--threshold", type=int, default=128, help="rgba: alpha from which a pixel is inside"
    )
    parser.add_argument("--identity", help="rgba: pattern whose first group says who it is")
    parser.add_argument(
        "--tolerance", type=share_of, default=0.0,
        help="pixels that outlines may be off to save points (default 0: exact)",
    )  # fmt: skip
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace, console: Console) -> int:
    source = _source(args)
    with console.progress(None, "pictures", "convert") as bar:
        bar.reset(total=len(source.images))
        if args.write in ("labelme", "masks", "rgba", "voc"):
            from animeseg.data.formats.targets import write_files

            failed = write_files(source, args.out, args.write, lambda count: _at(bar, count))
            written, kept = len(source.images) - len(failed), 0
        else:
            from animeseg.data.converting import convert

            done = convert(
                source,
                args.out,
                _recipe(args),
                lambda so_far: _at(bar, so_far.written + so_far.kept + len(so_far.failed)),
                tolerance=args.tolerance,
                boxes=args.write == "yolo-box",
            )
            failed, written, kept = done.failed, done.written, done.kept
    for image, reason in list(failed.items())[:20]:
        console.warn(f"[animeseg] {image}: {reason}")
    result = {"out": str(args.out), "written": written, "kept": kept, "failed": failed}
    told = f"{args.out}: {written} written, {kept} were there, {len(failed)} failed"
    tell(args, console, result, told)
    return 1 if failed else 0


def _at(bar: Any, count: int) -> None:
    bar.update(count - bar.n)


def _recipe(args: argparse.Namespace) -> dict[str, Any]:
    """What decides the result; the same command then goes on where it was stopped."""
    left_out = {"run", "out", "debug", "quiet", "json"}
    given = {
        name: str(value) if isinstance(value, Path) else value
        for name, value in vars(args).items()
        if name not in left_out
    }
    return {"command": "convert", **given}


def _source(args: argparse.Namespace) -> Source:
    read = args.read or _guessed(args.source)
    if read in ("masks", "aniseg", "voc") and args.images is None:
        raise OptionError("images", f"is needed to read {read}", "give the folder of the pictures")
    if read in ("set", "yolo", "coco", "labelme", "voc"):
        return _classed(args, read)
    if read in ("masks", "aniseg"):
        from animeseg.data.formats.masks import FromMasks, aniseg

        if read == "aniseg":
            return aniseg(args.images, args.source)
        return FromMasks(args.images, args.source, kind=args.mask_kind)
    if read == "corrections":
        from animeseg.data.corrections import FromCorrections

        return FromCorrections(args.source)
    from animeseg.data.formats.cutouts import FromCutouts

    return FromCutouts(args.source, threshold=args.threshold, identity=args.identity)


def _classed(args: argparse.Namespace, read: str) -> Source:
    """The formats that know classes."""
    from animeseg.data.formats.source import Chosen, Classes, FromDataset

    only = [name.strip() for name in args.classes.split(",") if name.strip()]
    if read in ("labelme", "voc"):
        source: Source
        if read == "labelme":
            from animeseg.data.formats.labelme import FromLabelme

            source = FromLabelme(args.source)
        else:
            from animeseg.data.formats.voc import FromVoc

            source = FromVoc(args.images, args.source)
        return Chosen(source, Classes.chosen(source.names, only, args.rename))
    from animeseg.data.dataset import open_dataset

    dataset = open_dataset(args.source, images=args.images)
    classes = Classes.chosen(dataset.names, only, args.rename)
    return FromDataset(
        dataset, classes, crowd=not args.drop_crowd, only_annotated=args.only_annotated
    )


def _guessed(source: Path) -> str:
    if source.suffix.lower() == ".json":
        return "coco"
    if source.suffix.lower() in (".yaml", ".yml") or (source / "images").is_dir():
        return "set"
    if (source / "data.yaml").is_file():
        return "set"
    if source.is_dir() and next(source.rglob("*.json"), None) is not None:
        return "labelme"
    cure = f"say --from {', '.join(READ)}"
    raise OptionError("from", f"{source} can be of several formats", cure)
