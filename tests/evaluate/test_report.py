import json

import pytest
from PIL import Image

from animeseg.evaluate.report import Section, write_report, write_summary
from animeseg.evaluate.scores import score
from animeseg.evaluate.worst import side_by_side
from tests.evaluate.conftest import instances, truth_of

TRUTHS = [truth_of(instances((0, 0)), "a.png"), truth_of(instances(), "b.png")]


@pytest.fixture
def sections(measured):
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    found = [instances((2, 0), scores=[0.9]), instances((30, 30), scores=[0.6])]
    scores = [
        score(measured(TRUTHS, [t.instances for t in TRUTHS], name="<good> & plain"), draws=5),
        score(measured(TRUTHS, found, name="bad"), draws=5),
    ]
    picture = side_by_side(TRUTHS[0], found[0])
    return [Section("my set", scores, {"bad": [("a.png: 1 there, 1 found", picture)]})]


def test_the_page_stands_alone_and_escapes_names(tmp_path, sections):
    path = tmp_path / "out/report.html"
    write_report(path, sections, {"command": "<script>"})
    page = path.read_text(encoding="utf-8")
    assert "&lt;good&gt; &amp; plain" in page
    assert "<good>" not in page
    assert "<script>" not in page
    assert "http" not in page
    assert page.count("data:image/png;base64,") == 6
    assert page.count("data:image/webp;base64,") == 1


def test_the_numbers_are_also_json_without_nan(tmp_path, sections):
    path = tmp_path / "report.json"
    write_summary(path, sections, {"seed": "0"})
    content = json.loads(path.read_text(), parse_constant=lambda name: pytest.fail(name))
    row = content["sets"]["my set"]["bad"]
    assert row["confusion"] == {"right": 1, "wrong": 1, "missed": 0}
    assert row["empty pictures"] == {"all": 1, "with detection": 1}
    assert row["scores"]["iou"]["value"] == pytest.approx(18 / 22)


def test_worst_cases_show_truth_and_answer_side_by_side(tmp_path):
    path = tmp_path / "pair.webp"
    path.write_bytes(side_by_side(TRUTHS[0], instances((40, 30))))
    with Image.open(path) as pair:
        left, right = pair.width // 4, 3 * pair.width // 4
        assert pair.width > 2 * 80
        pixels = pair.convert("RGB")
        assert pixels.getpixel((left - 30, 10)) != pixels.getpixel((right - 30, 10))
