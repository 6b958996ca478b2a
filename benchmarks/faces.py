"""Quality of a face detector on the development pictures.

    python benchmarks/faces.py --data DIR [--model NAME_OR_PATH ...]

Per set: AP at IoU 0.5 and 0.5-0.95 of the boxes (pycocotools), precision and recall at the
shipped confidence, and how many pictures without characters got a detection. Pictures in which a
character has no face box by lack of labelling are left out; faces marked `ignore`, and detections
that lie mostly in pixels marked `ignore`, count neither way.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from development import Picture, load_composites, load_real
from tqdm import tqdm

from animeseg import Options
from animeseg.loading import ModelSource

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from animeseg.detect import Detector

LEAST_SCORE = 0.005


@dataclass(frozen=True)
class Faces:
    """One picture's faces: (N, 4) XYXY boxes, and which of them count."""

    picture: Picture
    boxes: NDArray[np.float64]
    counted: NDArray[np.bool_]


@dataclass(frozen=True)
class Scores:
    """Scores of one detector on one set; shares in 0..1."""

    model: str
    dataset: str
    pictures: int
    faces: int
    ap50: float
    ap: float
    precision: float
    recall: float
    empty_pictures: int
    empty_with_detection: int


def main(arguments: list[str] | None = None) -> int:
    """Runs the benchmark; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with real/ and composite/")
    parser.add_argument("--model", nargs="+", default=["face-n"], help="names or paths")
    parser.add_argument("--image-size", type=int, default=0)
    parser.add_argument("--out", type=Path, default=None, help="JSON file to write")
    args = parser.parse_args(arguments)
    sets = {"real": real_faces(args.data), "composite": composite_faces(args.data)}
    rows = []
    for model in args.model:
        detector = ModelSource().detector(Options(model=model))
        for name, labelled in sets.items():
            row = measure(Path(model).stem, name, labelled, detector, args.image_size)
            print(
                ", ".join(
                    f"{k} {v:.3f}" if isinstance(v, float) else f"{k} {v}"
                    for k, v in asdict(row).items()
                ),
                flush=True,
            )
            rows.append(row)
    if args.out:
        args.out.write_text(json.dumps([asdict(row) for row in rows], indent=1), encoding="utf-8")
    return 0


def real_faces(root: Path) -> list[Faces]:
    """The faces of the real illustrations."""
    content = json.loads((root / "real" / "face_boxes.json").read_text(encoding="utf-8"))
    rows = [(picture, _boxes(content[picture.name])) for picture in load_real(root)]
    return [Faces(picture, boxes, np.ones(len(boxes), bool)) for picture, boxes in rows]


def composite_faces(root: Path) -> list[Faces]:
    """The faces of the composites in which every face is labelled, and the empty pictures."""
    content = json.loads((root / "composite" / "face_boxes.json").read_text(encoding="utf-8"))
    found = []
    for picture in load_composites(root):
        row = content[picture.name]
        if not row["unlabelled_characters"]:
            boxes = _boxes([face["box"] for face in row["faces"]])
            counted = np.array([not face.get("ignore") for face in row["faces"]], bool)
            found.append(Faces(picture, boxes, counted))
    return found


def measure(
    model: str, dataset: str, labelled: list[Faces], detector: Detector, image_size: int
) -> Scores:
    """All scores of one detector on one set."""
    found = [_detect(detector, faces.picture, image_size) for faces in tqdm(labelled, desc=dataset)]
    boxes, kept = [rows[:, :4] for rows in found], detector.confidence or 0.25
    ap, ap50 = average_precision(labelled, boxes, [rows[:, 4] for rows in found])
    sure = [rows[rows[:, 4] >= kept] for rows in found]
    hits = [_matched(faces, rows[:, :4]) for faces, rows in zip(labelled, sure, strict=True)]
    true = sum(hit for hit, _ in hits)
    empty = [rows for faces, rows in zip(labelled, sure, strict=True) if not faces.picture.rles]
    total = sum(int(faces.counted.sum()) for faces in labelled)
    return Scores(
        model=model,
        dataset=dataset,
        pictures=len(labelled),
        faces=total,
        ap50=ap50,
        ap=ap,
        precision=true / max(1, sum(shown for _, shown in hits)),
        recall=true / max(1, total),
        empty_pictures=len(empty),
        empty_with_detection=sum(len(rows) > 0 for rows in empty),
    )


def average_precision(
    labelled: list[Faces],
    boxes: Iterable[NDArray[np.float64]],
    scores: Iterable[NDArray[np.float64]],
) -> tuple[float, float]:
    """AP at IoU 0.5-0.95 and at 0.5, as pycocotools computes them."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    annotations: list[dict[str, Any]] = []
    results: list[dict[str, Any]] = []
    for number, (faces, found, sure) in enumerate(zip(labelled, boxes, scores, strict=True), 1):
        for box, counts in zip(faces.boxes, faces.counted, strict=True):
            row = {"id": len(annotations) + 1, "image_id": number, "category_id": 1}
            annotations.append(row | _coco_box(box) | {"iscrowd": int(not counts)})
        for box, score in zip(found, sure, strict=True):
            row = {"image_id": number, "category_id": 1, "score": float(score)}
            results.append(row | _coco_box(box))
    if not results:
        return 0.0, 0.0
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        images = [{"id": number} for number in range(1, len(labelled) + 1)]
        categories = [{"id": 1, "name": "face"}]
        truth.dataset = {"images": images, "annotations": annotations, "categories": categories}
        truth.createIndex()
        judge = COCOeval(truth, truth.loadRes(results), "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return float(judge.stats[0]), float(judge.stats[1])


def _boxes(rows: list[list[float]]) -> NDArray[np.float64]:
    return np.array(rows, np.float64).reshape(-1, 4)


def _coco_box(box: NDArray[np.float64]) -> dict[str, Any]:
    x0, y0, x1, y1 = (float(value) for value in box)
    return {"bbox": [x0, y0, x1 - x0, y1 - y0], "area": (x1 - x0) * (y1 - y0)}


def _detect(detector: Detector, picture: Picture, image_size: int) -> NDArray[np.float64]:
    """(N, 5) boxes and scores, most confident first, without those in ignored pixels."""
    found = detector.detect(
        picture.image, confidence=LEAST_SCORE, nms_iou=0.6, image_size=image_size
    ).instances
    ignore = picture.ignore
    rows = []
    for box, score in zip(found.boxes, found.scores, strict=True):
        x0, y0, x1, y1 = (int(value) for value in box)
        window = ignore[y0 : y1 + 1, x0 : x1 + 1]
        if not window.size or window.mean() < 0.5:
            rows.append([*box, score])
    return np.array(rows, np.float64).reshape(-1, 5)


def _matched(faces: Faces, found: NDArray[np.float64]) -> tuple[int, int]:
    """Faces found at IoU 0.5 (greedy, most confident first) and detections that count."""
    free = list(range(len(faces.boxes)))
    hits = shown = 0
    for box in found:
        overlaps = [_iou(box, faces.boxes[k]) for k in free]
        best = int(np.argmax(overlaps)) if overlaps else -1
        if best >= 0 and overlaps[best] >= 0.5:
            counts = bool(faces.counted[free.pop(best)])
            hits, shown = hits + counts, shown + counts
        else:
            shown += 1
    return hits, shown


def _iou(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
    joint = float(np.prod(np.clip(high - low, 0, None)))
    areas = float(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]))
    return joint / max(areas - joint, 1e-9)


if __name__ == "__main__":
    raise SystemExit(main())
