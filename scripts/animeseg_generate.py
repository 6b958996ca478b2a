"""The panel of txt2img and img2img. What it does is in ``animeseg/webui/generate.py``."""

from __future__ import annotations

from typing import Any

from modules import scripts

from animeseg.webui import entry, generate, panel, pass_controls


class AnimesegPanel(scripts.Script):
    """Always there; does nothing while its panel is off."""

    def title(self) -> str:
        """Name in the host's API; frozen."""
        return generate.TITLE

    def show(self, is_img2img: bool) -> Any:
        """In both tabs, below the other settings."""
        return scripts.AlwaysVisible

    def ui(self, is_img2img: bool) -> list[Any]:
        """Called several times by the host; nothing outlives a call but the fields it reads."""
        elem_id = f"{panel.elem_prefix(is_img2img)}_enabled"
        made = entry.panel_or_message(
            lambda: panel.build(is_img2img, pass_controls.build_passes), generate.TITLE, elem_id
        )
        self.infotext_fields = made.infotext_fields if made else []
        self.paste_field_names = made.paste_field_names if made else []
        return made.components if made else []

    def before_process(self, p: Any, *args: Any) -> None:
        """Before the host makes anything."""
        entry.settle()
        generate.before_process(p, args)

    def process(self, p: Any, *args: Any) -> None:
        """Once a job."""
        generate.process(p, args)

    def postprocess_image(self, p: Any, pp: Any, *args: Any) -> None:
        """For every picture; in inpainting of the masked part only, of that part."""
        generate.postprocess_image(p, pp, args)

    def postprocess_image_after_composite(self, p: Any, pp: Any, *args: Any) -> None:
        """For every picture as it comes out; hosts since 1.8."""
        generate.postprocess_image_after_composite(p, pp, args)

    def postprocess(self, p: Any, processed: Any, *args: Any) -> None:
        """When all pictures are there."""
        generate.postprocess(p, processed, args)
