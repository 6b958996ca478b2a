"""Models as the host and the settings want them: where from, on which device, with what left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from animeseg.limits import Environment, read_environment
from animeseg.loading import ModelSource
from animeseg.webui import host

if TYPE_CHECKING:
    from animeseg.detect import Detector
    from animeseg.instances import Note
    from animeseg.options import Options
    from animeseg.refine import Refiner
    from animeseg.refine.sam import Sam
    from animeseg.watch import Watch


class HostModels(ModelSource):
    """Loads what options name, on the device that the host and the settings say.

    ``device`` of the options is followed where it is not ``auto``. What the panel asks for stays
    in the result's options; only the loading sees the device.

    """

    def __init__(self) -> None:
        super().__init__(allow_paths=False, environment=environment, progress=_told)
        self._prompts_at_once: int | None = None
        self._on_cpu = False

    @property
    def on_cpu(self) -> bool:
        """Whether everything runs on the CPU anyway."""
        from animeseg.loading import pick_device

        wanted = host.device()
        return self._on_cpu or (pick_device(wanted) if wanted == "auto" else wanted) == "cpu"

    def device(self, wanted: str) -> str:
        """The device for a model whose options say ``wanted``, as torch names it."""
        from animeseg.loading import pick_device

        if self._on_cpu:
            return "cpu"
        return pick_device(host.device() if wanted == "auto" else wanted)

    def detector(self, options: Options) -> Detector:
        """See `ModelSource.detector`; on the CPU in the host's low-memory modes if so set."""
        spared = host.setting("animeseg_low_memory_cpu") and host.memory_mode() != "normal"
        if spared and options.device == "auto":
            return super().detector(_on_the_cpu(options))
        return super().detector(self._placed(options))

    def sam(self, options: Options) -> Sam:
        """See `ModelSource.sam`."""
        from animeseg.refine.sam import PROMPTS_AT_ONCE

        sam = super().sam(self._placed(options))
        sam.prompts_at_once = self._prompts_at_once or PROMPTS_AT_ONCE
        return sam

    def refiner(
        self, options: Options, watch: Watch | None = None
    ) -> tuple[Refiner | None, tuple[Note, ...]]:
        """See `ModelSource.refiner`."""
        if self._prompts_at_once:
            most = min(options.vote_points_per_batch, self._prompts_at_once)
            options = options.replace(vote_points_per_batch=most)
        return super().refiner(options, watch)

    def spare(self, *, prompts_at_once: int | None = 4, on_cpu: bool | None = None) -> None:
        """Needs less memory from the next loading on.

        Args:
            prompts_at_once: prompts that Segment Anything answers at once; None: as usual.
            on_cpu: whether everything runs on the CPU; None: as before.
        """
        self._prompts_at_once = prompts_at_once
        if on_cpu is not None and on_cpu != self._on_cpu:
            self._on_cpu = on_cpu
            if on_cpu:
                self.unload()  # what lies on the graphics card would only be in the way

    def places(self) -> Sequence[Path]:
        """The folders of the flag, the settings and the host, as they are now."""
        return host.model_dirs()

    def may_download(self) -> bool:
        """What the settings say now."""
        return bool(host.setting("animeseg_download"))

    def _placed(self, options: Options) -> Options:
        if self._on_cpu:
            return _on_the_cpu(options)
        return options.replace(device=self.device(options.device))


def _on_the_cpu(options: Options) -> Options:
    """Where it is us who put a model on the CPU, half precision, which it lacks, is no mistake."""
    return options.replace(device="cpu", precision="fp32")


def environment() -> Environment:
    """What the environment variables say, with the host's folder and the user's settings."""
    read = read_environment()
    said = (host.setting("animeseg_offline"), host.cmd_option("animeseg_offline"))
    return replace(read, offline=read.offline or any(said))


def _told(name: str, done: int, total: int) -> None:
    part = f"{done / total:.0%}" if total else f"{done / 2**20:.0f} MB"
    host.show_progress(f"animeseg downloads {name}: {part}")
