"""What every recipe gives back for one picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.data.entries import Annotation


@dataclass(frozen=True, eq=False)
class Made:
    """A composed picture.

    Attributes:
        rgb: (H, W, 3) uint8 RGB.
        annotations: its characters.
        alphas: (H, W) uint8 per annotation, what is visible of it; empty where not asked for.
        label: text of the label file where the recipe writes its own.
        sources: names of what was used.
    """

    rgb: NDArray[np.uint8]
    annotations: tuple[Annotation, ...]
    alphas: tuple[NDArray[np.uint8], ...] = ()
    label: str | None = None
    sources: Mapping[str, Any] = field(default_factory=dict)


class Maker(Protocol):
    """A recipe with its material."""

    def make(self, rng: np.random.Generator, *, alpha: bool) -> Made | None:
        """Composes one picture; None where the recipe loses it.

        Args:
            rng: all randomness comes from it.
            alpha: whether alphas are asked for.
        """
