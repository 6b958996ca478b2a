"""The bundled detector of drawn characters: masks, one class.

The class branch starts as COCO's own 'person' (`operate`), so that the untrained network already
finds about as many characters as COCO finds persons; `finetune` keeps what it knows.

    python -m animeseg.train.character --coco yolov8n-seg.pt --data COMPOSED --out RUN
    python -m animeseg.train.character --coco yolov8n-seg.pt --tuned RUN*/tuned.safetensors --out .
"""

from __future__ import annotations

from collections.abc import Sequence

from animeseg.train.finetune import Recipe, run
from animeseg.train.surgery import operate

RECIPE = Recipe(scales=(0.5, 0.6, 0.7, 0.8, 1.0, 1.2), operating_score=0.28)


def main(argv: Sequence[str] | None = None) -> None:
    """Command line of the recipe."""
    run(RECIPE, operate, "character", argv)


if __name__ == "__main__":
    main()
