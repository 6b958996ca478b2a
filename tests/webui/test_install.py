"""install.py step by step, with a pip that only notes what it is asked."""

from __future__ import annotations

import runpy
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from animeseg.webui import requirements
from animeseg.webui.requirements import OPENCV, REQUIREMENTS

INSTALLER = Path(__file__).resolve().parents[2] / "install.py"
BY_NAME = {item.name: item for item in REQUIREMENTS}


class Machine:
    """Installed packages by name, and what pip was asked for."""

    def __init__(self, installed):
        self.installed, self.asked, self.constraints, self.fails = dict(installed), [], [], False

    def version(self, name):
        return self.installed.get(requirements.normal(name))

    def pip(self, arguments, constraints):
        self.asked.append(arguments)
        self.constraints.append(Path(constraints).read_text("utf-8").split())
        if not self.fails:
            for argument in arguments:
                name = argument.replace("=", " ").replace(">", " ").split()[0]
                self.installed.setdefault(name, "8.4.190" if name == "ultralytics" else "2.0.7")
        return not self.fails


HOST = {
    "numpy": "1.26.2", "pillow": "9.5.0", "torch": "2.1.2", "torchvision": "0.16.2",
    "safetensors": "0.4.2", "huggingface-hub": "0.36.2", "tqdm": "4.70.1", "packaging": "24.0",
    "segment-anything": "1.0", "pycocotools": "2.0.11",
}  # fmt: skip


@pytest.fixture
def machine(monkeypatch):
    made = Machine({**HOST, "opencv-python": "4.11.0.86"})
    monkeypatch.setattr(requirements, "installed_version", made.version)
    monkeypatch.setattr(requirements, "_is_importable", lambda module: False)
    monkeypatch.setattr(requirements, "everything_installed", lambda: iter(made.installed.items()))
    monkeypatch.delenv("COMMANDLINE_ARGS", raising=False)
    return made


@pytest.fixture
def install(machine, monkeypatch):
    """The names of install.py, as its own process has them, with pip replaced."""

    def loaded():
        names = runpy.run_path(str(INSTALLER))
        names["main"].__globals__["pip"] = machine.pip
        return names

    monkeypatch.setattr(metadata, "requires", lambda name: ["numpy", "opencv-python", "thop>=1"])
    return loaded


def test_where_all_is_there_nothing_is_said_or_done(machine, install, capsys):
    machine.installed["ultralytics"] = "8.4.190"
    install()["main"]()
    assert (machine.asked, capsys.readouterr().out) == ([], "")


def test_only_what_is_missing_is_asked_for_and_all_else_is_pinned(machine, install, capsys):
    install()["main"]()
    assert machine.asked == [[BY_NAME["ultralytics"].line]]
    assert machine.constraints == [
        [f"{name}=={version}" for name, version in (*HOST.items(), ("opencv-python", "4.11.0.86"))]
    ]
    assert capsys.readouterr().out.count("\n") == 1


@pytest.mark.parametrize("other", OPENCV[1:])
def test_beside_another_opencv_no_second_one_is_put(machine, install, other):
    del machine.installed["opencv-python"]
    machine.installed[other] = "4.10.0.84"
    install()["main"]()
    assert machine.asked == [["--no-deps", BY_NAME["ultralytics"].line], ["thop>=1"]]
    assert "opencv-python" not in machine.installed


@pytest.mark.parametrize("version", ["8.3.41", "8.3.42", "8.3.45", "8.3.46", "8.2.0", "8.9.0"])
def test_an_ultralytics_that_will_not_do_is_replaced_and_not_pinned(machine, install, version):
    machine.installed |= {"ultralytics": version, "ultralytics-thop": "1.0"}
    install()["main"]()
    assert machine.asked == [[BY_NAME["ultralytics"].line]]
    assert not [line for line in machine.constraints[0] if line.startswith("ultralytics")]


def test_what_the_host_brings_is_never_installed(machine, install, capsys):
    for name in ("torch", "torchvision", "numpy", "pillow"):
        del machine.installed[name]
    machine.installed["ultralytics"] = "8.4.190"
    install()["main"]()
    assert machine.asked == []


def test_a_failure_says_what_to_run_and_the_rest_is_still_tried(machine, install, capsys):
    machine.fails = True
    del machine.installed["pycocotools"]
    install()["main"]()
    said = capsys.readouterr().out
    assert len(machine.asked) == 2
    assert "failed to install" in said
    assert sys.executable in said.splitlines()[-1]
    assert "install.py" in said.splitlines()[-1]


@pytest.mark.parametrize(
    ("name", "value"),
    [("COMMANDLINE_ARGS", "--xformers --skip-install"), ("ANIMESEG_OFFLINE", "1")],
)
def test_where_it_is_forbidden_nothing_is_asked_for(machine, install, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    install()["main"]()
    assert machine.asked == []


@pytest.mark.parametrize("error", [OSError("no pip"), subprocess.TimeoutExpired("pip", 1)])
def test_a_pip_that_cannot_be_run_is_told(monkeypatch, capsys, tmp_path, error):
    def broken(*_, **__):
        raise error

    monkeypatch.setattr(subprocess, "run", broken)
    assert runpy.run_path(str(INSTALLER))["pip"](["x"], str(tmp_path)) is False
    assert "pip could not be run" in capsys.readouterr().out


def test_the_process_always_ends_well(monkeypatch, capsys):
    def broken():
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(requirements, "unsatisfied", broken)
    runpy.run_path(str(INSTALLER), run_name="__main__")
    assert "[animeseg] install.py failed" in capsys.readouterr().out


def test_what_is_asked_for_is_what_the_package_declares(repository):
    declared = (repository / "pyproject.toml").read_text("utf-8")
    for item in REQUIREMENTS:
        assert f'"{item.line}"' in declared, f"{item.line} is not what pyproject.toml says"


@pytest.mark.parametrize("item", REQUIREMENTS, ids=lambda item: item.name)
@pytest.mark.parametrize(
    "version",
    ["0.1", "0.4.2", "1.0", "1.0.0", "2.0.7", "2.1.2+cu121", "4.8", "4.11.0.86", "4.66", "5.0.0.93",
     "8.3.46", "8.3.47", "8.4.190", "8.4.190.post1", "8.4.191", "9.0rc1", "0.20.0.dev0"],
)  # fmt: skip
def test_versions_are_compared_as_packaging_does(item, version):
    from packaging.specifiers import SpecifierSet

    expected = SpecifierSet(item.specifier).contains(version, prereleases=True)
    assert item._accepts(version) == expected


def test_a_version_that_is_none_is_not_accepted():
    assert not REQUIREMENTS[0]._accepts("unknown")


def test_versions_are_read_from_folders_as_from_metadata():
    for item in REQUIREMENTS:
        try:
            expected = metadata.version(item.name)
        except metadata.PackageNotFoundError:
            expected = None
        assert requirements.installed_version(item.name) == expected


def test_what_an_interrupted_pip_left_behind_is_not_what_is_installed(monkeypatch, tmp_path):
    for folder, name, version in (
        ("~umpy-1.24.4", "numpy", "1.24.4"),
        ("numpy-1.26.2", "numpy", "1.26.2"),
        ("torch-2.1.2+cu121", "torch", "2.1.2+cu121"),
        ("odd-2020a1x", "odd", "2020a1x"),
        ("no name-1.0", "no name", "1.0"),
        ("-ip-1.0", "-ip", "1.0"),
    ):
        (tmp_path / f"{folder}.dist-info").mkdir()
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        (tmp_path / f"{folder}.dist-info" / "METADATA").write_text(text)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    requirements.look_again()
    try:
        found = sorted(requirements.everything_installed())
    finally:
        requirements.look_again()
    assert found == [("numpy", "1.26.2"), ("torch", "2.1.2+cu121")]


@pytest.mark.parametrize(
    ("installed", "expected"),
    [
        ({}, ()),
        ({"opencv-python": "4.11.0.86"}, ()),
        ({"opencv-python": "4.11.0.86", "opencv-python-headless": "4.11.0.86"}, ()),
        (
            {"opencv-python": "4.11.0.86", "opencv-contrib-python": "5.0.0.93"},
            ("opencv-python", "opencv-contrib-python"),
        ),
    ],
)
def test_several_opencvs_of_different_versions_are_told(monkeypatch, installed, expected):
    monkeypatch.setattr(requirements, "installed_version", installed.get)
    assert requirements.mixed_opencv() == expected
