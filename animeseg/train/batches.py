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


def load_picture(path: Path, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Read a composite at a size: (H, W, 3) uint8 RGB and its (H, W) uint8 index map."""
    image = read_picture(path, cv2.IMREAD_COLOR)
    index = read_picture(path.parent.parent / "masks" / f"{path.stem}.png")
    size = shape[::-1]
    shrink = cv2.INTER_AREA if shape[0] < image.shape[0] else cv2.INTER_LINEAR
    image = cv2.cvtColor(cv2.resize(image, size, interpolation=shrink), cv2.COLOR_BGR2RGB)
    return image, cv2.resize(index, size, interpolation=cv2.INTER_NEAREST)


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


def faces_of(path: Path, shape: tuple[int, int], mirror: bool, smallest: float = 5) -> np.ndarray:
    """The faces of a composite as (N, 4) float32 boxes, centre and size, 0..1.

    Args:
        path: of the picture.
        shape: (H, W) it is trained at.
        mirror: left and right are exchanged.
        smallest: pixels at that size; a face with a shorter side is left out.
    """
    text = (path.parent.parent / "faces" / f"{path.stem}.txt").read_text(encoding="utf-8")
    rows = np.array(text.split(), np.float32).reshape(-1, 5)[:, 1:]
    rows = rows[(rows[:, 2:] * shape[::-1] >= smallest).all(1)]
    if mirror:
        rows[:, 0] = 1 - rows[:, 0]
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
                self.plan.append((chosen, size, rng.random(batch) < 0.5))
        self.plan = [self.plan[i] for i in rng.permutation(len(self.plan))]

    def __len__(self) -> int:
        return len(self.plan)

    def __getitem__(self, number: int) -> dict[str, torch.Tensor]:
        """A batch as the loss of ultralytics reads it; images are (B, 3, H, W) uint8 RGB."""
        images, masks, boxes, owners = [], [], [], []
        for i, (path, mirror) in enumerate(zip(*self.plan[number][::2], strict=True)):
            image, index = load_picture(path, self.plan[number][1])
            if mirror:
                image, index = image[:, ::-1], index[:, ::-1]
            clean, found = boxes_of(np.ascontiguousarray(index))
            if self.faces:
                found = faces_of(path, self.plan[number][1], mirror)
            half = self.stride // 2
            images.append(torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1))
            masks.append(torch.from_numpy(clean[half :: self.stride, half :: self.stride].copy()))
            boxes.append(torch.from_numpy(found))
            owners.append(torch.full((len(found),), float(i)))
        owner = torch.cat(owners)
        targets = {"bboxes": torch.cat(boxes), "batch_idx": owner, "cls": torch.zeros_like(owner)}
        return targets | {"img": torch.stack(images), "masks": torch.stack(masks)}


def shapes_of(folders: Sequence[Path]) -> dict[Path, tuple[int, int]]:
    """The (H, W) of every composed picture under the folders."""
    paths = [p for folder in folders for p in sorted((folder / "images").glob("*.jpg"))]
    sizes = (read_picture(p, cv2.IMREAD_GRAYSCALE).shape for p in tqdm(paths, unit="picture"))
    return {p: (height, width) for p, (height, width) in zip(paths, sizes, strict=True)}
