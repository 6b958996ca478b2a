from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest

from animeseg.batch.stop import Stop
from animeseg.errors import OptionError
from animeseg.files import encode_png
from animeseg.instances import Instances, ModelInfo, Segmentation
from animeseg.options import Options
from animeseg.webui.tab.batch import Plan, gather, pack, run

KINDS = ("cutout", "json")


class Source:
    info = ModelInfo("detector", "fake", "0" * 64)

    def detector(self, options):
        return self

    def refiner(self, options, watch=None):
        return None, ()


class Models:
    models = Source()

    def __init__(self, then=lambda: None):
        self.then = then

    def segment(self, image, options, *, watch=None):
        self.then()
        mask = np.zeros(image.size, np.bool_)
        mask[4:20, 4:20] = True
        return Segmentation(image.size, Instances.from_masks(mask[None]), options)


@pytest.fixture
def pictures(tmp_path, rng):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("a.png", "b.png", "c.png"):
        (folder / name).write_bytes(encode_png(rng.integers(0, 255, (32, 32, 3), dtype=np.uint8)))
    return folder


def plan(pictures, out, **more):
    return Plan((str(pictures),), out, KINDS, Options(), **more)


def test_progress_is_told_for_every_picture_and_the_report_last(pictures, tmp_path):
    (pictures / "bad.png").write_bytes(b"none")
    told = list(run(plan(pictures, tmp_path / "out"), Models(), Stop()))
    assert [one.pictures for one in told] == [4] * len(told)
    assert told[-1].done == 4
    assert told[-1].totals.pictures == {"done": 3, "failed": 1}
    assert [one.report is None for one in told] == [True] * (len(told) - 1) + [False]
    report = json.loads(told[-1].report.read_text("utf-8"))
    assert len(report["pictures"]) == 4


def test_reports_are_never_written_over(pictures, tmp_path):
    out = tmp_path / "out"
    first, second = (list(run(plan(pictures, out), Models(), Stop()))[-1] for _ in range(2))
    assert first.report != second.report
    assert second.totals.pictures["skipped"] == 3


def test_a_stop_ends_the_run_and_says_so(pictures, tmp_path):
    stop = Stop()
    told = list(run(plan(pictures, tmp_path / "out"), Models(then=stop.request), stop))
    assert told[-1].totals.stopped == "interrupted"
    assert told[-1].done < 3


def test_leaving_early_stops_the_run(pictures, tmp_path):
    stop = Stop()
    running = run(plan(pictures, tmp_path / "out"), Models(), stop)
    next(running)
    running.close()
    assert stop.requests


def test_what_ends_the_work_reaches_the_page(pictures, tmp_path):
    class Broken(Models):
        class models:
            @staticmethod
            def detector(options):
                raise OptionError("model", "is unknown", "choose another")

    with pytest.raises(OptionError, match="is unknown"):
        list(run(plan(pictures, tmp_path / "out"), Broken(), Stop()))


@pytest.mark.parametrize("kinds", [(), ("cutout", "nonsense")])
def test_a_plan_makes_something(tmp_path, kinds):
    with pytest.raises(OptionError, match="nothing to make"):
        Plan((str(tmp_path),), tmp_path, kinds, Options())


def test_uploads_of_the_same_name_stay_apart(tmp_path):
    uploads = []
    for number in range(3):
        path = tmp_path / str(number) / "a.png"
        path.parent.mkdir()
        path.write_bytes(b"%d" % number)
        uploads.append(path)
    copies = gather(uploads, tmp_path / "session")
    assert [path.name for path in copies] == ["a.png", "a-2.png", "a-3.png"]
    assert [path.read_bytes() for path in copies] == [b"0", b"1", b"2"]
    assert all(path.exists() for path in uploads)


def test_an_archive_leaves_hidden_files_out(tmp_path):
    folder = tmp_path / "results"
    (folder / "in").mkdir(parents=True)
    for name in ("a.png", "in/b.json", ".ledger"):
        (folder / name).write_bytes(b"x")
    with zipfile.ZipFile(pack(folder)) as archive:
        assert set(archive.namelist()) == {"a.png", "in/b.json"}
