"""Files named by the host's rules, and the infotext of a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from animeseg.webui.host.modules import module
from animeseg.webui.host.settings import host_option, setting

if TYPE_CHECKING:
    from PIL import Image


def image_index(p: Any) -> int:
    """Number of the picture a hook works on, counted over all batches of the job."""
    iteration = int(getattr(p, "iteration", 0) or 0)
    return int(getattr(p, "batch_index", 0) or 0) + iteration * int(getattr(p, "batch_size", 1))


def saves(p: Any) -> bool:
    """Whether the user wants what we make for ``p`` saved: the host's choice and ours."""
    wanted = bool(host_option("samples_save", True)) and not getattr(
        p, "do_not_save_samples", False
    )
    return wanted and bool(setting("animeseg_save"))


def infotext(p: Any, index: int) -> str:
    """The generation parameters of picture ``index`` of a job; empty without a host."""
    processing = module("processing")
    if processing is None:
        return ""
    return str(
        processing.create_infotext(p, p.all_prompts, p.all_seeds, p.all_subseeds, index=index)
    )


def save_image(
    image: Image.Image, p: Any, *, index: int, suffix: str, infotext: str = ""
) -> Path | None:
    """Saves a picture we made where and how the host saves its own; None without a host.

    Args:
        image: what to save; a picture with alpha, or of one channel, is always a PNG.
        p: the host's processing object.
        index: number of the picture in the job.
        suffix: added to the name the host gives.
        infotext: generation parameters to keep in the file.
    """
    images = module("images")
    if images is None:
        return None
    kept = str(host_option("samples_format", "png"))
    extension = kept if image.mode == "RGB" else "png"
    path, _ = images.save_image(
        image,
        _folder(p),
        "",
        _of(p, "all_seeds", index),
        _of(p, "all_prompts", index),
        extension,
        info=infotext or None,
        p=p,
        suffix=suffix,
    )
    return Path(path)


def file_path(p: Any, *, index: int, suffix: str, extension: str) -> Path | None:
    """A free path, by the host's naming rules, for a file that is no picture (layers).

    Returns:
        The path, its folder made; None without a host.
    """
    images = module("images")
    if images is None:
        return None
    seed, prompt = _of(p, "all_seeds", index), _of(p, "all_prompts", index)
    names = images.FilenameGenerator(p, seed, prompt, None)
    folder = Path(_folder(p))
    in_folders = bool(host_option("save_to_dirs", False))
    if in_folders:
        pattern = host_option("directories_filename_pattern", "") or "[prompt_words]"
        folder /= names.apply(pattern).lstrip(" ").rstrip("\\ /")
    folder.mkdir(parents=True, exist_ok=True)
    pattern = host_option("samples_filename_pattern", "")
    usual = "[seed]" if in_folders else "[seed]-[prompt_spaces]"
    stem = names.apply(pattern or usual) + suffix
    if host_option("save_images_add_number", True):
        stem = f"{images.get_next_sequence_number(str(folder), ''):05}-{stem}"
    return _free(folder, stem, extension)


def _free(folder: Path, stem: str, extension: str) -> Path:
    path, number = folder / f"{stem}.{extension}", 1
    while path.exists():
        path, number = folder / f"{stem}-{number}.{extension}", number + 1
    return path


def _folder(p: Any) -> str:
    base = Path(p.outpath_samples)
    inside = (base / str(setting("animeseg_save_folder")).strip()).resolve()
    # A setting must not lead out of the folder that the host saves in.
    return str(inside if inside.is_relative_to(base.resolve()) else base)


def _of(p: Any, name: str, index: int) -> Any:
    values = getattr(p, name, None) or []
    return values[index] if index < len(values) else None
