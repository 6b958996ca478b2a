import json
import subprocess
import sys

import pytest
import torch
from training_runs import curve, job_of

from animeseg.errors import BadDatasetError, DiskFullError, OutputExistsError
from animeseg.train import job as jobs
from animeseg.train.__main__ import main
from animeseg.train.job import Job, overrides_of, refuse_changes, run
from animeseg.train.model_dir import write_onnx
from animeseg.train.preset import load_preset
from animeseg.weights import load_state, resolve


@pytest.fixture(scope="module")
def trained(figures, tmp_path_factory):
    """A finished run."""
    out = tmp_path_factory.mktemp("runs") / "whole"
    said = []
    run(job_of(figures, out), told=said.append)
    return out, said


@pytest.mark.slow
def test_a_run_leaves_a_model_that_is_used_by_its_path(trained, figures):
    from animeseg import Options, Segmenter

    out, said = trained
    card = json.loads((out / "card.json").read_text())
    result = Segmenter(Options(model=str(out), refine="none"))(figures / "images/val/0.png")
    assert result.models[0].sha256 == card["sha256"]
    assert card["metrics"]["validation"]["pictures"] == 2
    assert card["config"]["data_sha256"] in (out / "README.md").read_text()
    assert (out / "curves.png").stat().st_size > 1000
    assert [line.split(":")[0] for line in said if line.startswith("epoch")] == [
        "epoch 1/3", "epoch 2/3", "epoch 3/3",
    ]  # fmt: skip
    assert not list(out.rglob("*.part"))


def weights_of(path):
    return load_state(resolve(path, kind="detector", allow_paths=True))[0]


@pytest.mark.slow
def test_the_result_lies_between_start_and_training(trained):
    out, said = trained
    start, best = weights_of(out / "start.pt"), weights_of(out / "train/weights/best.pt")
    made = weights_of(out / "model.safetensors")
    assert any("50% of the way" in line for line in said)
    assert any(not torch.equal(start[name], best[name]) for name in best)
    for name, value in made.items():
        assert value.dtype == best[name].dtype
        if value.is_floating_point():
            between = (start[name].float() + best[name].float()) / 2
            torch.testing.assert_close(value.float(), between, rtol=2e-3, atol=2e-3)


@pytest.mark.slow
def test_a_start_that_knows_nothing_takes_no_part_in_the_result(figures, tmp_path):
    said = []
    changes = {"start": "scratch", "epochs": 1}
    run(job_of(figures, tmp_path / "run", changes=changes), told=said.append)
    assert any("alpha is left out" in line for line in said)
    best = weights_of(tmp_path / "run/train/weights/best.pt")
    made = weights_of(tmp_path / "run/model.safetensors")
    assert all(torch.equal(value, best[name]) for name, value in made.items())


_KILLED = """
import os, sys
from pathlib import Path
from animeseg.train import trainer
from training_runs import job_of
from animeseg.train.job import run
def die(running):
    if running.epoch == 1:
        os._exit(9)
begin = trainer._begin_epoch
def begin_or_die(running):
    begin(running)
    running.add_callback("on_train_batch_end", die)
trainer._begin_epoch = begin_or_die
run(job_of(Path(sys.argv[1]), Path(sys.argv[2])), told=lambda _: None)
"""


@pytest.mark.slow
def test_a_killed_run_goes_on_along_the_same_curve(trained, figures, tmp_path, repository):
    out = tmp_path / "killed"
    command = [sys.executable, "-c", _KILLED, str(figures), str(out)]
    died = subprocess.run(
        command, cwd=repository / "tests/train", capture_output=True, text=True, check=False
    )
    assert died.returncode == 9, died.stderr
    assert len(curve(out)) == 1
    run(job_of(figures, out, resume=True), told=lambda _: None)
    assert curve(out) == curve(trained[0])


@pytest.mark.slow
def test_the_network_is_also_written_as_one_onnx_file(trained):
    onnx = pytest.importorskip("onnx")
    path = write_onnx(trained[0])
    graph = onnx.load(path)
    onnx.checker.check_model(graph)
    assert [value.name for value in graph.graph.input] == ["images"]
    outside = onnx.TensorProto.EXTERNAL
    assert not any(tensor.data_location == outside for tensor in graph.graph.initializer)
    assert path == trained[0] / "model.onnx"


@pytest.mark.slow
def test_a_finished_run_is_not_trained_again(trained, figures):
    out, _ = trained
    before = (out / "train/weights/last.pt").stat().st_mtime_ns
    run(job_of(figures, out, resume=True), told=lambda _: None)
    assert (out / "train/weights/last.pt").stat().st_mtime_ns == before


def test_a_run_is_never_replaced_unless_told(figures, tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(OutputExistsError, match="holds a run"):
        run(job_of(figures, tmp_path))


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"data_sha256": "other"}, BadDatasetError, "set has changed"),
        ({"preset": {"lr0": 0.5}}, OutputExistsError, "lr0"),
        ({"single_class": True}, OutputExistsError, "single_class"),
    ],
)
def test_resuming_with_something_else_is_refused_by_name(change, error, said):
    now = {"data_sha256": "a", "preset": {"lr0": 0.1}, "kind": "face", "single_class": False}
    refuse_changes(now, now)
    with pytest.raises(error, match=said):
        refuse_changes({**now, **change}, now)


def test_a_full_disk_is_said_with_what_to_do(figures, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(jobs, "_train", full)
    with pytest.raises(DiskFullError, match="--resume"):
        run(job_of(figures, tmp_path / "run"), told=lambda _: None)


@pytest.mark.parametrize("name", ["report", "animeface", "nano", "fast", "face-nano"])
def test_every_setting_reaches_the_trainer(name, tmp_path):
    preset = load_preset(name)
    given = overrides_of(Job("character", tmp_path, tmp_path, preset, name), None)
    assert given["imgsz"] == preset.image_size
    assert given["nbs"] == preset.nominal_batch
    for key in ("epochs", "batch", "lr0", "momentum", "weight_decay", "dropout", "mosaic"):
        assert given[key] == getattr(preset, key), key


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["--preset", "grand"], 2, "choose of"),
        (["--set", "lr=1"], 2, "no setting"),
        (["--set", "lr0"], 2, "NAME=VALUE"),
        (["--set", "epochs=0"], 2, "epochs"),
        (["--start", "no-such-weights"], 2, "no-such-weights"),
        (["--preset", "report"], 2, "yolov8m-seg.pt"),
    ],
)
def test_what_cannot_be_trained_is_said_without_a_traceback(
    figures, tmp_path, capsys, args, code, said
):
    base = ["character", "--data", str(figures), "--out", str(tmp_path / "run")]
    assert main([*base, *args]) == code
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told
