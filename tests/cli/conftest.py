"""A command line whose segmenter needs no weights, in this process and in one of its own."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

DRIVER = Path(__file__).with_name("driver.py")


@pytest.fixture
def picture():
    """Writes a picture with one character (or none) and returns its path."""

    def write(path, character=True, size=(40, 30), seed=0):
        path.parent.mkdir(parents=True, exist_ok=True)
        array = np.random.default_rng(seed).integers(0, 100, (size[1], size[0], 3), np.uint8)
        if character:
            array[5:25, 8:20] = (250, 200, 180)
        Image.fromarray(array).save(path)
        return path

    return write


@pytest.fixture
def animeseg(monkeypatch, tmp_path, capsys):
    """Runs a command line in this process, in a directory of its own."""
    monkeypatch.chdir(tmp_path)
    spec = importlib.util.spec_from_file_location("animeseg_test_driver", DRIVER)
    driver = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(driver)
    monkeypatch.setattr("animeseg.segmenter.Segmenter", driver.FakeSegmenter)

    def run(*args):
        from animeseg.cli import main

        try:
            code = main([str(arg) for arg in args])
        except SystemExit as error:
            code = error.code
        out, err = capsys.readouterr()
        return SimpleNamespace(code=code, out=out, err=err, lines=out.splitlines())

    return run


@pytest.fixture
def process(tmp_path):
    """Starts a command line in a process of its own, with pipes for its streams."""
    started = []

    def start(*args, **variables):
        environ = {**os.environ, **{key: str(value) for key, value in variables.items()}}
        environ.setdefault("PYTHONPATH", str(DRIVER.parents[2]))
        flags = {"creationflags": 0x200} if sys.platform == "win32" else {}  # a group of its own
        child = subprocess.Popen(
            [sys.executable, str(DRIVER), *map(str, args)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=environ,
            cwd=tmp_path,
            **flags,
        )
        child.cwd = tmp_path
        started.append(child)
        return child

    yield start
    for child in started:
        if child.poll() is None:
            child.kill()
        child.communicate()
