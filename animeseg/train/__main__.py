"""``python -m animeseg.train character|face``: from a set of pictures to a model directory.

python -m animeseg.train character --data SET --out RUN --preset nano
python -m animeseg.train character --data SET --out RUN --preset nano --resume
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animeseg.cli import INTERRUPTED, run
from animeseg.errors import OptionError

if TYPE_CHECKING:
    from animeseg.cli.console import Console

KINDS = {"character": "fast", "face": "face-nano"}
"""What can be trained, and the preset it is trained by if none is named."""

_DESCRIPTION = """\
Train a detector on a set (see `python -m animeseg.data`). The result is a folder with weights, a
card and curves; `animeseg segment --model FOLDER` uses it at once.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    return run(_parser(), argv)


def _parser() -> argparse.ArgumentParser:
    from animeseg.train.preset import about

    parser = argparse.ArgumentParser(
        prog="python -m animeseg.train",
        description=_DESCRIPTION,
        epilog="presets:\n" + "".join(f"  {name:10} {text}\n" for name, text in about().items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("kind", choices=list(KINDS), help="what is to be found")
    parser.add_argument("--data", type=Path, required=True, help="the set: folder or data.yaml")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument(
        "--preset", default=None, help="name, or YAML file (default: fast, face-nano)"
    )
    parser.add_argument("--start", default=None, help="weights to start from, or scratch")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="change a setting"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, mps, 0, or 0,1 for two GPUs")
    parser.add_argument("--workers", type=int, default=2, help="processes that load pictures")
    parser.add_argument("--single-class", action="store_true", help="train all classes as one")
    parser.add_argument(
        "--model-dir", type=Path, action="append", default=[], help="where to look for --start too"
    )
    parser.add_argument("--onnx", action="store_true", help="write model.onnx too")
    begin = parser.add_mutually_exclusive_group()
    begin.add_argument("--resume", action="store_true", help="take up the run in --out")
    begin.add_argument("--overwrite", action="store_true", help="throw away the run in --out")
    parser.add_argument("--debug", action="store_true", help="show the traceback of every error")
    parser.set_defaults(run=_run)
    return parser


def _run(args: argparse.Namespace, console: Console) -> int:
    from animeseg.train.job import Job, run
    from animeseg.train.preset import load_preset

    name = args.preset or KINDS[args.kind]
    changes = dict(_change(text) for text in args.set)
    if args.start is not None:
        changes["start"] = args.start
    job = Job(
        kind=args.kind,
        data=args.data,
        out=args.out,
        preset=load_preset(name, changes),
        preset_name=name,
        device=args.device,
        workers=args.workers,
        single_class=args.single_class,
        resume=args.resume,
        overwrite=args.overwrite,
        onnx=args.onnx,
        model_dirs=tuple(args.model_dir),
    )
    try:
        weights = run(job, told=console.warn)
    except KeyboardInterrupt:
        console.warn("[animeseg] interrupted; go on with --resume")
        return INTERRUPTED
    console.result(f"Done: {weights}")
    return 0


def _change(text: str) -> tuple[str, Any]:
    import yaml

    name, equals, value = text.partition("=")
    if not equals:
        raise OptionError("--set", f"got {text!r}", "give NAME=VALUE")
    return name, yaml.safe_load(value)


if __name__ == "__main__":
    sys.exit(main())
