"""``frames``: pictures to label out of videos."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animeseg.data.commands.telling import Commands, share_of, tell

if TYPE_CHECKING:
    from animeseg.cli.console import Console
    from animeseg.data.video import Chosen


def add_command(commands: Commands, shared: argparse.ArgumentParser) -> None:
    """Adds ``frames`` to the program."""
    parser = commands.add_parser(
        "frames",
        parents=[shared],
        help="pictures out of videos, none nearly twice",
        description="Take frames out of videos: few per scene, none nearly equal to another.",
        allow_abbrev=False,
    )
    parser.add_argument("videos", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True, help="folder for the frames (JPEG)")
    parser.add_argument("--every", type=float, default=0.5, help="look every S seconds (0.5)")
    parser.add_argument(
        "--scene", type=float, default=28.0, help="difference of frames that begins a scene (28)"
    )
    parser.add_argument(
        "--near", type=int, default=10, help="bits in which frames must differ (10; -1: take all)"
    )
    parser.add_argument("--per-scene", type=int, default=0, help="frames of a scene (0: no limit)")
    parser.add_argument(
        "--with-characters", type=share_of, metavar="CONF",
        help="only frames in which a character is found with this confidence (the report: .95)",
    )  # fmt: skip
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace, console: Console) -> int:
    from animeseg.data.pictures import encode_jpeg
    from animeseg.data.video import FrameFilter, frames_of, name_of
    from animeseg.files import write_file

    # One filter for all: an opening that every episode has is taken once.
    keep = FrameFilter(scene=args.scene, near=args.near, per_scene=args.per_scene)
    wanted = _detector(args.with_characters) if args.with_characters is not None else None
    rows: list[dict[str, Any]] = []
    with console.progress(None, "frames", "frames") as bar:

        def show(time: float) -> None:
            bar.update(1)

        for video in args.videos:
            for chosen in frames_of(video, keep, every=args.every, wanted=wanted, tell=show):
                name = name_of(video, chosen)
                write_file(args.out / name, encode_jpeg(chosen.frame.rgb, 92), overwrite=True)
                rows.append(_row(video, name, chosen))
        looked = bar.n
    lines = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
    write_file(args.out / "frames.jsonl", lines.encode(), overwrite=True)
    result = {"out": str(args.out), "frames": len(rows), "scenes": keep.scenes, "looked": looked}
    tell(args, console, result, f"{args.out}: {len(rows)} frames of {keep.scenes} scenes")
    return 0


def _row(video: Path, name: str, chosen: Chosen) -> dict[str, Any]:
    about = {"image": name, "video": video.name, "time": round(chosen.frame.time, 3)}
    return {**about, "scene": chosen.scene, "phash": chosen.phash}


def _detector(confidence: float) -> Callable[[Any], bool]:
    from animeseg import Options, Segmenter

    segmenter = Segmenter(Options(refine="none", confidence=confidence))
    return lambda rgb: len(segmenter(rgb)) > 0
