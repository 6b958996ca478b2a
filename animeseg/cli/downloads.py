"""What is said about a download: licence and size before it starts, a bar while it runs."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

    from tqdm import tqdm

    from animeseg.cli.console import Console
    from animeseg.instances import ModelInfo
    from animeseg.options import Options
    from animeseg.segmenter import Segmenter
    from animeseg.weights import Record


class Downloads:
    """Shows downloads; closes the bar at the end of its ``with`` block.

    Args:
        console: where to show them.
        shown: whether to show the bar; None shows it on a terminal.
    """

    def __init__(self, console: Console, shown: bool | None = None) -> None:
        self._console = console
        self._shown = shown
        self._bar: tqdm[Any] | None = None
        self._name = ""

    def announce(self, record: Record) -> None:
        """Says what is about to be fetched, from where and under which licence."""
        note = f"; {record.note}" if record.note else ""
        self._console.say(
            f"[animeseg] fetching {record.name}: {record.size_text}, licence {record.licence}, "
            f"from the Hub repository {record.repository}{note}"
        )

    def progress(self, name: str, done: int, total: int) -> None:
        """Takes the bytes that are there and the bytes in all."""
        if self._bar is None or self._name != name:
            self._close()
            self._name = name
            self._bar = self._console.progress(self._shown, "B", name)
        self._bar.total = total or None
        self._bar.n = done
        self._bar.refresh()

    def __enter__(self) -> Downloads:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def missing_for(options: Options, model_dirs: Sequence[Path]) -> list[Record]:
    """The catalog's records that ``options`` need and that are not on this machine."""
    from animeseg.targets import DETECTORS, parse
    from animeseg.weights.catalog import find
    from animeseg.weights.manage import list_weights

    names = {options.model: "detector"}
    own = (kind for kind in parse(options.target).kinds if kind in DETECTORS)
    names |= {DETECTORS[kind]: "detector" for kind in own}
    if options.refine in ("auto", "prompt", "vote"):
        names[options.sam_model] = "sam"
    wanted = {record.name for name, kind in names.items() if (record := find(name, kind))}
    statuses = list_weights(model_dirs) if wanted else []
    return [s.record for s in statuses if s.record.name in wanted and s.state == "absent"]


def segmenter_from(
    args: argparse.Namespace, options: Options, console: Console, *, load: bool
) -> tuple[Segmenter, tuple[ModelInfo, ...]]:
    """The segmenter, its models loaded if there is work for them, and which they are."""
    from animeseg.segmenter import Segmenter

    with Downloads(console, args.progress) as downloads:
        segmenter = Segmenter(
            options,
            model_dirs=args.model_dir,
            download=args.download,
            progress=downloads.progress,
        )
        if not load:
            return segmenter, ()
        for record in missing_for(options, args.model_dir) if args.download else ():
            downloads.announce(record)
        return segmenter, segmenter.load()
