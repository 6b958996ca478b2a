"""Products into the host's gallery and its output folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animeseg.files import write_file
from animeseg.webui import host
from animeseg.webui.host.modules import module

if TYPE_CHECKING:
    from PIL import Image

    from animeseg.export import Product

_ALPHA = "animeseg_keeps_alpha"


def knows_composite(p: Any) -> bool:
    """Whether the host has the hook after the paste-back (A1111 1.8 and later, Forge)."""
    runner = getattr(p, "scripts", None)
    if runner is not None:
        return hasattr(runner, "postprocess_image_after_composite")
    return hasattr(getattr(module("scripts"), "Script", None), "postprocess_image_after_composite")


def picture_of(product: Product) -> Image.Image:
    """The product as a Pillow image that `keep_alpha` recognizes."""
    from PIL import Image

    if product.pixels is None:
        raise ValueError(f"{product.kind} is a file, not a picture")
    return marked(Image.fromarray(product.pixels))


def marked(image: Image.Image) -> Image.Image:
    """``image``, marked as one of ours if a format without alpha would damage it."""
    if image.mode in ("RGBA", "L"):
        setattr(image, _ALPHA, True)
    return image


def keep_alpha(params: Any) -> None:
    """Saves a cut-out or mask of ours as PNG, whatever format the host saves pictures in.

    For the host's ``before_image_saved`` callback.
    """
    path = Path(str(params.filename))
    if getattr(params.image, _ALPHA, False) and path.suffix.lower() != ".png":
        params.filename = str(path.with_suffix(".png"))


def deliver(
    p: Any,
    processed: Any,
    made: Sequence[tuple[int, list[Product]]],
    say: Callable[[str], None],
    *,
    leads: bool = False,
) -> None:
    """Saves products and adds them to the gallery, after everything that is there.

    Args:
        p: the host's processing object.
        processed: what the host gives back; its pictures, grid and order stay as they are.
        made: by number of the picture in the job.
        say: shows a line under the gallery.
        leads: whether the first product of a picture's size goes before the pictures.
    """
    shown = bool(host.setting("animeseg_show")) or bool(getattr(p, "is_api", False))
    texts = _infotexts(p, processed, made)
    images: list[Image.Image] = []
    captions: list[str] = []
    try:
        for (index, found), text in zip(made, texts, strict=True):
            for product in found:
                image = _kept(p, index, product, text, say)
                if image is not None and shown:
                    images.append(image)
                    captions.append(text)
    finally:  # a full disk does not cost what was made
        _append(processed, images, captions)
        if leads:
            _lead(processed, images, captions)


def _kept(
    p: Any, index: int, product: Product, text: str, say: Callable[[str], None]
) -> Image.Image | None:
    """The product, saved if the user wants that, as a picture for the gallery."""
    saved = host.saves(p)
    suffix = f"{host.setting('animeseg_save_suffix')}-{product.suffix}"
    if product.data is not None:
        _keep_file(p, index, product, suffix, saved, say)
        return None
    image = picture_of(product)
    if text and host.host_option("enable_pnginfo", True):
        image.info["parameters"] = text
    if saved:
        try:
            host.save_image(image, p, index=index, suffix=suffix, infotext=text)
        except OSError as error:
            say(f"[animeseg] output_failed: {product.suffix} was not saved: {error}")
    return image


def _keep_file(
    p: Any, index: int, product: Product, suffix: str, saved: bool, say: Callable[[str], None]
) -> None:
    path = None
    if saved:
        path = host.file_path(p, index=index, suffix=suffix, extension=product.extension)
    if path is None or product.data is None:
        say(f"[animeseg] {product.suffix} can only be saved, and saving is off")
        return
    write_file(path, product.data)
    say(f"[animeseg] {product.suffix}: {path}")


def _infotexts(p: Any, processed: Any, made: Sequence[tuple[int, list[Product]]]) -> list[str]:
    """The generation parameters of the picture that each group of products was made of."""
    known = list(getattr(processed, "infotexts", None) or [])
    first = int(getattr(processed, "index_of_first_image", 0) or 0)
    count = len(known) - first
    # With masks of the host's in between, its list does not go along with its pictures.
    fits = count > 0 and all(index < count for index, _ in made)
    return [known[first + index] if fits else host.infotext(p, index) for index, _ in made]


def _append(processed: Any, images: list[Image.Image], captions: list[str]) -> None:
    if not images:
        return
    texts = processed.infotexts
    texts += [texts[-1] if texts else ""] * (len(processed.images) - len(texts))
    processed.images.extend(images)
    texts.extend(captions)


def _lead(processed: Any, images: list[Image.Image], captions: list[str]) -> None:
    first = int(getattr(processed, "index_of_first_image", 0) or 0)
    for image, caption in zip(images, captions, strict=True):
        if image.size == processed.images[first].size:
            processed.images.insert(first, image)
            processed.infotexts.insert(first, caption)
            return
