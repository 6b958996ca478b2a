"""The picture a user gives for the background: uploaded or base64, never a path or a URL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from animeseg.base64_image import read_base64
from animeseg.errors import OptionError
from animeseg.images import ImageLimits, read_image

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from animeseg.webui.panel_args import Request

_ANY_SIZE = ImageLimits(min_side=1)  # nothing is looked for in it: even one pixel will do


def read_backdrop(request: Request) -> NDArray[np.uint8] | None:
    """(h, w, 3) uint8 RGB of the background picture; None where none is asked for.

    Raises:
        OptionError: it is asked for and none is given.
        BadImageError: it cannot be read.
    """
    if request.output.background != "picture":
        return None
    return decode_backdrop(request.backdrop)


def decode_backdrop(given: Any) -> NDArray[np.uint8]:
    """(h, w, 3) uint8 RGB of what a form or an API call gave.

    Raises:
        OptionError: nothing was given.
        BadImageError: it cannot be read.
    """
    if given is None or (isinstance(given, str) and not given):
        raise OptionError(
            "background_picture", "no picture is given", "choose one, or another background"
        )
    # Text over a network is the picture itself: a path would let anyone look at our files.
    read = read_base64 if isinstance(given, str) else read_image
    return read(given, accept=_ANY_SIZE).rgb
