import json

import pytest
from PIL import Image

from animeseg.data.figures import draw_figure
from animeseg.evaluate.__main__ import main


@pytest.fixture
def figures(tmp_path):
    """A YOLO set of two pictures: a drawn figure with its box, and an empty wall."""
    folder = tmp_path / "set"
    (folder / "images").mkdir(parents=True)
    (folder / "labels").mkdir()
    figure = Image.fromarray(draw_figure(3, height=400).rgba)
    for name, character in (("a", figure), ("b", None)):
        page = Image.new("RGB", (480, 480), (190, 210, 230))
        if character is not None:
            page.paste(character, (100, 40), character)
        page.save(folder / f"images/{name}.png")
    left, top, right, bottom = figure.getbbox()
    x0, y0, x1, y1 = (
        (left + 100) / 480,
        (top + 40) / 480,
        (right + 100) / 480,
        (bottom + 40) / 480,
    )
    (folder / "labels/a.txt").write_text(f"0 {x0} {y0} {x1} {y0} {x1} {y1} {x0} {y1}\n")
    (folder / "labels/b.txt").write_text("")
    (folder / "data.yaml").write_text("path: .\ntrain: images\nval: images\nnames: [character]\n")
    return folder


def test_two_systems_are_compared_on_one_page(tmp_path, figures, capsys):
    pytest.importorskip("jinja2")
    pytest.importorskip("matplotlib")
    out = tmp_path / "out"
    args = ["--data", str(figures), "--model", "character-n", "--model", "fine=character-n+edge"]
    assert main([*args, "--out", str(out), "--draws", "5", "--device", "cpu"]) == 0
    told = capsys.readouterr().out
    assert "2 pictures, 1 characters" in told
    assert "fine" in told
    content = json.loads((out / "report.json").read_text(encoding="utf-8"))
    (systems,) = content["sets"].values()
    assert set(systems) == {"character-n", "fine"}
    assert systems["character-n"]["scores"]["box_r"]["value"] == 1
    assert "Worst cases" in (out / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["--data", "nowhere"], 1, "nowhere"),
        (["--data", "SET", "--model", "no-such-model"], 2, "no-such-model"),
        (["--data", "SET", "--model", "character-n+magic"], 2, "refine"),
        (["--data", "SET", "--model", "character-n", "--model", "character-n"], 2, "same name"),
        (["--data", "SET", "--part", "val"], 1, "val"),
    ],
)
def test_what_cannot_be_measured_is_said_without_a_traceback(figures, capsys, args, code, said):
    assert main([str(figures) if arg == "SET" else arg for arg in args]) == code
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told
