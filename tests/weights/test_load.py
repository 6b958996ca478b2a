from __future__ import annotations

import json
import pickle
import struct
from contextlib import suppress

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from animeseg.errors import BadWeightsError, UnsafePickleError
from animeseg.weights import load as loading
from animeseg.weights import load_state, resolve
from animeseg.weights.hashes import hash_file
from animeseg.weights.load import converted_path, read_safetensors
from animeseg.weights.resolve import Resolved


def resolved(path):
    return Resolved(path, None, hash_file(path), "path")


@pytest.fixture
def state():
    torch.manual_seed(0)
    return {"a.weight": torch.randn(3, 4), "a.count": torch.tensor(7), "b": torch.ones(2).half()}


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor)


def test_safetensors_come_with_their_metadata(tmp_path, state):
    path = tmp_path / "model.safetensors"
    save_file(state, path, metadata={"format": "pt", "names": '{"0": "character"}'})
    found, metadata = load_state(resolved(path))
    assert_same(found, state)
    assert metadata["names"] == '{"0": "character"}'


@pytest.mark.parametrize("wrap", [lambda s: s, lambda s: {"model": s}, lambda s: {"state_dict": s}])
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_a_pickle_is_converted_once_and_its_copy_loaded_afterwards(
    tmp_path, state, wrap, zipped, monkeypatch, environment_here
):
    path = tmp_path / "model.pth"
    torch.save(wrap(state), path, _use_new_zipfile_serialization=zipped)
    source = resolved(path)
    first, metadata = load_state(source)
    assert_same(first, state)
    assert converted_path(source.sha256, environment_here.home).is_file()
    monkeypatch.setattr(loading, "read_torch_file", pytest.fail)
    second, again = load_state(source)
    assert_same(second, state)
    assert again == metadata == {"format": "animeseg-state", "source_sha256": source.sha256}


def test_a_damaged_copy_is_made_again(tmp_path, state, environment_here):
    path = tmp_path / "model.pth"
    torch.save(state, path)
    source = resolved(path)
    load_state(source)
    copy = converted_path(source.sha256, environment_here.home)
    copy.write_bytes(copy.read_bytes()[:-5])
    assert_same(load_state(source)[0], state)
    assert_same(read_safetensors(copy)[0], state)


def test_a_copy_that_says_it_is_of_another_file_is_made_again(tmp_path, state, environment_here):
    path = tmp_path / "model.pth"
    torch.save(state, path)
    source = resolved(path)
    copy = converted_path(source.sha256, environment_here.home)
    copy.parent.mkdir(parents=True)
    save_file({"evil": torch.zeros(1)}, copy, metadata={"source_sha256": "0" * 64})
    assert_same(load_state(source)[0], state)


def test_a_home_that_cannot_be_written_costs_only_the_copy(
    tmp_path, state, environment_here, caplog
):
    path = tmp_path / "model.pth"
    torch.save(state, path)
    (environment_here.home / "converted").write_bytes(b"a file in its place")
    assert_same(load_state(resolved(path))[0], state)
    assert "could not be kept" in caplog.text


def test_tensors_that_share_memory_can_be_kept(tmp_path, environment_here):
    tied = torch.arange(6.0)
    path = tmp_path / "model.pth"
    torch.save({"a": tied, "b": tied, "c": tied.view(2, 3).t()}, path)
    for _ in range(2):
        found, _ = load_state(resolved(path))
        assert torch.equal(found["c"], tied.view(2, 3).t())


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("model.safetensors", b"", "not a whole safetensors file"),
        ("model.safetensors", b"\x10", "not a whole safetensors file"),
        ("model.safetensors", b"\xff" * 64, "not a whole safetensors file"),
        ("model.safetensors", struct.pack("<Q", 2) + b"{]", "not a whole safetensors file"),
        ("model.safetensors", pickle.dumps({}, 2), "a pickle under the name of a safetensors"),
        ("model.safetensors", b"PK\x03\x04rest", "a pickle under the name of a safetensors"),
        ("model.pt", b"<!DOCTYPE html><html>", "it is a web page"),
        ("model.pt", b"", "neither safetensors nor"),
        ("model.pt", b"garbage garbage", "neither safetensors nor"),
        ("model.pt", b"\x80\x02garbage", "cannot be read"),
        ("model.pt", pickle.dumps({"a": 1}, 2), "cannot be loaded"),
        ("model.onnx", b"\x08\x08\x12\x07pytorch", "ONNX graphs are not loaded"),
        ("model.onnx", b"\x08\x08:\x10weights/data.bin", "external data"),
    ],
)
def test_files_that_are_not_weights_are_named_with_the_reason(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadWeightsError, match=words) as caught:
        load_state(resolved(path))
    assert str(path) in str(caught.value)
    assert caught.value.cure


def safetensors_of(header, size):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + b"\0" * size


def entry(start, stop, shape=(2,), dtype="F32"):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, stop]}


@pytest.mark.parametrize(
    "content",
    [
        safetensors_of({"a": entry(0, 8), "b": entry(4, 12)}, 12),
        safetensors_of({"a": entry(0, 8), "b": entry(0, 8)}, 8),
        safetensors_of({"a": entry(4, 12)}, 12),
        safetensors_of({"a": entry(0, 8)}, 4),
        safetensors_of({"a": entry(0, 8)}, 12),
        safetensors_of({"a": entry(8, 0)}, 8),
        safetensors_of({"a": entry(0, 8, shape=(3,))}, 8),
        safetensors_of({"a": entry(0, 8, shape=(2**62, 2**62))}, 8),
        safetensors_of({"a": entry(0, 8, dtype="X9")}, 8),
        struct.pack("<Q", 2**40) + b"{}",
    ],
    ids=[
        "overlap",
        "same",
        "gap",
        "short",
        "long",
        "backwards",
        "shape",
        "huge",
        "dtype",
        "header",
    ],
)
def test_safetensors_whose_header_lies_are_refused(tmp_path, content):
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(BadWeightsError):
        load_state(resolved(path))


def test_safetensors_cut_anywhere_are_refused(tmp_path, state):
    path = tmp_path / "model.safetensors"
    save_file(state, path)
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(BadWeightsError):
            read_safetensors(path)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=st.lists(st.tuples(st.integers(0, 150), st.integers(0, 255)), max_size=6))
def test_changed_safetensors_give_tensors_or_an_error_of_ours(tmp_path, changes):
    path = tmp_path / "model.safetensors"
    save_file({"a": torch.ones(4), "b": torch.zeros(2, 2)}, path)
    content = bytearray(path.read_bytes())
    for position, value in changes:
        content[position % len(content)] = value
    path.write_bytes(content)
    with suppress(BadWeightsError):
        read_safetensors(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([1, 2], "it holds a list"),
        ({}, "it holds nothing"),
        ({"a": torch.ones(1), "b": "text"}, "entries that are no tensors"),
        ({"model": {"a": 3}}, "entries that are no tensors"),
        ({"model": torch.nn.Linear(1, 1)}, r"holds a torch\.nn\.modules\.linear\.Linear"),
    ],
)
def test_checkpoints_of_something_else_say_what_they_hold(tmp_path, content, words):
    path = tmp_path / "model.pt"
    torch.save(content, path)
    with pytest.raises(BadWeightsError, match=words):
        load_state(resolved(path))


def test_a_malicious_checkpoint_runs_nothing_and_leaves_no_copy(tmp_path, environment_here):
    canary = tmp_path / "canary"

    class Evil:
        def __reduce__(self):
            return eval, (f"open({str(canary)!r}, 'w')",)

    path = tmp_path / "model.pt"
    torch.save({"model": {"a": torch.ones(1)}, "extra": Evil()}, path)
    with pytest.raises(UnsafePickleError, match=r"cannot be loaded: .*builtins\.eval"):
        load_state(resolved(path))
    assert not canary.exists()
    assert not (environment_here.home / "converted").exists()


def test_torch_load_is_never_called(tmp_path, state, monkeypatch):
    path = tmp_path / "model.pth"
    torch.save(state, path)
    for name in ("load", "serialization.load"):
        owner = torch.serialization if "." in name else torch
        monkeypatch.setattr(owner, "load", pytest.fail)
    assert_same(load_state(resolved(path))[0], state)


@pytest.fixture
def environment_here():
    from animeseg.limits import read_environment

    return read_environment()


@pytest.mark.shared
@pytest.mark.parametrize("averaged", [False, True], ids=["model", "ema"])
def test_a_yolo_checkpoint_gives_exactly_the_state_dict_of_its_network(shared, tmp_path, averaged):
    from animeseg.detect._ultralytics import load

    load()
    path = shared / "weights" / "yolov8n-seg.pt"
    checkpoint = torch.load(path, map_location="cpu", weights_only=False)
    model = checkpoint["model"]
    if averaged:
        path = tmp_path / "last.pt"
        torch.save({"epoch": 3, "model": torch.nn.Linear(1, 1), "ema": model}, path)
    found, metadata = load_state(resolved(path))
    assert_same(found, model.state_dict())
    network = load("ultralytics.nn.tasks").SegmentationModel(
        json.loads(metadata["arch"]), nc=len(json.loads(metadata["names"])), verbose=False
    )
    assert found.keys() == network.state_dict().keys()
    assert {k: v.shape for k, v in found.items()} == {
        k: v.shape for k, v in network.state_dict().items()
    }
    assert metadata["format"] == "animeseg-yolo"
    assert metadata["task"] == "segment"
    assert metadata["imgsz"] == "640"
    assert metadata["stride"] == "32"
    assert json.loads(metadata["names"]) == {str(k): v for k, v in model.names.items()}


@pytest.mark.parametrize(
    ("layout", "task"),
    [
        ("yolov8n.yaml", "detect"),
        ("yolov8n-seg.yaml", "segment"),
        pytest.param("yolov9c.yaml", "detect", marks=pytest.mark.slow),
        ("yolo11n-seg.yaml", "segment"),
    ],
)
def test_todays_ultralytics_checkpoints_load(tmp_path, layout, task):
    from animeseg.detect._ultralytics import load

    tasks = load("ultralytics.nn.tasks")
    kind = tasks.SegmentationModel if task == "segment" else tasks.DetectionModel
    model = kind(layout, nc=3, verbose=False).half()
    model.names = {0: "a", 1: "b", 2: "c"}
    model.args = {"imgsz": 320}
    path = tmp_path / "best.pt"
    arguments = {"imgsz": 960, "project": path.parent, "lr0": 0.01}
    torch.save({"model": model, "ema": None, "train_args": arguments, "date": "today"}, path)
    found, metadata = load_state(resolved(path))
    assert_same(found, model.state_dict())
    assert metadata["task"] == task
    assert metadata["imgsz"] == "960"
    assert json.loads(metadata["arch"])["nc"] == 3


@pytest.mark.shared
def test_mobile_sam_is_known_by_its_content(shared):
    path = shared / "weights" / "mobile_sam.pt"
    found = resolve(path, kind="sam", allow_paths=True)
    assert found.record is not None
    assert (found.record.name, found.source) == ("mobile-sam", "path")
    state, _ = load_state(found)
    assert_same(state, torch.load(path, map_location="cpu", weights_only=True))


def test_a_file_that_went_away_is_named(tmp_path, state):
    path = tmp_path / "model.pth"
    torch.save(state, path)
    found = resolved(path)
    path.unlink()
    with pytest.raises(BadWeightsError, match=r"model\.pth cannot be loaded: it cannot be read"):
        load_state(found)


def test_safetensors_under_another_name_load(tmp_path, state):
    path = tmp_path / "model.pt"
    save_file(state, path)
    assert_same(load_state(resolved(path))[0], state)


@pytest.mark.parametrize("begin", [0x80, 0x50])
def test_safetensors_whose_length_begins_like_a_pickle_load(tmp_path, state, begin):
    """The first byte of the file counts the header's length, modulo 256; it may be any."""
    path = tmp_path / "model.safetensors"
    for padding in range(0, 400, 8):
        save_file(state, path, metadata={"padding": "x" * padding})
        if path.read_bytes()[0] == begin:
            break
    assert path.read_bytes()[0] == begin
    assert_same(load_state(resolved(path))[0], state)
