"""Small runs for the tests of training; what starts them in another process imports this too."""

from __future__ import annotations

import csv

from PIL import Image

from animeseg.data.figures import draw_figure
from animeseg.train.job import Job
from animeseg.train.preset import load_preset

TINY = {"epochs": 3, "image_size": 64, "batch": 2, "nominal_batch": 2, "mosaic": 0.5}


def write_set(root):
    """A set of six small pictures of drawn figures, two of them to measure on."""
    for part, count in (("train", 4), ("val", 2)):
        (root / "images" / part).mkdir(parents=True)
        (root / "labels" / part).mkdir(parents=True)
        for number in range(count):
            write_picture(root, part, number)
    (root / "data.yaml").write_text(
        "path: .\ntrain: images/train\nval: images/val\nnames: [character]\n"
    )
    return root


def write_picture(root, part, number):
    figure = Image.fromarray(draw_figure(number, height=90).rgba)
    page = Image.new("RGB", (96, 96), (200, 220, 240))
    page.paste(figure, ((96 - figure.width) // 2, 3), figure)
    page.save(root / f"images/{part}/{number}.png")
    left, right = (96 - figure.width) / 192, (96 + figure.width) / 192
    corners = f"{left} 0.03 {right} 0.03 {right} 0.97 {left} 0.97"
    (root / f"labels/{part}/{number}.txt").write_text(f"0 {corners}\n")


def job_of(figures, out, **more):
    preset = load_preset("fast", {**TINY, **more.pop("changes", {})})
    return Job("character", figures, out, preset, "fast", device="cpu", workers=0, **more)


def curve(out):
    """The rows of ``results.csv`` but for the time."""
    with (out / "train/results.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    return [{k.strip(): v for k, v in row.items() if k.strip() != "time"} for row in rows]
