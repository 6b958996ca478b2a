"""What hosts offer and how it is called, by what was observed of them.

A column for each host; ``None`` where a host has no such thing. The stand-ins in `host_standin` are
held to this table, and ours to the stand-ins.
"""

from __future__ import annotations

A1111_16, A1111, FORGE = "A1111 1.6", "A1111 1.10.1", "Forge f2.0.1"
HOSTS = (A1111_16, A1111, FORGE)

_SAVE = (
    "image path basename seed prompt extension info short_filename no_prompt grid "
    "pnginfo_section_name p existing_info forced_filename suffix save_to_dirs"
)
_OPTION = "default label component component_args onchange section refresh comment_before"
_INFOTEXT = (
    "p all_prompts all_seeds all_subseeds comments iteration position_in_batch use_main_prompt "
    "index all_negative_prompts"
)
_HOOK = "self p args"

SIGNATURES: dict[str, dict[str, str | None]] = {
    "scripts.Script.title": dict.fromkeys(HOSTS, "self"),
    "scripts.Script.show": dict.fromkeys(HOSTS, "self is_img2img"),
    "scripts.Script.ui": dict.fromkeys(HOSTS, "self is_img2img"),
    "scripts.Script.before_process": dict.fromkeys(HOSTS, _HOOK),
    "scripts.Script.process": dict.fromkeys(HOSTS, _HOOK),
    "scripts.Script.postprocess_image": dict.fromkeys(HOSTS, "self p pp args"),
    "scripts.Script.postprocess_image_after_composite": {
        A1111_16: None,
        A1111: "self p pp args",
        FORGE: "self p pp args",
    },
    "scripts.Script.postprocess": dict.fromkeys(HOSTS, "self p processed args"),
    "scripts.PostprocessImageArgs": {
        A1111_16: "image",
        A1111: "image",
        FORGE: "image index",
    },
    "scripts_postprocessing.ScriptPostprocessing.ui": dict.fromkeys(HOSTS, "self"),
    "scripts_postprocessing.ScriptPostprocessing.process": dict.fromkeys(HOSTS, "self pp args"),
    "scripts_postprocessing.PostprocessedImage.create_copy": {
        A1111_16: None,
        A1111: "self new_image nametags disable_processing",
        FORGE: "self new_image nametags disable_processing",
    },
    "script_callbacks.on_ui_settings": dict.fromkeys(HOSTS, "callback name")
    | {A1111_16: "callback"},
    "script_callbacks.on_ui_tabs": dict.fromkeys(HOSTS, "callback name") | {A1111_16: "callback"},
    "script_callbacks.on_app_started": dict.fromkeys(HOSTS, "callback name")
    | {A1111_16: "callback"},
    "shared.OptionInfo": {
        A1111_16: f"{_OPTION} comment_after infotext",
        A1111: f"{_OPTION} comment_after infotext restrict_api category_id",
        FORGE: f"{_OPTION} comment_after infotext restrict_api category_id",
    },
    "images.save_image": dict.fromkeys(HOSTS, _SAVE),
    "processing.create_infotext": dict.fromkeys(HOSTS, _INFOTEXT),
    "infotext_utils.register_paste_params_button": {
        A1111_16: None,
        A1111: "binding",
        FORGE: "binding",
    },
    "generation_parameters_copypaste.register_paste_params_button": dict.fromkeys(HOSTS, "binding"),
    "devices.get_device_for": dict.fromkeys(HOSTS, "task"),
    "devices.torch_gc": dict.fromkeys(HOSTS, ""),
    "shared.state.begin": dict.fromkeys(HOSTS, "job"),
    "shared.state.end": dict.fromkeys(HOSTS, ""),
    "stealth_infotext.add_stealth_pnginfo": {A1111_16: None, A1111: None, FORGE: "params"},
}
"""Names of parameters, in their order, by what of the host's and by host."""
