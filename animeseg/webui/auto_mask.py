"""img2img: what is found on the input picture becomes the inpaint mask.

The host's own settings of inpainting (blur, fill, padding, whole picture or only masked) hold as if
the mask had been drawn. A mask that was drawn is kept to what was found; "inpaint not masked" turns
the drawn mask, as ever.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from animeseg.webui.finding import find

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

    from animeseg.webui.panel_args import Request

_STATE = "animeseg_auto_mask"
_DRAWN = 128


@dataclass(frozen=True, eq=False)
class _Before:
    """What the user had set, put back before the next picture of a batch.

    Attributes:
        mask: as it was drawn or uploaded, or None.
        ours: the mask in its place.
        invert: the host's "inpaint not masked".
        only_masked: the host's "only masked".
    """

    mask: Any
    ours: Any
    invert: int
    only_masked: bool


def apply(p: Any, request: Request, say: Callable[[str], None]) -> None:
    """Sets the inpaint mask of an img2img job, if the request asks for it.

    Args:
        p: the host's processing object, before the host prepared anything.
        request: from the panel.
        say: shows a line under the gallery.

    Raises:
        AnimesegError: the picture cannot be read, or a model cannot be loaded; the job is then as
            it was.
    """
    if not request.panel.auto_mask or not getattr(p, "init_images", None):
        return
    # Imported here, so that the panel is there (and says why) where a package is missing.
    from animeseg.images import read_image
    from animeseg.masks import inpaint_mask

    _put_back(p)
    picture = read_image(p.init_images[0])
    if len({id(image) for image in p.init_images}) > 1:
        say("the automatic mask is that of the first input picture, for all of them")
    result = find(picture, request.options)
    for note in result.notes:
        say(str(note))
    found = inpaint_mask(result.masked, request.options)
    if not len(result.masked):
        found = np.zeros(result.size, np.uint8)  # also where the mask is inverted: nothing to do
        say(f"automatic mask: no {request.options.target} was found; the picture stays as it is")
    _set(p, _joined(p, found))


def _set(p: Any, mask: NDArray[np.uint8]) -> None:
    from PIL import Image

    ours = Image.fromarray(mask)
    before = _Before(
        mask=p.image_mask,
        ours=ours,
        invert=int(getattr(p, "inpainting_mask_invert", 0) or 0),
        only_masked=bool(getattr(p, "inpaint_full_res", False)),
    )
    setattr(p, _STATE, before)
    p.image_mask = ours
    p.inpainting_mask_invert = 0
    if not mask.any():
        # With "only masked" the host would take an empty mask for none and draw everything.
        p.inpaint_full_res = False


def _put_back(p: Any) -> None:
    """In a batch the host works on with the same object, but with its own mask where it has one."""
    before = getattr(p, _STATE, None)
    if not isinstance(before, _Before):
        return
    if p.image_mask is before.ours:
        p.image_mask = before.mask
    p.inpainting_mask_invert = before.invert
    p.inpaint_full_res = before.only_masked
    delattr(p, _STATE)


def _joined(p: Any, found: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """``found`` (H, W) uint8 where the drawn mask, if there is one, allows it."""
    if p.image_mask is None:
        return found
    drawn = drawn_mask(p.image_mask, found.shape[1], found.shape[0])
    if int(getattr(p, "inpainting_mask_invert", 0) or 0):
        drawn = ~drawn
    return np.where(drawn, found, 0).astype(np.uint8)


def drawn_mask(mask: Image.Image, width: int, height: int) -> NDArray[np.bool_]:
    """(height, width) bool: where a mask of the host's is white.

    A mask with transparency is read by its alpha, as the host does (an editor's strokes).
    """
    from PIL import Image

    if mask.mode == "RGBA" and mask.getextrema()[-1] != (255, 255):
        grey = mask.split()[-1]
    else:
        grey = mask.convert("L")
    if grey.size != (width, height):
        grey = grey.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(grey) >= _DRAWN
