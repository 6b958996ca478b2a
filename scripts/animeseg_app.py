"""Settings, the tab, the HTTP routes and the grid axes: all that the host calls back."""

from __future__ import annotations

from animeseg.webui import entry

entry.register()
