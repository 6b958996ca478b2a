"""The program as people run it: results, exit codes, and no waiting for --help."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from animeseg.cli import run
from animeseg.data.__main__ import COMMANDS, parser
from animeseg.data.dataset import open_dataset


@pytest.fixture
def program(capsys):
    """Runs a command; gives exit code, stdout and stderr."""

    def call(*words):
        try:
            code = run(parser(), [str(word) for word in words])
        except SystemExit as error:
            code = error.code
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


def test_help_loads_nothing_heavy():
    script = (
        "import sys\nfrom animeseg.data.__main__ import parser\nparser().format_help()\n"
        "print(*({'cv2', 'numpy', 'torch', 'yaml', 'av', 'ijson'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("module", COMMANDS, ids=lambda module: module.__name__.rpartition(".")[2])
def test_every_command_explains_itself(program, module):
    code, out, _ = program(module.__name__.rpartition(".")[2], "--help")
    assert code == 0
    assert "--json" in out


def test_synth_check_stats_split_merge_preview(program, tmp_path):
    one = tmp_path / "one"
    code, out, _ = program(
        "synth", "--out", one, "--count", 4, "--size", 96, "--figures", 3, "--workers", 1, "--json",
        "--set", 'counts=[[1,1,1.0]]',
    )  # fmt: skip
    assert code == 0
    assert json.loads(out)["made"] == 4
    assert (one / "sheet.jpg").is_file()
    code, out, _ = program("check", one, "--json", "--near", "-1")
    assert code == 0
    assert json.loads(out)["sound"]
    code, out, _ = program("stats", one, "--json", "--hash")
    assert json.loads(out)["content_hash"] == open_dataset(one).content_hash()
    code, out, _ = program("split", one, "--out", tmp_path / "two", "--val", 0.3, "--by", "near",
                           "--near", 0)  # fmt: skip
    assert code == 0, out
    assert open_dataset(tmp_path / "two").parts() == ("train", "val")
    code, _, _ = program("merge", one, tmp_path / "two", "--out", tmp_path / "all",
                         "--keep-duplicates")  # fmt: skip
    assert code == 0
    assert len(open_dataset(tmp_path / "all")) == 8
    code, out, _ = program("preview", tmp_path / "all", "--out", tmp_path / "sheet.jpg",
                           "--seed", 1)  # fmt: skip
    assert code == 0
    assert out.strip() == str(tmp_path / "sheet.jpg")


def test_convert_there_and_back(program, small_set, tmp_path):
    assert program("convert", small_set, "--to", "labelme", "--out", tmp_path / "lm")[0] == 0
    code, out, _ = program("convert", tmp_path / "lm", "--out", tmp_path / "back", "--json")
    assert code == 0
    assert json.loads(out) == {
        "out": str(tmp_path / "back"), "written": 3, "kept": 0, "failed": {},
    }  # fmt: skip
    code, out, _ = program("convert", tmp_path / "lm", "--out", tmp_path / "back", "--json")
    assert json.loads(out)["kept"] == 3


def test_faults_set_the_exit_code_and_can_be_repaired(program, small_set, tmp_path):
    with (small_set / "labels" / "a.txt").open("a") as stream:
        stream.write("0 0.1\n")
    code, out, _ = program("check", small_set)
    assert code == 1
    assert "labels/a.txt:3: few_points: " in out
    code, out, _ = program("check", small_set, "--repair", "--out", tmp_path / "new")
    assert code == 0
    assert program("check", tmp_path / "new")[0] == 0
    assert program("check", small_set)[0] == 1
    assert program("check", small_set / "annotations.json")[0] == 0


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["synth", "--out", "x", "--preset", "none"], 2, "no 'none'"),
        (["synth", "--out", "x", "--size", "9"], 2, "out of range"),
        (["synth", "--out", "x", "--set", "size"], 2, "no NAME=JSON"),
        (["synth", "--out", "x", "--fix", "holes"], 2, "no defect"),
        (["synth", "--out", "x", "--val", "1"], 2, "below 1"),
        (["synth", "--out", "x", "--characters", "nowhere"], 1, "no folder"),
        (["check", "nowhere"], 2, "does not exist"),
        (["stats", "nowhere"], 1, "does not exist"),
        (["convert", "nowhere", "--out", "x"], 2, "several formats"),
        (["convert", "x", "--from", "masks", "--out", "y"], 2, "is needed"),
        (["convert", "x", "--from", "rgba", "--out", "y"], 1, "no folder"),
        (["split", "nowhere", "--out", "x", "--by", "colour"], 2, "unknown"),
        (["frames", "nowhere.mp4", "--out", "x"], 1, "nowhere"),
        (["label", "nowhere", "--out", "x"], 1, "no pictures"),
        (["label", "nowhere", "--keep", "--out", "x"], 1, "is no review"),
    ],
)
def test_mistakes_are_told_in_one_line(program, tmp_path, monkeypatch, words, code, message):
    monkeypatch.chdir(tmp_path)
    found, _, err = program(*words)
    assert found == code
    assert message in err
    assert "Traceback" not in err
    assert not (tmp_path / "x").exists()
