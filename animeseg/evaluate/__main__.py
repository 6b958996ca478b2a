"""``python -m animeseg.evaluate``: models side by side on the same pictures.

    python -m animeseg.evaluate --data SET --model character-n --model mine=runs/a+prompt --out OUT

writes ``OUT/report.html`` and ``OUT/report.json`` and prints the main table.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animeseg.__about__ import __version__
from animeseg.cli import run
from animeseg.errors import OptionError, OutputError

if TYPE_CHECKING:
    from tqdm import tqdm

    from animeseg.cli.console import Console
    from animeseg.evaluate.measure import Row
    from animeseg.evaluate.report import Section
    from animeseg.evaluate.systems import Running, System
    from animeseg.evaluate.truth import TruthSet


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    return run(_parser(), argv)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m animeseg.evaluate",
        description="Compare models on the same pictures at the same settings.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--data",
        type=Path,
        action="append",
        required=True,
        metavar="SET",
        help="folder of a set, YOLO folder or COCO file; may be given again",
    )
    parser.add_argument("--part", default="", help="only train, val or test of each set")
    parser.add_argument(
        "--model",
        action="append",
        metavar="[NAME=]MODEL[+REFINEMENT]",
        help="may be given again; all are compared with the first",
    )
    parser.add_argument("--out", type=Path, default=None, help="folder of the report")
    parser.add_argument("--confidence", type=float, default=0.0, help="0: each model's own")
    parser.add_argument("--image-size", type=int, default=0, help="0: each model's own")
    parser.add_argument("--sam", default="mobile-sam", help="Segment Anything: name or path")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--limit", type=int, default=0, help="only the first N pictures")
    parser.add_argument("--draws", type=int, default=200, help="sets drawn for the intervals")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model-dir", type=Path, action="append", default=[])
    parser.add_argument("--worst", type=int, default=6, help="worst cases shown of each model")
    parser.add_argument("--debug", action="store_true", help="show the traceback of every error")
    parser.set_defaults(run=_run)
    return parser


def _run(args: argparse.Namespace, console: Console) -> int:
    from animeseg.evaluate.report import write_report, write_summary
    from animeseg.evaluate.systems import System
    from animeseg.evaluate.truth import open_truth
    from animeseg.options import Options

    base = Options(
        confidence=args.confidence,
        image_size=args.image_size,
        sam_model=args.sam,
        device=args.device,
    )
    systems = [System.parse(text, base) for text in args.model or ["character-n"]]
    names = [system.name for system in systems]
    if len(set(names)) < len(names):
        raise OptionError("--model", f"two have the same name in {names}", "give NAME=MODEL")
    if args.out is not None:
        _make_folder(args.out)
    sections = []
    for path in args.data:
        truths = open_truth(path)
        if args.part:
            truths = truths.part(args.part)
        sections.append(_section(args, path, truths, systems))
        console.lines(table(sections[-1]))
    if args.out is not None:
        facts = _facts(args, systems)
        write_summary(args.out / "report.json", sections, facts)
        write_report(args.out / "report.html", sections, facts)
        console.result(f"Report: {args.out / 'report.html'}")
    return 0


def _section(
    args: argparse.Namespace, path: Path, truths: TruthSet, systems: Sequence[System]
) -> Section:
    from tqdm import tqdm

    from animeseg.evaluate.measure import measure
    from animeseg.evaluate.report import Section
    from animeseg.evaluate.scores import score
    from animeseg.evaluate.systems import Running

    count = min(args.limit or len(truths), len(truths))
    scores, worst = [], {}
    for system in systems:
        load = partial(Running, system, args.model_dir)
        pictures = (truths[row] for row in range(count))
        with tqdm(total=count, desc=system.name, unit="picture", disable=None) as bar:
            measured = measure(load, pictures, told=partial(_tick, bar))
        scores.append(score(measured, draws=args.draws, seed=args.seed))
        if args.out is not None and args.worst:
            worst[system.name] = _worst(load(), truths, scores[-1].worst[: args.worst])
    return Section(str(path), scores, worst)


def _tick(bar: tqdm[Any], _: Row) -> None:
    bar.update()


def _worst(running: Running, truths: TruthSet, rows: Sequence[int]) -> list[tuple[str, bytes]]:
    import numpy as np

    from animeseg.evaluate.worst import side_by_side

    shown = []
    for row in rows:
        truth = truths[row]
        found = running(truth.image)[0].instances
        kept = found[np.flatnonzero(found.scores >= running.confidence)]
        caption = f"{truth.name}: {len(truth.instances)} there, {len(kept)} found"
        shown.append((caption, side_by_side(truth, kept)))
    running.unload()
    return shown


def table(section: Section) -> str:
    """The main table of a set, as text."""
    from animeseg.evaluate.scores import NAMES

    names = [name for name in NAMES if name in section.scores[0].values]
    width = max(len(one.system) for one in section.scores)
    lines = [
        f"{section.title}: {section.scores[0].pictures} pictures, "
        f"{section.scores[0].characters} characters"
    ]
    lines.append(" " * width + "".join(f"  {NAMES[name]}" for name in names) + "  empty  s/pic")
    for one in section.scores:
        cells = "".join(f"  {one.values[n].value:>{len(NAMES[n])}.3f}" for n in names)
        empty = f"{one.empty[1]}/{one.empty[0]}"
        lines.append(f"{one.system:{width}}{cells}  {empty:>5}  {one.cost['seconds']:5.2f}")
    return "\n".join(lines)


def _facts(args: argparse.Namespace, systems: Sequence[System]) -> dict[str, str]:
    import numpy as np
    import torch

    facts = {
        "animeseg": __version__,
        "Python": platform.python_version(),
        "torch, numpy": f"{torch.__version__}, {np.__version__}",
        "machine": f"{platform.system()} {platform.machine()}, {torch.get_num_threads()} threads",
        "intervals": f"{args.draws} draws, seed {args.seed}",
        "command": "python -m animeseg.evaluate " + " ".join(sys.argv[1:]),
    }
    for system in systems:
        facts[f"options of {system.name}"] = str(system.options.changed())
    return facts


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"cannot make the folder {path}: {error}", "choose another --out"
        ) from error


if __name__ == "__main__":
    sys.exit(main())
