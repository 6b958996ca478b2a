"""Draw one figure: sample a style, pose it, collect the shapes, choose the view, rasterise."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from animeseg.data.figures.accessories import draw_accessories
from animeseg.data.figures.body import draw_body
from animeseg.data.figures.clothes import Tailor
from animeseg.data.figures.face import draw_head
from animeseg.data.figures.geometry import Points, rotate
from animeseg.data.figures.hair import HairPainter
from animeseg.data.figures.pose import Skeleton, pose_figure
from animeseg.data.figures.render import Window, render
from animeseg.data.figures.sampling import sample_style
from animeseg.data.figures.scene import Scene, Shape
from animeseg.data.figures.skull import face_box_points
from animeseg.data.figures.style import FigureStyle

_MARGIN = 0.03
_MAX_ASPECT = 1.8


@dataclass(frozen=True)
class Figure:
    """A drawn character.

    Where the framing cuts the body (close-up, bust, cowboy), the cut lies on the array's border.

    Attributes:
        rgba: (H, W, 4) uint8, straight alpha, RGB order, colour 0 where alpha is 0.
        parts: (H, W) uint8: 0 background, 1 hair, 2 face, 3 eyes incl. brows, 4 mouth,
            5 body skin, 6 clothes, 7 accessories; not 0 exactly where alpha is at least 128.
        face_box: x0, y0, x1, y1 in pixels of `rgba`, chin to hairline and ear to ear;
            (0, 0, 0, 0) when the figure is seen from behind.
    """

    rgba: npt.NDArray[np.uint8]
    parts: npt.NDArray[np.uint8]
    face_box: tuple[float, float, float, float]


def draw_figure(seed: int, *, height: int = 768, style: FigureStyle | None = None) -> Figure:
    """Draw the character of `seed`; equal arguments give equal bytes.

    Args:
        seed: Non-negative; selects the style (unless given) and every detail of the drawing.
        height: Height of the result in pixels, at least 16; the width follows from the figure.
        style: Attributes to draw instead of the sampled ones.

    Returns:
        The character with alpha, part labels and face box.

    Raises:
        ValueError: If `seed` is negative or `height` is below 16.
    """
    if seed < 0 or height < 16:
        raise ValueError(f"need seed >= 0 and height >= 16, got {seed} and {height}")
    if style is None:
        style = sample_style(np.random.default_rng([seed, 0]))
    rng = np.random.default_rng([seed, 1])
    skeleton = pose_figure(style, rng)
    scene = _compose(style, skeleton, rng)
    face = face_box_points(style, skeleton)
    # The camera acts on the finished scene, which keeps all parts of the figure together.
    scene = _viewed(scene, style)
    face = _seen(face, style)
    window = _window(style, scene, face, skeleton, rng)
    rgba, parts = render(scene, window, height, style.look, rng)
    _drop_fragments(rgba, parts)
    box = (0.0, 0.0, 0.0, 0.0)
    if not style.from_behind:
        box = _pixel_box(face, window, height, rgba.shape[1])
    return Figure(rgba, parts, box)


def _compose(style: FigureStyle, skeleton: Skeleton, rng: np.random.Generator) -> Scene:
    """Return all shapes of the figure, before the tilt."""
    scene = Scene()
    hair = HairPainter(scene, style, skeleton, rng)
    hair.draw_back()
    hair.draw_tails()
    draw_body(scene, style, skeleton, rng)
    Tailor(scene, style, skeleton, rng).draw()
    fringe = hair.fringe_outlines()
    draw_head(scene, style, skeleton, fringe, rng)
    hair.draw_front(fringe)
    draw_accessories(scene, style, skeleton, rng)
    return scene


def _seen(points: Points, style: FigureStyle) -> Points:
    """Return points as the camera sees them: in perspective, then tilted about the neck base."""
    # From above what is lower is farther and so smaller; from below it is the reverse.
    strength = 0.11 * style.camera if style.camera > 0 else 0.05 * style.camera
    distance = np.maximum(1.0 + strength * points[:, 1:], 0.4)
    return rotate(points / distance, style.tilt)


def _viewed(scene: Scene, style: FigureStyle) -> Scene:
    """Return the scene with every point as the camera sees it."""

    def viewed(shape: Shape) -> Shape:
        details = tuple(replace(d, points=_seen(d.points, style)) for d in shape.details)
        axis = None if shape.fade_axis is None else _seen(shape.fade_axis, style)
        outlines = tuple(_seen(loop, style) for loop in shape.outlines)
        return replace(shape, outlines=outlines, details=details, fade_axis=axis)

    return Scene([viewed(shape) for shape in scene.shapes])


def _window(
    style: FigureStyle,
    scene: Scene,
    face: Points,
    skeleton: Skeleton,
    rng: np.random.Generator,
) -> Window:
    """Return the visible rectangle: the whole figure, or its upper part, never a cut face."""
    x0, y0, x1, y1 = scene.bounds()
    x0, y0, x1, y1 = x0 - _MARGIN, y0 - _MARGIN, x1 + _MARGIN, y1 + _MARGIN
    # A strongly tilted figure has no meaningful lower cut, so it is shown whole.
    if style.framing == "full" or abs(style.tilt) > 40.0:
        return Window(x0, y0, x1, y1)
    low, high = face.min(axis=0), face.max(axis=0)
    build = skeleton.build
    cut = {
        "close-up": float(high[1]) + float(rng.uniform(0.15, 0.5)),
        "bust": float(rng.uniform(0.5, 0.85)) * build.torso,
        "cowboy": build.torso + float(rng.uniform(0.1, 0.7)) * build.thigh,
    }[style.framing]
    bottom = min(y1, max(cut, float(high[1]) + 0.1))
    # Long ears and weapons may leave the picture, the face may not.
    room = float(rng.uniform(0.5, 1.4))
    if style.framing == "close-up" and rng.random() < 0.25:
        room = float(rng.uniform(0.02, 0.4))
    top = max(y0, float(low[1]) - room)
    reach = (bottom - top) * _MAX_ASPECT / 2.0
    middle = float(low[0] + high[0]) / 2.0
    left = max(x0, min(middle - reach * float(rng.uniform(0.55, 1.0)), float(low[0]) - 0.1))
    right = min(x1, max(middle + reach * float(rng.uniform(0.55, 1.0)), float(high[0]) + 0.1))
    return Window(left, top, right, bottom)


def _drop_fragments(rgba: npt.NDArray[np.uint8], parts: npt.NDArray[np.uint8]) -> None:
    """Erase scraps that the framing cut off from the figure, such as a lone elbow, in place."""
    covered = (rgba[..., 3] > 0).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(covered, connectivity=8)
    height, width = covered.shape
    total = int(covered.sum())
    for index in range(1, count):
        x, y, w, h, area = (int(v) for v in stats[index])
        cut = x == 0 or y == 0 or x + w == width or y + h == height
        if cut and area < 0.05 * total:
            scrap = labels == index
            rgba[scrap] = 0
            parts[scrap] = 0


def _pixel_box(
    face: Points, window: Window, height: int, width: int
) -> tuple[float, float, float, float]:
    """Return the bounds of `face` in pixels, clipped to the picture."""
    scale = height / (window.y1 - window.y0)
    pixels = (face - np.array([window.x0, window.y0])) * scale
    low = np.clip(pixels.min(axis=0), 0.0, [width, height])
    high = np.clip(pixels.max(axis=0), 0.0, [width, height])
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])
