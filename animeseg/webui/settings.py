"""Every entry of the host's settings page, declared once.

The host shows them in the section *animeseg*; without a host the defaults hold unless the
application overrides them. Read them with `animeseg.webui.host.setting`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from animeseg.options import ORDERS

SECTION = ("animeseg", "animeseg")
"""Identifier and title of the section in the host's settings."""

MEMORY_POLICIES = ("keep on GPU", "move to CPU", "unload after use")
"""What happens to loaded models when a picture is done."""

ORDER_OF_PANEL = "as in the panel"
"""Choice of the order setting that leaves the decision to the panels."""


@dataclass(frozen=True)
class Setting:
    """One entry of the settings page.

    Attributes:
        key: name in the host's options, ``animeseg_*``; frozen once released.
        default: its type is the type of the setting.
        label: short English label; part of the API, frozen once released.
        help: one sentence.
        choices: accepted texts, for a drop-down.
        span: smallest and largest value, for numbers.
        step: step of the slider, for numbers.
        reload: takes effect after the page is loaded again.
        private: cannot be changed through the host's HTTP API.
    """

    key: str
    default: Any
    label: str
    help: str
    choices: tuple[str, ...] = ()
    span: tuple[float, float] | None = None
    step: float | None = None
    reload: bool = False
    private: bool = False

    def checked(self, value: Any) -> Any:
        """``value`` if it is one this setting accepts, else the default.

        A configuration edited by hand, or written by another version, never stops a picture.
        """
        if type(self.default) is int and isinstance(value, float) and value.is_integer():
            value = int(value)  # as sliders and the host's API give whole numbers
        if type(value) is not type(self.default):
            return self.default
        if self.choices and value not in self.choices:
            return self.default
        if self.span is not None:
            return type(self.default)(min(max(value, self.span[0]), self.span[1]))
        return value


SETTINGS = (
    Setting(
        "animeseg_model_dirs",
        "",
        "Further model folders",
        "Folders to look for weights in, parted by | . The host's own model folders are looked "
        "into anyway.",
        private=True,
    ),
    Setting(
        "animeseg_download",
        False,
        "Download missing weights on first use",
        "Off: weights are fetched only when you press Download in the animeseg tab.",
        private=True,
    ),
    Setting(
        "animeseg_offline",
        False,
        "Never use the network",
        "Overrules downloads; the flag --animeseg-offline does the same.",
        private=True,
    ),
    Setting(
        "animeseg_memory",
        "move to CPU",
        "Models after use",
        "keep on GPU is fastest; move to CPU frees the graphics memory for the host; unload after "
        "use frees main memory as well.",
        choices=MEMORY_POLICIES,
    ),
    Setting(
        "animeseg_device",
        "auto",
        "Device",
        "Where the models run; auto takes the host's device and follows --use-cpu animeseg.",
        choices=("auto", "cpu", "cuda", "cuda:0", "cuda:1", "mps", "xpu"),
    ),
    Setting(
        "animeseg_low_memory_cpu",
        True,
        "Detector on the CPU in low-memory modes",
        "With --lowvram or --medvram the detector runs on the CPU, and the graphics memory is the "
        "host's.",
    ),
    Setting(
        "animeseg_passes",
        2,
        "Number of inpaint passes",
        "How many passes the panel offers; each takes the host some time to build at its start.",
        span=(1, 15),
        step=1,
        reload=True,
    ),
    Setting(
        "animeseg_same_seed",
        False,
        "Same seed for every instance",
        "Every instance of every pass is drawn with the picture's seed, in place of the following "
        "ones.",
    ),
    Setting(
        "animeseg_order",
        ORDER_OF_PANEL,
        "Order of instances",
        "One order for all passes, in place of each pass's own.",
        choices=(ORDER_OF_PANEL, *ORDERS),
    ),
    Setting(
        "animeseg_pass_scripts",
        "dynamic_prompting, dynamic_thresholding, lora_block_weight, negpip, soft_inpainting, "
        "wildcard_recursive, wildcards",
        "Scripts that also run in inpaint passes",
        "File names of other extensions' scripts, without .py, parted by commas; empty: none, "
        "*: all.",
    ),
    Setting(
        "animeseg_save",
        True,
        "Save what is made",
        "Masks, cut-outs and layers are saved where the host saves its pictures.",
    ),
    Setting(
        "animeseg_save_folder",
        "",
        "Folder for what is made",
        "A folder inside the host's output folder; empty: beside the pictures.",
    ),
    Setting(
        "animeseg_save_suffix",
        "-animeseg",
        "Ending of file names",
        "Added to the picture's name, followed by what it is: -animeseg-mask.",
    ),
    Setting(
        "animeseg_save_before",
        False,
        "Save pictures as they were before the passes",
        "The picture before any inpaint pass is saved as well.",
    ),
    Setting(
        "animeseg_save_previews",
        False,
        "Save previews of what passes found",
        "A picture with the regions of each pass is saved as well.",
    ),
    Setting(
        "animeseg_show",
        True,
        "Show what is made in the gallery",
        "Masks and cut-outs are shown after the generated pictures.",
    ),
    Setting(
        "animeseg_extras",
        True,
        "Show in the Extras tab",
        "Whether the Extras tab offers animeseg.",
        reload=True,
    ),
)
"""In the order in which they are shown."""

BY_KEY = {setting.key: setting for setting in SETTINGS}
