"""A nested img2img run: one region of a picture, drawn again by the host."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from animeseg.webui.host.modules import module, shared

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True)
class InpaintJob:
    """What one nested run draws; None or -1 means: as the generation has it.

    Attributes:
        image: the picture, RGB.
        mask: mode L, 255 where it is drawn again.
        prompt: of the region.
        negative_prompt: of the region.
        seed: of the region.
        subseed: variation seed; strength is the generation's.
        mask_blur: softness of the mask's edge, pixels.
        fill: what is under the mask at the start; 1 the picture itself.
        only_masked: whether the region is drawn enlarged, by itself.
        padding: surroundings looked at with it, pixels.
        invert: whether everything else is drawn instead.
        denoising_strength: 0 to 1.
        width: of what is drawn, pixels.
        height: of what is drawn, pixels.
        steps: sampling steps.
        cfg_scale: guidance.
        sampler: name in the host.
        scheduler: name in the host; ignored by hosts without schedulers.
        noise_multiplier: noise added at the start.
        restore_faces: whether the host restores faces.
        override_settings: the host's options for this run (checkpoint, VAE, CLIP skip).
        scripts: runner with the scripts of others that take part, or None.
        script_args: their arguments.
        attributes: set on the run's processing object as they are.
    """

    image: Image.Image
    mask: Image.Image
    prompt: str
    negative_prompt: str
    seed: int
    subseed: int = -1
    mask_blur: int = 4
    fill: int = 1
    only_masked: bool = True
    padding: int = 32
    invert: bool = False
    denoising_strength: float = 0.4
    width: int | None = None
    height: int | None = None
    steps: int | None = None
    cfg_scale: float | None = None
    sampler: str | None = None
    scheduler: str | None = None
    noise_multiplier: float | None = None
    restore_faces: bool = False
    override_settings: Mapping[str, Any] = field(default_factory=dict)
    scripts: Any = None
    script_args: tuple[Any, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)


def inpaint(p: Any, job: InpaintJob) -> list[Image.Image]:
    """Runs ``job`` with the models and settings of ``p``, saving nothing.

    Returns:
        The picture, redrawn; empty when the user interrupted before there was one, and without a
        host.
    """
    processing = module("processing")
    if processing is None:
        return []
    run = _run_of(processing, p, job)
    try:
        with _own_progress(), _no_traces(job.override_settings):
            done = processing.process_images(run)
        first = int(getattr(done, "index_of_first_image", 0) or 0)
        return list(done.images[first : first + 1])
    finally:
        run.close()
        _merge_tokens_again(p)


def _run_of(processing: Any, p: Any, job: InpaintJob) -> Any:
    kind = processing.StableDiffusionProcessingImg2Img
    values = _values(p, job)
    if "scheduler" not in inspect.signature(kind).parameters:
        values.pop("scheduler")  # the host came to know schedulers in 1.9
    run = kind(**values)
    run.scripts = job.scripts
    run.script_args = job.script_args if job.scripts is not None else []
    for name, value in job.attributes.items():
        setattr(run, name, value)
    # What the host does for every img2img: names of checkpoints and users stay those of p.
    run.cached_c, run.cached_uc = [None, None], [None, None]
    run.user = getattr(p, "user", None)
    return run


def _values(p: Any, job: InpaintJob) -> dict[str, Any]:
    return {
        "init_images": [job.image],
        "mask": job.mask,
        "mask_blur": job.mask_blur,
        "inpainting_fill": job.fill,
        "inpaint_full_res": job.only_masked,
        "inpaint_full_res_padding": job.padding,
        "inpainting_mask_invert": int(job.invert),
        "resize_mode": 0,
        "denoising_strength": job.denoising_strength,
        "initial_noise_multiplier": job.noise_multiplier,
        "sd_model": p.sd_model,
        "outpath_samples": p.outpath_samples,
        "outpath_grids": p.outpath_grids,
        "prompt": job.prompt,
        "negative_prompt": job.negative_prompt,
        "styles": p.styles,
        "seed": job.seed,
        "subseed": job.subseed,
        "subseed_strength": p.subseed_strength,
        "seed_resize_from_h": p.seed_resize_from_h,
        "seed_resize_from_w": p.seed_resize_from_w,
        "sampler_name": job.sampler or p.sampler_name,
        "scheduler": job.scheduler or getattr(p, "scheduler", None),
        "batch_size": 1,
        "n_iter": 1,
        "steps": job.steps or p.steps,
        "cfg_scale": job.cfg_scale or p.cfg_scale,
        "width": job.width or p.width,
        "height": job.height or p.height,
        "tiling": p.tiling,
        "restore_faces": job.restore_faces,
        "extra_generation_params": {},
        "do_not_save_samples": True,
        "do_not_save_grid": True,
        "override_settings": dict(job.override_settings),
    }


@contextmanager
def _own_progress() -> Iterator[None]:
    """Leaves the progress of the outer job as the nested run found it, one job further."""
    state = getattr(shared(), "state", None)
    names = ("sampling_step", "sampling_steps", "current_latent", "job_count", "job_no")
    before = {name: getattr(state, name) for name in names if hasattr(state, name)}
    try:
        yield
    finally:
        done = getattr(state, "job_no", 0)
        for name, value in before.items():
            setattr(state, name, value)
        if state is not None and before.get("job_count", -1) > 0:
            state.job_no = done


_QUIET = {
    "multiple_tqdm": False,
    "overlay_inpaint": True,
    "return_mask": False,
    "return_mask_composite": False,
    "save_init_img": False,
}
"""The host's options during a nested run: it gives back one whole picture and leaves no files."""


@contextmanager
def _no_traces(overridden: Iterable[str]) -> Iterator[None]:
    """Keeps the nested run out of the total progress, and its prompt out of ``params.txt``, from
    which the host brings back the last generation.

    The host puts back only those of its ``overridden`` options that were ever saved; the others
    get their defaults before, so that it puts back these as well.
    """
    flags = vars(getattr(shared(), "cmd_opts", SimpleNamespace()))
    options = getattr(shared(), "opts", None)
    data, labels = getattr(options, "data", {}), getattr(options, "data_labels", {})
    unsaved = {name: labels[name].default for name in overridden if name in labels}
    unsaved = {name: value for name, value in unsaved.items() if name not in data}
    with _changed(flags, {"no_prompt_history": True}), _changed(data, {**unsaved, **_QUIET}):
        yield


@contextmanager
def _changed(values: dict[str, Any], changes: Mapping[str, Any]) -> Iterator[None]:
    """``values`` with ``changes``, and afterwards as they were."""
    before = {name: values[name] for name in changes if name in values}
    values.update(changes)
    try:
        yield
    finally:
        for name in changes:
            values.pop(name, None)
        values.update(before)


def _merge_tokens_again(p: Any) -> None:
    """AUTOMATIC1111 ends token merging with every run; the batches that follow still want it."""
    merge = getattr(module("sd_models"), "apply_token_merging", None)
    ratio = getattr(p, "get_token_merging_ratio", None)
    if callable(merge) and callable(ratio) and (wanted := ratio()):
        merge(p.sd_model, wanted)
