"""From a pass and its regions to the nested runs that draw them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from animeseg.options.inpaint import KEEP
from animeseg.webui import host
from animeseg.webui.host import lists
from animeseg.webui.pass_axes import REPLACEMENTS
from animeseg.webui.pass_mask import draw_size, strength
from animeseg.webui.prompts import Prompt, prompts_for

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

    from animeseg.options import PassOptions
    from animeseg.webui.controlnet import Participants
    from animeseg.webui.pass_mask import Regions

NESTED = "animeseg_nested"
"""Attribute of the processing object of a nested run, in which there are no passes."""


@dataclass(frozen=True, eq=False)
class Plan:
    """One region that is to be drawn.

    Attributes:
        row: its number among the regions of the pass, from 0.
        mask: (H, W) bool, True where it is drawn.
        prompt: with styles, ready for the host.
        negative_prompt: likewise.
        seed: of the region.
        subseed: of the region.
    """

    row: int
    mask: NDArray[np.bool_]
    prompt: str
    negative_prompt: str
    seed: int
    subseed: int


def plans_of(p: Any, index: int, unit: PassOptions, found: Regions) -> list[Plan]:
    """The regions that are to be drawn, in order; those whose prompt is ``[SKIP]`` are left out.

    Args:
        p: the host's processing object.
        index: number of the picture in the job.
        unit: the pass.
        found: its regions.
    """
    positive = prompts_for(unit.prompt, _of(p, index, "all_prompts", "prompt"), found.instances)
    negative = prompts_for(
        unit.negative_prompt,
        _of(p, index, "all_negative_prompts", "negative_prompt"),
        found.instances,
    )
    seed = int(_of(p, index, "all_seeds", "seed"))
    subseed = int(_of(p, index, "all_subseeds", "subseed"))
    plans = []
    for row, mask in enumerate(found.masks):
        one, other = positive[row], negative[row]
        if one is None or other is None:
            continue
        shift = 0 if unit.same_seed else row
        prompts = _styled(one, p), _styled(other, p, negative=True)
        plans.append(Plan(row, mask, *prompts, seed + shift, subseed + shift))
    return plans


def job_of(
    p: Any, unit: PassOptions, plan: Plan, image: Image.Image, others: Participants
) -> host.InpaintJob:
    """The nested run that draws ``plan`` on ``image``.

    Args:
        p: the host's processing object.
        unit: the pass.
        plan: of one region.
        image: the picture as it is now.
        others: scripts of others that take part.
    """
    from PIL import Image

    width, height = draw_size(unit, plan.mask, (int(p.width), int(p.height)))
    return host.InpaintJob(
        image=image.convert("RGB"),
        mask=Image.fromarray(plan.mask.astype(np.uint8) * np.uint8(255)),
        prompt=plan.prompt,
        negative_prompt=plan.negative_prompt,
        seed=plan.seed,
        subseed=plan.subseed,
        mask_blur=unit.mask_blur,
        only_masked=unit.only_masked,
        padding=unit.padding,
        denoising_strength=strength(unit, plan.mask),
        width=width,
        height=height,
        steps=unit.steps or None,
        cfg_scale=unit.cfg_scale or None,
        sampler=_named(unit.sampler),
        scheduler=_named(unit.scheduler),
        noise_multiplier=unit.noise_multiplier or None,
        restore_faces=unit.restore_faces,
        override_settings=_override_settings(unit),
        scripts=others.scripts,
        script_args=others.script_args,
        attributes=_attributes(p),
    )


def _override_settings(unit: PassOptions) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    if checkpoint := _named(unit.checkpoint):
        settings["sd_model_checkpoint"] = checkpoint
    if vae := _named(unit.vae):
        settings.update(lists.vae_settings(vae))
    if unit.clip_skip:
        settings["CLIP_stop_at_last_layers"] = unit.clip_skip
    return settings


def _attributes(p: Any) -> dict[str, Any]:
    """What the nested run has of ``p`` beyond its arguments, as far as this host knows it."""
    kept = ("image_cfg_scale", "distilled_cfg_scale")
    more = {name: getattr(p, name) for name in kept if getattr(p, name, None) is not None}
    # The prompts hold the styles already.
    return {NESTED: True, "styles": [], **more}


def _styled(prompt: Prompt, p: Any, *, negative: bool = False) -> str:
    """The prompt as the host would have it: the picture's own has its styles already."""
    text = prompt.text
    for searched, replacement in getattr(p, REPLACEMENTS, ()):
        text = text.replace(searched, replacement)
    if not prompt.is_own:
        return text
    return lists.styled(text, getattr(p, "styles", None) or (), negative=negative)


def _named(name: str) -> str | None:
    return None if name in ("", KEEP) else name


def _of(p: Any, index: int, many: str, one: str) -> Any:
    """What picture ``index`` has of a list of the job, in turn if the list is short."""
    values = getattr(p, many, None)
    return values[index % len(values)] if values else getattr(p, one)
