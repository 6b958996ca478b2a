"""``animeseg segment``: pictures in; masks, cut-outs and records out."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animeseg.batch.naming import DEFAULT_OUTPUTS, OUTPUTS
from animeseg.cli.flags import (
    Extend,
    add_model_dir,
    add_option_flags,
    add_output_flags,
    options_from,
)
from animeseg.errors import OptionError, OutputError

if TYPE_CHECKING:
    from tqdm import tqdm

    from animeseg.batch.job import Backdrop
    from animeseg.batch.report import Row, Totals
    from animeseg.batch.sources import Source, Sources
    from animeseg.batch.stop import Stop
    from animeseg.cli.console import Console
    from animeseg.cli.telling import Teller
    from animeseg.options import Options

DEFAULT_OUT = "animeseg-out"
REPORT_SUFFIXES = (".json", ".jsonl")

_DESCRIPTION = """\
Finds every anime character in pictures and writes masks, cut-outs and records.

Originals are never written to. The directories of the pictures are mirrored
below --out; a.png gives a.cutout.png, a.mask.png, a.json, and so on. The paths
of all files written are printed on stdout, everything else on stderr.

kinds of output (--output):
"""


def add_command(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Adds ``animeseg segment``."""
    command = commands.add_parser(
        "segment",
        parents=[shared],
        help="find the characters of pictures and write masks and cut-outs",
        usage="animeseg segment [options] PATH [PATH ...]",
        description=_DESCRIPTION + _kinds_text(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="a picture, a directory, or a pattern like 'a/*.png'",
    )
    command.add_argument(
        "-o",
        "--output",
        action=Extend,
        metavar="KIND[,KIND]",
        help=f"what to write; may be repeated (default {','.join(DEFAULT_OUTPUTS)})",
    )
    command.add_argument(
        "--out",
        type=Path,
        default=Path(DEFAULT_OUT),
        metavar="DIR",
        help=f"where to write (default ./{DEFAULT_OUT})",
    )
    _add_files_flags(command)
    _add_talk_flags(command)
    add_output_flags(command)
    add_option_flags(command)
    command.set_defaults(run=run)


def _kinds_text() -> str:
    return "\n".join(f"  {kind:<16}{what}" for kind, what in OUTPUTS.items())


def _add_files_flags(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--recursive",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="walk directories with all that is below them (default: yes)",
    )
    command.add_argument(
        "--resume",
        action="store_true",
        help="skip pictures whose results are complete and were made from the same bytes with the "
        "same options and models; make the others again",
    )
    command.add_argument(
        "--overwrite", action="store_true", help="replace files that exist (never originals)"
    )
    command.add_argument(
        "--options",
        type=Path,
        metavar="FILE",
        help="options from a JSON file, or from the JSON record of a picture; flags go over them",
    )
    add_model_dir(command)
    command.add_argument(
        "--download",
        action="store_true",
        help="fetch missing weights from the Hub; without it no connection is ever opened",
    )


def _add_talk_flags(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="write an entry per picture and the totals, to a .json or .jsonl (JSON Lines) file",
    )
    command.add_argument(
        "--json-lines",
        action="store_true",
        help="print a JSON object per picture, then the totals, in place of the paths",
    )
    command.add_argument("-q", "--quiet", action="store_true", help="no messages but errors")
    command.add_argument(
        "--progress",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="show a progress bar (default: if stderr is a terminal)",
    )


def run(args: argparse.Namespace, console: Console) -> int:
    """Segments pictures."""
    from animeseg.batch.sources import Sources
    from animeseg.batch.stop import Stop
    from animeseg.cli.telling import Teller
    from animeseg.cli.wanted import backdrop_from, kinds_from

    options = options_from(args)
    kinds = kinds_from(args)
    backdrop = backdrop_from(args)
    if args.report and args.report.suffix.lower() not in REPORT_SUFFIXES:
        # A slip such as `--report a.png` must not cost a picture.
        raise OptionError("--report", f"got {args.report}", "give a name ending in .json or .jsonl")
    sources = Sources(args.paths, recursive=args.recursive)
    stop = Stop()
    with (
        stop.on_signals(
            lambda requests: console.interject(_stop_message(requests)), ends_process=True
        ),
        Teller(console, report=args.report, json_lines=args.json_lines) as teller,
    ):
        totals = _work(args, options, kinds, backdrop, sources, stop, teller)
        teller.end(totals, ignored=sources.ignored, out=args.out)
    if totals.stopped == "interrupted":
        return stop.code
    return totals.exit_code or int(teller.failed)


def _work(
    args: argparse.Namespace,
    options: Options,
    kinds: tuple[str, ...],
    backdrop: Backdrop,
    sources: Sources,
    stop: Stop,
    teller: Teller,
) -> Totals:
    from animeseg.batch.job import Job, recipe_of
    from animeseg.batch.ledger import Ledger
    from animeseg.batch.report import Totals
    from animeseg.batch.run import run_batch
    from animeseg.cli.downloads import segmenter_from

    with ExitStack() as stack:
        _make_directory(args.out)
        ledger = Ledger(args.out)
        stack.callback(ledger.close)
        found, some = _peek(iter(sources))
        try:
            with stop.leaving_at_once():
                segmenter, models = segmenter_from(args, options, teller.console, load=some)
        except KeyboardInterrupt:
            return Totals(stopped="interrupted")
        job = Job(
            out=args.out,
            kinds=kinds,
            ledger=ledger,
            recipe=recipe_of(options, models, backdrop),
            overwrite=args.overwrite,
            resume=args.resume,
            backdrop=backdrop,
            may_be_original=sources.may_take,
        )
        bar = stack.enter_context(teller.console.progress(args.progress, "picture"))
        stack.enter_context(_counting(args, bar))

        def tell(row: Row, totals: Totals) -> None:
            bar.set_postfix_str(f"{totals.characters} characters", refresh=False)
            bar.update()
            teller.row(row, totals)

        return run_batch(found, segmenter, job, on_row=tell, stop=stop)


def _make_directory(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(
            f"cannot make the directory {out}: {reason}", "choose another --out"
        ) from error


def _peek(sources: Iterator[Source]) -> tuple[Iterator[Source], bool]:
    """The same sources, and whether there is one to work on: no model is loaded for none."""
    first = []
    for source in sources:
        first.append(source)
        if source.fault is None:
            return chain(first, sources), True
    return iter(first), False


@contextmanager
def _counting(args: argparse.Namespace, bar: tqdm[Any]) -> Iterator[None]:
    """Counts the pictures beside the work, so that the bar knows how many there are."""
    from animeseg.batch.sources import Sources

    finished = threading.Event()

    def count() -> None:
        number = 0
        for _ in Sources(args.paths, recursive=args.recursive):
            if finished.is_set():
                return
            number += 1
        bar.total = number
        bar.refresh()

    counter = threading.Thread(target=count, daemon=True)
    if not bar.disable:
        counter.start()
    try:
        yield
    finally:
        finished.set()
        if not bar.disable:
            counter.join()


def _stop_message(requests: int) -> str:
    if requests == 1:
        return "[animeseg] stopping: files being written are finished; press again to hurry"
    return "[animeseg] stopping: only half-written files are finished"
