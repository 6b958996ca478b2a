"""The flags that the host's command line gets from us."""

from __future__ import annotations

import argparse
import json
import runpy
import subprocess
import sys

import pytest


@pytest.fixture
def parser(repository):
    made = argparse.ArgumentParser()
    runpy.run_path(str(repository / "preload.py"))["preload"](made)
    return made


def test_flags_are_read(parser):
    given = ["--animeseg-models-path", "a|b", "--animeseg-offline", "--animeseg-loglevel", "debug"]
    flags = parser.parse_args(given)
    assert (flags.animeseg_models_path, flags.animeseg_offline) == ("a|b", True)
    assert flags.animeseg_loglevel == "debug"


def test_defaults_can_be_told_by_the_host_s_api(parser):
    assert json.loads(json.dumps(vars(parser.parse_args([])))) == {
        "animeseg_models_path": "",
        "animeseg_offline": False,
        "animeseg_loglevel": "warning",
    }


def test_it_needs_nothing_but_the_standard_library(repository):
    program = "import runpy, sys; runpy.run_path(sys.argv[1]); print('animeseg' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, str(repository / "preload.py")],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "False"
