"""Makes the pictures of the README from demo.jpg.

    python docs/pictures/make.py [--sam mobile-sam]

Without ``--sam`` the masks are refined along the picture's edges.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image

from animeseg import Options, Segmenter
from animeseg.export import cutout, overlay
from animeseg.images import read_image

HERE = Path(__file__).parent
WIDTH = 896


def main(arguments: list[str] | None = None) -> int:
    """Writes demo-overlay.jpg and demo-cutout.webp beside this file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sam", default=None, help="Segment Anything: name or path")
    args = parser.parse_args(arguments)
    options = Options(refine="prompt", sam_model=args.sam) if args.sam else Options(refine="edge")
    picture = read_image(HERE / "demo.jpg")
    result = Segmenter(options)(picture)
    _small(overlay(picture.rgb, result.instances)).save(HERE / "demo-overlay.jpg", quality=88)
    _small(cutout(picture.rgb, result)).save(HERE / "demo-cutout.webp", quality=85)
    return 0


def _small(array: object) -> Image.Image:
    image = Image.fromarray(array)
    return image.resize((WIDTH, round(image.height * WIDTH / image.width)), Image.LANCZOS)


if __name__ == "__main__":
    raise SystemExit(main())
