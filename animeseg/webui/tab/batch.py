"""A run over many pictures, told piece by piece; the page for it is `folder`."""

from __future__ import annotations

import queue
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from animeseg.batch.job import Job, recipe_of
from animeseg.batch.ledger import Ledger
from animeseg.batch.naming import OUTPUTS
from animeseg.batch.report import ReportFile, Row, Totals
from animeseg.batch.run import run_batch
from animeseg.batch.sources import Sources
from animeseg.batch.stop import Stop
from animeseg.errors import OptionError, OutputError
from animeseg.segmenter import Segmenter
from animeseg.watch import Watch
from animeseg.webui import host
from animeseg.webui.tab.workbench import at_work

if TYPE_CHECKING:
    from animeseg.images import Picture
    from animeseg.instances import Segmentation
    from animeseg.options import Options
    from animeseg.webui.tab.workbench import Models

OnRow = Callable[[Row, Totals], None]

SHOWN_ROWS = 200
"""Pictures that are listed on the page, the latest; the report file has all of them."""


@dataclass(frozen=True)
class Plan:
    """What a run is to do.

    Attributes:
        paths: files and folders.
        out: where results go.
        kinds: of output.
        options: how characters are found and masks shaped.
        recursive: whether folders are walked with all that is in them.
        resume: whether complete results are left alone.
    """

    paths: tuple[str, ...]
    out: Path
    kinds: tuple[str, ...]
    options: Options
    recursive: bool = True
    resume: bool = True

    def __post_init__(self) -> None:
        if not self.kinds or not set(self.kinds) <= set(OUTPUTS):
            raise OptionError("kinds", "nothing to make is chosen", "tick at least one")


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes:
        rows: the latest pictures, the oldest first.
        totals: counts so far.
        pictures: how many there are in all.
        report: the report file, once it is complete.
    """

    rows: tuple[Row, ...]
    totals: Totals
    pictures: int
    report: Path | None = None

    @property
    def done(self) -> int:
        """Pictures that are finished, in whatever way."""
        return sum(self.totals.pictures.values())


def run(plan: Plan, models: Models, stop: Stop) -> Iterator[Progress]:
    """Works on all pictures of ``plan``; gives its progress after each of them, and at the end.

    Leaving the loop early stops the run.

    Raises:
        AnimesegError: it cannot begin: no folder, no models, no room for results.
    """
    sources = Sources(plan.paths, recursive=plan.recursive)
    try:
        plan.out.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise OutputError(f"{plan.out} cannot be made", "choose another folder") from error
    pictures = sum(1 for _ in Sources(plan.paths, recursive=plan.recursive))
    rows: list[Row] = []
    told: queue.Queue[Totals | BaseException | None] = queue.Queue()
    report = ReportFile(_free_name(plan.out))

    def on_row(row: Row, totals: Totals) -> None:
        report.add(row)
        rows.append(row)
        del rows[:-SHOWN_ROWS]
        told.put(totals)

    def work() -> None:
        try:
            with report:
                totals = _run(plan, sources, models, stop, on_row)
                report.close(totals)
            told.put(totals)
            told.put(None)
        except Exception as error:  # told to the page, by the thread that asked
            told.put(error)

    worker = threading.Thread(target=work, name="animeseg-folder", daemon=True)
    worker.start()
    totals = Totals()
    try:
        yield Progress((), totals, pictures)
        while (news := told.get()) is not None:
            if isinstance(news, BaseException):
                raise news
            totals = news
            yield Progress(tuple(rows), totals, pictures)
        yield Progress(tuple(rows), totals, pictures, report.path)
    finally:
        stop.request()
        worker.join()


def _run(plan: Plan, sources: Sources, models: Models, stop: Stop, on_row: OnRow) -> Totals:
    def segment(picture: Picture) -> Segmentation:
        watch = Watch(should_stop=lambda: bool(stop.requests) or host.stopping())
        with at_work():
            return models.segment(picture, plan.options, watch=watch)

    with at_work():
        loaded = Segmenter(plan.options, models=models.models).load()
    ledger = Ledger(plan.out)
    try:
        job = Job(
            out=plan.out.absolute(),
            kinds=plan.kinds,
            ledger=ledger,
            recipe=recipe_of(plan.options, loaded),
            resume=plan.resume,
            may_be_original=sources.may_take,
        )
        return run_batch(iter(sources), segment, job, on_row=on_row, stop=stop)
    finally:
        ledger.close()


def _free_name(out: Path) -> Path:
    """A name for a report that no file has: no report is ever lost."""
    names = (out / f"animeseg-report{'' if n == 1 else f'-{n}'}.json" for n in count(1))
    return next(path for path in names if not path.exists())


def gather(uploads: Sequence[Path], folder: Path) -> list[Path]:
    """Copies uploads side by side into ``folder``, under their own names for their results."""
    target = folder / "pictures"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    copies = []
    for path in uploads:
        names = (f"{path.stem}{'' if n == 1 else f'-{n}'}{path.suffix}" for n in count(1))
        free = next(target / name for name in names if not (target / name).exists())
        shutil.copy2(path, free)
        copies.append(free)
    return copies


def pack(folder: Path) -> Path:
    """A ZIP file beside ``folder`` with everything in it but hidden files."""
    import zipfile

    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file() and not file.name.startswith("."):
                archive.write(file, file.relative_to(folder).as_posix())
    return path
