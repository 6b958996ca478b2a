"""Making a set on several cores: seeded, taken up again after a kill, and out of space safely.

Picture number i depends on the recipe, the material, the seed and i alone.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from animeseg.data.entries import Entry, stem_of
from animeseg.data.pictures import encode_grey, encode_jpeg
from animeseg.data.similar import perceptual_hash
from animeseg.data.synth.material import Backgrounds, Characters, Row, in_part
from animeseg.data.synth.report_enhanced import ReportEnhanced
from animeseg.data.synth.report_simple import ReportSimple
from animeseg.data.synth.scene import Scene
from animeseg.data.writing import Sample, SetWriter, write_sample
from animeseg.errors import AnimesegError, DiskFullError, OutputError

if TYPE_CHECKING:
    from animeseg.data.synth.made import Made, Maker
    from animeseg.data.synth.recipe import Recipe

METHODS: dict[str, Callable[[Recipe, Characters, Backgrounds], Maker]] = {
    "scene": Scene,
    "report-simple": ReportSimple,
    "report-enhanced": ReportEnhanced,
}
DRAWN = ".figures"
"""Folder below the set where drawn figures are kept while it is made."""


@dataclass(frozen=True)
class Job:
    """What is to be made; sent to every worker.

    Attributes:
        out: folder of the set.
        recipe: a preset with its changes.
        seed: of all randomness.
        count: number of pictures.
        val: share of the pictures, identities and backgrounds that are for validation.
        alpha: write alphas beside.
        characters, backgrounds: the material.
    """

    out: Path
    recipe: Recipe
    seed: int
    count: int
    val: float
    alpha: bool
    characters: list[Row] = field(repr=False)
    backgrounds: list[Row] = field(repr=False)

    def part(self, number: int) -> str:
        """``train`` or ``val``, spread evenly; empty where there is no validation."""
        if not self.val:
            return ""
        whole = int((number + 1) * self.val + 1e-9) > int(number * self.val + 1e-9)
        return "val" if whole else "train"

    def image(self, number: int) -> str:
        """Name of a picture."""
        part = self.part(number)
        return f"{part}/{number:06d}.jpg" if part else f"{number:06d}.jpg"


@dataclass(frozen=True)
class Outcome:
    """What became of a picture.

    Attributes:
        image: its name.
        entry: what was written; None where nothing was.
        error: why not; None where the recipe itself loses the picture.
    """

    image: str
    entry: Entry | None
    error: AnimesegError | None = None


class Worker:
    """Makes pictures of a job; one per process."""

    def __init__(self, job: Job) -> None:
        cv2.setNumThreads(1)  # the processes already fill the cores
        self._job = job
        self._makers: dict[str, Maker] = {}

    def make(self, number: int) -> Outcome:
        """Makes and writes one picture; whatever can be told comes back as outcome."""
        image = self._job.image(number)
        try:
            rng = np.random.default_rng([self._job.seed, number])
            made = self._maker(self._job.part(number)).make(rng, alpha=self._job.alpha)
            if made is None:
                return Outcome(image, None)
            tolerance = float(self._job.recipe.get("tolerance", 0.5))
            sample = self._sample(image, made)
            return Outcome(image, write_sample(self._job.out, sample, tolerance=tolerance))
        except AnimesegError as error:
            return Outcome(image, None, error)

    def _maker(self, part: str) -> Maker:
        if part not in self._makers:
            job = self._job
            recipe, size = job.recipe, int(job.recipe["size"])
            ours = recipe["method"] == "scene"
            characters = in_part(job.characters, part, job.val)
            backgrounds = in_part(job.backgrounds, part, job.val)
            self._makers[part] = METHODS[recipe["method"]](
                recipe,
                Characters(
                    characters,
                    max(768, size) if ours else 0,
                    job.out / DRAWN,
                    clean=bool(recipe.get("drop_symbols", False)),
                ),
                Backgrounds(backgrounds, size if ours else 0),
            )
        return self._makers[part]

    def _sample(self, image: str, made: Made) -> Sample:
        entry = Entry(
            image=image,
            width=made.rgb.shape[1],
            height=made.rgb.shape[0],
            annotations=made.annotations,
            phash=perceptual_hash(made.rgb),
            sources=made.sources,
        )
        data = encode_jpeg(made.rgb, int(self._job.recipe["jpeg_quality"]))
        alphas = tuple(_alphas(stem_of(image), made)) if self._job.alpha else ()
        return Sample(entry, data, made.label, alphas)


@dataclass
class Totals:
    """How a run went: numbers of pictures, and what went wrong by file or code."""

    made: int = 0
    kept: int = 0
    lost: int = 0
    failed: int = 0
    characters: int = 0
    errors: dict[str, str] = field(default_factory=dict)


def synthesise(job: Job, workers: int, tell: Callable[[Totals], None]) -> Totals:
    """Makes what is missing of a set and completes it.

    Args:
        job: what to make.
        workers: processes; 1 works in this one.
        tell: called after every picture.

    Returns:
        What was made. With failures the set is complete but for them.

    Raises:
        BadDatasetError: the folder holds something else.
        DiskFullError: what is there is whole, and the next run goes on with it.
        OutputError: files cannot be written, or a worker was killed.
    """
    totals = Totals()
    recipe = {
        "command": "synth",
        "recipe": dict(job.recipe),
        "seed": job.seed,
        "val": job.val,
        "alpha": job.alpha,
        "characters": digest_of(job.characters),
        "backgrounds": digest_of(job.backgrounds),
    }
    with SetWriter(job.out, ("character",), recipe) as writer:
        missing = [n for n in range(job.count) if not writer.done(job.image(n))]
        totals.kept = job.count - len(missing)
        for outcome in _outcomes(job, missing, workers):
            if outcome.entry is not None:
                writer.add(outcome.entry)
                totals.made += 1
                totals.characters += len(outcome.entry.annotations)
            elif outcome.error is None:
                totals.lost += 1
            else:
                if isinstance(outcome.error, DiskFullError | OutputError):
                    raise outcome.error
                totals.failed += 1
                totals.errors[outcome.image] = str(outcome.error)
            tell(totals)
        writer.finish(f"animeseg synth {job.recipe['method']}, seed {job.seed}")
    shutil.rmtree(job.out / DRAWN, ignore_errors=True)
    return totals


def digest_of(rows: list[Row]) -> str:
    """A hash of what the material is, by names, identities and sizes of the files."""
    import hashlib

    total = hashlib.sha256()
    for row in rows:
        size = row.path.stat().st_size if row.path is not None else row.seed
        total.update(f"{row.name}\0{row.identity}\0{size}\n".encode("utf-8", "surrogatepass"))
    return total.hexdigest()


def _alphas(stem: str, made: Made) -> Iterator[tuple[str, bytes]]:
    union = np.zeros(made.rgb.shape[:2], np.uint8)
    for number, alpha in enumerate(made.alphas, start=1):
        union = cv2.add(union, alpha)
        yield f"{stem}-{number}.png", encode_grey(alpha)
    yield f"{stem}.png", encode_grey(union)


def _outcomes(job: Job, numbers: list[int], workers: int) -> Iterator[Outcome]:
    """Outcomes in the order of numbers; only a few are under way at any time."""
    if workers <= 1 or len(numbers) <= 1:
        worker = Worker(job)
        yield from map(worker.make, numbers)
        return
    pool = ProcessPoolExecutor(
        min(workers, len(numbers)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start,
        initargs=(job,),
    )
    waiting: deque[Future[Outcome]] = deque()
    try:
        for number in numbers:
            waiting.append(pool.submit(_work, number))
            if len(waiting) >= 4 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise OutputError(
            "a worker process was killed",
            "run the command again, with fewer --workers if memory "
            "was short: it goes on where it stopped",
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_worker: list[Worker] = []  # one per process


def _start(job: Job) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent to answer
    threading.Thread(target=_follow_parent, daemon=True).start()
    _worker.append(Worker(job))


def _follow_parent() -> None:
    """Ends this process when the parent is killed: nobody would ever tell it to stop."""
    parent: Any = multiprocessing.parent_process()
    parent.join()
    os._exit(1)


def _work(number: int) -> Outcome:
    return _worker[0].make(number)
