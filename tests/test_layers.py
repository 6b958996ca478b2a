"""The house rules of docs/architecture.md, held over every module."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1] / "animeseg"

FLOORS = {
    "__about__": 0, "errors": 0, "limits": 0, "watch": 0,
    "base64_image": 1, "files": 1, "images": 1, "instances": 1, "masks": 1, "options": 1,
    "pixels": 1,
    "detect": 2, "matte": 2, "parse": 2, "refine": 2, "select": 2, "weights": 2,
    "loading": 3, "segmenter": 3, "targets": 3,
    "batch": 4, "export": 4, "video": 4,
    "webui": 5,
    "__main__": 6, "cli": 6,
}  # fmt: skip
"""A room imports from its own floor or below."""

BESIDE = {"data", "evaluate", "train"}
"""May import from any floor; nothing that runs in the host imports them."""

NETWORK = {"aiohttp", "http", "httpx", "huggingface_hub", "requests", "socket", "urllib3"}


def modules():
    return sorted(ROOT.rglob("*.py"))


def shown(path):
    return path.relative_to(ROOT).as_posix()


def room_of(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def parsed(path):
    return ast.parse(path.read_text("utf-8"))


def imported(tree):
    """Dotted names of everything a module imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms_imported(path):
    for name in imported(parsed(path)):
        parts = name.split(".")
        if parts[0] == "animeseg" and len(parts) > 1:
            yield parts[1]


everywhere = pytest.mark.parametrize("path", modules(), ids=shown)


@everywhere
def test_rooms_import_from_their_own_floor_or_below(path):
    room = room_of(path)
    if room == "__init__" or room in BESIDE:
        return
    assert room in FLOORS, f"{room} has no floor yet: say where it belongs, here and in the docs"
    for other in rooms_imported(path):
        if other == "__version__":
            continue
        assert other not in BESIDE, f"{shown(path)} imports {other}, which never runs in the host"
        assert FLOORS[other] <= FLOORS[room], f"{shown(path)} reaches up to {other}"


@everywhere
def test_only_limits_reads_the_environment(path):
    if shown(path) in ("limits.py", "detect/_ultralytics.py"):
        return
    words = {"environ", "environb", "getenv", "putenv", "unsetenv"}
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert not (node.value.id == "os" and node.attr in words), f"line {node.lineno}"
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            assert not words & {alias.name for alias in node.names}, f"line {node.lineno}"


@everywhere
def test_only_one_module_imports_ultralytics(path):
    if shown(path) == "detect/_ultralytics.py" or room_of(path) in BESIDE:
        return
    assert "ultralytics" not in {name.split(".")[0] for name in imported(parsed(path))}


@everywhere
def test_only_the_hub_opens_sockets(path):
    if shown(path).startswith("weights/") or room_of(path) in {*BESIDE, "webui"}:
        return
    names = list(imported(parsed(path)))
    assert not NETWORK & {name.split(".")[0] for name in names}
    assert not [name for name in names if name.startswith("urllib.request")]


@everywhere
def test_gradio_and_the_host_stay_in_their_room(path):
    if room_of(path) == "webui":
        return
    assert not {"gradio", "modules"} & {name.split(".")[0] for name in imported(parsed(path))}


@everywhere
def test_only_the_host_room_touches_the_modules_of_the_host(path):
    if shown(path).startswith("webui/host/"):
        return
    assert "modules" not in {name.split(".")[0] for name in imported(parsed(path))}
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert not node.value.startswith("modules."), f"line {node.lineno}"


@everywhere
def test_errors_are_caught_by_name(path):
    for node in ast.walk(parsed(path)):
        if not isinstance(node, ast.ExceptHandler):
            continue
        assert node.type is not None, f"bare except in line {node.lineno}"
        broad = {name.id for name in ast.walk(node.type) if isinstance(name, ast.Name)}
        cleans_up = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
        if broad & {"Exception", "BaseException"} and not cleans_up:
            # The edges: where one picture's error must not cost the others, or ends the program.
            edges = ("cli/", "batch/", "webui/", "video")
            assert shown(path).startswith(edges), f"line {node.lineno}"


@everywhere
def test_modules_and_functions_can_be_read_in_one_sitting(path):
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= (600 if shown(path) == "options/segment.py" else 300)
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno - node.lineno < 60, f"{node.name} is too long"


@pytest.mark.parametrize(
    "statement",
    [
        "import animeseg",
        "from animeseg import AnimesegError, Instances, ModelInfo, Note, Options, Segmentation",
        "import animeseg.cli; animeseg.cli.main",
    ],
)
def test_importing_loads_nothing_heavy(statement):
    heavy = {"cv2", "huggingface_hub", "scipy", "segment_anything", "torch", "ultralytics"}
    program = f"import sys\n{statement}\nprint(*({heavy!r} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT.parent,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_everything_the_package_offers_can_be_imported():
    import animeseg

    for name in animeseg.__all__:
        assert getattr(animeseg, name) is not None
    assert set(animeseg.__all__) <= set(dir(animeseg))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        animeseg.nothing  # noqa: B018
