"""Records say everything and come back bit for bit."""

from __future__ import annotations

import copy
import hashlib
import json

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from animeseg.errors import BadRecordError
from animeseg.export import encode_record, load_record, make_record, pixel_hash
from animeseg.instances import Instances, ModelInfo, Note, Segmentation
from animeseg.options import Options, knobs

finite32 = st.floats(-1e6, 1e6, width=32)
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@st.composite
def results(draw):
    height, width = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    count = draw(st.integers(0, 4))
    names = tuple(draw(st.lists(words, min_size=1, max_size=3)))
    instances = Instances(
        boxes=draw(arrays(np.float32, (count, 4), elements=finite32)),
        masks=draw(arrays(np.bool_, (count, height, width))),
        scores=draw(arrays(np.float32, count, elements=st.floats(0, 1, width=32))),
        labels=draw(arrays(np.int64, count, elements=st.integers(0, len(names) - 1))),
        names=names,
        ids=draw(st.none() | arrays(np.int64, count)) if count else None,
    )
    models = st.builds(ModelInfo, words, words, st.just("0" * 64), words)
    return Segmentation(
        size=(height, width),
        instances=instances,
        options=draw(st.sampled_from([Options(), Options(confidence=0.3, classes=("a", "犬"))])),
        models=tuple(draw(st.lists(models, max_size=2))),
        notes=tuple(draw(st.lists(st.builds(Note, words, words, words), max_size=2))),
        version=draw(words),
    )


def assert_equal(one, other):
    assert (one.size, one.options, one.models, one.notes, one.version) == (
        other.size, other.options, other.models, other.notes, other.version,
    )  # fmt: skip
    assert one.instances.names == other.instances.names
    for name in ("boxes", "masks", "scores", "labels", "ids"):
        left, right = getattr(one.instances, name), getattr(other.instances, name)
        if left is None:
            assert right is None
            continue
        assert left.dtype == right.dtype
        assert left.shape == right.shape
        assert left.tobytes() == right.tobytes()


@pytest.fixture(scope="module")
def schema(repository):
    return json.loads((repository / "docs" / "record.schema.json").read_text("utf-8"))


@pytest.fixture
def record():
    masks = np.zeros((2, 20, 30), np.bool_)
    masks[0, 2:9, 3:8] = masks[1, 5:19, 10:25] = True
    result = Segmentation((20, 30), Instances.from_masks(masks), Options(top_k=5), version="1.2")
    return make_record(result, np.zeros((20, 30, 3), np.uint8), "絵.png")


@given(results())
def test_results_come_back_bit_for_bit(result):
    image = np.zeros((*result.size, 3), np.uint8)
    data = encode_record(make_record(result, image, "x.png"))
    assert_equal(load_record(data), result)
    assert_equal(load_record(json.loads(data)), result)


@given(result=results())
def test_records_are_valid_by_the_published_schema(schema, result):
    image = np.zeros((*result.size, 3), np.uint8)
    data = encode_record(make_record(result, image, "x.png"))
    jsonschema.Draft202012Validator(schema).validate(json.loads(data))


def test_the_schema_is_one_and_describes_every_field(schema, record):
    jsonschema.Draft202012Validator.check_schema(schema)
    assert list(schema["properties"]) == list(record) == schema["required"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**record, "more": 1}, schema)


def test_records_hold_what_a_reader_needs(record):
    assert record["image"]["sha256"] == hashlib.sha256(bytes(20 * 30 * 3)).hexdigest()
    assert (record["image"]["width"], record["image"]["height"]) == (30, 20)
    assert record["instances"][1]["box"] == [10, 5, 25, 19]
    assert record["instances"][1]["area"] == 14 * 15
    assert set(record["options"]) == set(knobs())
    assert record["changed_options"] == ["top_k"]
    text = encode_record(record).decode()
    assert '"name": "絵.png"' in text
    assert text.count("\n") < 25  # readable: not a line for every number


def test_the_hash_is_of_the_pixels_not_of_their_order_in_memory(rng):
    image = rng.integers(0, 256, (9, 7, 3), np.uint8)
    assert pixel_hash(np.asfortranarray(image)) == pixel_hash(image) != pixel_hash(image[::-1])


def test_names_that_are_no_unicode_do_not_cost_the_record():
    result = Segmentation((8, 8), Instances.empty((8, 8)), Options())
    record = make_record(result, np.zeros((8, 8, 3), np.uint8), "a\udcff.png")
    assert load_record(encode_record(record)).size == (8, 8)


def test_records_are_read_from_files(record, tmp_path):
    path = tmp_path / "x.json"
    path.write_bytes(encode_record(record))
    assert len(load_record(path)) == len(load_record(str(path))) == 2


def test_options_of_other_versions_are_left_out_and_said(record):
    record["options"]["hologram"] = 3
    record["options"].pop("top_k")
    result = load_record(record)
    assert result.options == Options()
    assert [note.code for note in result.notes] == ["unknown_options"]
    assert "hologram" in str(result.notes[0])


def change(path, value):
    def apply(record):
        place = record
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value

    return apply


@pytest.mark.parametrize(("damage", "message"), [
    (change(["format"], "coco"), "format is 'coco'"),
    (change(["format_version"], 2), "newer animeseg"),
    (change(["format_version"], "1"), "format version"),
    (change(["image"], {}), "no 'height'"),
    (change(["image", "width"], 31), "a mask is"),
    (change(["image", "width"], 10**9), "not accepted"),
    (change(["image", "height"], 0), "not accepted"),
    (change(["instances"], None), "cannot be read"),
    (change(["instances", 0, "box"], [1, 2, 3]), "cannot be read"),
    (change(["instances", 0, "box"], [1, 2, 3, "x"]), "cannot be read"),
    (change(["instances", 0, "score"], float("nan")), "finite"),
    (change(["instances", 0, "label"], 7), "labels must index"),
    (change(["instances", 0, "segmentation", "counts"], "00"), "run lengths"),
    (change(["instances", 0, "segmentation"], "x"), "run lengths"),
    (change(["options", "confidence"], 7), "confidence: got 7"),
    (change(["models"], [{"role": "detector"}]), "no 'name'"),
    (change(["notes"], 5), "cannot be read"),
])  # fmt: skip
def test_damaged_records_are_refused_with_the_reason(record, damage, message):
    damaged = copy.deepcopy(record)
    damage(damaged)
    with pytest.raises(BadRecordError, match=message) as caught:
        load_record(damaged)
    assert caught.value.cure


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff\xfe", b"null", b"[" * 100_000])
def test_other_bytes_are_no_records(data):
    with pytest.raises(BadRecordError, match="make it again"):
        load_record(data)


def test_missing_files_are_said(tmp_path):
    with pytest.raises(BadRecordError, match="cannot be read"):
        load_record(tmp_path / "missing.json")


def test_records_too_large_for_memory_are_refused_before_decoding(record):
    record["image"] |= {"width": 8000, "height": 8000}
    record["instances"] = record["instances"][:1] * 100
    with pytest.raises(BadRecordError, match="too many"):
        load_record(record)
