"""Characters with exact alpha, and the ways to make one character look like many others.

A pack holds few identities; a detector trained on it learns those few unless their colours,
proportions and outlines are changed thoroughly. Every function here is pure: array in, array out,
all randomness from the generator passed in.

Arrays: RGBA is (H, W, 4) uint8 with *straight* colour and an alpha of 0..255; a palette map is
(H, W) uint8, the index of the colour cluster each pixel belongs to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

Box = tuple[float, float, float, float]
NO_BOX: Box = (0.0, 0.0, 0.0, 0.0)
CLUSTERS = 7
# A part smaller than this share of the character and not touching it is a drawn symbol
# (question mark, sweat drop, floating arrow), not the character.
SYMBOL_SHARE = 0.05
# A translucent thing larger than this share of the character is a ghost or a glow beside it.
GHOST_SHARE = 0.004


@dataclass(frozen=True)
class Sprite:
    """One character cut-out.

    Attributes:
        rgba: (H, W, 4) uint8, straight colour, cropped to its alpha.
        palette: (H, W) uint8 colour cluster of each pixel, 0..CLUSTERS-1.
        skin: (CLUSTERS,) bool, which clusters look like skin.
        identity: who it is; a split into training and validation never divides an identity.
        face: x0, y0, x1, y1 in pixels of `rgba`, chin to hairline and ear to ear; without area
            where it is turned away or unknown.
    """

    rgba: np.ndarray
    palette: np.ndarray
    skin: np.ndarray
    identity: str
    face: Box = NO_BOX

    @classmethod
    def from_rgba(cls, rgba: np.ndarray, identity: str, face: Box = NO_BOX) -> Sprite:
        """Clean the alpha, crop to it and find the colour clusters; `face` is in the uncropped."""
        cleaned = drop_symbols(rgba)
        x, y = visible_window(cleaned)[:2]
        cropped = crop_to_alpha(cleaned)
        palette, skin = cluster_colours(cropped)
        box = (face[0] - x, face[1] - y, face[2] - x, face[3] - y)
        return cls(cropped, palette, skin, identity, box)


def visible_window(rgba: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, width and height of the box around the visible pixels."""
    x, y, w, h = cv2.boundingRect((rgba[..., 3] > 8).astype(np.uint8))
    return x, y, w, h


def crop_to_alpha(rgba: np.ndarray) -> np.ndarray:
    """Cut an (H, W, 4) picture to the box of its visible pixels."""
    x, y, w, h = visible_window(rgba)
    return np.ascontiguousarray(rgba[y : y + h, x : x + w])


def drop_symbols(rgba: np.ndarray) -> np.ndarray:
    """Make small parts that do not touch the character transparent."""
    solid = (rgba[..., 3] > 127).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA]
    small = [i for i in range(1, count) if areas[i] < SYMBOL_SHARE * solid.sum()]
    if not small:
        return rgba
    body = cv2.dilate(((labels > 0) & ~np.isin(labels, small)).astype(np.uint8), np.ones((5, 5)))
    symbols = cv2.dilate(np.isin(labels, small).astype(np.uint8), np.ones((9, 9)))
    cleaned: np.ndarray = rgba.copy()
    cleaned[(symbols > 0) & (body == 0)] = 0
    return cleaned


def drop_ghosts(rgba: np.ndarray) -> np.ndarray:
    """Make large translucent things and their outlines transparent: ghosts, glow, emblems.

    Cloth and wings of glass would go as well, so this is for pictures known to have none.
    """
    alpha = rgba[..., 3]
    clear = ((alpha > 8) & (alpha < 235)).astype(np.uint8)
    wide = cv2.morphologyEx(clear, cv2.MORPH_OPEN, np.ones((7, 7)))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(wide, connectivity=8)
    least = GHOST_SHARE * int((alpha > 127).sum())
    large = [i for i in range(1, count) if stats[i, cv2.CC_STAT_AREA] > least]
    ghost = np.isin(labels, large).astype(np.uint8)
    ghost = cv2.dilate(ghost, np.ones((7, 7))) & (alpha < 235).astype(np.uint8)
    # What remains of an outline is thin and beside what went.
    rest = ((alpha > 127) & (ghost == 0)).astype(np.uint8)
    core = cv2.morphologyEx(rest, cv2.MORPH_OPEN, np.ones((11, 11)))
    thin = (rest > 0) & (cv2.dilate(core, np.ones((5, 5))) == 0)
    cleaned: np.ndarray = rgba.copy()
    cleaned[(ghost > 0) | (thin & (cv2.dilate(ghost, np.ones((25, 25))) > 0))] = 0
    return cleaned


def cluster_colours(rgba: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Group the colours of a character so that hair, cloth and skin can be recoloured apart.

    Args:
        rgba: (H, W, 4) uint8, straight colour.

    Returns:
        The palette map (H, W) uint8 and the skin flags (CLUSTERS,) bool.
    """
    lab = cv2.cvtColor(rgba[..., :3].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    features = lab * np.array(
        [0.5, 1, 1], np.float32
    )  # lightness separates cloth from shadow: weigh it less
    opaque = features[rgba[..., 3] > 200]
    sample = opaque[:: max(1, len(opaque) // 4000)]
    cv2.setRNGSeed(0)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 12, 0.5)
    _, _, centres = cv2.kmeans(sample, CLUSTERS, None, criteria, 1, cv2.KMEANS_PP_CENTERS)
    distance = np.stack([((features - c) ** 2).sum(-1) for c in centres])
    light, a, b = centres[:, 0] * 2, centres[:, 1], centres[:, 2]
    skin = (light > 62) & (a > 1) & (a < 28) & (b > 2) & (b < 38)
    return distance.argmin(0).astype(np.uint8), skin


def recolour(
    rgba: np.ndarray, palette: np.ndarray, skin: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Give every colour cluster a new hue, strength and lightness; skin stays near skin.

    Args:
        rgba: (H, W, 4) uint8.
        palette: (H, W) uint8 cluster map of the same size.
        skin: (CLUSTERS,) bool.
        rng: source of randomness.

    Returns:
        (H, W, 4) uint8, alpha unchanged.
    """
    n = len(skin)
    angle = rng.uniform(-np.pi, np.pi, n)
    gain = rng.uniform(0.4, 1.5, n)
    lift = rng.normal(0, 14, n)
    tint = rng.normal(0, 12, (n, 2))
    angle[skin] = rng.normal(0, 0.12)
    gain[skin] = rng.uniform(0.7, 1.3)
    tint[skin] = rng.normal(0, 2, 2)
    lift[skin] = rng.uniform(-45, 0) if rng.random() < 0.2 else rng.normal(0, 4)
    cos, sin = np.cos(angle) * gain, np.sin(angle) * gain
    table = np.column_stack([cos, sin, lift, tint]).astype(np.float32)
    maps = cv2.blur(table[palette][..., :4], (3, 3))  # no hard steps between neighbouring clusters
    tint_b = table[palette][..., 4]
    lab = cv2.cvtColor(rgba[..., :3].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    light, a, b = lab[..., 0], lab[..., 1], lab[..., 2]
    # The outlines keep their darkness: the lift fades out towards black.
    lab = np.stack(
        [
            light + maps[..., 2] * np.clip(light / 60, 0, 1),
            a * maps[..., 0] - b * maps[..., 1] + maps[..., 3],
            a * maps[..., 1] + b * maps[..., 0] + tint_b,
        ],
        -1,
    ).astype(np.float32)
    lab[..., 0] = np.clip(lab[..., 0], 0, 100)
    rgb = np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), 0, 1)
    return np.dstack([(rgb * 255).astype(np.uint8), rgba[..., 3]])


def smooth_field(
    shape: tuple[int, int], cells: tuple[int, int], rng: np.random.Generator
) -> np.ndarray:
    """A smooth random (H, W) float32 field of unit strength from a coarse (rows, columns) grid."""
    coarse = rng.normal(0, 1, cells).astype(np.float32)
    field: np.ndarray = cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC)
    return field


def bending(
    rgba: np.ndarray, rng: np.random.Generator, chibi: float
) -> Callable[[np.ndarray], np.ndarray]:
    """Draw a smooth bend and a change of proportions for a character.

    Args:
        rgba: (H, W, 4) uint8, head at the top.
        rng: source of randomness.
        chibi: probability of a large head on a short, narrow body.

    Returns:
        What bends any (H, W) or (H, W, C) uint8 plane of the character, padding it where the bend
        needs room.
    """
    pad = int(0.06 * max(rgba.shape[:2])) + 2
    height, width = rgba.shape[0] + 2 * pad, rgba.shape[1] + 2 * pad
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    strength = rng.uniform(0.0, 0.022) * height
    source_x = x + strength * smooth_field((height, width), (7, 5), rng)
    source_y = y + strength * smooth_field((height, width), (7, 5), rng)
    if rng.random() < chibi:
        head, enlarged = rng.uniform(0.24, 0.32), rng.uniform(0.38, 0.55)
        rows = np.array([0, head, 1]) * height
        source_y = np.interp(source_y, np.array([0, enlarged, 1]) * height, rows)
        top = rgba[: max(1, int(head * height) - pad), :, 3].sum(0, dtype=np.float64)
        centre = pad + (top * np.arange(len(top))).sum() / max(top.sum(), 1.0)
        below = np.clip((source_y / height - head) / 0.08, 0, 1)
        narrow = 1 - below * (1 - rng.uniform(0.5, 0.75))
        source_x = centre + (source_x - centre) / narrow
    maps = (source_x - pad).astype(np.float32), (source_y - pad).astype(np.float32)

    def bend(plane: np.ndarray) -> np.ndarray:
        bent: np.ndarray = cv2.remap(plane, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        return bent

    return bend


def warp(rgba: np.ndarray, rng: np.random.Generator, chibi: float) -> np.ndarray:
    """Bend a character smoothly and change its proportions.

    Args:
        rgba: (H, W, 4) uint8, head at the top.
        rng: source of randomness.
        chibi: probability of a large head on a short, narrow body.

    Returns:
        (H, W, 4) uint8 of about the same size, padded where the bend needs room.
    """
    return unpremultiply(bending(rgba, rng, chibi)(premultiply(rgba)))


def turning(shape: Sequence[int], degrees: float) -> tuple[np.ndarray, tuple[int, int]]:
    """The 2 x 3 matrix that turns an (H, W) picture about its centre, and the new (W, H)."""
    height, width = shape
    matrix: np.ndarray = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    new_w, new_h = int(height * sin + width * cos) + 2, int(height * cos + width * sin) + 2
    matrix[:, 2] += (new_w / 2 - width / 2, new_h / 2 - height / 2)
    return matrix, (new_w, new_h)


def rotate(rgba: np.ndarray, degrees: float) -> np.ndarray:
    """Turn an (H, W, 4) uint8 cut-out about its centre, enlarging the canvas to hold it."""
    matrix, size = turning(rgba.shape[:2], degrees)
    return unpremultiply(cv2.warpAffine(premultiply(rgba), matrix, size))


def premultiply(rgba: np.ndarray) -> np.ndarray:
    """Colour times alpha, so that resampling does not bleed the colour of hidden pixels."""
    alpha = rgba[..., 3:].astype(np.uint16)
    colour = (rgba[..., :3] * alpha + 127) // 255
    return np.dstack([colour.astype(np.uint8), rgba[..., 3]])


def unpremultiply(rgba: np.ndarray) -> np.ndarray:
    """The inverse of `premultiply`; fully transparent pixels become black."""
    alpha = np.maximum(rgba[..., 3:], 1).astype(np.float32)
    colour = np.minimum(rgba[..., :3] * (255 / alpha), 255)
    return np.dstack([colour.astype(np.uint8), rgba[..., 3]])


def light(rgba: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Uneven light on a character: a smooth brightness field, a colour cast, a contrast change."""
    shape = (rgba.shape[0], rgba.shape[1])
    field = 1 + rng.uniform(0, 0.2) * smooth_field(shape, (3, 3), rng)
    cast = rng.normal(1, 0.06, 3).astype(np.float32)
    contrast, base = rng.uniform(0.75, 1.15), rng.uniform(90, 170)
    rgb = (rgba[..., :3].astype(np.float32) - base) * contrast + base
    rgb = np.clip(rgb * field[..., None] * cast, 0, 255)
    return np.dstack([rgb.astype(np.uint8), rgba[..., 3]])
