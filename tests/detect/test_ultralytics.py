"""The adapter around ultralytics leaves the process as it found it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from animeseg.detect import _ultralytics
from animeseg.errors import MissingDependencyError

SNAPSHOT = """
import io, json, logging, os, sys, threading, warnings
import cv2, numpy as np, torch, torchvision
import PIL.Image

events = []
def spy(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname",
                 "subprocess.Popen", "os.system", "os.exec", "os.fork", "os.posix_spawn"):
        events.append(event + " " + str(arguments)[:200])
sys.addaudithook(spy)

def functions(module):
    return {f"{module.__name__}.{n}": id(v) for n, v in vars(module).items()
            if callable(v) and not n.startswith("_")}

def state():
    loggers = {n: (l.level, l.propagate, len(l.handlers)) for n, l in
               logging.root.manager.loggerDict.items() if isinstance(l, logging.Logger)
               and not n.startswith("ultralytics")}
    return {
        "environment": dict(os.environ),
        "functions": {k: v for m in (torch, cv2, PIL.Image, np, warnings, logging, os, json)
                      for k, v in functions(m).items()},
        "cv2 threads": cv2.getNumThreads(),
        "torch threads": (torch.get_num_threads(), torch.get_num_interop_threads()),
        "numpy printing": str(np.get_printoptions()),
        "torch printing": str(vars(torch._tensor_str.PRINT_OPTS)),
        "warnings": [str(f) for f in warnings.filters],
        "cudnn": (torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark),
        "loggers": loggers,
        "root logger": (logging.root.level, len(logging.root.handlers)),
        "stdout": (id(sys.stdout), sys.stdout.encoding, sys.stdout.errors),
        "pixel limit": PIL.Image.MAX_IMAGE_PIXELS,
        "excepthook": id(sys.excepthook),
        "threads": [t.name for t in threading.enumerate()],
        "random": torch.random.get_rng_state().sum().item(),
        "path": list(sys.path),
    }

def difference(before, after):
    found = {}
    for key, old in before.items():
        new = after[key]
        if isinstance(old, dict):
            changed = {k: (v, new.get(k)) for k, v in old.items() if new.get(k) != v}
            if key == "environment":
                changed.update({k: v for k, v in new.items() if k not in old})
            if changed:
                found[key] = str(changed)
        elif old != new:
            found[key] = str((old, new))
    return found
"""

# What releases from 8.3.47 on have been seen to change, all at once, and then a failure.
FAKE = """
import logging, os, sys, warnings
import cv2, numpy as np, torch
from PIL import Image
for name in ("OMP_NUM_THREADS", "NUMEXPR_MAX_THREADS", "CUBLAS_WORKSPACE_CONFIG"):
    if not os.environ.get(name):
        os.environ[name] = "1"
autoinstall = os.environ["YOLO_AUTOINSTALL"]
torch.set_printoptions(linewidth=320, precision=2)
np.set_printoptions(linewidth=320, formatter={"float_kind": "{:11.5g}".format})
cv2.setNumThreads(0)
warnings.filterwarnings("ignore", category=FutureWarning)
for name in ("coremltools", "sentry_sdk"):
    logging.getLogger(name).setLevel(logging.CRITICAL)
logging.getLogger().addHandler(logging.StreamHandler())
torch.load = torch.save = cv2.imread = cv2.imwrite = cv2.imshow = Image.open = lambda *a, **k: 0
torch.backends.cudnn.deterministic = not torch.backends.cudnn.deterministic
torch.set_num_threads(1)
sys.stdout.reconfigure(encoding="latin-1")
"""


def run(code: str, *paths: Path, **environment: str) -> dict:
    """Runs ``code`` after SNAPSHOT in a fresh process; it prints one line of JSON at the end."""
    root = str(Path(_ultralytics.__file__).resolve().parents[2])
    clean = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"}
    inherited = clean.get("PYTHONPATH", "").split(os.pathsep)
    clean["PYTHONPATH"] = os.pathsep.join([*map(str, paths), root, *inherited])
    source = SNAPSHOT + textwrap.dedent(code)
    done = subprocess.run(
        [sys.executable, "-c", source],
        capture_output=True,
        text=True,
        env={**clean, **environment},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def fake_package(folder: Path, code: str) -> Path:
    (folder / "ultralytics").mkdir(parents=True)
    (folder / "ultralytics" / "__init__.py").write_text(code, encoding="utf-8")
    return folder


@pytest.mark.slow
def test_import_leaves_every_global_as_it_was_and_opens_nothing():
    answer = run(
        """
        from animeseg.detect._ultralytics import find, load
        before = state()
        for module in ("nn.tasks", "models.sam", "data.augment"):
            load("ultralytics." + module)
        from ultralytics.utils import AUTOINSTALL, ONLINE, SETTINGS_FILE
        answer = {"changed": difference(before, state()), "events": list(events),
                  "autoinstall": AUTOINSTALL, "online": ONLINE, "settings": str(SETTINGS_FILE)}
        telemetry = find("ultralytics.utils.events:events", "ultralytics.hub.utils:events")
        answer["telemetry"] = telemetry.enabled
        print(json.dumps(answer))
        """
    )
    assert answer["changed"] == {}
    assert answer["events"] == []
    assert not answer["autoinstall"]
    assert not answer["online"]
    assert not answer["telemetry"]
    assert os.environ["ANIMESEG_HOME"] in answer["settings"]


@pytest.mark.slow
def test_damaged_picture_after_the_import_starts_no_pip():
    answer = run(
        """
        from animeseg.detect._ultralytics import load
        load("ultralytics.nn.tasks")
        error = ""
        try:
            PIL.Image.open(io.BytesIO(b"this is no picture"))
        except Exception as caught:
            error = type(caught).__name__
        print(json.dumps({"error": error, "events": events}))
        """
    )
    assert answer == {"error": "UnidentifiedImageError", "events": []}


@pytest.mark.parametrize("ending", ["", "raise ImportError('half way')", "raise OSError('dll')"])
def test_globals_return_whatever_an_older_release_changes(tmp_path, ending):
    answer = run(
        """
        from animeseg.detect._ultralytics import load
        from animeseg.errors import MissingDependencyError
        before, error = state(), ""
        try:
            load()
        except MissingDependencyError as caught:
            error = str(caught)
        print(json.dumps({"changed": difference(before, state()), "error": error}))
        """,
        fake_package(tmp_path, FAKE + ending),
    )
    assert answer["changed"] == {}
    assert bool(answer["error"]) == bool(ending)
    assert not ending or "pip install" in answer["error"]


def test_thread_count_chosen_by_the_user_is_kept(tmp_path):
    answer = run(
        """
        from animeseg.detect._ultralytics import load
        print(json.dumps([load().seen, os.environ["OMP_NUM_THREADS"]]))
        """,
        fake_package(tmp_path, 'import os\nseen = os.environ["OMP_NUM_THREADS"]'),
        OMP_NUM_THREADS="3",
    )
    assert answer == ["3", "3"]


def test_missing_package_is_named_with_the_command_that_installs_it(tmp_path):
    broken = fake_package(tmp_path, "raise ModuleNotFoundError(\"No module named 'ultralytics'\")")
    answer = run(
        """
        from animeseg.detect._ultralytics import load
        from animeseg.errors import MissingDependencyError
        try:
            load("ultralytics.nn.tasks")
        except MissingDependencyError as caught:
            print(json.dumps(caught.cure))
        """,
        broken,
    )
    assert answer == f'run: pip install "{_ultralytics.REQUIREMENT}"'


@pytest.mark.parametrize("version", _ultralytics.COMPROMISED)
def test_compromised_release_is_never_imported(tmp_path, monkeypatch, version):
    for name in [name for name in sys.modules if name.split(".")[0] == "ultralytics"]:
        monkeypatch.delitem(sys.modules, name)
    fake_package(tmp_path, "raise SystemExit('it was imported')")
    info = tmp_path / f"ultralytics-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Name: ultralytics\nVersion: {version}\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(MissingDependencyError, match="malware"):
        _ultralytics.load()


def test_only_modules_of_ultralytics_are_loaded():
    with pytest.raises(ValueError, match="os"):
        _ultralytics.load("os.path")


def test_find_takes_the_first_place_that_exists_and_names_all_when_none_does():
    module = _ultralytics.load("ultralytics.data.augment")
    places = ("ultralytics.no_such_module:x", "ultralytics.data.augment:LetterBox")
    assert _ultralytics.find(*places) is module.LetterBox
    with pytest.raises(MissingDependencyError, match="no_such_module:x"):
        _ultralytics.find(places[0], "ultralytics.data.augment:NoSuchName")


def test_requirement_named_to_users_is_the_one_of_the_package(repository):
    project = (repository / "pyproject.toml").read_text(encoding="utf-8")
    assert f'"{_ultralytics.REQUIREMENT}"' in project
