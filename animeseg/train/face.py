"""The bundled detector of drawn faces: boxes, one class.

Backbone, neck and box branch are COCO's; the class branch starts from its 'person' with an empty
read-out, for COCO knows no faces. Nothing is interpolated: there is no start worth going back to.

    python -m animeseg.train.face --coco yolov8n-seg.pt --data COMPOSED --out RUN
"""

from __future__ import annotations

from collections.abc import Sequence

from animeseg.train.finetune import Recipe, run
from animeseg.train.surgery import HEAD, behead

RECIPE = Recipe(
    task="detect",
    rates=((0, 0.0), (3, 1e-4), (10, 3e-4), (HEAD, 1e-3)),
    scales=(0.5, 0.6, 0.75, 0.9, 1.0, 1.2),
    alpha=1.0,
    operating_score=0.35,
    image_size=512,
)


def main(argv: Sequence[str] | None = None) -> None:
    """Command line of the recipe."""
    run(RECIPE, behead, "face", argv)


if __name__ == "__main__":
    main()
