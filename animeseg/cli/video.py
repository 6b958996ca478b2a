"""``animeseg video``: videos and animations in; cut-outs and masks that move out."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animeseg.cli.flags import (
    add_model_dir,
    add_option_flags,
    add_output_flags,
    options_from,
    output_from,
    video_from,
)
from animeseg.errors import AnimesegError, InterruptedJobError, OptionError
from animeseg.options import VideoOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from animeseg.batch.stop import Stop
    from animeseg.cli.console import Console
    from animeseg.images import Picture
    from animeseg.instances import Segmentation
    from animeseg.video.conversion import Conversion

_DESCRIPTION = """\
Finds the characters in every frame of videos and of animated GIF, WebP and PNG,
follows them from frame to frame, and writes them with alpha or on a background.
Times of frames and sound are kept. Memory does not grow with the length.

A file gets its name when it is whole; Ctrl-C leaves nothing behind.
Needs PyAV: pip install "animeseg[video]"

formats (--format, or the ending of --out):
"""


def add_command(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Adds ``animeseg video``."""
    from animeseg.video.formats import FORMATS

    lines = (
        f"  {name:<8}{form.suffixes[0] or 'directory':<11}{form.about}"
        for name, form in FORMATS.items()
    )
    command = commands.add_parser(
        "video",
        parents=[shared],
        help="find and follow the characters of videos and animations",
        usage="animeseg video [options] PATH [PATH ...] --out FILE_OR_DIR",
        description=_DESCRIPTION + "\n".join(lines),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a video")
    command.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FILE_OR_DIR",
        help="what is written; for several videos, the directory that it is written to",
    )
    command.add_argument("--format", choices=tuple(FORMATS), help="what kind of file is written")
    command.add_argument("--overwrite", action="store_true", help="replace files that exist")
    command.add_argument(
        "--record",
        type=Path,
        metavar="FILE",
        help="also write, for one video, a line of JSON for each frame: boxes, masks, identities",
    )
    command.add_argument("--options", type=Path, metavar="FILE", help="options from a JSON file")
    add_model_dir(command)
    command.add_argument(
        "--download", action="store_true", help="fetch missing weights from the Hub"
    )
    command.add_argument("-q", "--quiet", action="store_true", help="no messages but errors")
    command.add_argument(
        "--progress",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="show a progress bar (default: if stderr is a terminal)",
    )
    add_option_flags(command, VideoOptions)
    add_output_flags(command)
    add_option_flags(command)
    command.set_defaults(run=run)


def run(args: argparse.Namespace, console: Console) -> int:
    """Converts videos, one after the other; one that fails does not cost the others."""
    from animeseg.batch.stop import Stop
    from animeseg.cli.downloads import segmenter_from

    targets = targets_of(args)
    video_from(args)
    options = options_from(args)
    stop = Stop()
    message = "[animeseg] stopping: nothing of the unfinished video is left"
    with stop.on_signals(lambda _: console.interject(message), ends_process=True):
        try:
            with stop.leaving_at_once():
                segmenter, _ = segmenter_from(args, options, console, load=True)
            done = [
                _convert(args, source, target, segmenter, console, stop)
                for source, target in targets
            ]
        except (KeyboardInterrupt, InterruptedJobError):
            return stop.code
    return int(not all(done))


def targets_of(args: argparse.Namespace) -> list[tuple[Path, Path]]:
    """For each video what is written.

    Raises:
        OptionError: several videos would become one file, or the format is not said.
    """
    from animeseg.video.formats import FORMATS, format_of

    paths: list[Path] = args.paths
    into = len(paths) > 1 or (args.out.is_dir() and args.format != "png")
    if not into:
        format_of(args.out, args.format)
        return [(paths[0], args.out)]
    if args.record:
        raise OptionError("--record", "holds the frames of one video", "name one video and a file")
    if not args.format:
        raise OptionError("--format", "is needed where --out is a directory", "name a format")
    suffix = FORMATS[args.format].suffixes[0]
    targets = [args.out / f"{path.stem}{suffix}" for path in paths]
    if len(set(targets)) < len(targets):
        raise OptionError("PATH", "two videos have the same name", "convert them one by one")
    return list(zip(paths, targets, strict=True))


def _convert(
    args: argparse.Namespace,
    source: Path,
    target: Path,
    segment: Callable[[Picture], Segmentation],
    console: Console,
    stop: Stop,
) -> bool:
    """Converts one video and tells about it; says whether that went well."""
    from animeseg.cli.wanted import backdrop_from
    from animeseg.video.conversion import convert
    from animeseg.watch import Watch

    with console.progress(args.progress, "frame", source.name) as bar:

        def tell(done: int, total: int) -> None:
            bar.total = total or None
            bar.update(done - bar.n)

        try:
            conversion = convert(
                source,
                target,
                segment,
                video=video_from(args),
                output=output_from(args),
                behind=backdrop_from(args).picture,
                format_name=args.format,
                record=args.record,
                overwrite=args.overwrite,
                watch=Watch(should_stop=lambda: stop.requests > 0, progress=tell),
            )
        except (OptionError, InterruptedJobError):
            raise
        except AnimesegError as error:
            console.error(error, str(source))
            return False
    _tell(conversion, console)
    return True


def _tell(done: Conversion, console: Console) -> None:
    console.result(str(done.path))
    for note, count in done.notes:
        times = f" ({count} frames)" if count > 1 else ""
        console.say(f"[animeseg] {note.code}: {note}{times}")
    seen = ", ".join(f"{number} in {count}" for number, count in sorted(done.identities.items()))
    followed = f"; characters, and the frames they are in: {seen}" if seen else "; no character"
    console.say(f"[animeseg] {done.frames} frames{followed}")
