"""What the extension costs a running WebUI, over its HTTP API; everything compared in one run.

    python benchmarks/host_overhead.py --host URL [--bare URL] [--rounds 12] [--out FILE]

*off*: a generation with the extension installed and its panel off, against the same generation in
a WebUI without the extension (``--bare``, the same machine, checkpoint and flags), in turn in every
round. *panel*: how much longer a generation takes with the panel on, against the time that the
pipeline itself takes for that picture, as ``/animeseg/v1/segment`` of the same WebUI reports it.

The generation is img2img of the demo picture at a very low denoising strength, so that there are
characters on it whatever the checkpoint is. Every round changes some pixels: no kept embedding
and no kept result is of use. Needs the WebUI's ``--api``; nothing else may use it meanwhile.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import random
import statistics
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from tqdm import tqdm

DEMO = Path(__file__).resolve().parents[1] / "docs" / "pictures" / "demo.jpg"
WARM_UP = 2
BOOTSTRAPS = 2000
OUTPUTS = ["mask"]


@dataclass(frozen=True)
class Row:
    """One comparison; medians over the rounds.

    Attributes:
        name: what was measured.
        seconds: of what is judged.
        against: seconds of what it is compared with.
        ratio: median over the rounds of one over the other.
        low: lower end of the ratio's 95 % interval, by bootstrap over the rounds.
        high: its upper end.
        target: upper limit of ``ratio``.
    """

    name: str
    seconds: float
    against: float
    ratio: float
    low: float
    high: float
    target: float


class Client:
    """One WebUI.

    Attributes:
        address: without a slash at its end.
    """

    def __init__(self, address: str, credentials: str = "") -> None:
        self.address = address.rstrip("/")
        self._headers = {"Content-Type": "application/json"}
        if credentials:
            encoded = base64.b64encode(credentials.encode()).decode()
            self._headers["Authorization"] = f"Basic {encoded}"

    def post(self, path: str, body: dict[str, Any]) -> tuple[dict[str, Any], float]:
        """The answer, and how many seconds it took to come."""
        data = json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, self._headers)
        started = time.perf_counter()
        with urllib.request.urlopen(request, timeout=1800) as reply:
            answer = reply.read()
        return json.loads(answer), time.perf_counter() - started

    def generate(self, picture: str, args: argparse.Namespace, panel: bool | None) -> float:
        """Seconds of one generation; ``panel`` None sends nothing to the extension."""
        width, height = args.size
        body: dict[str, Any] = {
            "init_images": [picture],
            "denoising_strength": args.denoising,
            "steps": args.steps,
            "width": width,
            "height": height,
            "seed": 1,
            "prompt": "girls",
            "send_images": False,
            "save_images": False,
        }
        if panel is not None:
            options = {"outputs": OUTPUTS, "refine": args.refine}
            body["alwayson_scripts"] = {"animeseg": {"args": [panel, options]}}
        return self.post("/sdapi/v1/img2img", body)[1]

    def segment(self, picture: str, args: argparse.Namespace) -> tuple[float, int]:
        """Seconds of the pipeline itself, and how many characters it found."""
        body = {"image": picture, "options": {"refine": args.refine}}
        answer, _ = self.post("/animeseg/v1/segment", body)
        return float(answer["timings"]["segment"]), int(answer["count"])


def main(arguments: list[str] | None = None) -> int:
    """Runs the benchmark; returns the exit code."""
    args = _parser().parse_args(arguments)
    host = Client(args.host, args.auth)
    rows = []
    if args.bare:
        rows.append(off_row(host, Client(args.bare, args.auth), args))
    rows.append(panel_row(host, args))
    print_table(rows)
    if args.out:
        facts = {"rounds": args.rounds, "size": args.size, "refine": args.refine}
        content = {**facts, "rows": [asdict(row) for row in rows]}
        args.out.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--host", required=True, help="address of a WebUI with the extension")
    parser.add_argument("--bare", default="", help="address of one without it")
    parser.add_argument("--auth", default="", help="user:password of the API")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--size", type=_size, default=(768, 512), help="768x512")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--denoising", type=float, default=0.05)
    parser.add_argument("--refine", default="auto")
    parser.add_argument("--out", type=Path, default=None, help="JSON file to write")
    return parser


def _size(text: str) -> tuple[int, int]:
    width, height = (int(part) for part in text.split("x"))
    return width, height


def picture_of(number: int, size: tuple[int, int]) -> str:
    """The demo picture as base64, some pixels of which depend on ``number``."""
    with Image.open(DEMO) as opened:
        image = opened.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    noise = random.Random(number)
    colour = (noise.randrange(256), noise.randrange(256), noise.randrange(256))
    image.paste(colour, (0, 0, 16, 16))
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode()


def off_row(host: Client, bare: Client, args: argparse.Namespace) -> Row:
    """Installed and off, against not installed; who is first changes with every round."""
    pairs = []
    for number in tqdm(range(WARM_UP + args.rounds), "off"):
        picture = picture_of(number, args.size)
        turns = [host, bare] if number % 2 else [bare, host]
        seconds = {id(one): one.generate(picture, args, None) for one in turns}
        pairs.append((seconds[id(host)], seconds[id(bare)]))
    return row_of("off / not installed", pairs[WARM_UP:], 1.02)


def panel_row(host: Client, args: argparse.Namespace) -> Row:
    """What the panel adds to a generation, against the pipeline's own time."""
    pairs, found = [], 0
    for number in tqdm(range(WARM_UP + args.rounds), "panel"):
        without = host.generate(picture_of(3 * number, args.size), args, False)
        with_it = host.generate(picture_of(3 * number + 1, args.size), args, True)
        own, found = host.segment(picture_of(3 * number + 2, args.size), args)
        pairs.append((with_it - without, own))
    return row_of(f"panel / pipeline ({found} found)", pairs[WARM_UP:], 1.05)


def row_of(name: str, pairs: Sequence[tuple[float, float]], target: float) -> Row:
    """Medians of the pairs, and of their ratios with an interval."""
    ratios = [first / second for first, second in pairs]
    draw = random.Random(0)
    medians = sorted(
        statistics.median(draw.choices(ratios, k=len(ratios))) for _ in range(BOOTSTRAPS)
    )
    low, high = medians[int(0.025 * BOOTSTRAPS)], medians[int(0.975 * BOOTSTRAPS) - 1]
    first, second = (statistics.median(each) for each in zip(*pairs, strict=True))
    return Row(name, first, second, statistics.median(ratios), low, high, target)


def print_table(rows: Sequence[Row]) -> None:
    """Prints the rows."""
    print(f"{'':32}{'seconds':>9}{'against':>9}{'ratio':>8}{'95 %':>16}  target")
    for row in rows:
        interval = f"{row.low:.3f}-{row.high:.3f}"
        print(
            f"{row.name:32}{row.seconds:9.3f}{row.against:9.3f}{row.ratio:8.3f}{interval:>16}"
            f"  <= {row.target}"
        )


if __name__ == "__main__":
    raise SystemExit(main())
