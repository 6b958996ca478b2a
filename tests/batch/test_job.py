from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from animeseg.batch.job import Backdrop, Job, recipe_of
from animeseg.batch.ledger import Ledger
from animeseg.batch.naming import output_path
from animeseg.batch.sources import Source
from animeseg.errors import OutputExistsError
from animeseg.instances import ModelInfo
from animeseg.options import Options, OutputOptions

DETECTOR = ModelInfo("detector", "character-n", "aa")
REFINER = ModelInfo("refiner", "mobile-sam", "bb")


@pytest.fixture
def job(tmp_path):
    ledger = Ledger(tmp_path)
    yield Job(tmp_path, ("cutout", "characters"), ledger, "recipe", resume=True)
    ledger.close()


@pytest.fixture
def source(tmp_path):
    return Source(tmp_path.parent / "pics/a.png", "a")


def make(job, origin, characters=2):
    """Writes and confirms all outputs of ``origin``."""
    files = {
        "cutout": [output_path(job.out, origin.key, "cutout")],
        "characters": [
            output_path(job.out, origin.key, "characters", n + 1) for n in range(characters)
        ],
    }
    job.ledger.begin(origin, files)
    for path in (path for paths in files.values() for path in paths):
        path.write_bytes(b"result")
    job.ledger.finish(origin, files, characters)
    return [path for paths in files.values() for path in paths]


def test_what_is_complete_is_skipped_with_its_count_and_files(job, source):
    origin = job.origin(source, "sha")
    files = make(job, origin)
    row = job.skipped(source, origin)
    assert (row.status, row.characters, set(row.outputs)) == ("skipped", 2, set(files))


@pytest.mark.parametrize("change", [{"sha256": "other"}, {"recipe": "other"}])
def test_other_bytes_or_another_recipe_are_made_again(job, source, change):
    origin = job.origin(source, "sha")
    make(job, origin)
    changed = replace(origin, **change)
    assert job.skipped(source, changed) is None
    assert job.kinds_to_make(changed) == job.kinds


def test_only_the_kind_with_a_missing_file_is_made_again(job, source):
    origin = job.origin(source, "sha")
    make(job, origin)[-1].unlink()
    assert job.skipped(source, origin) is None
    assert job.kinds_to_make(origin) == ("characters",)


def test_what_an_interrupted_run_left_is_made_again(job, source):
    origin = job.origin(source, "sha")
    path = output_path(job.out, "a", "cutout")
    job.ledger.begin(origin, {"cutout": [path]})
    path.write_bytes(b"whole, but never confirmed")
    assert job.kinds_to_make(origin) == job.kinds


def test_a_result_that_somebody_changed_is_not_replaced_by_resuming(job, source):
    origin = job.origin(source, "sha")
    make(job, origin)[0].write_bytes(b"retouched by hand")
    with pytest.raises(OutputExistsError, match="changed after it was made"):
        job.kinds_to_make(origin)
    assert replace(job, overwrite=True).kinds_to_make(origin) == ("cutout",)


def test_a_result_of_another_picture_is_not_replaced_by_resuming(job, source):
    make(job, job.origin(source, "sha"))
    other = job.origin(replace(source, path=source.path.with_name("b.png")), "other")
    with pytest.raises(OutputExistsError, match="made from another picture"):
        job.kinds_to_make(other)


@pytest.mark.parametrize(("resume", "overwrite"), [(False, False), (True, False)])
def test_a_file_that_is_not_ours_is_never_replaced_unasked(job, source, resume, overwrite):
    output_path(job.out, "a", "cutout").write_bytes(b"mine")
    asked = replace(job, resume=resume, overwrite=overwrite)
    with pytest.raises(OutputExistsError):
        asked.kinds_to_make(asked.origin(source, "sha"))


def test_overwriting_replaces_any_file_but_one_among_the_pictures(job, source):
    output_path(job.out, "a", "cutout").write_bytes(b"mine")
    asked = replace(job, overwrite=True)
    origin = asked.origin(source, "sha")
    assert asked.kinds_to_make(origin) == job.kinds
    among = replace(asked, may_be_original=lambda path: True)
    with pytest.raises(OutputExistsError, match="lies among the pictures"):
        among.kinds_to_make(origin)


def test_results_among_the_pictures_can_be_overwritten(job, source):
    origin = job.origin(source, "sha")
    make(job, origin)
    among = replace(job, overwrite=True, resume=False, may_be_original=lambda path: True)
    assert among.kinds_to_make(origin) == job.kinds


def test_without_any_flag_a_complete_picture_is_refused(job, source):
    origin = job.origin(source, "sha")
    make(job, origin)
    plain = replace(job, resume=False)
    assert plain.skipped(source, origin) is None
    with pytest.raises(OutputExistsError, match="--resume"):
        plain.kinds_to_make(origin)


@pytest.mark.parametrize(
    ("options", "models", "same"),
    [
        (Options(), (REFINER, DETECTOR), True),
        (Options(device="cuda", precision="fp16"), (DETECTOR, REFINER), True),
        (Options(confidence=0.3), (DETECTOR, REFINER), False),
        (Options(), (DETECTOR,), False),
        (Options(), (replace(DETECTOR, sha256="cc"), REFINER), False),
    ],
)
def test_the_recipe_follows_what_decides_a_result_and_nothing_else(options, models, same):
    assert (recipe_of(options, models) == recipe_of(Options(), (DETECTOR, REFINER))) is same


def test_what_stands_behind_is_part_of_the_recipe_where_there_is_something():
    sky, sea = np.zeros((2, 2, 3), np.uint8), np.ones((2, 2, 3), np.uint8)
    looks = [
        Backdrop(),
        Backdrop(OutputOptions(background="blur")),
        Backdrop(OutputOptions(background="blur", background_blur=5.0)),
        Backdrop(OutputOptions(background="picture"), sky),
        Backdrop(OutputOptions(background="picture"), sea),
    ]
    recipes = [recipe_of(Options(), (DETECTOR,), one) for one in looks]
    assert len(set(recipes)) == len(recipes)
    assert recipes[0] == recipe_of(Options(), (DETECTOR,)), "earlier results stay complete"
    renamed = Backdrop(OutputOptions(background="picture", background_picture="b.png"), sky)
    assert recipe_of(Options(), (DETECTOR,), renamed) == recipes[3]
