"""Parts share nobody; several sets become one; numbers add up."""

from __future__ import annotations

import pytest

from animeseg.data import similar
from animeseg.data.converting import convert
from animeseg.data.dataset import open_dataset
from animeseg.data.merging import Merged
from animeseg.data.splitting import Divided, divide
from animeseg.data.statistics import statistics, table
from animeseg.data.writing import SetWriter, write_sample
from animeseg.errors import BadDatasetError


@pytest.fixture
def families(tmp_path, made):
    """Twelve pictures; those with equal remainders by four show the same characters."""
    root = tmp_path / "families"
    with SetWriter(root, ["character"], {}) as writer:
        for number in range(12):
            sample = made["sample"](f"{number:02}.jpg", number)
            found = [
                {**vars(one), "identity": f"family-{number % 4}"}
                for one in sample.entry.annotations
            ]
            annotations = tuple(type(sample.entry.annotations[0])(**one) for one in found)
            entry = type(sample.entry)(**{**vars(sample.entry), "annotations": annotations})
            writer.add(write_sample(root, type(sample)(entry, sample.data)))
        writer.finish("test")
    return open_dataset(root)


@pytest.mark.parametrize("seed", range(5))
def test_no_identity_is_in_two_parts(families, seed):
    division = divide(families, {"val": 0.25, "test": 0.25}, by=["identity"], seed=seed)
    assert division.groups == 4
    assert division.largest == 3
    where = {}
    for row, part in enumerate(division.parts):
        for annotation in families.entry(row).annotations:
            assert where.setdefault(annotation.identity, part) == part
    assert sorted(division.parts) == ["test"] * 3 + ["train"] * 6 + ["val"] * 3


def test_near_duplicates_stay_together(tmp_path, made):
    root = made["build"](tmp_path / "set", names=[f"{k}.jpg" for k in range(6)])
    (root / "images" / "5.jpg").write_bytes((root / "images" / "0.jpg").read_bytes())
    (root / "manifest.jsonl").unlink()
    dataset = open_dataset(root)
    for seed in range(6):
        parts = divide(dataset, {"val": 0.34}, by=["near"], seed=seed).parts
        assert parts[0] == parts[5]
    assert similar.NEAR >= 0


def test_what_hangs_together_is_not_divided(small_set):
    dataset = open_dataset(small_set)
    with pytest.raises(BadDatasetError, match="synth --val"):
        divide(dataset, {"val": 0.3}, by=["near"], near=64)


def test_a_divided_set_has_its_parts(families, tmp_path):
    division = divide(families, {"val": 0.25}, by=["identity"])
    convert(Divided(families, division), tmp_path / "new", {}, lambda _: None)
    found = open_dataset(tmp_path / "new")
    assert len(found.part("val")) == 3
    assert len(found.part("train")) == 9
    again = divide(found, {"val": 0.25}, by=["identity"], seed=1)
    names = Divided(found, again).images
    assert all(name.count("/") == 1 for name in names)


def test_merged_sets_keep_parts_and_join_classes(tmp_path, made):
    first = made["build"](tmp_path / "one", names=("train/a.jpg", "val/b.jpg"))
    second = made["build"](tmp_path / "two", names=("x.jpg", "a.jpg", "b.jpg"))
    (second / "data.yaml").write_text("names: [person]\ntrain: images\n")
    opened = [("one", open_dataset(first)), ("two", open_dataset(second))]
    merged = Merged(opened)
    assert merged.names == ("character", "person")
    assert merged.images == ["train/one/a.jpg", "val/one/b.jpg", "two/b.jpg"]
    assert merged.dropped == 2  # the same bytes are in both
    convert(merged, tmp_path / "all", {}, lambda _: None)
    found = open_dataset(tmp_path / "all")
    assert [p.name for p in found.part("train").pictures] == ["train/one/a.jpg"]
    whole = Merged(opened, drop_duplicates=False)
    assert len(whole.images) == 5
    labels = {found.label for found in whole.sample(2).entry.annotations}
    assert labels == {1}


def test_two_sets_of_one_name_are_refused(small_set):
    dataset = open_dataset(small_set)
    with pytest.raises(BadDatasetError, match="one name"):
        Merged([("set", dataset), ("set", dataset)])


def test_numbers_add_up(small_set):
    numbers = statistics(open_dataset(small_set), lambda _: None)
    assert numbers["pictures"] == 3
    assert numbers["annotations"] == sum(numbers["classes"].values()) == 4
    assert sum(numbers["per_picture"].values()) == 3
    assert numbers["per_picture"]["2"] == 2
    assert sum(numbers["area_share"].values()) == sum(numbers["coco_area"].values()) == 4
    assert numbers["identities"] == 4
    assert numbers["sizes"] == {"64x48": 3}
    text = table(numbers)
    assert "pictures" in text
    assert "66.7 %" in text
