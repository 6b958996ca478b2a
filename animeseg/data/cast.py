"""Who is in a training picture and where: choosing, drawing and placing characters.

A pack is a folder with a `manifest.json` (rows with `file`, `kind` fg|bg, `identity` and, if
known, `face`) and the pictures it names. Half of the characters come from the pack in changed
colours and proportions, half are drawn by `animeseg.data.figures`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from animeseg.data import sprites
from animeseg.data.cutout import NO_FACE, Cutout, ellipse
from animeseg.data.figures import draw_figure, sample_style
from animeseg.data.files import read_picture
from animeseg.data.sprites import NO_BOX, Box, Sprite

PORTRAITS = Path(__file__).with_name("portraits.json")

MIN_VISIBLE_SHARE = 0.22  # a character more hidden than this is left out of the picture
MIN_VISIBLE_AREA = 120  # pixels
FIGURE_SHARE = 0.5  # of the characters; the others come from the pack
# (limit of the draw, (least, most) share of the height that stays in the frame): knee-up, bust,
# head and shoulders, close-up; below the first limit the whole figure is shown.
CUTS: list[tuple[float, tuple[float, float]]] = [
    (0.62, (0.6, 0.9)),
    (0.84, (0.36, 0.6)),
    (0.97, (0.22, 0.36)),
    (1.0, (0.15, 0.22)),
]
LARGEST_FIGURE = 1000  # pixels of height; larger ones are enlarged from this


@dataclass(frozen=True)
class Pack:
    """Loaded material: characters and (H, W, 3) uint8 RGB backgrounds."""

    characters: list[Sprite]
    backgrounds: list[np.ndarray]


@dataclass(frozen=True)
class Layer:
    """A character to paste.

    Attributes:
        rgba: (h, w, 4) uint8, straight colour.
        x: column of its left edge.
        y: row of its upper edge.
        face: (N, 2) float32 outline of the face in pixels of `rgba`; may be empty.
    """

    rgba: np.ndarray
    x: int
    y: int
    face: np.ndarray = field(default_factory=lambda: NO_FACE)

    @property
    def face_in_picture(self) -> np.ndarray:
        """(N, 2) float32 outline of the face in pixels of the whole picture."""
        return self.face + np.array([self.x, self.y], np.float32)

    def window(self, shape: tuple[int, int]) -> tuple[slice, slice, np.ndarray] | None:
        """Rows and columns of the canvas this layer covers and its part inside, if any."""
        top, left = max(0, self.y), max(0, self.x)
        bottom = min(shape[0], self.y + self.rgba.shape[0])
        right = min(shape[1], self.x + self.rgba.shape[1])
        if bottom <= top or right <= left:
            return None
        inside = self.rgba[top - self.y : bottom - self.y, left - self.x : right - self.x]
        return slice(top, bottom), slice(left, right), inside


def noted(stem: str, row: dict[str, Any]) -> tuple[Box, bool]:
    """What is known of a picture of a pack beyond its pixels.

    It stands in the row itself, or in `portraits.json` beside this module under the longest
    beginning of the file's name, where expressions of one portrait share an entry.

    Args:
        stem: of the file's name.
        row: of the manifest; `face` is a box, `ghost` a flag.

    Returns:
        The face box in pixels of the file, without area when nobody knows it, and whether
        something translucent is drawn beside the character (`sprites.drop_ghosts`).
    """
    known: dict[str, dict[str, Any]] = json.loads(PORTRAITS.read_text(encoding="utf-8"))
    beginnings = [name for name in known if stem.startswith(name)]
    notes = known.get(max(beginnings, key=len, default=""), {}) | row
    x0, y0, x1, y1 = notes.get("face", NO_BOX)
    return (float(x0), float(y0), float(x1), float(y1)), bool(notes.get("ghost", False))


def load_pack(root: Path, held_out: Sequence[str] = (), only_held_out: bool = False) -> Pack:
    """Read a pack, without the held-out identities and backgrounds or with nothing else.

    Args:
        root: folder with `manifest.json`.
        held_out: identities, and stems of background files, kept for validation.
        only_held_out: take exactly the held-out rows instead of leaving them out.

    Returns:
        The characters and backgrounds of that half of the pack.
    """
    rows = json.loads((root / "manifest.json").read_text(encoding="utf-8"))
    characters, backgrounds = [], []
    for row in rows:
        name = row["identity"] if row["kind"] == "fg" else Path(row["file"]).stem
        if (name in held_out) != only_held_out:
            continue
        stored = read_picture(root / row["file"])
        if row["kind"] == "fg":
            rgba = cv2.cvtColor(stored, cv2.COLOR_BGRA2RGBA)
            face, ghost = noted(Path(row["file"]).stem, row)
            rgba = sprites.drop_ghosts(rgba) if ghost else rgba
            characters.append(Sprite.from_rgba(rgba, name, face))
        else:
            backgrounds.append(cv2.cvtColor(stored[..., :3], cv2.COLOR_BGR2RGB))
    return Pack(characters, backgrounds)


def pack_character(pack: Pack, height: float, kept: float, rng: np.random.Generator) -> Cutout:
    """A character of the pack in new colours."""
    # Identity first: some have many expressions and would crowd out the others.
    names = sorted({s.identity for s in pack.characters})
    name = names[int(rng.integers(len(names)))]
    poses = [s for s in pack.characters if s.identity == name]
    sprite = poses[int(rng.integers(len(poses)))]
    scale = height / sprite.rgba.shape[0]
    whole = Cutout(sprite.rgba, ellipse(sprite.face))
    part = whole.upper(kept).resized(scale * rng.uniform(0.82, 1.2), scale)
    if rng.random() < 0.75:
        size = part.rgba.shape[1::-1]
        rows = slice(0, max(1, int(kept * sprite.rgba.shape[0])))
        palette = cv2.resize(sprite.palette[rows], size, interpolation=cv2.INTER_NEAREST)
        part = replace(part, rgba=sprites.recolour(part.rgba, palette, sprite.skin, rng))
    return part.warped(rng, chibi=0.25 if kept == 1 else 0.0)


def drawn_character(height: float, kept: float, rng: np.random.Generator, upright: bool) -> Cutout:
    """A generated figure."""
    seed = int(rng.integers(2**31))
    look = replace(sample_style(np.random.default_rng([seed, 0])), framing="full")
    if upright:
        look = replace(look, tilt=float(np.clip(look.tilt, -15, 15)))
    figure = draw_figure(seed, height=max(16, int(min(height, LARGEST_FIGURE))), style=look)
    part = Cutout(figure.rgba, ellipse(figure.face_box)).upper(kept)
    if height > LARGEST_FIGURE:
        part = part.resized(height / LARGEST_FIGURE, height / LARGEST_FIGURE)
    return part.warped(rng, chibi=0.0) if rng.random() < 0.5 else part


def character(
    pack: Pack, height: float, rng: np.random.Generator, upright: bool, kept: float = 1.0
) -> Cutout:
    """One character in new colours and proportions, its height about `kept` x `height`.

    Args:
        pack: material.
        height: of the whole character in pixels, about.
        rng: source of randomness.
        upright: lean a little at most; otherwise it may fall, fly or lie.
        kept: only this share of the height, from the top, is needed.
    """
    drawn = not pack.characters or rng.random() < FIGURE_SHARE
    if drawn:
        made = drawn_character(height, kept, rng, upright)
    else:
        made = pack_character(pack, height, kept, rng)
    if rng.random() < 0.5:
        made = made.mirrored()
    if rng.random() < 0.5:
        made = replace(made, rgba=sprites.light(made.rgba, rng))
    turned = rng.random()
    if turned < (0.3 if upright else 0.5):
        made = made.rotated(rng.normal(0, 7))
    elif not upright and turned < 0.62:
        made = made.rotated(rng.uniform(-100, 100))
    return made.cropped()


def lone_layer(pack: Pack, shape: tuple[int, int], rng: np.random.Generator) -> Layer:
    """One main character: whole, knee-up, bust or close-up, standing where artists put it."""
    height, width = shape
    kind = rng.random()
    if kind < 0.40:  # whole figure inside the frame, now and then small
        made = character(pack, height * rng.uniform(0.35, 1.0), rng, upright=False)
        fit = width * rng.uniform(0.9, 1.25) / made.rgba.shape[1]
        if fit < 1:
            made = made.resized(fit, fit)
        x = int(rng.normal(0.5, 0.16) * width - made.rgba.shape[1] / 2)
        y = int((height - made.rgba.shape[0]) * rng.uniform(0.1, 1.15))
        return Layer(made.rgba, x, y, made.face)
    # The lower part leaves the frame: this share of the character's height stays in.
    kept = rng.uniform(*next(shares for limit, shares in CUTS if kind < limit))
    shown = height * rng.uniform(0.7, 1.08)
    made = character(pack, shown / kept, rng, upright=True, kept=min(1.0, kept * 1.2))
    head = made.rgba[: int(0.25 / kept * shown), :, 3].sum(0, dtype=np.float64)
    centre = (head * np.arange(len(head))).sum() / max(head.sum(), 1.0)
    x, y = int(rng.normal(0.5, 0.1) * width - centre), int(height - shown)
    return Layer(made.rgba, x, y, made.face)


def companion_layer(pack: Pack, main: Layer, rng: np.random.Generator) -> Layer:
    """A doll or a child held in front of the main character: small, whole, overlapping it."""
    height, width = main.rgba.shape[:2]
    made = character(pack, height * rng.uniform(0.15, 0.4), rng, upright=False)
    x = main.x + int(rng.uniform(0.1, 0.9) * width - made.rgba.shape[1] / 2)
    y = main.y + int(rng.uniform(0.35, 0.8) * height)
    return Layer(made.rgba, x, y, made.face)


def group_layers(
    pack: Pack, shape: tuple[int, int], count: int, rng: np.random.Generator
) -> list[Layer]:
    """Several characters, rear first: lower in the picture is nearer and larger."""
    height, width = shape
    crowd = count > 5
    base = height * (rng.uniform(0.22, 0.45) if crowd else rng.uniform(0.4, 1.1))
    upright = crowd or rng.random() < 0.6
    ground = np.sort(rng.uniform(0.45 if crowd else 0.75, 1.25, count))
    columns = (rng.permutation(count) + rng.uniform(0.1, 0.9, count)) / count
    if not crowd and rng.random() < 0.5:
        columns = 0.5 + (columns - 0.5) * rng.uniform(0.3, 0.9)  # close together, overlapping
    layers = []
    for bottom, column in zip(ground, columns, strict=True):
        size = base * rng.uniform(0.8, 1.2) * (0.55 + 0.5 * bottom)
        made = character(pack, size, rng, upright)
        x = int(column * width - made.rgba.shape[1] / 2)
        layers.append(Layer(made.rgba, x, int(bottom * height - made.rgba.shape[0]), made.face))
    return layers


def visible_only(layers: list[Layer], shape: tuple[int, int]) -> list[Layer]:
    """Leave out characters that the nearer ones or the frame hide almost entirely."""
    covered = np.zeros(shape, bool)
    kept = []
    for layer in reversed(layers):
        place = layer.window(shape)
        if place is None:
            continue
        rows, columns, inside = place
        solid = inside[..., 3] > 127
        seen = int((solid & ~covered[rows, columns]).sum())
        if seen < max(MIN_VISIBLE_AREA, MIN_VISIBLE_SHARE * solid.sum()):
            continue
        covered[rows, columns] |= solid
        kept.append(layer)
    return kept[::-1]
