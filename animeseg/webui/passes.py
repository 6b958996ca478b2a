"""Inpaint passes over a generated picture: each instance of a target is drawn again.

A pass, in this order: the target is found on the picture as the passes before left it; instances
are filtered by area, of those the top k are kept; masks are moved, grown, merged or inverted; in
inpainting only what touches the user's own mask stays; then each is drawn by a nested img2img run
of the host, one after the other. Whatever goes wrong in a pass costs that pass, never the picture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from animeseg.images import read_image
from animeseg.instances import Note
from animeseg.targets import PictureFinder, evaluate, parse
from animeseg.webui import host
from animeseg.webui.controlnet import participants
from animeseg.webui.guard import tell
from animeseg.webui.pass_job import NESTED, job_of, plans_of
from animeseg.webui.pass_mask import (
    Regions,
    chosen,
    meeting,
    pass_options,
    regions,
)
from animeseg.webui.settings import ORDER_OF_PANEL

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

    from animeseg.images import Picture
    from animeseg.instances import Segmentation
    from animeseg.options import Options, PassOptions

    Segment = Callable[[Picture, Options], Segmentation]

_DRAWN = 128
_ADETAILER = "_ad_inner"
"""Attribute of a nested run of ADetailer's, which may have been told to run every script."""


@dataclass(frozen=True, eq=False)
class PassesResult:
    """What the passes made of a picture.

    Attributes:
        image: the picture after the passes; the given one if nothing was drawn.
        drawn: how many instances were drawn.
        notes: what the user should know, each once.
    """

    image: Image.Image
    drawn: int = 0
    notes: tuple[Note, ...] = ()


def run_passes(
    p: Any,
    image: Image.Image,
    units: Sequence[PassOptions],
    panel: Options,
    *,
    segment: Segment | None = None,
) -> PassesResult:
    """Makes the enabled passes of ``units``; never raises.

    Interrupt ends all passes, Skip those of this picture; what was drawn until then stays, and an
    instance that was half drawn does not.

    Args:
        p: the host's processing object, inside its ``postprocess_image``.
        image: the generated picture.
        units: the passes, in their order.
        panel: how characters are found.
        segment: finds instances; default: the service.
    """
    active = [(number, unit) for number, unit in enumerate(units, 1) if unit.enabled]
    if not active or any(getattr(p, name, False) for name in (NESTED, _ADETAILER)):
        return PassesResult(image)
    if segment is None:
        from animeseg.webui.service import service

        segment = service().segment
    work = _Work(p, image, panel, segment)
    for number, unit in active:
        if _ends():
            break
        work.make(number, unit)
    return PassesResult(work.image, work.drawn, tuple(dict.fromkeys(work.notes)))


class _Work:
    """The passes over one picture.

    Attributes:
        image: as it is now.
        drawn: instances drawn so far.
        notes: what there is to tell.
    """

    def __init__(self, p: Any, image: Image.Image, panel: Options, segment: Segment) -> None:
        self.image, self.drawn = image, 0
        self.notes: list[Note] = []
        self._p, self._panel, self._segment = p, panel, segment
        self._index = host.image_index(p)
        self._picture: Picture | None = None
        self._seen: dict[str, Segmentation] = {}
        self._kept_before = False

    def make(self, number: int, unit: PassOptions) -> None:
        """Makes pass ``number``, or says why it could not be made."""
        before, drawn = self.image, self.drawn
        try:
            self._make(number, _with_settings(unit))
        except Exception as error:  # the edge: the picture comes out as it was before this pass
            self._replace(before)
            self.drawn = drawn
            line = tell(error, f"pass {number}").removeprefix("[animeseg] ")
            self.notes.append(Note("pass_failed", f"pass {number}: {line}"))
        finally:
            host.show_progress("")

    def _make(self, number: int, unit: PassOptions) -> None:
        host.show_progress(f"animeseg: pass {number}, {unit.target}")
        found = self._found(unit)
        if _ends():
            return
        if not len(found):
            message = f"pass {number}: no {unit.target} to draw on picture {self._index + 1}"
            self.notes.append(Note("pass_empty", message))
            return
        others = participants(self._p, unit, _script_names())
        if others.note:
            self.notes.append(others.note)
        plans = plans_of(self._p, self._index, unit, found)
        if plans:
            self._save(number, found)
            host.add_jobs(len(plans))
        for plan in plans:
            host.show_progress(f"animeseg: pass {number}, {plan.row + 1} of {len(found)}")
            if _ends() or not self._draw(job_of(self._p, unit, plan, self.image, others)):
                return

    def _found(self, unit: PassOptions) -> Regions:
        expression = parse(unit.target)
        if self._picture is None:
            self._picture = read_image(self.image.convert("RGB"))
        picture = self._picture

        def search(options: Options) -> Segmentation:
            key = options.to_json()
            if key not in self._seen:
                self._seen[key] = self._segment(picture, options)
            return self._seen[key]

        finder = PictureFinder(
            picture.rgb.shape[:2],
            search,
            lambda kind: pass_options(self._panel, unit, kind, expression.leading),
        )
        instances = evaluate(expression, finder)
        self.notes += finder.notes
        return meeting(regions(chosen(instances, unit), unit), self._allowed())

    def _allowed(self) -> NDArray[np.bool_] | None:
        """(H, W) bool: the mask the user inpaints with, as it lies on the picture; or None."""
        mask = getattr(self._p, "mask_for_overlay", None)
        if mask is None:
            return None
        mask = mask.convert("L")
        if place := getattr(self._p, "paste_to", None):
            left, top, width, height = place  # only masked: the picture is this part of it
            mask = mask.crop((left, top, left + width, top + height))
        return np.asarray(np.asarray(mask.resize(self.image.size)) >= _DRAWN, np.bool_)

    def _draw(self, job: host.InpaintJob) -> bool:
        """Draws one region; False if the user ended it, which leaves the picture as it was."""
        images = host.inpaint(self._p, job)
        if not images or host.cut_short():
            return False
        drawn = images[0].convert("RGB")
        self._replace(drawn if drawn.size == self.image.size else drawn.resize(self.image.size))
        self.drawn += 1
        return True

    def _replace(self, image: Image.Image) -> None:
        if image is not self.image:
            self.image, self._picture = image, None
            self._seen.clear()

    def _save(self, number: int, found: Regions) -> None:
        """Saves the picture as it is before the passes, and what this one found, if so set."""
        if not host.saves(self._p):
            return
        suffix = host.setting("animeseg_save_suffix")
        if host.setting("animeseg_save_before") and not self._kept_before:
            self._keep(self.image, f"{suffix}-before")
            self._kept_before = True
        if host.setting("animeseg_save_previews") and self._picture is not None:
            from PIL import Image

            from animeseg.export import overlay

            shown = found.instances.with_masks(np.stack(found.masks))
            drawn = overlay(self._picture.rgb, shown)
            self._keep(Image.fromarray(drawn), f"{suffix}-pass-{number}")

    def _keep(self, image: Image.Image, suffix: str) -> None:
        text = host.infotext(self._p, self._index)
        host.save_image(image, self._p, index=self._index, suffix=suffix, infotext=text)


def _with_settings(unit: PassOptions) -> PassOptions:
    """The pass, with what the settings say for all of them."""
    order = host.setting("animeseg_order")
    return unit.replace(
        order=unit.order if order == ORDER_OF_PANEL else order,
        same_seed=unit.same_seed or host.setting("animeseg_same_seed"),
    )


def _script_names() -> list[str]:
    names = str(host.setting("animeseg_pass_scripts")).split(",")
    return [name.strip() for name in names if name.strip()]


def _ends() -> bool:
    return host.stopping() or host.skipping()
