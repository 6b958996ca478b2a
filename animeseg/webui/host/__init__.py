"""What this extension asks of its host, and the only place that touches the host's modules.

    modules.py      access to ``modules.*``, which host this is
    state.py        jobs, progress, interruption, the queue
    settings.py     settings and command-line flags
    machine.py      device, memory, folders
    saving.py       file names, infotext
    ui.py           components, callbacks, pasting
    inpaint.py      a nested img2img run
    alpha.py        keeps the host from filling alpha channels

Every function also works without a host: it then says what is true of none. Nothing here is
imported from the host before it is asked for.
"""

from __future__ import annotations

from animeseg.webui.host.alpha import keep_alpha
from animeseg.webui.host.inpaint import InpaintJob, inpaint
from animeseg.webui.host.machine import (
    device,
    extension_dir,
    free_memory,
    memory_mode,
    model_dirs,
    models_path,
)
from animeseg.webui.host.modules import Family, family, host_version, present
from animeseg.webui.host.saving import file_path, image_index, infotext, save_image, saves
from animeseg.webui.host.settings import (
    add_settings,
    cmd_option,
    host_option,
    override,
    setting,
)
from animeseg.webui.host.state import (
    add_jobs,
    cut_short,
    holding_queue,
    job,
    queue,
    show_progress,
    skipping,
    stopping,
)
from animeseg.webui.host.ui import on, register_paste, ui

__all__ = [
    "Family",
    "InpaintJob",
    "add_jobs",
    "add_settings",
    "cmd_option",
    "cut_short",
    "device",
    "extension_dir",
    "family",
    "file_path",
    "free_memory",
    "holding_queue",
    "host_option",
    "host_version",
    "image_index",
    "infotext",
    "inpaint",
    "job",
    "keep_alpha",
    "memory_mode",
    "model_dirs",
    "models_path",
    "on",
    "override",
    "present",
    "queue",
    "register_paste",
    "save_image",
    "saves",
    "setting",
    "show_progress",
    "skipping",
    "stopping",
    "ui",
]
