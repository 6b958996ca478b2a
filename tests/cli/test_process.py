"""The command line as a process: exit codes, signals, kills, what it loads."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from animeseg.batch.ledger import LEDGER_NAME

KINDS = "cutout,mask,characters,json"
HEAVY = ("torch", "cv2", "numpy", "PIL", "ultralytics", "huggingface_hub", "tqdm", "sqlite3")
CTRL_C = getattr(signal, "CTRL_BREAK_EVENT", signal.SIGINT)


@pytest.fixture
def pictures(tmp_path, picture):
    """Writes pictures that take a while to save."""

    def write(count, size=(300, 200)):
        for number in range(count):
            picture(tmp_path / f"in/{number:02}.png", size=size, seed=number)
        return tmp_path / "out"

    return write


def results(out):
    return sorted(
        path for path in out.rglob("*") if path.is_file() and not path.name.startswith(".")
    )


def assert_whole(out):
    """Every file under a final name can be read to its end."""
    for path in results(out):
        if path.suffix == ".json":
            json.loads(path.read_text(encoding="utf-8"))
        else:
            with Image.open(path) as image:
                image.load()


def finish(child):
    out, err = child.communicate(timeout=120)
    return child.returncode, out, err


def segment(*flags):
    return ("segment", "in", "--out", "out", "-o", KINDS, *flags)


@pytest.mark.parametrize("args", [["--help"], ["segment", "--help"], ["--version"], ["options"]])
def test_help_loads_nothing_heavy(args):
    code = (
        "import sys\n"
        "from animeseg.cli import main\n"
        f"try: main({args})\n"
        "except SystemExit: pass\n"
        f"print(*[name for name in {HEAVY} if name in sys.modules], sep=',', file=sys.stderr)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stderr.strip() == ""
    assert run.stdout


def test_the_module_runs_like_the_command():
    run = subprocess.run(
        [sys.executable, "-m", "animeseg", "--version"], capture_output=True, text=True, check=True
    )
    assert run.stdout.startswith("animeseg ")


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["segment", "in", "-o", "mask"], 0),
        (["segment", "in", "gone.png", "-o", "mask"], 1),
        (["segment", "in", "--confidence", "2"], 2),
        (["segment"], 2),
    ],
)
def test_exit_codes(process, pictures, args, code):
    pictures(1)
    assert finish(process(*args))[0] == code


def test_ctrl_c_leaves_whole_files_and_resuming_does_only_the_rest(process, pictures, tmp_path):
    out = pictures(30)
    child = process(*segment("--report", "report.jsonl"), FAKE_SECONDS=0.1)
    for _ in range(8):
        child.stdout.readline()
    child.send_signal(CTRL_C)
    code, _, err = finish(child)
    assert code == (130 if CTRL_C == signal.SIGINT else 128 + signal.SIGBREAK)
    assert "interrupted; go on with --resume" in err
    assert "Traceback" not in err
    assert_whole(out)
    rows = [json.loads(line) for line in (tmp_path / "report.jsonl").read_text().splitlines()]
    done = [row["source"] for row in rows[:-1] if row["status"] == "done"]
    assert rows[-1]["totals"]["stopped"] == "interrupted"
    assert 0 < len(done) < 30
    assert len(results(out)) == len(done) * 4, "a picture was left in part"
    before = {path: path.stat().st_mtime_ns for path in results(out)}

    log = tmp_path / "log"
    code, _, err = finish(process(*segment("--resume"), FAKE_LOG=log))
    assert code == 0
    assert f"{30 - len(done)} done, {len(done)} skipped" in err
    assert len(log.read_text()) == 30 - len(done)
    assert len(results(out)) == 120
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert_whole(out)


@pytest.mark.skipif(sys.platform == "win32", reason="console events cannot be sent twice so fast")
@pytest.mark.parametrize("pause", [0.0, 0.02])
def test_pressing_ctrl_c_again_and_again_leaves_whole_files(process, pictures, pause):
    out = pictures(12, size=(900, 700))
    child = process(*segment(), FAKE_SECONDS=0.02)
    child.stdout.readline()
    for _ in range(4):
        child.send_signal(signal.SIGINT)
        time.sleep(pause)
    code, _, err = finish(child)
    assert code == 130
    assert "Traceback" not in err
    assert "interrupted; go on with --resume" in err
    assert_whole(out)
    assert finish(process(*segment("--resume")))[0] == 0
    assert len(results(out)) == 48


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM")
def test_a_request_to_end_is_honoured_like_ctrl_c(process, pictures):
    out = pictures(12)
    child = process(*segment(), FAKE_SECONDS=0.2)
    child.stdout.readline()
    child.terminate()
    code, _, err = finish(child)
    assert code == 143
    assert "interrupted" in err
    assert_whole(out)


def test_ctrl_c_does_not_wait_for_the_network(process, pictures):
    pictures(2)
    child = process(*segment(), FAKE_SECONDS=100)
    for _ in range(200):
        if results_started(child) or child.poll() is not None:
            break
        time.sleep(0.1)
    child.send_signal(CTRL_C)
    code, out, _ = finish(child)
    assert code != 0
    assert out == ""


def results_started(child):
    """The network is at work as soon as the ledger is there and a moment has passed."""
    ledger = Path(child.cwd) / "out" / LEDGER_NAME
    if ledger.exists():
        time.sleep(0.5)
    return ledger.exists()


@pytest.mark.slow
def test_kills_at_any_moment_leave_whole_files_only(process, pictures, tmp_path):
    out = pictures(40, size=(600, 500))
    moments = random.Random(20261121)
    for _ in range(8):
        child = process(*segment("--resume"), FAKE_SECONDS=0.01)
        child.stdout.readline()
        time.sleep(moments.uniform(0, 0.4))
        child.kill()
        child.communicate()
        assert_whole(out)
    code, _, err = finish(process(*segment("--resume")))
    assert code == 0, err
    assert len(results(out)) == 160
    assert_whole(out)
    code, _, err = finish(process(*segment("--resume")))
    assert "0 done, 40 skipped" in err


@pytest.mark.skipif(sys.platform == "win32", reason="no heads there")
def test_a_reader_that_has_enough_costs_no_results(process, pictures):
    out = pictures(6)
    child = process(*segment())
    child.stdout.readline()
    child.stdout.close()
    err = child.stderr.read()
    assert child.wait(60) == 0
    assert "Traceback" not in err
    assert "Exception ignored" not in err
    assert len(results(out)) == 24


def test_two_runs_at_once_into_one_directory_end_with_whole_files(process, pictures):
    out = pictures(10)
    first, second = (process(*segment("--resume"), FAKE_SECONDS=0.01) for _ in range(2))
    codes = {finish(first)[0], finish(second)[0]}
    assert codes <= {0, 1}
    assert_whole(out)
    assert finish(process(*segment("--resume")))[0] == 0
    assert len(results(out)) == 40
