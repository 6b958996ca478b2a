from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from animeseg.errors import UnknownModelError
from animeseg.options import Options
from animeseg.weights import SAM_ARCHITECTURES, catalog, find
from animeseg.weights.catalog import Variant, find_hash, unknown
from animeseg.weights.hashes import hash_file
from animeseg.weights.places import bundled_folder, is_plain_name

RECORDS = list(catalog().values())


def test_names_files_and_hashes_are_unique(repository):
    text = (repository / "animeseg" / "weights" / "catalog.json").read_text(encoding="utf-8")
    names = [entry["name"] for entry in json.loads(text)["records"]]
    assert len(set(names)) == len(names) == len(RECORDS)
    for values in (
        [sha256 for record in RECORDS for sha256 in record.sha256],
        [name for record in RECORDS if not record.bundled for name in record.file_names],
        [(record.repository, record.file) for record in RECORDS],
    ):
        assert [value for value, count in Counter(values).items() if count > 1] == []


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name)
def test_every_record_is_complete(record):
    assert re.fullmatch(r"[a-z0-9][a-z0-9.-]*", record.name)
    assert record.licence
    assert record.title
    assert record.kind in ("detector", "sam")
    assert record.input_size % 32 == 0
    assert all(re.fullmatch("[0-9a-f]{64}", sha256) for sha256 in record.sha256)
    assert all(variant.bytes is None or variant.bytes > 10**6 for variant in record.variants)
    assert all(is_plain_name(name) for name in record.file_names)
    assert not any(folder.startswith("/") or ".." in folder for folder in record.folders)
    assert all(scale > 0 for scale in record.preprocessing.std)
    assert record.bundled == (not record.revision)
    if not record.bundled:
        assert re.fullmatch(r"[0-9a-f]{40}|main", record.revision)
        assert record.bytes, "a size is shown before every download"
        assert re.fullmatch(r"[\w.-]+/[\w.-]+", record.repository)
        assert record.sha256 or "sha256" in record.note, "a missing hash is explained"


def test_detectors_have_thresholds_and_sams_have_known_architectures():
    for record in RECORDS:
        if record.kind == "detector":
            assert record.classes or not record.sha256, record.name
            assert 0 < record.confidence < 1, record.name
        else:
            assert record.architecture in SAM_ARCHITECTURES, record.name
            assert record.confidence is None, record.name


def test_every_architecture_of_sam_has_weights():
    assert {r.architecture for r in RECORDS if r.kind == "sam"} == set(SAM_ARCHITECTURES)


def test_the_options_name_models_of_the_catalog():
    assert find(Options().model, "detector")
    assert find(Options().sam_model, "sam")


def test_bundled_weights_are_the_ones_the_catalog_lists():
    pinned = [record for record in RECORDS if record.bundled and record.sha256]
    if not pinned:
        pytest.skip("the bundled weights are not pinned yet")
    for record in pinned:
        path = bundled_folder() / record.file
        entry = {"sha256": hash_file(path), "bytes": path.stat().st_size}
        assert record.variants[0] == Variant(**entry), f"write {entry} into catalog.json"


def test_files_are_found_by_name_file_name_and_hash():
    record = find("mobile-sam")
    assert find("mobile_sam.pt") is record
    assert find("mobile_sam.pth", "sam") is record
    assert find_hash(record.sha256[0]) is record
    assert find("mobile-sam", "detector") is None
    assert find("model.safetensors") is None
    assert find_hash("0" * 64) is None


def test_addresses_are_those_of_the_hub():
    seed = find("anime-yolov8m-seg")
    assert seed.url("https://mirror.example") == (
        "https://mirror.example/AkitoP/Anime-yolov8-seg/resolve/main/"
        "ver3%20-%20%E7%AE%80%E5%8D%95%2B%E5%A2%9E%E5%BC%BA%2Bcoco2017.pt"
    )


def test_unknown_names_are_shown_in_short_with_what_there_is():
    error = unknown("x" * 500, "sam")
    assert isinstance(error, UnknownModelError)
    assert len(error.cause) < 200
    assert "mobile-sam" in error.cure
    assert "character-n" not in error.cure
