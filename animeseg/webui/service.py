"""One `Service` a process: all front ends of the WebUI find characters through it.

It knows where models run, what becomes of them after use, what to do when memory runs out, and
when the user wants it to end.

Order of locks: the host's queue (`animeseg.webui.host.queue`), then the service's own, then those
of `animeseg.weights.cache` and of the models. Nothing takes the host's queue while it holds one of
the later ones, so no circle can form.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from animeseg.watch import Watch
from animeseg.webui import host
from animeseg.webui.models import HostModels

if TYPE_CHECKING:
    from animeseg.images import Picture, Source
    from animeseg.instances import Note, Segmentation
    from animeseg.options import Options
    from animeseg.refine.sam import Sam
    from animeseg.webui.ladder import Rung

Answer = TypeVar("Answer")

LINGER_SECONDS = 30.0
"""After a click Segment Anything stays where it is for so long, for the next one."""


class Service:
    """Finds characters for every front end, one picture at a time.

    Args:
        models: where models come from; default: as the host and the settings say.
    """

    def __init__(self, models: HostModels | None = None) -> None:
        self.models = models or HostModels()
        self._lock = threading.RLock()
        self._depth = 0
        self._timer: threading.Timer | None = None

    def segment(
        self,
        image: Source | Picture,
        options: Options | None = None,
        *,
        watch: Watch | None = None,
    ) -> Segmentation:
        """Segments one picture; see `animeseg.segmenter.Segmenter`.

        Args:
            image: what the picture gate accepts.
            options: what to look for.
            watch: progress and interruption; default: the host's.

        Raises:
            AnimesegError: the picture cannot be read, a model cannot be loaded, or there is not
                enough memory on any rung of the ladder.
        """
        from animeseg.images import Picture, read_image
        from animeseg.options import Options
        from animeseg.segmenter import Segmenter

        picture = image if isinstance(image, Picture) else read_image(image)
        segmenter = Segmenter(options or Options(), models=self.models)
        with self.session():
            result, notes = self._climb(
                lambda: segmenter(picture, watch=watch or host_watch()),
            )
        return replace(result, notes=result.notes + notes) if notes else result

    def ask(
        self, options: Options, question: Callable[[Sam], Answer]
    ) -> tuple[Answer, tuple[Note, ...]]:
        """Puts ``question`` to the Segment Anything model that ``options`` name.

        The model stays where it is for `LINGER_SECONDS`, so that the next click finds it there.

        Args:
            options: which model.
            question: gets the model for itself; may be called again when memory runs out.

        Returns:
            Its answer, and what is to be told about memory.

        Raises:
            AnimesegError: the model cannot be loaded, or memory ran out for good.
        """
        with self._lock:
            try:
                return self._climb(lambda: question(self.models.sam(options)))
            finally:
                self._linger()

    def sam(self, options: Options) -> Sam:
        """The Segment Anything model that ``options`` name, ready on its device.

        It may be moved, but never taken away, while the caller holds it. `ask` also knows what to
        do when memory runs out.

        Raises:
            AnimesegError: the model cannot be loaded.
        """
        with self._lock:
            try:
                return self.models.sam(options)
            finally:
                self._linger()

    @contextmanager
    def session(self) -> Iterator[None]:
        """Keeps models where they are until several pictures are done.

        Other threads wait. At the end models go where the settings want them.
        """
        with self._lock:
            self._cancel_timer()
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if not self._depth:
                    self._after_use()

    def settle(self) -> None:
        """Does now what the settings want done with models after use."""
        with self._lock:
            self._cancel_timer()
            if not self._depth:
                self._after_use()

    def release(self) -> None:
        """Frees the memory of all models; the next picture loads them again."""
        with self._lock:
            self._cancel_timer()
            self.models.unload()

    def _climb(self, attempt: Callable[[], Answer]) -> tuple[Answer, tuple[Note, ...]]:
        from animeseg.webui.ladder import climb

        try:
            return climb(attempt, self._rungs())
        finally:
            self.models.spare(prompts_at_once=None, on_cpu=False)

    def _rungs(self) -> Iterator[Rung]:
        from animeseg.webui.ladder import Rung

        yield Rung("oom_cache", "caches were emptied", _empty_caches)  # `climb` collects garbage
        yield Rung(
            "oom_batches",
            "Segment Anything was asked about fewer characters at once",
            partial(self.models.spare, prompts_at_once=4),
        )
        if not self.models.on_cpu:
            yield Rung("oom_host", "the host was asked to free graphics memory", self._free_host)
            yield Rung(
                "oom_cpu",
                "it was done on the CPU",
                partial(self.models.spare, on_cpu=True),
                "choose a smaller Segment Anything model, or unload models after use in Settings",
            )

    def _free_host(self) -> None:
        self.models.park()
        host.free_memory()

    def _after_use(self) -> None:
        policy = host.setting("animeseg_memory")
        if policy == "unload after use":
            self.models.unload()
        elif policy == "move to CPU" and self.models.park():
            _empty_caches()

    def _linger(self) -> None:
        self._cancel_timer()
        if not self._depth:
            self._timer = threading.Timer(LINGER_SECONDS, self.settle)
            self._timer.daemon = True
            self._timer.start()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


_lock = threading.Lock()
_services: list[Service] = []


def service() -> Service:
    """The service of this process, made at the first call."""
    with _lock:
        if not _services:
            _services.append(Service())
        return _services[0]


def existing() -> Service | None:
    """The service of this process if anybody has used it."""
    return _services[0] if _services else None


def host_watch(title: str = "animeseg") -> Watch:
    """Obeys the host's Interrupt and Skip, and shows progress under its bar."""
    return Watch(
        should_stop=lambda: host.stopping() or host.skipping(),
        progress=lambda done, total: host.show_progress(f"{title}: {done} of {total}"),
    )


def _empty_caches() -> None:
    """Gives memory that torch keeps for later back to the system.

    Without a collection of garbage, which takes a good part of a second in a host.
    """
    torch = sys.modules.get("torch")
    if torch is None:
        return
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()
