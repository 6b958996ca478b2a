from __future__ import annotations

import os
import socket

import pytest
import torch

from animeseg.errors import BadWeightsError, OutputError, UnknownModelError, UnsafePickleError
from animeseg.weights import load_state, manage, resolve
from animeseg.weights.hashes import hash_file
from animeseg.weights.load import converted_path, read_safetensors


def status(name, environment, *dirs):
    return next(s for s in manage.list_weights(dirs, environment) if s.record.name == name)


def test_the_list_has_every_record_and_opens_no_connection(environment, monkeypatch, listed):
    monkeypatch.setattr(socket.socket, "connect", pytest.fail)
    assert [s.record for s in manage.list_weights(environment=environment)] == [listed]


def test_the_state_of_a_file_is_told_without_hashing_it(listed, environment, hub, tmp_path):
    assert status(listed.name, environment).state == "absent"
    path = tmp_path / "model.pt"
    path.write_bytes(hub.content[:-1] + b"!")
    assert status(listed.name, environment, tmp_path).state == "present"
    manage.verify(listed.name, model_dirs=[tmp_path], environment=environment)
    assert status(listed.name, environment, tmp_path).state == "mismatch"
    path.write_bytes(b"short")
    assert status(listed.name, environment, tmp_path).state == "mismatch"
    path.write_bytes(hub.content)
    manage.verify(listed.name, model_dirs=[tmp_path], environment=environment)
    found = status(listed.name, environment, tmp_path)
    assert (found.state, found.path, found.source) == ("verified", path, "folder")


def test_fetch_brings_a_model_once(listed, environment, hub):
    told = []
    first = manage.fetch(
        listed.name, environment=environment, progress=lambda done, total: told.append(done)
    )
    again = manage.fetch(listed.name, environment=environment)
    assert (first.source, again.source) == ("download", "folder")
    assert first.path == again.path
    assert told[-1] == len(hub.content) == hub.served
    assert status(listed.name, environment).state == "verified"


def test_verify_hashes_anew_and_says_what_it_found(listed, environment, hub, tmp_path):
    path = manage.fetch(listed.name, environment=environment).path
    [outcome] = manage.verify(listed.name, environment=environment)
    assert (outcome.path, outcome.sha256, outcome.matches) == (path, hub.sha256, True)
    content = bytearray(hub.content)
    content[100] ^= 1
    times = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    [outcome] = manage.verify(listed.name, environment=environment)
    assert outcome.matches is False
    with pytest.raises(BadWeightsError):
        resolve(listed.name, kind="sam", environment=environment)


def test_verify_takes_paths(listed, environment, hub, tmp_path):
    path = tmp_path / "renamed.bin"
    path.write_bytes(hub.content)
    [outcome] = manage.verify(str(path), environment=environment)
    assert (outcome.record, outcome.matches) == (listed, True)
    path.write_bytes(b"own")
    [outcome] = manage.verify(str(path), environment=environment)
    assert (outcome.record, outcome.matches) == (None, None)


def test_convert_writes_what_loading_then_takes(environment, tmp_path):
    state = {"w": torch.arange(3.0)}
    source = tmp_path / "state.pth"
    torch.save(state, source)
    path = manage.convert(source, environment=environment)
    assert path == converted_path(hash_file(source), environment.home)
    named = manage.convert(source, tmp_path / "out" / "w.safetensors", environment=environment)
    for result in (path, named):
        found, metadata = read_safetensors(result)
        assert torch.equal(found["w"], state["w"])
        assert metadata["source_sha256"] == hash_file(source)
    own = resolve(named, kind="sam", allow_paths=True, environment=environment)
    assert torch.equal(load_state(own, environment)[0]["w"], state["w"])


def test_convert_refuses_what_loading_refuses(environment, tmp_path):
    class Evil:
        def __reduce__(self):
            return exec, ("raise SystemExit",)

    source = tmp_path / "state.pth"
    torch.save({"w": Evil()}, source)
    target = tmp_path / "out.safetensors"
    with pytest.raises(UnsafePickleError, match="cannot be converted"):
        manage.convert(source, target, environment=environment)
    assert not target.exists()
    torch.save({"w": torch.ones(1)}, source)
    target.mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        manage.convert(source, target, environment=environment)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.safetensors", "state.pth"]


def test_remove_takes_only_our_own_files(listed, environment, hub, tmp_path):
    theirs = tmp_path / "models" / "sam" / "model.pt"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(hub.content)
    ours = manage.fetch(listed.name, environment=environment)
    left_over = ours.path.with_name(f"model.pt.{hub.sha256[:8]}.incomplete")
    left_over.write_bytes(b"half")
    copy = converted_path(hub.sha256, environment.home)
    copy.parent.mkdir()
    copy.write_bytes(b"copy")
    bystander = ours.path.with_name("other.pt")
    bystander.write_bytes(b"x")
    assert set(manage.remove(listed.name, environment=environment)) == {ours.path, left_over, copy}
    assert theirs.is_file()
    assert bystander.is_file()
    assert manage.remove(listed.name, environment=environment) == []
    assert status(listed.name, environment).state == "absent"


def test_bundled_weights_are_not_removed(environment):
    with pytest.raises(OutputError, match="comes with animeseg"):
        manage.remove("character-n", environment=environment)


@pytest.mark.parametrize("name", ["../nothing/here", "nothing", "", "a\0b", "x" * 5000])
def test_unknown_names_are_unknown_everywhere(environment, name):
    for action in (manage.fetch, manage.verify, manage.remove):
        with pytest.raises(UnknownModelError):
            action(name, environment=environment)
