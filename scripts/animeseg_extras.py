"""The step in the Extras tab. What it does is in ``animeseg/webui/extras.py``."""

from __future__ import annotations

from typing import Any

from modules import scripts_postprocessing

from animeseg.webui import entry, extras, host

if host.setting("animeseg_extras"):

    class AnimesegStep(scripts_postprocessing.ScriptPostprocessing):
        """One picture after the other."""

        name = extras.NAME
        order = extras.ORDER

        def ui(self) -> dict[str, Any]:
            """The step's panel; a dictionary whatever happens, or the host does not start."""
            return entry.panel_or_message(extras.ui, extras.NAME, "extras_animeseg_enabled") or {}

        def process(self, pp: Any, **args: Any) -> None:
            """All arguments are None when the host's own Extras API calls."""
            extras.process(pp, args)
