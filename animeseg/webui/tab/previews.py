"""What the page shows of a session: the stage, the result, the list of characters.

Pictures are drawn at the size of a screen, so that edges follow their sliders; what is downloaded
or sent on is made at full size by `animeseg.webui.tab.products`.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import cv2
import numpy as np

from animeseg.export import overlay
from animeseg.export.background import on_background
from animeseg.masks import inpaint_mask
from animeseg.masks.morphology import window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.images import Picture
    from animeseg.instances import Instances, Segmentation
    from animeseg.options import OutputOptions
    from animeseg.webui.tab.session import Scene, Session

    Pixels = NDArray[np.uint8]

LONGEST_SIDE = 1280
"""Of pictures on the page, in pixels."""

THUMBNAIL = 160
_CHOSEN, _LEFT_OUT = 0.45, 0.0
_DIM = 0.35
_KEPT_FILES = 12
_INSIDE, _OUTSIDE, _RIM = (74, 222, 128), (248, 113, 113), (20, 20, 20)

_numbers = count()


def scale_of(size: tuple[int, int]) -> float:
    """By how much a picture of ``size`` (height, width) is scaled for the page."""
    return min(1.0, LONGEST_SIDE / max(size))


def stage(
    picture: Picture, found: Instances, scene: Scene, corner: tuple[int, int] | None = None
) -> Pixels:
    """The picture with its characters: those in the result coloured, the rest of it dimmed.

    Args:
        picture: the picture.
        found: its characters, cleaned.
        scene: which of them are in, and where they were clicked.
        corner: XY in pixels of the picture where a box was begun.

    Returns:
        (h, w, 3) uint8 RGB at the scale of the page.
    """
    small = _scaled(picture.rgb, scale_of(picture.size))
    if picture.alpha is not None:
        small = _on_grey(small, _scaled(picture.alpha, scale_of(picture.size)))
    shapes = _scaled_masks(found, small.shape[:2])
    dimmed = _dimmed(small, shapes, scene.chosen)
    shares = [_CHOSEN if row in scene.chosen else _LEFT_OUT for row in range(len(shapes))]
    drawn = overlay(dimmed, shapes, opacity=shares)
    scale = scale_of(picture.size)
    _draw_marks(drawn, scene, scale)
    if corner is not None:
        at = round(corner[0] * scale), round(corner[1] * scale)
        for ink, width in ((_RIM, 4), ((255, 255, 255), 2)):
            cv2.drawMarker(drawn, at, ink, cv2.MARKER_CROSS, 24, width, cv2.LINE_AA)
    return drawn


def result(
    picture: Picture,
    segmentation: Segmentation,
    view: str,
    output: OutputOptions,
    behind: Pixels | None,
) -> Pixels:
    """One view of the result at the scale of the page.

    Args:
        picture: the picture.
        segmentation: its result.
        view: ``mask``, ``overlay`` or ``cutout``.
        output: what stands behind the characters of the cut-out.
        behind: (h, w, 3) uint8 RGB, for the background ``picture``.

    Returns:
        (h, w), (h, w, 3) or (h, w, 4) uint8.

    Raises:
        OptionError: the background is a picture and none is given.
    """
    scale = scale_of(picture.size)
    if view == "mask":
        return _scaled(inpaint_mask(segmentation.instances, segmentation.options), scale)
    if view == "overlay":
        small = _scaled(picture.rgb, scale)
        return overlay(small, _scaled_masks(segmentation.instances, small.shape[:2]))
    return _scaled(on_background(picture.rgb, segmentation, output, behind), scale)


def thumbnails(picture: Picture, found: Instances) -> list[Pixels]:
    """Each character alone, cropped, on transparency, in the order they are numbered."""
    shown = []
    for mask in found.masks:
        box = window(mask, 2) or (slice(0, 1), slice(0, 1))
        cut = np.dstack((picture.rgb[box], mask[box].astype(np.uint8) * np.uint8(255)))
        shown.append(_scaled(cut, min(1.0, THUMBNAIL / max(cut.shape[:2]))))
    return shown


def to_file(pixels: Pixels, session: Session) -> str:
    """Writes a picture for the page and gives its path; only the last few are kept."""
    alpha = pixels.ndim == 3 and pixels.shape[2] == 4
    lossless = alpha or pixels.ndim == 2
    path = session.folder / f"{next(_numbers):09d}.{'png' if lossless else 'jpg'}"
    if pixels.ndim == 3:
        order = cv2.COLOR_RGBA2BGRA if alpha else cv2.COLOR_RGB2BGR
        pixels = np.asarray(cv2.cvtColor(pixels, order), np.uint8)
    quality = [cv2.IMWRITE_PNG_COMPRESSION, 1] if lossless else [cv2.IMWRITE_JPEG_QUALITY, 90]
    _, data = cv2.imencode(path.suffix, pixels, quality)
    path.write_bytes(data.tobytes())
    session.previews.append(path)
    while len(session.previews) > _KEPT_FILES:
        session.previews.popleft().unlink(missing_ok=True)
    return str(path)


def _scaled(pixels: Pixels, scale: float) -> Pixels:
    if scale >= 1:
        return pixels
    height, width = pixels.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _scaled_masks(found: Instances, size: tuple[int, ...]) -> Instances:
    """The same characters for drawing: only masks and scores count, boxes follow."""
    if found.size == tuple(size[:2]):
        return found
    masks = np.zeros((len(found), *size[:2]), np.bool_)
    for row, mask in enumerate(found.masks):
        grey = cv2.resize(
            mask.view(np.uint8) * np.uint8(255), (size[1], size[0]), interpolation=cv2.INTER_AREA
        )
        masks[row] = grey > 127
    return found.with_masks(masks)


def _on_grey(rgb: Pixels, alpha: Pixels) -> Pixels:
    share = alpha[:, :, None].astype(np.float32) / 255
    return np.asarray(np.rint(rgb * share + 127 * (1 - share)), np.uint8)


def _dimmed(rgb: Pixels, shapes: Instances, chosen: frozenset[int]) -> Pixels:
    """The picture with everything but the chosen characters darker."""
    rows = sorted(chosen)
    if not len(shapes):
        return rgb
    kept = shapes[rows].union()
    dark = cv2.convertScaleAbs(rgb, alpha=1 - _DIM)
    return np.where(kept[:, :, None], rgb, dark).astype(np.uint8)


def _draw_marks(canvas: Pixels, scene: Scene, scale: float) -> None:
    radius = max(5, round(max(canvas.shape[:2]) / 180))
    for mark in (mark for marks in scene.marks for mark in marks):
        centre = round(mark.x * scale), round(mark.y * scale)
        cv2.circle(canvas, centre, radius + 2, _RIM, cv2.FILLED, cv2.LINE_AA)
        cv2.circle(canvas, centre, radius, _INSIDE if mark.inside else _OUTSIDE, -1, cv2.LINE_AA)
        arm = max(2, radius - 3)
        ends = [((centre[0] - arm, centre[1]), (centre[0] + arm, centre[1]))]
        if mark.inside:
            ends.append(((centre[0], centre[1] - arm), (centre[0], centre[1] + arm)))
        for start, end in ends:
            cv2.line(canvas, start, end, _RIM, 2, cv2.LINE_AA)
