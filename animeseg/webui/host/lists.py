"""What the host offers to choose from: samplers, schedulers, checkpoints, VAEs; and its styles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from animeseg.webui.host.modules import foreign, module, present, shared


def samplers() -> list[str]:
    """Names of the samplers the user lets be shown."""
    listing = module("sd_samplers")
    visible = getattr(listing, "visible_sampler_names", None)
    if callable(visible):
        return [str(name) for name in visible()]
    return [str(sampler.name) for sampler in getattr(listing, "all_samplers", ())]


def schedulers() -> list[str]:
    """Labels of the schedulers; hosts before 1.9 have none."""
    return [str(one.label) for one in getattr(module("sd_schedulers"), "schedulers", ())]


def checkpoints() -> list[str]:
    """Titles of the checkpoints."""
    listing = getattr(module("sd_models"), "checkpoint_tiles", None)
    return [str(title) for title in listing()] if callable(listing) else []


def vaes() -> list[str]:
    """Names of the VAEs."""
    forge = _forge_modules()
    if forge is not None:
        return [str(name) for name in forge]
    listing = getattr(module("shared_items"), "sd_vae_items", None)
    return [str(name) for name in listing()] if callable(listing) else []


def vae_settings(name: str) -> dict[str, object]:
    """The host's options that make it use the VAE ``name``."""
    if _forge_modules() is not None:
        return {"forge_additional_modules": [name]}
    return {"sd_vae": name}


def styled(prompt: str, styles: Sequence[str], *, negative: bool = False) -> str:
    """``prompt`` with the user's styles, as the host applies them."""
    known = getattr(shared(), "prompt_styles", None)
    if known is None or not styles:
        return prompt
    if negative:
        return str(known.apply_negative_styles_to_prompt(prompt, list(styles)))
    return str(known.apply_styles_to_prompt(prompt, list(styles)))


def _forge_modules() -> Mapping[str, str] | None:
    """Forge's table of VAEs and text encoders, or None on another host."""
    entry = foreign("modules_forge.main_entry") if present() else None
    table: Mapping[str, str] | None = getattr(entry, "module_list", None)
    return table
