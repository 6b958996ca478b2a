"""The step in the Extras tab: single picture, batch and directory.

The script class of the host (a ``scripts_postprocessing.ScriptPostprocessing``) hands over:

    name                  -> NAME
    order                 -> ORDER
    ui()                  -> ui()
    process(pp, **args)   -> process(pp, args)
    before_image_saved (callback) -> animeseg.webui.gallery.keep_alpha(params)

With ``cutout`` among the outputs the picture itself becomes the cut-out on its background; all
else follows as further pictures. The host's Extras API gives None for every argument, which means
off. Nothing here raises: the host would give up the whole run.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animeseg.webui import host
from animeseg.webui.finding import ends, find
from animeseg.webui.gallery import picture_of
from animeseg.webui.guard import tell
from animeseg.webui.infotext import CHARACTERS, FAILED, write
from animeseg.webui.panel import build_choices
from animeseg.webui.panel_args import BACKDROP, Request, read_request

if TYPE_CHECKING:
    from animeseg.export import Product

NAME = "animeseg"
"""Of the step: in the host's list of operations and its settings; frozen."""

ORDER = 20_100.0
"""After the host's upscalers (1000), so that edges are those of the final picture."""

ENABLED = "enabled"
_PREFIX = "extras_animeseg"


def ui() -> dict[str, Any]:
    """Makes the step's panel in the current gradio context; components by argument name."""
    made: dict[str, Any] = {}
    with host.ui().InputAccordion(False, label=NAME, elem_id=f"{_PREFIX}_{ENABLED}") as made[
        ENABLED
    ]:
        made |= build_choices(_PREFIX, "extras")
    return made


def process(pp: Any, args: Mapping[str, Any]) -> None:
    """Works on one picture of the Extras tab.

    Args:
        pp: the host's picture; its image, info and further pictures are set.
        args: values of the components by name; None means the default, and off for ``enabled``.
    """
    if args.get(ENABLED) is not True:
        return
    try:
        with host.holding_queue():
            if not ends():
                _process(pp, args)
    except Exception as error:  # the edge: the host would give up the whole run
        pp.info[FAILED] = tell(error, "Extras").removeprefix("[animeseg] ")


def _process(pp: Any, args: Mapping[str, Any]) -> None:
    # Imported here, so that the step is there (and says why) where a package is missing.
    from animeseg.export import products
    from animeseg.images import read_image
    from animeseg.webui.backdrop import read_backdrop

    request = read_request([dict(args)])
    picture = read_image(pp.image)
    backdrop = read_backdrop(request)
    result = find(picture, request.options)
    made = list(products(picture.rgb, result, request.output, backdrop))
    pp.info.update(_information(request, len(result), [*request.notes, *result.notes]))
    for product in made:
        if product.kind == "cutout":
            pp.image = picture_of(product)
    _add_others(pp, made)


def _information(request: Request, count: int, notes: list[Any]) -> dict[str, Any]:
    written = write(request.output, request.options, without=(BACKDROP, "device", "precision"))
    written[CHARACTERS] = str(count)
    if notes:
        written["animeseg notes"] = "; ".join(map(str, notes))
    return dict(written)


def _add_others(pp: Any, made: list[Product]) -> None:
    """Everything but the cut-out, as further pictures that no later step works on."""
    others = [product for product in made if product.kind != "cutout"]
    for product in others:
        if product.data is not None:
            pp.info["animeseg layers"] = _keep_file(product)
        elif hasattr(pp, "create_copy"):
            copy = pp.create_copy(
                picture_of(product), nametags=[product.suffix], disable_processing=True
            )
            pp.extra_images.append(copy)
        else:
            pp.info[FAILED] = "this WebUI shows one picture only; 1.7 and later show all"


def _keep_file(product: Product) -> str:
    """Saves a file that is no picture where the host keeps the results of the Extras tab."""
    from animeseg.files import write_file

    folder = host.host_option("outdir_samples") or host.host_option("outdir_extras_samples")
    if not folder or product.data is None:
        return "not saved: the host has no folder for it"
    number = 0
    while (path := _file(Path(folder), number, product)).exists():
        number += 1
    return str(write_file(path, product.data))


def _file(folder: Path, number: int, product: Product) -> Path:
    return folder / f"{number:05}-animeseg-{product.suffix}.{product.extension}"
