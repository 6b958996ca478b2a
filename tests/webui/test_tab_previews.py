from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from animeseg.images import Picture, read_image
from animeseg.instances import Instances, Segmentation
from animeseg.options import Options, OutputOptions
from animeseg.webui.tab import downloads, previews
from animeseg.webui.tab.session import Mark, Scene, Session

SIZE = (80, 120)


def characters(size=SIZE):
    height, width = size
    masks = np.zeros((2, height, width), np.bool_)
    masks[0, height // 4 : height // 2, width // 8 : width // 3] = True
    masks[1, height // 4 : height // 2, width // 2 : width - 5] = True
    return Instances.from_masks(masks)


@pytest.fixture
def picture(rng):
    return Picture(rng.integers(40, 200, (*SIZE, 3), dtype=np.uint8))


@pytest.fixture
def work(picture):
    session = Session()
    session.picture = picture
    session.scene = Scene.of(characters())
    session.result = Segmentation(SIZE, characters(), Options(cutout_feather=0.0))
    return session


def test_the_stage_shows_what_is_in_and_what_is_left_out(picture):
    found = characters()
    everyone = Scene.of(found)
    drawn = previews.stage(picture, found, everyone)
    assert drawn.shape == (*SIZE, 3)
    alone = previews.stage(picture, found, everyone.toggled(0))
    inside = np.s_[25:30, 20:30]
    assert (drawn[inside] != alone[inside]).any()
    # Nobody there: the picture as it is.
    none = Instances.empty(SIZE)
    np.testing.assert_array_equal(previews.stage(picture, none, Scene.of(none)), picture.rgb)


def test_clicks_and_the_corner_of_a_box_are_drawn(picture):
    found = characters()
    scene = Scene.of(found)
    marked = scene.with_mask(0, found.masks[0], (Mark(60, 70, True), Mark(10, 70, False)))
    plain, drawn = previews.stage(picture, found, scene), previews.stage(picture, found, marked)
    assert (plain[70, 66] != drawn[70, 66]).any()
    assert drawn[67, 57].tolist() != drawn[67, 7].tolist()
    corner = previews.stage(picture, found, scene, (100, 70))
    assert (corner[70, 95] != plain[70, 95]).any()


def test_large_pictures_are_shown_at_the_size_of_a_screen(rng):
    size = (1300, 2600)
    large = Picture(rng.integers(0, 255, (*size, 3), dtype=np.uint8))
    found = characters(size)
    drawn = previews.stage(large, found, Scene.of(found))
    assert max(drawn.shape[:2]) == previews.LONGEST_SIDE
    result = Segmentation(size, found, Options())
    for view in ("cutout", "mask", "overlay"):
        shown = previews.result(large, result, view, OutputOptions(), None)
        assert max(shown.shape[:2]) == previews.LONGEST_SIDE
    assert all(max(one.shape) <= previews.THUMBNAIL for one in previews.thumbnails(large, found))


def test_a_character_without_a_pixel_still_has_a_thumbnail(picture):
    found = characters()
    empty = found.with_masks(np.zeros_like(found.masks))
    assert len(previews.thumbnails(picture, empty)) == 2


def test_previews_keep_their_alpha_and_old_ones_go(work):
    alpha = np.dstack([np.full(SIZE, value, np.uint8) for value in (10, 20, 30, 128)])
    path = Path(previews.to_file(alpha, work))
    np.testing.assert_array_equal(
        cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[0, 0], [30, 20, 10, 128]
    )
    for _ in range(40):
        newest = previews.to_file(alpha[:, :, 0], work)
    assert Path(newest).exists()
    assert not path.exists()
    assert len(list(work.folder.iterdir())) < 20


@pytest.mark.parametrize("kind", ["png", "mask", "json", "layers"])
def test_downloads_are_at_full_size_and_can_be_made_again(kind, work, picture):
    first = downloads.make_file(kind, work, OutputOptions(), None)
    before = first.read_bytes()
    again = downloads.make_file(kind, work, OutputOptions(), None)
    assert first == again
    assert again.read_bytes() == before
    if kind == "png":
        read = read_image(again)
        inside = characters().union()
        assert read.size == SIZE
        np.testing.assert_array_equal(read.rgb[inside], picture.rgb[inside])
        np.testing.assert_array_equal(read.alpha > 0, inside)
