"""install.py in environments with the pins of real hosts; what it prints, and what it leaves."""

from __future__ import annotations

import os

import pytest
from host_environments import PINS, Environment

pytestmark = pytest.mark.slow

# An index that answers can be slow or gone: what asks one is run on purpose, never in passing.
WITH_INDEX = "ANIMESEG_TEST_INSTALL"
UNREACHABLE = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_CONFIG_FILE": os.devnull}
UNREACHABLE |= {"PIP_RETRIES": "0", "PIP_FIND_LINKS": "", "PIP_EXTRA_INDEX_URL": ""}
OURS = [
    "pycocotools==2.0.11",
    "segment-anything==1.0",
    "ultralytics==8.4.190",
]


@pytest.fixture(scope="module")
def offline(tmp_path_factory):
    return Environment(tmp_path_factory.mktemp("offline"), PINS["A1111"])


def test_without_an_index_the_host_starts_and_knows_the_cure(offline):
    before = offline.freeze()
    done = offline.install(**UNREACHABLE)
    assert done.returncode == 0
    assert "[animeseg] failed to install" in done.stdout
    assert "ultralytics>=8.3.47" in done.stdout
    assert "install.py" in done.stdout.splitlines()[-1]
    assert not done.stderr
    assert offline.freeze() == before


@pytest.mark.parametrize(
    "flags", [{"COMMANDLINE_ARGS": "--api --skip-install"}, {"HF_HUB_OFFLINE": "1"}]
)
def test_where_installing_is_forbidden_pip_is_not_run(offline, flags):
    done = offline.install(**flags)
    assert (done.returncode, done.stderr) == (0, "")
    (line,) = done.stdout.splitlines()
    assert line.startswith("[animeseg] not installed, because of")


def test_what_is_there_already_is_not_talked_about(tmp_path):
    done = Environment(tmp_path, [*PINS["Forge"], *OURS]).install(**UNREACHABLE)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.skipif(
    not os.environ.get(WITH_INDEX), reason=f"installs from the package index; set {WITH_INDEX}=1"
)
@pytest.mark.parametrize("name", PINS)
def test_nothing_that_was_there_changes(tmp_path, name):
    environment = Environment(tmp_path, PINS[name])
    before = environment.freeze()
    done = environment.install()
    after = environment.freeze()
    assert done.returncode == 0
    assert before <= after
    added = {line.split("==")[0] for line in after - before}
    assert {"pycocotools", "segment-anything", "ultralytics"} <= added
    opencv = {line.split("==")[0] for line in after if line.startswith("opencv")}
    assert len(opencv) == 1
    assert not added & {"torch", "torchvision", "numpy", "Pillow"}
    assert environment.install().stdout == ""
