from __future__ import annotations

import hashlib
import importlib
from dataclasses import replace

import pytest

from animeseg.errors import BadWeightsError, MissingWeightsError, UnknownModelError
from animeseg.limits import read_environment
from animeseg.weights import resolve
from animeseg.weights.catalog import Variant, find

CONTENT = b"the weights"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def record():
    return replace(find("mobile-sam"), variants=(Variant(SHA256, len(CONTENT)),))


@pytest.fixture(autouse=True)
def _small_catalog(record, monkeypatch):
    bundled = find("character-n")
    unpinned = find("anime-yolov8m-seg")
    module = importlib.import_module("animeseg.weights.catalog")
    records = {r.name: r for r in (record, bundled, unpinned)}
    monkeypatch.setattr(module, "catalog", lambda: records)
    monkeypatch.setattr("animeseg.weights.hub.cached", lambda record: None)


@pytest.fixture
def home():
    return read_environment().home


def place(path, content=CONTENT):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "where",
    [
        "mobile_sam.pt",
        "mobile_sam.pth",
        "models/sam/mobile_sam.pt",
        "sam/mobile_sam.pt",
        "models/sams/mobile_sam.pt",
        "extensions/sd-webui-segment-anything/models/sam/mobile_sam.pt",
    ],
)
def test_files_of_other_programs_are_found(tmp_path, where):
    path = place(tmp_path / where)
    found = resolve("mobile-sam", kind="sam", model_dirs=[tmp_path])
    assert (found.path, found.sha256, found.source) == (path, SHA256, "folder")
    assert found.name == "mobile-sam"
    assert found.info("refiner").licence == "Apache-2.0"


def test_own_folder_comes_before_those_of_the_environment_and_of_the_caller(
    tmp_path, home, monkeypatch
):
    monkeypatch.setenv("ANIMESEG_MODEL_DIRS", str(tmp_path / "env"))
    places = [home / "models", tmp_path / "env", tmp_path / "caller"]
    paths = [place(folder / "mobile_sam.pt") for folder in places]
    for path in paths:
        assert resolve("mobile-sam", kind="sam", model_dirs=[places[2]]).path == path
        path.unlink()


def test_the_cache_of_the_hubs_client_comes_last(tmp_path, monkeypatch):
    kept = place(tmp_path / "hub" / "mobile_sam.pt")
    monkeypatch.setattr("animeseg.weights.hub.cached", lambda record: kept)
    assert resolve("mobile-sam", kind="sam").source == "hub-cache"
    place(tmp_path / "mobile_sam.pt")
    assert resolve("mobile-sam", kind="sam", model_dirs=[tmp_path]).source == "folder"


def test_a_wrong_file_is_passed_over_when_a_right_one_follows(tmp_path):
    place(tmp_path / "a" / "mobile_sam.pt", b"the weirdos")
    right = place(tmp_path / "b" / "mobile_sam.pt")
    found = resolve("mobile-sam", kind="sam", model_dirs=[tmp_path / "a", tmp_path / "b"])
    assert found.path == right


@pytest.mark.parametrize(
    ("content", "expected", "found"),
    [
        (b"the weirdos", SHA256, hashlib.sha256(b"the weirdos").hexdigest()),
        (b"short", "11 bytes", "5 bytes"),
    ],
)
def test_a_wrong_file_is_named_with_what_was_expected_and_found(tmp_path, content, expected, found):
    path = place(tmp_path / "mobile_sam.pt", content)
    with pytest.raises(BadWeightsError) as caught:
        resolve("mobile-sam", kind="sam", model_dirs=[tmp_path])
    for part in (str(path), expected, found, "animeseg weights fetch mobile-sam"):
        assert part in str(caught.value)


def test_a_missing_file_says_size_licence_and_both_cures(home, record):
    with pytest.raises(MissingWeightsError) as caught:
        resolve("mobile-sam", kind="sam")
    text = str(caught.value)
    parts = ("0.0 MB", "Apache-2.0", "animeseg weights fetch mobile-sam", SHA256, "mobile_sam.pt")
    for part in (*parts, str(home / "models"), record.url("https://huggingface.co")):
        assert part in text
    assert "\n" not in text


def test_a_mirror_is_named_in_the_manual_steps(monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "https://hf-mirror.example/")
    with pytest.raises(MissingWeightsError, match=r"https://hf-mirror\.example/dhkim2810"):
        resolve("mobile-sam", kind="sam")


def test_a_file_without_a_known_hash_needs_consent(tmp_path):
    unpinned = find("anime-yolov8m-seg")
    path = place(tmp_path / "models" / "adetailer" / unpinned.file_names[0])
    with pytest.raises(BadWeightsError, match="give its path instead of the name"):
        resolve(unpinned.name, kind="detector", model_dirs=[tmp_path])
    found = resolve(unpinned.name, kind="detector", model_dirs=[tmp_path], accept_unknown=True)
    assert (found.path, found.sha256) == (path, SHA256)


def test_bundled_weights_come_from_the_package(tmp_path, monkeypatch):
    module = importlib.import_module("animeseg.weights.resolve")
    monkeypatch.setattr(module, "bundled_folder", lambda: tmp_path)
    monkeypatch.setattr(
        module, "find", lambda name, kind: replace(find("character-n"), variants=())
    )
    with pytest.raises(MissingWeightsError, match="install animeseg again"):
        resolve("character-n", kind="detector", download=True)
    path = place(tmp_path / "character-n" / "model.safetensors")
    found = resolve("character-n", kind="detector")
    assert (found.path, found.source, found.name) == (path, "bundled", "character-n")


HOSTILE = [
    "../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "/etc/passwd",
    "\\\\server\\share\\model.pt",
    "//server/share/model.pt",
    "C:model.pt",
    "C:\\model.pt",
    "model\0.pt",
    "CON",
    "con.pt",
    "model.pt.",
    "model.pt ",
    "~/model.pt",
    ".",
    "..",
    "",
    "model.pt:stream",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_unknown_models(tmp_path, name):
    place(tmp_path / "model.pt")
    with pytest.raises(UnknownModelError, match="there is no detector called"):
        resolve(name, kind="detector", model_dirs=[tmp_path])


def test_the_text_is_the_same_for_existing_and_missing_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    secret = place(tmp_path / "secret.pt")
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "link.pt").symlink_to(secret)
    texts = set()
    for name in ("secret.pt", "../secret.pt", "link.pt", "nothing.pt", "/etc/passwd", "/etc/pass"):
        with pytest.raises(UnknownModelError) as caught:
            resolve(name, kind="detector", model_dirs=[folder])
        texts.add(str(caught.value).replace(repr(name), "X"))
    assert len(texts) == 1


@pytest.mark.parametrize("name", ["own.pt", "own"])
def test_own_models_are_found_by_plain_name_in_the_model_folders(tmp_path, name):
    path = place(tmp_path / "models" / "adetailer" / "own.pt", b"my own")
    found = resolve(name, kind="detector", model_dirs=[tmp_path])
    assert (found.path, found.record, found.source) == (path, None, "folder")


def test_a_model_of_another_kind_is_not_taken():
    with pytest.raises(UnknownModelError, match="there is no detector called 'mobile-sam'"):
        resolve("mobile-sam", kind="detector")


def test_paths_are_only_for_callers_on_this_machine(tmp_path):
    path = place(tmp_path / "own.pt", b"my own")
    with pytest.raises(UnknownModelError):
        resolve(path, kind="detector")
    found = resolve(path, kind="detector", allow_paths=True)
    assert (found.path, found.record, found.source, found.name) == (path, None, "path", "own.pt")


@pytest.mark.parametrize(
    "name", ["nothing.pt", "x" * 5000, "a\0b", "~nobody-of-this-name/x.pt", ""]
)
def test_paths_that_lead_nowhere_are_unknown_models(name):
    with pytest.raises(UnknownModelError):
        resolve(name, kind="detector", allow_paths=True)


def test_the_directory_of_a_trained_model_stands_for_its_weights(tmp_path):
    path = place(tmp_path / "run7" / "model.safetensors", b"my own")
    found = resolve(tmp_path / "run7", kind="detector", allow_paths=True)
    assert (found.path, found.name) == (path, "run7")


def test_a_file_given_by_path_is_known_by_its_hash(tmp_path):
    found = resolve(place(tmp_path / "any.pth"), kind="sam", allow_paths=True)
    assert found.record is not None
    assert found.name == "mobile-sam"


def test_a_file_of_another_kind_given_by_path_is_told_apart_by_its_hash(tmp_path):
    path = place(tmp_path / "any.pth")
    with pytest.raises(BadWeightsError, match="is mobile-sam, of the kind sam, not a detector"):
        resolve(path, kind="detector", allow_paths=True)


def test_a_name_of_the_catalog_wins_over_a_file_of_that_name_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place(tmp_path / "mobile-sam", b"not weights")
    with pytest.raises(MissingWeightsError):
        resolve("mobile-sam", kind="sam", allow_paths=True)
