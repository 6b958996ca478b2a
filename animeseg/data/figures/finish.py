"""What is laid over finished colours: light that falls off, brushwork, paper grain."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from animeseg.data.figures.shading import Bytes, Look

Floats = npt.NDArray[np.float32]


def apply_finish(rgba: Bytes, look: Look, rng: np.random.Generator) -> None:
    """Change the colours of `rgba` (H, W, 4; straight alpha) in place; alpha stays as it is."""
    if look.finish == "clean":
        return
    if look.finish == "painted":
        _brush(rgba)
    height, width = rgba.shape[:2]
    field = {"lit": _light, "painted": _daubs, "grain": _grain}[look.finish](
        height, width, look, rng
    )
    if look.shading == "screentone":
        field = np.repeat(field.mean(axis=2, keepdims=True), 3, axis=2)
    factors = cv2.merge([*cv2.split(field), np.ones((height, width), np.float32)])
    rgba[:] = cv2.multiply(rgba, factors, dtype=cv2.CV_8U)


def _brush(rgba: Bytes) -> None:
    """Blend neighbouring colours a little, without letting the empty surroundings in."""
    alpha = rgba[..., 3:].astype(np.float32) / 255.0
    sigma = max(0.5, rgba.shape[0] / 640.0)
    spread = cv2.GaussianBlur(rgba[..., :3] * alpha, (0, 0), sigma)
    weight = cv2.GaussianBlur(alpha, (0, 0), sigma)[..., None]
    blended = np.clip(np.rint(spread / np.maximum(weight, 1e-3)), 0, 255).astype(np.uint8)
    solid = alpha[..., 0] > 0
    rgba[solid, :3] = blended[solid]


def _light(height: int, width: int, look: Look, rng: np.random.Generator) -> Floats:
    """Return factors (H, W, 3) that fall from the lit corner to the opposite one."""
    warm = np.array([1.08, 1.04, 0.98]) * rng.uniform(0.95, 1.08)
    cool = np.array([0.72, 0.74, 0.86]) * rng.uniform(0.8, 1.15)
    if rng.random() < 0.25:
        warm, cool = warm * rng.uniform(0.8, 1.15, 3), cool * rng.uniform(0.7, 1.15, 3)
    near, far = np.clip(warm, 0.4, 1.25), np.clip(cool, 0.4, 1.1)
    middle = (near + far) / 2.0
    top = [near, middle] if look.light[0] > 0 else [middle, near]
    bottom = [middle, far] if look.light[0] > 0 else [far, middle]
    corners = np.array([top, bottom], np.float32)
    return np.asarray(cv2.resize(corners, (width, height), interpolation=cv2.INTER_LINEAR))


def _daubs(height: int, width: int, look: Look, rng: np.random.Generator) -> Floats:
    """Return factors (H, W, 3) of broad uneven brushwork over falling light."""
    cells = max(4, height // 40), max(4, width // 40)
    coarse = rng.normal(1.0, 0.035, (*cells, 1)) + rng.normal(0.0, 0.015, (*cells, 3))
    patches = cv2.resize(coarse.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(cv2.multiply(patches, _light(height, width, look, rng)))


def _grain(height: int, width: int, look: Look, rng: np.random.Generator) -> Floats:
    """Return factors (H, W, 3) of fine paper grain, stronger for darker pictures."""
    strength = 0.03 + 0.04 * min(look.shadow, 1.0)
    noise = rng.normal(1.0, strength, (max(2, height // 2), max(2, width // 2)))
    grain = cv2.resize(noise.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.repeat(grain[..., None], 3, axis=2)
