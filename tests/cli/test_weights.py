from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from animeseg.weights import catalog


def test_the_list_names_size_licence_and_state_of_every_record(animeseg):
    run = animeseg("weights", "list")
    assert run.code == 0
    assert len(run.lines) == len(catalog()) + 1
    line = next(line for line in run.lines if line.startswith("mobile-sam"))
    assert "40.7 MB" in line
    assert "Apache-2.0" in line
    assert "absent" in line


def test_the_list_as_json_can_be_read_by_programs(animeseg):
    found = json.loads(animeseg("weights", "list", "--json").out)
    assert [entry["name"] for entry in found] == list(catalog())
    assert all({"state", "licence", "sha256", "path"} <= set(entry) for entry in found)


@pytest.mark.parametrize("action", ["fetch", "verify", "remove"])
def test_an_unknown_name_is_told_with_the_known_ones(animeseg, action):
    run = animeseg("weights", action, "../../etc/passwd")
    assert run.code == 2
    assert run.err.startswith("[animeseg] unknown_model: ")
    assert "mobile-sam" in run.err


def test_licence_and_size_are_shown_before_a_download_starts(animeseg, monkeypatch):
    told = []

    def fetch(name, *, progress, model_dirs, accept_unknown):
        progress(10, 20)
        told.append((name, accept_unknown))
        return SimpleNamespace(path=Path("models") / name)

    monkeypatch.setattr("animeseg.weights.manage.fetch", fetch)
    run = animeseg("weights", "fetch", "mobile-sam", "sam-vit-b", "mobile-sam")
    assert run.code == 0
    assert told == [("mobile-sam", False), ("sam-vit-b", False)]
    assert run.lines == [str(Path("models/mobile-sam")), str(Path("models/sam-vit-b"))]
    first = run.err.splitlines()[0]
    assert first.startswith("[animeseg] fetching mobile-sam: 40.7 MB, licence Apache-2.0")


def test_all_names_are_checked_before_the_first_download(animeseg, monkeypatch):
    monkeypatch.setattr("animeseg.weights.manage.fetch", lambda *_, **__: pytest.fail("fetched"))
    assert animeseg("weights", "fetch", "mobile-sam", "nonsense").code == 2


def test_offline_a_fetch_is_one_clear_line(animeseg, monkeypatch):
    monkeypatch.setenv("ANIMESEG_OFFLINE", "1")
    run = animeseg("weights", "fetch", "mobile-sam", "-q")
    assert run.code == 1
    assert len(run.err.splitlines()) == 1
    assert run.err.startswith("[animeseg] offline: mobile-sam ")


def test_verifying_tells_what_a_file_is(animeseg):
    Path("mine.pt").write_bytes(b"weights of my own")
    run = animeseg("weights", "verify", "mine.pt")
    assert run.code == 0
    assert run.out.startswith("unknown  ")
    assert animeseg("weights", "verify", "mobile-sam").out == "absent  mobile-sam\n"


def test_verifying_a_wrong_file_fails(animeseg):
    home = Path("sam")
    home.mkdir()
    (home / "mobile_sam.pt").write_bytes(b"not it")
    run = animeseg("weights", "verify", "mobile-sam", "--model-dir", home)
    assert run.code == 1
    assert run.out.startswith("WRONG  mobile-sam  ")


def test_converting_what_is_no_file_or_no_pickle_is_told(animeseg):
    Path("text.pt").write_text("hello")
    for source in ("missing.pt", "text.pt"):
        run = animeseg("weights", "convert", source)
        assert run.code == 1
        assert run.err.startswith("[animeseg] bad_weights: ")


def test_removing_what_is_not_there_says_so(animeseg):
    run = animeseg("weights", "remove", "mobile-sam")
    assert run.code == 0
    assert "nothing to remove" in run.err


@pytest.mark.parametrize(
    ("flags", "announced"),
    [(["--download"], True), ([], False), (["--download", "--refine", "none"], False)],
)
def test_segment_announces_what_it_will_fetch_only_when_it_may(animeseg, picture, flags, announced):
    picture(Path("a.png"))
    run = animeseg("segment", "a.png", "-o", "mask", *flags)
    assert run.code == 0
    assert ("fetching mobile-sam: 40.7 MB, licence Apache-2.0" in run.err) is announced
