import shutil

import pytest
import yaml

from animeseg.errors import BadDatasetError
from animeseg.train.preset import load_preset
from animeseg.train.sources import look_through, write_data_yaml

CHARACTER, FACE = load_preset("fast"), load_preset("face-nano")


@pytest.fixture
def copy(figures, tmp_path):
    """A set that a test may spoil."""
    return shutil.copytree(figures, tmp_path / "set")


def test_pictures_are_listed_for_the_trainer(copy, tmp_path):
    sources = look_through(copy, CHARACTER)
    path = write_data_yaml(sources, tmp_path / "run", single_class=False)
    content = yaml.safe_load(path.read_text())
    assert content["names"] == {0: "character"}
    listed = (path.parent / content["train"]).read_text().splitlines()
    assert sorted(listed) == [str(copy.resolve() / f"images/train/{n}.png") for n in range(4)]
    assert (len(sources.train), len(sources.val)) == (4, 2)


def test_the_hash_of_the_data_follows_its_content(copy):
    before = look_through(copy, CHARACTER).sha256
    assert look_through(copy, CHARACTER).sha256 == before
    label = copy / "labels/train/0.txt"
    label.write_text(label.read_text().replace("0.97", "0.9"))
    assert look_through(copy, CHARACTER).sha256 != before


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("0 0.1 0.1 0.2 0.2\n0 0.1 0.1\n", "labels/train/0.txt"),
        ("7 0.1 0.1 0.9 0.1 0.9 0.9\n", "labels/train/0.txt"),
        ("0 nonsense 0.1 0.9 0.1 0.9 0.9\n", "labels/train/0.txt"),
    ],
)
def test_bad_labels_are_refused_by_file(copy, line, said):
    (copy / "labels/train/0.txt").write_text(line)
    with pytest.raises(BadDatasetError, match=said):
        look_through(copy, CHARACTER)


def test_boxes_train_a_face_but_no_mask(copy):
    for label in (copy / "labels").rglob("*.txt"):
        label.write_text("0 0.5 0.5 0.2 0.2\n")
    assert look_through(copy, FACE)
    with pytest.raises(BadDatasetError, match="boxes without masks"):
        look_through(copy, CHARACTER)


def test_several_classes_are_refused_unless_taken_as_one(copy):
    yaml_path = copy / "data.yaml"
    yaml_path.write_text(yaml_path.read_text().replace("[character]", "[girl, boy]"))
    with pytest.raises(BadDatasetError, match="girl, boy"):
        look_through(copy, CHARACTER)
    assert look_through(copy, CHARACTER, single_class=True)


def test_a_set_without_characters_or_without_parts_is_refused(copy, tmp_path):
    flat = tmp_path / "flat"
    shutil.copytree(copy / "images/train", flat / "images")
    shutil.copytree(copy / "labels/train", flat / "labels")
    with pytest.raises(BadDatasetError, match="no train and val part"):
        look_through(flat, CHARACTER)
    for label in (copy / "labels").rglob("*.txt"):
        label.write_text("")
    with pytest.raises(BadDatasetError, match="0 annotations"):
        look_through(copy, CHARACTER)


def test_a_coco_file_is_referred_to_the_converter(copy, tmp_path):
    with pytest.raises(BadDatasetError):
        look_through(tmp_path / "nothing.json", CHARACTER)
