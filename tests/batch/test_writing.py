from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageCms

from animeseg.batch.job import Backdrop, Job
from animeseg.batch.ledger import Ledger, Origin
from animeseg.batch.naming import OUTPUTS
from animeseg.batch.writing import write_outputs
from animeseg.errors import OutputError, OutputExistsError
from animeseg.export import load_record
from animeseg.images import Picture
from animeseg.instances import Instances, Segmentation
from animeseg.options import Options, OutputOptions

ORIGIN = Origin("sub/a", "/pics/sub/a.png", "5ha", "recipe")
KINDS = tuple(kind for kind in OUTPUTS if kind != "psd")  # which needs a package of its own


@pytest.fixture
def job(tmp_path):
    ledger = Ledger(tmp_path)
    yield Job(tmp_path, KINDS, ledger, "recipe")
    ledger.close()


@pytest.fixture
def picture(rng):
    return Picture(rng.integers(0, 256, (40, 60, 3), np.uint8))


@pytest.fixture
def result():
    masks = np.zeros((2, 40, 60), np.bool_)
    masks[0, 5:30, 5:20] = True
    masks[1, 10:35, 30:50] = True
    options = Options(mask_grow=0.0, cutout_feather=0.0)
    return Segmentation((40, 60), Instances.from_masks(masks), options)


def loaded(path):
    with Image.open(path) as image:
        image.load()
        return image


def read(job, name):
    return np.asarray(loaded(job.out / name))


def test_each_kind_holds_what_it_promises(job, picture, result):
    files = write_outputs(picture, result, job, ORIGIN, KINDS)
    assert sorted(path.relative_to(job.out).as_posix() for path in files) == [
        "sub/a.character-1.png",
        "sub/a.character-2.png",
        "sub/a.character-mask-1.png",
        "sub/a.character-mask-2.png",
        "sub/a.cutout.png",
        "sub/a.json",
        "sub/a.layers.ora",
        "sub/a.mask.png",
        "sub/a.overlay.png",
    ]
    union = result.instances.union()
    assert (read(job, "sub/a.mask.png") == union * 255).all()
    cutout = read(job, "sub/a.cutout.png")
    assert (cutout[:, :, 3] == union * 255).all()
    assert (cutout[union][:, :3] == picture.rgb[union]).all()
    assert read(job, "sub/a.character-2.png").shape == (25, 20, 4)
    assert (read(job, "sub/a.character-mask-1.png") == result.instances.masks[0] * 255).all()
    assert read(job, "sub/a.overlay.png").shape == (40, 60, 3)
    assert (load_record(job.out / "sub/a.json").instances.masks == result.instances.masks).all()


def test_a_character_of_which_nothing_shows_has_no_file_and_is_complete(job, picture, result):
    clear = np.full((40, 60), 255, np.uint8)
    clear[:, :25] = 0
    write_outputs(picture, replace(result, alpha=clear), job, ORIGIN, ("characters",))
    assert [path.name for path in (job.out / "sub").iterdir()] == ["a.character-2.png"]
    assert job.ledger.made("sub/a", "characters").done


def test_the_colour_profile_of_the_picture_is_kept_where_its_colours_are(job, picture, result):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    write_outputs(replace(picture, icc_profile=profile), result, job, ORIGIN, KINDS)
    for kind, kept in (("cutout", True), ("character-1", True), ("overlay", True), ("mask", False)):
        info = loaded(job.out / f"sub/a.{kind}.png").info
        assert (info.get("icc_profile") == profile) is kept, kind


def test_a_file_in_the_way_of_the_last_kind_keeps_all_from_being_written(job, picture, result):
    mine = job.out / "sub/a.json"
    mine.parent.mkdir()
    mine.write_bytes(b"mine")
    with pytest.raises(OutputExistsError):
        write_outputs(picture, result, job, ORIGIN, KINDS)
    assert [path.name for path in mine.parent.iterdir()] == ["a.json"]
    assert mine.read_bytes() == b"mine"


def test_a_picture_whose_files_could_not_all_be_written_is_not_done(job, picture, result):
    with pytest.raises(OutputError):
        write_outputs(picture, result, job, replace(ORIGIN, key="x" * 300), ("mask",))
    (job.out / "sub").mkdir()
    (job.out / "sub/a.mask.png").mkdir()  # a directory in its place
    told = replace(job, overwrite=True)
    with pytest.raises(OutputError):
        write_outputs(picture, result, told, ORIGIN, ("cutout", "mask"))
    assert (job.out / "sub/a.cutout.png").is_file()
    assert not job.ledger.made("sub/a", "cutout").done
    (job.out / "sub/a.mask.png").rmdir()
    again = replace(job, resume=True)
    assert again.kinds_to_make(ORIGIN) == KINDS
    write_outputs(picture, result, again, ORIGIN, KINDS)
    assert job.ledger.made("sub/a", "cutout").done


def test_a_background_stands_behind_the_cutout_and_nothing_else(job, picture, result):
    told = replace(job, backdrop=Backdrop(OutputOptions(background="colour")))
    write_outputs(picture, result, told, ORIGIN, ("cutout", "characters"))
    assert read(job, "sub/a.cutout.png")[0, 0].tolist() == [255, 255, 255]
    assert read(job, "sub/a.character-1.png").shape[2] == 4


def test_photoshop_files_are_written_where_the_package_is(job, picture, result):
    pytest.importorskip("psd_tools", reason="psd-tools is not installed here")
    write_outputs(picture, result, job, ORIGIN, ("psd",))
    assert (job.out / "sub/a.layers.psd").read_bytes()[:4] == b"8BPS"


def test_the_mask_covers_the_target_and_the_cutout_the_characters(job, picture, result):
    rest = ~result.instances.union()
    aimed = replace(result, target=Instances.from_masks(rest[None], names=("background",)))
    write_outputs(picture, aimed, job, ORIGIN, ("mask", "cutout"))
    assert (read(job, "sub/a.mask.png") == rest * 255).all()
    assert (read(job, "sub/a.cutout.png")[:, :, 3] == ~rest * 255).all()
