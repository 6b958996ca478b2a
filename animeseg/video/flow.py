"""How the picture moved between two frames, and masks moved with it.

The flow is DIS (Kroeger et al., Fast Optical Flow using Dense Inverse Search, ECCV 2016), as it is
in OpenCV, on a reduced picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LONGEST_SIDE = 640
_SMALLEST_SIDE = 16
"""DIS needs a few patches along each side."""


class Motion:
    """Finds flows; made once, since the buffers are kept."""

    def __init__(self) -> None:
        opencv: Any = cv2  # its stubs have no optical flow
        self._dis = opencv.DISOpticalFlow_create(opencv.DISOPTICAL_FLOW_PRESET_FAST)

    def flow(self, here: NDArray[np.uint8], there: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Where each pixel of one frame is in another.

        Args:
            here: (H, W, 3) uint8 RGB.
            there: of the same size.

        Returns:
            (H, W, 2) float32: pixels to the right and down.
        """
        height, width = here.shape[:2]
        if min(height, width) < _SMALLEST_SIDE:
            return np.zeros((height, width, 2), np.float32)
        factor = min(1.0, _LONGEST_SIDE / max(height, width))
        small = (
            max(_SMALLEST_SIDE, round(width * factor)),
            max(_SMALLEST_SIDE, round(height * factor)),
        )
        found = self._dis.calc(_grey(here, small), _grey(there, small), None)
        flow = cv2.resize(found, (width, height), interpolation=cv2.INTER_LINEAR)
        scale = np.array([width / small[0], height / small[1]], np.float32)
        return np.asarray(flow * scale, np.float32)


def fetch(pixels: NDArray[Any], flow: NDArray[np.float32], *, outside: str) -> NDArray[Any]:
    """The pixels of another frame, brought to where they are in this one.

    Args:
        pixels: (H, W) or (H, W, C) uint8 of the other frame.
        flow: (H, W, 2) float32 from this frame to the other.
        outside: what is beyond the frame: ``empty`` or ``edge``.

    Returns:
        An array like ``pixels``.
    """
    height, width = flow.shape[:2]
    columns, rows = np.meshgrid(
        np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    )
    border = cv2.BORDER_CONSTANT if outside == "empty" else cv2.BORDER_REPLICATE
    moved = cv2.remap(
        pixels, columns + flow[:, :, 0], rows + flow[:, :, 1], cv2.INTER_LINEAR, borderMode=border
    )
    return np.asarray(moved)


def _grey(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
