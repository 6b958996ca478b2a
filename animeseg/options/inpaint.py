"""The options of one inpaint pass: which characters are drawn again, and how."""

from __future__ import annotations

from dataclasses import dataclass

from animeseg.errors import OptionError
from animeseg.options._knob import OptionSet, knob
from animeseg.options.segment import ORDERS

KEEP = "same as the picture"
"""Choice of a name (sampler, checkpoint, ...) that leaves it as the generation has it."""


@dataclass(frozen=True, kw_only=True)
class PassOptions(OptionSet):
    """One inpaint pass over generated pictures.

    The labels are those that ADetailer's users know, wherever the meaning is the same.

    ``0`` in a number and `KEEP` in a name mean: as the generation itself has it, where the help
    says so.
    """

    enabled: bool = knob(False, "Pass", "Enable pass", "Whether this pass is made.")
    target: str = knob(
        "character",
        "Pass",
        "Pass target",
        "What is drawn again: character, face, hand, background, one of them as in character[0] "
        "or @left, or an expression such as character[0] - face.",
    )
    prompt: str = knob(
        "",
        "Pass",
        "Pass prompt",
        "Prompt of the pass; empty takes the picture's. [SEP] parts the prompts of the first, "
        "second, ... instance, [SKIP] leaves an instance as it is, [PROMPT] stands for the "
        "picture's prompt; [@left] at the start of a part binds it to the leftmost.",
    )
    negative_prompt: str = knob(
        "",
        "Pass",
        "Pass negative prompt",
        "Negative prompt of the pass; the same words work in it.",
    )
    confidence: float = knob(
        0.0,
        "Pass detection",
        "Pass confidence threshold",
        "Detections of what the target names first that score lower are left alone; 0 takes the "
        "model's own threshold.",
        span=(0.0, 1.0),
        step=0.01,
    )
    model: str = knob(
        "",
        "Pass detection",
        "Pass detector",
        "Detector of what the target names first, a name in the catalog; empty takes the panel's "
        "for characters and the bundled one for faces.",
    )
    classes: str = knob(
        "",
        "Pass detection",
        "Pass detector classes",
        "Class names to keep, parted by commas; empty keeps all.",
    )
    top_k: int = knob(
        0,
        "Pass detection",
        "Mask only the top k",
        "Work on this many instances; 0 on all.",
        span=(0, 100),
        step=1,
    )
    top_by: str = knob(
        "area",
        "Pass detection",
        "Mask filter method",
        "What decides which instances are kept.",
        choices=("area", "confidence"),
    )
    min_area: float = knob(
        0.0,
        "Pass detection",
        "Mask min area ratio",
        "Smaller instances are left alone; a fraction of the picture.",
        span=(0.0, 1.0),
        step=0.001,
    )
    max_area: float = knob(
        1.0,
        "Pass detection",
        "Mask max area ratio",
        "Larger instances are left alone; a fraction of the picture.",
        span=(0.0, 1.0),
        step=0.001,
    )
    area_of: str = knob(
        "mask",
        "Pass detection",
        "Mask area of",
        "Whether areas are those of the mask or of its box.",
        choices=("mask", "box"),
    )
    order: str = knob(
        "left-to-right",
        "Pass detection",
        "Pass order",
        "Order in which instances are numbered and drawn.",
        choices=ORDERS,
    )
    grow: float = knob(
        4.0,
        "Pass mask",
        "Mask erosion / dilation",
        "The mask grows (or, if negative, shrinks) by this radius, in pixels.",
        span=(-256.0, 256.0),
        step=0.5,
    )
    offset_x: int = knob(
        0,
        "Pass mask",
        "Mask x offset",
        "The mask is moved right by this many pixels.",
        span=(-1024, 1024),
        step=1,
    )
    offset_y: int = knob(
        0,
        "Pass mask",
        "Mask y offset",
        "The mask is moved down by this many pixels.",
        span=(-1024, 1024),
        step=1,
    )
    merge: str = knob(
        "none",
        "Pass mask",
        "Mask merge mode",
        "none draws each instance by itself; merge all at once; merge and invert everything else.",
        choices=("none", "merge", "merge and invert"),
    )
    mask_blur: int = knob(
        4,
        "Pass inpainting",
        "Inpaint mask blur",
        "How soft the edge of the inpainted region is, in pixels.",
        span=(0, 64),
        step=1,
    )
    denoise: float = knob(
        0.4,
        "Pass inpainting",
        "Inpaint denoising strength",
        "How far the region may change.",
        span=(0.0, 1.0),
        step=0.01,
    )
    denoise_power: float = knob(
        0.0,
        "Pass inpainting",
        "Dynamic denoise power",
        "Small instances are denoised more (positive) or less (negative) than large ones: the "
        "strength is multiplied by this power of the share of the picture that the instance's box "
        "leaves free; 0 treats all alike.",
        span=(-10.0, 10.0),
        step=0.1,
    )
    only_masked: bool = knob(
        True,
        "Pass inpainting",
        "Inpaint only masked",
        "Whether the region is drawn enlarged, by itself, and put back.",
    )
    padding: int = knob(
        32,
        "Pass inpainting",
        "Inpaint only masked padding",
        "How much of the surroundings is looked at with it, in pixels.",
        span=(0, 512),
        step=4,
    )
    width: int = knob(
        0,
        "Pass inpainting",
        "Inpaint width",
        "Width at which the region is drawn; 0 takes the generation's.",
        span=(0, 4096),
        step=8,
    )
    height: int = knob(
        0,
        "Pass inpainting",
        "Inpaint height",
        "Height at which the region is drawn; 0 takes the generation's.",
        span=(0, 4096),
        step=8,
    )
    match_size: str = knob(
        "off",
        "Pass inpainting",
        "Match inpaint size to region",
        "Whether width and height follow the region's own proportions: strict to the nearest size "
        "SDXL was trained at, free to any multiples of 8 of about the same area.",
        choices=("off", "strict", "free"),
    )
    steps: int = knob(
        0,
        "Pass inpainting",
        "Inpaint steps",
        "Sampling steps; 0 takes the picture's.",
        span=(0, 150),
        step=1,
    )
    cfg_scale: float = knob(
        0.0,
        "Pass inpainting",
        "Inpaint CFG scale",
        "How closely the prompt is followed; 0 takes the picture's.",
        span=(0.0, 30.0),
        step=0.5,
    )
    sampler: str = knob(KEEP, "Pass inpainting", "Inpaint sampler", "Sampler of the pass.")
    scheduler: str = knob(KEEP, "Pass inpainting", "Inpaint scheduler", "Scheduler of the pass.")
    checkpoint: str = knob(KEEP, "Pass inpainting", "Inpaint checkpoint", "Checkpoint of the pass.")
    vae: str = knob(KEEP, "Pass inpainting", "Inpaint VAE", "VAE of the pass.")
    noise_multiplier: float = knob(
        0.0,
        "Pass inpainting",
        "Inpaint noise multiplier",
        "Noise added at the start; 0 takes the host's setting.",
        span=(0.0, 1.5),
        step=0.01,
    )
    clip_skip: int = knob(
        0,
        "Pass inpainting",
        "Inpaint CLIP skip",
        "Last layers of CLIP that are left out; 0 takes the picture's.",
        span=(0, 12),
        step=1,
    )
    restore_faces: bool = knob(
        False,
        "Pass inpainting",
        "Restore faces after pass",
        "Whether the host restores faces after it.",
    )
    same_seed: bool = knob(
        False,
        "Pass inpainting",
        "Same seed for all instances",
        "Whether every instance is drawn with the picture's seed, in place of the following ones.",
    )
    controlnet_model: str = knob(
        "none",
        "Pass ControlNet",
        "ControlNet model",
        "none: no ControlNet; passthrough: the units of the generation; else a model's name.",
    )
    controlnet_module: str = knob(
        "none", "Pass ControlNet", "ControlNet module", "Preprocessor of the ControlNet unit."
    )
    controlnet_weight: float = knob(
        1.0,
        "Pass ControlNet",
        "ControlNet weight",
        "Weight of the ControlNet unit.",
        span=(0.0, 2.0),
        step=0.01,
    )
    controlnet_start: float = knob(
        0.0,
        "Pass ControlNet",
        "ControlNet guidance start",
        "Share of the steps after which ControlNet begins.",
        span=(0.0, 1.0),
        step=0.01,
    )
    controlnet_end: float = knob(
        1.0,
        "Pass ControlNet",
        "ControlNet guidance end",
        "Share of the steps after which ControlNet ends.",
        span=(0.0, 1.0),
        step=0.01,
    )

    def check(self) -> None:
        """Refuses limits that no instance can meet."""
        if self.min_area > self.max_area:
            raise OptionError("min_area", "is above max_area", "choose min_area <= max_area")
        if self.controlnet_start > self.controlnet_end:
            raise OptionError("controlnet_start", "is above controlnet_end", "choose start <= end")
