"""Quality of the main job on the development pictures.

    python benchmarks/quality.py --data DIR [--model NAME ...] [--refine none prompt ...]

For every detector and refinement: recall of characters, mean foreground IoU, boundary IoU and the
share of pictures above 0.9 on the real illustrations; mask AP (COCO) on both sets; pictures
without characters that got a detection. Prints a table and writes JSON.

Definitions. *Recall*: characters that have a prediction of mask IoU >= 0.5 of their own (greedy,
most confident first). *IoU*: all predicted against all true foreground of a picture, ignored pixels
left out, averaged over pictures. *BIoU*: the same with boundary IoU (Cheng et al. 2021, dilation
ratio 0.02). *>0.9*: share of pictures whose IoU exceeds 0.9. Those are measured at the shipped
confidence. *AP*: pycocotools on masks; of bare detections down to --ap-confidence, of refined
masks at the shipped confidence (so the two are not to be compared with each other).
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from development import Picture, foreground_iou, load_composites, load_real
from tqdm import tqdm

from animeseg import Instances, Options, Segmenter, masks

if TYPE_CHECKING:
    from numpy.typing import NDArray

IOU_MATCH = 0.5


@dataclass(frozen=True)
class Answer:
    """What one system said about one picture, with the time it took."""

    picture: Picture
    instances: Instances
    seconds: float
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Scores:
    """Scores of one system on one set; shares and IoU in 0..1."""

    system: str
    dataset: str
    pictures: int
    characters: int
    found: int
    iou: float
    iou_plain: float | None
    iou_scene: float | None
    boundary_iou: float
    over_90: float
    ap50: float
    ap: float
    empty_pictures: int
    empty_with_detection: int
    seconds_per_picture: float
    notes: dict[str, int]


def main(arguments: list[str] | None = None) -> int:
    """Runs the benchmark; returns the exit code."""
    args = _parser().parse_args(arguments)
    sets = {"real": load_real, "composite": load_composites}
    pictures = {name: sets[name](args.data)[: args.pictures] for name in args.set}
    rows = []
    for model in args.model:
        for refine in args.refine:
            for name, chosen in pictures.items():
                rows.append(measure(name, chosen, _options(args, model, refine), args))
                print_table(rows[-1:], header=len(rows) == 1)
    if args.out:
        args.out.write_text(json.dumps([asdict(row) for row in rows], indent=1), encoding="utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with real/ and composite/")
    parser.add_argument("--set", nargs="+", default=["real", "composite"])
    parser.add_argument("--model", nargs="+", default=["character-n"], help="names or paths")
    parser.add_argument("--refine", nargs="+", default=["none", "prompt"])
    parser.add_argument("--sam", default=Options().sam_model, help="name or path")
    parser.add_argument("--confidence", type=float, default=Options().confidence)
    parser.add_argument("--image-size", type=int, default=0)
    parser.add_argument("--ap-confidence", type=float, default=0.01)
    parser.add_argument("--pictures", type=int, default=None, help="only the first N of each set")
    parser.add_argument("--out", type=Path, default=None, help="JSON file to write")
    return parser


def _options(args: argparse.Namespace, model: str, refine: str) -> Options:
    return Options(
        model=model,
        refine=refine,
        sam_model=args.sam,
        confidence=args.confidence,
        image_size=args.image_size,
    )


def measure(
    dataset: str, pictures: list[Picture], options: Options, args: argparse.Namespace
) -> Scores:
    """All scores of one system (the options) on one set."""
    answers = list(run(pictures, options))
    wide = answers
    if options.refine == "none":
        low = options.replace(confidence=args.ap_confidence, max_instances=300)
        wide = list(run(pictures, low))
    ap, ap50 = average_precision(wide)
    full = [answer for answer in answers if answer.picture.rles]
    empty = [answer for answer in answers if not answer.picture.rles]
    ious = np.array([_picture_iou(answer) for answer in full])
    kinds = np.array([answer.picture.background for answer in full])
    return Scores(
        system=f"{Path(options.model).stem} + {options.refine}",
        dataset=dataset,
        pictures=len(full),
        characters=sum(len(answer.picture.rles) for answer in full),
        found=sum(_found(answer) for answer in full),
        iou=float(ious.mean()),
        iou_plain=_mean_or_none(ious[kinds == "plain"]),
        iou_scene=_mean_or_none(ious[kinds == "scene"]),
        boundary_iou=float(np.mean([_picture_boundary_iou(answer) for answer in full])),
        over_90=float((ious > 0.9).mean()),
        ap50=ap50,
        ap=ap,
        empty_pictures=len(empty),
        empty_with_detection=sum(len(answer.instances) > 0 for answer in empty),
        seconds_per_picture=float(np.mean([answer.seconds for answer in answers])),
        notes=_tally(note for answer in answers for note in answer.notes),
    )


def run(pictures: Iterable[Picture], options: Options) -> Iterable[Answer]:
    """The whole pipeline over all pictures."""
    segmenter = Segmenter(options)
    for picture in tqdm(pictures, desc=f"{options.model} {options.refine}", leave=False):
        image = picture.image
        start = time.perf_counter()
        result = segmenter(image)
        seconds = time.perf_counter() - start
        yield Answer(picture, result.instances, seconds, tuple(n.code for n in result.notes))


def _counted(answer: Answer) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Predicted (M, H, W) and true (N, H, W) masks with ignored pixels taken out of both."""
    counted = ~answer.picture.ignore
    return answer.instances.masks & counted, answer.picture.masks & counted


def _picture_iou(answer: Answer) -> float:
    union = answer.picture.masks.any(axis=0)
    return foreground_iou(answer.instances.union(), union, answer.picture.ignore)


def _picture_boundary_iou(answer: Answer) -> float:
    predicted, true = _counted(answer)
    return masks.boundary_iou(predicted.any(axis=0), true.any(axis=0))


def _found(answer: Answer) -> int:
    """Characters matched by a prediction of their own, most confident first."""
    predicted, true = _counted(answer)
    if not len(predicted):
        return 0
    ious = masks.pairwise_iou(predicted, true)
    for row in np.argsort(-answer.instances.scores, kind="stable"):
        best = int(ious[row].argmax())
        if ious[row, best] >= IOU_MATCH:
            ious[:, best] = -1.0
    return int((ious < 0).any(axis=0).sum())


def average_precision(answers: list[Answer]) -> tuple[float, float]:
    """Mask AP50-95 and AP50 by pycocotools."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    truth: dict[str, Any] = {"images": [], "annotations": [], "categories": [{"id": 1}]}
    results = []
    for number, answer in enumerate(answers, 1):
        height, width = answer.picture.size
        truth["images"].append({"id": number, "height": height, "width": width})
        predicted, true = _counted(answer)
        for mask in true:
            entry = {"id": len(truth["annotations"]) + 1, "iscrowd": 0, **_coco(number, mask)}
            truth["annotations"].append(entry)
        for mask, score in zip(predicted, answer.instances.scores, strict=True):
            results.append({"score": float(score), **_coco(number, mask)})
    if not results:
        return 0.0, 0.0
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = truth
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(results), "segm")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[0]), float(evaluation.stats[1])


def _coco(image_id: int, mask: NDArray[np.bool_]) -> dict[str, Any]:
    area = int(mask.sum())
    return {
        "image_id": image_id,
        "category_id": 1,
        "segmentation": masks.encode_rle(mask),
        "area": area,
    }


def _mean_or_none(values: NDArray[np.floating[Any]]) -> float | None:
    return float(values.mean()) if len(values) else None


def _tally(codes: Iterable[str]) -> dict[str, int]:
    tally: dict[str, int] = {}
    for code in codes:
        tally[code] = tally.get(code, 0) + 1
    return tally


def print_table(rows: list[Scores], *, header: bool) -> None:
    """One line a system and set."""
    if header:
        print(
            f"{'system':28} {'set':10} {'recall':>9} {'IoU':>6} {'plain':>6} {'scene':>6} "
            f"{'BIoU':>6} {'>0.9':>6} {'AP50':>6} {'AP':>6} {'empty':>7} {'s/pic':>6}"
        )
    for row in rows:
        plain, scene = (f"{v:.3f}" if v is not None else "" for v in (row.iou_plain, row.iou_scene))
        print(
            f"{row.system:28} {row.dataset:10} {row.found:>4}/{row.characters:<4} {row.iou:6.3f} "
            f"{plain:>6} {scene:>6} {row.boundary_iou:6.3f} {row.over_90:6.1%} {row.ap50:6.3f} "
            f"{row.ap:6.3f} {row.empty_with_detection:>3}/{row.empty_pictures:<3} "
            f"{row.seconds_per_picture:6.2f}",
            flush=True,
        )


if __name__ == "__main__":
    raise SystemExit(main())
