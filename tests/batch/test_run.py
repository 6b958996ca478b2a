from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from PIL import Image

import animeseg.batch.run as run_module
from animeseg.batch.job import Job
from animeseg.batch.ledger import Ledger
from animeseg.batch.run import READ_AHEAD, WRITE_BEHIND, run_batch
from animeseg.batch.sources import Sources
from animeseg.batch.stop import Stop
from animeseg.errors import BadWeightsError, MissingWeightsError
from animeseg.instances import Instances, Segmentation
from animeseg.options import Options


def loaded(path):
    with Image.open(path) as image:
        image.load()
        return image


@pytest.fixture
def job(tmp_path):
    (tmp_path / "out").mkdir()
    ledger = Ledger(tmp_path / "out")
    yield Job(tmp_path / "out", ("mask",), ledger, "recipe")
    ledger.close()


@pytest.fixture
def pictures(tmp_path):
    def write(count):
        (tmp_path / "in").mkdir()
        for number in range(count):
            Image.new("RGB", (16, 16), (number, 0, 0)).save(tmp_path / f"in/{number:02}.png")
        return Sources([str(tmp_path / "in")])

    return write


def segment(picture):
    return Segmentation(picture.size, Instances.empty(picture.size), Options())


def collected(sources, work, job, **settings):
    rows = []
    totals = run_batch(sources, work, job, on_row=lambda row, _: rows.append(row), **settings)
    return rows, totals


def test_rows_come_in_the_order_of_the_pictures_however_long_each_takes(job, pictures, monkeypatch):
    write = run_module.write_outputs

    def slow(picture, *rest):
        time.sleep(0.05 * (picture.rgb[0, 0, 0] % 3 == 0))
        return write(picture, *rest)

    monkeypatch.setattr(run_module, "write_outputs", slow)
    rows, totals = collected(pictures(12), segment, job)
    assert [row.source.name for row in rows] == [f"{number:02}.png" for number in range(12)]
    assert totals.pictures == {"done": 12}


def test_a_fixed_number_of_pictures_is_in_memory(job, pictures, monkeypatch):
    lock, alive, most = threading.Lock(), [0], [0]
    read, write = run_module.read_image, run_module.write_outputs

    def counted_read(data):
        with lock:
            alive[0] += 1
            most[0] = max(most[0], alive[0])
        return read(data)

    def counted_write(*args):
        time.sleep(0.01)
        files = write(*args)
        with lock:
            alive[0] -= 1
        return files

    monkeypatch.setattr(run_module, "read_image", counted_read)
    monkeypatch.setattr(run_module, "write_outputs", counted_write)
    collected(pictures(40), segment, job)
    assert 1 < most[0] <= READ_AHEAD + 1 + WRITE_BEHIND + 1


def test_the_next_picture_is_read_while_the_network_works(job, pictures, monkeypatch):
    read_second = threading.Event()
    read = run_module.read_image

    def told(data):
        picture = read(data)
        if picture.rgb[0, 0, 0] == 1:
            read_second.set()
        return picture

    def waiting(picture):
        assert read_second.wait(30), "nothing was read ahead"
        return segment(picture)

    monkeypatch.setattr(run_module, "read_image", told)
    rows, _ = collected(pictures(2), waiting, job)
    assert [row.status for row in rows] == ["done", "done"]


@pytest.mark.parametrize("error", [MissingWeightsError("m", "fetch"), BadWeightsError("b", "get")])
def test_an_error_that_every_picture_would_meet_ends_the_run(job, pictures, error):
    def broken(picture):
        raise error

    rows, totals = collected(pictures(40), broken, job)
    assert totals.stopped is error
    assert len(rows) <= WRITE_BEHIND + 1
    assert totals.exit_code == 1


def test_a_request_to_stop_finishes_what_was_segmented(job, pictures):
    stop = Stop()

    def work(picture):
        if picture.rgb[0, 0, 0] == 3:
            stop.request()
        return segment(picture)

    rows, totals = collected(pictures(20), work, job, stop=stop)
    assert totals.stopped == "interrupted"
    assert [row.source.name for row in rows] == ["00.png", "01.png", "02.png", "03.png"]
    assert len(list(job.out.glob("*.mask.png"))) == 4


def test_an_interrupt_in_the_network_finishes_what_is_being_written(job, pictures):
    def work(picture):
        if picture.rgb[0, 0, 0] == 3:
            raise KeyboardInterrupt
        return segment(picture)

    rows, totals = collected(pictures(20), work, job)
    assert totals.stopped == "interrupted"
    assert [row.status for row in rows] == ["done"] * 3


def test_no_thread_is_left_behind(job, pictures):
    before = threading.active_count()
    collected(pictures(5), segment, job)
    assert threading.active_count() == before


def test_a_caller_that_fails_is_not_silenced_and_files_stay_whole(job, pictures):
    def on_row(row, totals):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_batch(pictures(6), segment, job, on_row=on_row)
    for path in job.out.glob("*.png"):
        assert np.asarray(loaded(path)).shape == (16, 16)


def test_pictures_are_taken_only_as_they_are_needed(job, pictures):
    taken, segmented = [], []

    def lazily(sources):
        for source in sources:
            taken.append(source)
            assert len(taken) <= len(segmented) + READ_AHEAD + 1
            yield source

    def work(picture):
        segmented.append(picture.size)
        return segment(picture)

    collected(lazily(pictures(20)), work, job)
    assert len(taken) == 20
