from __future__ import annotations

import hashlib
import os

import pytest

from animeseg.weights import hashes
from animeseg.weights.hashes import (
    hash_file,
    remember_hash,
    remembered_hash,
    remembering_hash,
)


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "weights.pt"
    path.write_bytes(b"content")
    return path


SHA256 = hashlib.sha256(b"content").hexdigest()


def test_a_file_is_hashed_once(weights, tmp_path, monkeypatch):
    assert remembering_hash(weights, tmp_path) == SHA256
    monkeypatch.setattr(hashes, "hash_file", pytest.fail)
    assert remembering_hash(weights, tmp_path) == SHA256


def test_a_file_that_changed_is_hashed_again(weights, tmp_path):
    remembering_hash(weights, tmp_path)
    weights.write_bytes(b"other content")
    assert remembered_hash(weights, tmp_path) is None
    assert remembering_hash(weights, tmp_path) == hash_file(weights) != SHA256


def test_a_newer_file_of_the_same_size_is_hashed_again(weights, tmp_path):
    remembering_hash(weights, tmp_path)
    weights.write_bytes(b"CONTENT")
    os.utime(weights, ns=(1, 1))
    assert remembering_hash(weights, tmp_path) == hash_file(weights)


def test_notes_about_files_that_are_gone_are_dropped(weights, tmp_path):
    other = tmp_path / "other.pt"
    other.write_bytes(b"x")
    remember_hash(weights, SHA256, tmp_path)
    weights.unlink()
    remember_hash(other, "0" * 64, tmp_path)
    assert "weights.pt" not in (tmp_path / "hashes.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("book", [b"", b"[1]", b"{", b'{"x": 3}', b"\xff\xfe"])
def test_a_damaged_note_book_only_costs_hashing(weights, tmp_path, book):
    (tmp_path / "hashes.json").write_bytes(book)
    assert remembering_hash(weights, tmp_path) == SHA256
    assert remembered_hash(weights, tmp_path) == SHA256


def test_a_home_that_cannot_be_written_only_costs_hashing(weights, tmp_path):
    home = tmp_path / "home"
    home.write_bytes(b"a file in its place")
    assert remembering_hash(weights, home) == SHA256
    assert remembered_hash(weights, home) is None
