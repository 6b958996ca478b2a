"""Keeping what was corrected by hand, so that a model can be trained on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from animeseg.__about__ import __version__
from animeseg.export.corrections import correction_files
from animeseg.files import write_file
from animeseg.webui.models import environment

if TYPE_CHECKING:
    from animeseg.options import Options
    from animeseg.webui.tab.session import Session
    from animeseg.webui.tab.workbench import Workbench


def save(session: Session, bench: Workbench, options: Options) -> Path:
    """Writes the picture and the characters that are in the result; gives the folder.

    The same picture saved again replaces what was saved of it before.

    Raises:
        BadImageError: there is no picture yet.
        OutputError: the folder cannot be written.
        DiskFullError: no space.
    """
    picture, scene = session.shown()
    folder = environment().home / "corrections"
    left_out = len(scene.found) - len(scene.chosen)
    files = correction_files(
        picture.rgb,
        bench.cleaned(session, options)[sorted(scene.chosen)],
        provenance={
            "animeseg": __version__,
            "models": [
                {"role": model.role, "name": model.name, "sha256": model.sha256}
                for model in session.models
            ],
            "options": options.changed(),
        },
        edits=(*scene.edits, *("removed",) * left_out),
    )
    for name, content in files.items():
        write_file(folder / name, content, overwrite=True)
    return folder
