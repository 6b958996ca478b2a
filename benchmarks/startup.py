"""Start-up: what `import animeseg`, `animeseg --help` and our part in a WebUI's start cost.

    python benchmarks/startup.py [--rounds 15] [--cpu]

Medians over processes started in turn, with the time of a bare interpreter (``python -c pass``)
taken off where it says *net*; *ratio* is against importing numpy alone, which nothing here can do
without. *WebUI* is a process that has loaded what every WebUI has loaded before its extensions,
with stand-ins for its own modules; *with our scripts* loads ``scripts/*.py`` as the WebUI does.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]

WEBUI = """
import argparse, ast, asyncio, base64, dataclasses, email, functools, hashlib, html, inspect
import importlib.metadata
import io, json, logging, pathlib, random, re, runpy, sys, threading, types, typing, urllib.request
import numpy, packaging.version, PIL.Image
for name in "scripts scripts_postprocessing shared script_callbacks ui_components".split():
    sys.modules["modules." + name] = types.ModuleType("modules." + name)
modules = sys.modules["modules"] = types.ModuleType("modules")
modules.__path__ = []
modules.scripts = sys.modules["modules.scripts"]
modules.scripts_postprocessing = sys.modules["modules.scripts_postprocessing"]
modules.scripts.Script = modules.scripts_postprocessing.ScriptPostprocessing = type("Base", (), {})
"""

SCRIPTS = """
sys.path.insert(0, ROOT)
for path in sorted(pathlib.Path(ROOT, "scripts").glob("*.py")):
    runpy.run_path(str(path))
"""

COMMANDS = {
    "bare interpreter": ["-c", "pass"],
    "import numpy": ["-c", "import numpy"],
    "import animeseg": ["-c", "import animeseg"],
    "import animeseg + Options": ["-c", "from animeseg import Options, Instances; Options()"],
    "animeseg --help": ["-m", "animeseg", "--help"],
    "animeseg segment --help": ["-m", "animeseg", "segment", "--help"],
    "WebUI": ["-c", WEBUI],
    "WebUI with our scripts": ["-c", f"ROOT = {str(REPOSITORY)!r}\n{WEBUI}{SCRIPTS}"],
    "install.py, all installed": [str(REPOSITORY / "install.py")],
}


def main(arguments: list[str] | None = None) -> int:
    """Runs the benchmark; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument(
        "--cpu", action="store_true", help="processor time, for a machine that does other work"
    )
    parser.add_argument("--out", type=Path, default=None, help="JSON file to write")
    args = parser.parse_args(arguments)
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(args.rounds):
        for name, command in COMMANDS.items():
            seconds[name].append(_run(command, _spent if args.cpu else time.perf_counter))
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    bare = medians["bare interpreter"]
    numpy = medians["import numpy"] - bare
    print(f"{'':28} {'total':>9} {'net':>9} {'ratio':>7}")
    for name, median in medians.items():
        net = median - bare
        print(f"{name:28} {median * 1e3:6.0f} ms {net * 1e3:6.0f} ms {net / numpy:7.2f}")
    added = medians["WebUI with our scripts"] - medians["WebUI"]
    print(f"{'our scripts add':28} {'':9} {added * 1e3:6.0f} ms")
    if args.out:
        args.out.write_text(json.dumps({"rounds": args.rounds, "seconds": medians}, indent=1))
    return 0


def _run(command: list[str], clock: Callable[[], float]) -> float:
    start = clock()
    subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
    return clock() - start


def _spent() -> float:
    """Seconds of processor time that children have taken; not on Windows."""
    import resource

    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    raise SystemExit(main())
