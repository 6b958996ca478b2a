import pytest

from animeseg.errors import OptionError
from animeseg.train.__main__ import main
from animeseg.train.preset import Preset, about, load_preset, names


@pytest.mark.parametrize("name", names())
def test_every_preset_is_whole(name):
    assert isinstance(load_preset(name), Preset)


def test_the_published_recipe_is_as_published():
    preset = load_preset("report")
    assert (preset.architecture, preset.epochs, preset.batch) == ("yolov8m-seg", 60, 25)
    assert (preset.lr0, preset.momentum, preset.weight_decay, preset.dropout) == (
        0.01, 0.937, 5e-4, 0,
    )  # fmt: skip
    face = load_preset("animeface")
    assert (face.architecture, face.image_size, face.epochs, face.batch, face.patience) == (
        "yolov8x-p6", 1280, 300, 16, 0,
    )  # fmt: skip


def test_a_preset_of_ones_own_is_read_from_its_file(tmp_path):
    text = "\n".join(f"{k}: {v}" for k, v in load_preset("fast").as_dict().items() if k != "seed")
    (tmp_path / "mine.yaml").write_text(text)
    assert load_preset(str(tmp_path / "mine.yaml"), {"epochs": 7}).epochs == 7


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"epochs": 2.5}, "epochs"),
        ({"lr0": "fast"}, "lr0"),
        ({"lr0": float("nan")}, "lr0"),
        ({"mosaic": 2}, "mosaic"),
        ({"task": "parse"}, "task"),
        ({"sparkle": 1}, "sparkle"),
        ({"epochs": True}, "epochs"),
    ],
)
def test_wrong_settings_are_refused_by_name(changes, named):
    with pytest.raises(OptionError) as caught:
        load_preset("fast", changes)
    assert caught.value.field == named


@pytest.mark.parametrize("content", ["- a\n", "a: [", ""])
def test_files_that_are_no_preset_are_refused(tmp_path, content):
    (tmp_path / "mine.yaml").write_text(content)
    with pytest.raises(OptionError):
        load_preset(str(tmp_path / "mine.yaml"))


def test_help_says_what_every_preset_is_for(capsys):
    assert set(about()) == set(names())
    assert all(len(text) > 10 and not text.endswith(".") for text in about().values())
    with pytest.raises(SystemExit):
        main(["--help"])
    told = capsys.readouterr().out
    assert all(text in told for text in about().values())
