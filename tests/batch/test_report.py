from __future__ import annotations

import json
from pathlib import Path

import pytest

from animeseg.batch.report import ReportFile, Row, Totals
from animeseg.errors import BadImageError, DiskFullError, OutputError
from animeseg.instances import Note

NOTE = Note("edge_fallback", "edges were used", "fetch weights")
ROWS = [
    Row(Path("a.png"), "done", 2, (40, 30), 0.5, (Path("out/a.mask.png"),), (NOTE,)),
    Row(Path("漫画\udcff.png"), "skipped", 0),
    Row(Path("b.png"), "failed", error=BadImageError("damaged", "save it again")),
]


@pytest.fixture
def totals():
    counted = Totals()
    for row in ROWS:
        counted.add(row)
    return counted


def test_totals_count_every_row(totals):
    assert totals.as_dict() | {"version": ""} == {
        "version": "",
        "done": 1,
        "skipped": 1,
        "failed": 1,
        "characters": 2,
        "without_characters": 1,
        "failures": {"bad_image": 1},
        "notes": {"edge_fallback": 1},
        "stopped": None,
    }


def test_a_note_counts_pictures_not_characters():
    counted = Totals()
    counted.add(Row(Path("a"), "done", 2, notes=(NOTE, Note("edge_fallback", "again"))))
    assert counted.notes == {"edge_fallback": (1, NOTE)}


def test_totals_of_a_long_run_stay_small():
    counted = Totals()
    for number in range(10_000):
        counted.add(Row(Path(f"{number}.png"), "failed", error=BadImageError("x", "y")))
    assert counted.failures["bad_image"].count == 10_000
    assert len(counted.failures["bad_image"].examples) == 5


@pytest.mark.parametrize(
    ("statuses", "stopped", "code"),
    [
        (["done", "skipped"], None, 0),
        ([], None, 0),
        (["done", "failed"], None, 1),
        (["done"], DiskFullError("full"), 1),
        (["failed"], "interrupted", 130),
    ],
)
def test_the_exit_code_tells_how_it_went(statuses, stopped, code):
    counted = Totals(stopped=stopped)
    for status in statuses:
        counted.add(Row(Path("a"), status))
    assert counted.exit_code == code


def test_a_json_report_holds_all_rows_and_the_totals(tmp_path, totals):
    path = tmp_path / "new/report.json"
    with ReportFile(path) as report:
        for row in ROWS:
            report.add(row)
        assert not path.exists(), "half a report is visible"
        report.close(totals)
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document == {"pictures": [row.as_dict() for row in ROWS], "totals": totals.as_dict()}
    assert document["pictures"][2]["error"]["cure"] == "save it again"
    assert [file.name for file in path.parent.iterdir()] == ["report.json"]


def test_a_json_lines_report_has_a_line_per_row_and_the_totals_last(tmp_path, totals):
    path = tmp_path / "report.jsonl"
    with ReportFile(path) as report:
        for row in ROWS:
            report.add(row)
        report.close(totals)
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert lines == [*(row.as_dict() for row in ROWS), {"totals": totals.as_dict()}]


def test_a_report_of_nothing_is_valid(tmp_path):
    with ReportFile(tmp_path / "r.json") as report:
        report.close(Totals())
    assert json.loads((tmp_path / "r.json").read_text())["pictures"] == []


def test_an_abandoned_report_leaves_the_earlier_one(tmp_path):
    path = tmp_path / "report.json"
    path.write_text("earlier")
    with ReportFile(path) as report:
        report.add(ROWS[0])
    assert path.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_a_report_that_cannot_be_made_is_an_error_before_any_work(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file/report.json", tmp_path):
        with pytest.raises(OutputError, match="cannot write the report"):
            ReportFile(path)
