"""Composed pictures as training batches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.utils.data import Dataset
from tqdm import tqdm

from animeseg.data.files import read_picture

FRINGE = 0.1  # share of a face's height, chin to hairline, that people who box faces leave out
CLOSE_UPS = 0.4  # share of the pictures of which a face is cut out to train the face detector
FACE_IN_CLOSE_UP = (0.25, 0.75)  # larger side of that face, as a share of the window


def load_picture(path: Path, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Read a composite at a size: (H, W, 3) uint8 RGB and its (H, W) uint8 index map."""
    image = read_picture(path, cv2.IMREAD_COLOR)
    index = read_picture(path.parent.parent / "masks" / f"{path.stem}.png")
    size = shape[::-1]
    # Linear, with the jagged lines that gives, because the detector scales its input that way.
    image = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
    index = cv2.resize(index, size, interpolation=cv2.INTER_NEAREST)
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB), index


def boxes_of(index: np.ndarray, smallest: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Number the characters of an index map anew and box them.

    Args:
        index: (H, W) uint8.
        smallest: pixels; less is made background.

    Returns:
        The map with numbers 1..N without gaps and (N, 4) float32 boxes, centre and size, 0..1.
    """
    areas = np.bincount(index.ravel(), minlength=256)
    clean = np.zeros_like(index)
    boxes: list[tuple[float, float, float, float]] = []
    for k in np.flatnonzero(areas[1:] >= smallest) + 1:
        mask = index == k
        clean[mask] = len(boxes) + 1
        x, y, w, h = cv2.boundingRect(mask.astype(np.uint8))
        boxes.append((x + w / 2, y + h / 2, w, h))
    scale = np.array([*index.shape[::-1], *index.shape[::-1]], np.float32)
    return clean, np.array(boxes, np.float32).reshape(-1, 4) / scale


def faces_of(path: Path) -> np.ndarray:
    """The faces of a composite as (N, 4) float32 boxes x0, y0, x1, y1, shares of the picture.

    The hairline lies under the fringe, where nobody sees it; the boxes begin a little lower.
    """
    text = (path.parent.parent / "faces" / f"{path.stem}.txt").read_text(encoding="utf-8")
    rows = np.array(text.split(), np.float32).reshape(-1, 5)[:, 1:]
    half = rows[:, 2:] / 2
    low, high = rows[:, :2] - half, rows[:, :2] + half
    low[:, 1] += FRINGE * rows[:, 3]
    return np.hstack([low, high])


def close_up(faces: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A window around one of the faces, (4,) float32 x0, y0, x1, y1, in the picture's proportions.

    Portraits are common among drawings and rare among whole figures; the window makes one of a
    composite. Faces that are that large already, and pictures without faces, stay as they are.
    """
    whole = np.array([0, 0, 1, 1], np.float32)
    if not len(faces):
        return whole
    low, high = np.split(faces[int(rng.integers(len(faces)))], 2)
    side = float((high - low).max() / rng.uniform(*FACE_IN_CLOSE_UP))
    if side >= 1:
        return whole
    corner = np.clip((low + high) / 2 - side * rng.uniform(0.3, 0.7, 2), 0, 1 - side)
    return np.concatenate([corner, corner + side]).astype(np.float32)


def faces_inside(
    faces: np.ndarray, window: np.ndarray, shape: tuple[int, int], smallest: float = 5
) -> np.ndarray:
    """Faces as shares of a window of the picture, without those outside or too small to see.

    Args:
        faces: (N, 4) x0, y0, x1, y1, shares of the picture.
        window: (4,) likewise.
        shape: (H, W) that the window is trained at.
        smallest: pixels at that size of the shorter side.

    Returns:
        (M, 4) float32, centre and size.
    """
    side = np.tile(window[2:] - window[:2], 2)
    seen = ((faces - np.tile(window[:2], 2)) / side).clip(0, 1)
    size = seen[:, 2:] - seen[:, :2]
    before = (faces[:, 2:] - faces[:, :2]) / side[:2]
    kept = (size * shape[::-1] >= smallest).all(1) & (size.prod(1) >= 0.4 * before.prod(1))
    rows: np.ndarray = np.hstack([(seen[:, :2] + seen[:, 2:]) / 2, size])[kept].astype(np.float32)
    return rows


class Batches(Dataset[dict[str, torch.Tensor]]):
    """Whole batches of one epoch, each of one shape and scale, in an order the seed decides.

    Args:
        shapes: (H, W) of every picture, as `shapes_of` finds them.
        batch: pictures per batch; what does not fill a last one is left out.
        scales: factors on the stored size, one drawn per batch.
        mask_stride: picture pixels per pixel of the mask target.
        seed: of order, scales and mirroring.
        faces: the targets are the boxes of faces instead of masks and boxes of characters.
    """

    def __init__(
        self,
        shapes: dict[Path, tuple[int, int]],
        *,
        batch: int,
        scales: Sequence[float],
        mask_stride: int,
        seed: Sequence[int],
        faces: bool = False,
    ) -> None:
        rng = np.random.default_rng(seed)
        self.stride, self.faces = mask_stride, faces
        self.plan: list[tuple[list[Path], tuple[int, int], np.ndarray]] = []
        for shape in sorted(set(shapes.values())):
            paths = sorted(p for p, s in shapes.items() if s == shape)
            order = rng.permutation(len(paths))
            for start in range(0, len(order) - batch + 1, batch):
                chosen = [paths[i] for i in order[start : start + batch]]
                scale = rng.choice(scales)
                size = (int(shape[0] * scale) // 32 * 32, int(shape[1] * scale) // 32 * 32)
                self.plan.append((chosen, size, rng.random(batch)))
        self.plan = [self.plan[i] for i in rng.permutation(len(self.plan))]

    def __len__(self) -> int:
        return len(self.plan)

    def __getitem__(self, number: int) -> dict[str, torch.Tensor]:
        """A batch as the loss of ultralytics reads it; images are (B, 3, H, W) uint8 RGB."""
        paths, shape, draws = self.plan[number]
        load = self._face_picture if self.faces else self._character_picture
        made = [load(path, shape, draw) for path, draw in zip(paths, draws, strict=True)]
        images, masks, boxes = zip(*made, strict=True)
        owner = torch.cat([torch.full((len(found),), float(i)) for i, found in enumerate(boxes)])
        return {
            "img": torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2),
            "masks": torch.from_numpy(np.stack(masks)),
            "bboxes": torch.from_numpy(np.concatenate(boxes)),
            "batch_idx": owner,
            "cls": torch.zeros_like(owner),
        }

    def _character_picture(
        self, path: Path, shape: tuple[int, int], draw: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Picture, mask target and boxes; mirrored when `draw` is below a half."""
        image, index = load_picture(path, shape)
        if draw < 0.5:
            image, index = image[:, ::-1], index[:, ::-1]
        clean, boxes = boxes_of(np.ascontiguousarray(index))
        half = self.stride // 2
        return image, clean[half :: self.stride, half :: self.stride], boxes

    def _face_picture(
        self, path: Path, shape: tuple[int, int], draw: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Picture or a close-up of it, no mask target, and face boxes, mirrored likewise."""
        image = cv2.cvtColor(read_picture(path, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
        faces, window = faces_of(path), np.array([0, 0, 1, 1], np.float32)
        if (draw * 2) % 1 < CLOSE_UPS:
            window = close_up(faces, np.random.default_rng(int(draw * 2**40)))
        x0, y0, x1, y1 = (window * np.tile(image.shape[1::-1], 2)).round().astype(int)
        part = image[y0:y1, x0:x1]
        part = cv2.resize(part, shape[::-1], interpolation=cv2.INTER_LINEAR)
        boxes = faces_inside(faces, window, shape)
        if draw < 0.5:
            part, boxes[:, 0] = part[:, ::-1], 1 - boxes[:, 0]
        return part, np.zeros((1, 1), np.uint8), boxes


def shapes_of(folders: Sequence[Path]) -> dict[Path, tuple[int, int]]:
    """The (H, W) of every composed picture under the folders."""
    paths = [p for folder in folders for p in sorted((folder / "images").glob("*.jpg"))]
    sizes = (read_picture(p, cv2.IMREAD_GRAYSCALE).shape for p in tqdm(paths, unit="picture"))
    return {p: (height, width) for p, (height, width) in zip(paths, sizes, strict=True)}
