"""Composed training pictures: exact masks, the same whoever makes them, no empty promises."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from animeseg.data import cast, compose, objects, scenery, sprites, style


def cut_out(seed: int = 0) -> np.ndarray:
    """A face-like disc on a body, RGBA, with a drawn symbol floating beside it."""
    rgba = np.zeros((200, 120, 4), np.uint8)
    cv2.ellipse(rgba, (60, 130), (40, 66), 0, 0, 360, (60, 90 + seed, 200, 255), -1)
    cv2.circle(rgba, (60, 45), 34, (250, 220, 200, 255), -1)
    cv2.circle(rgba, (112, 10), 6, (255, 255, 0, 255), -1)
    return rgba


@pytest.fixture(scope="module")
def pack_folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("pack")
    rng = np.random.default_rng(0)
    rows = []
    for k, name in enumerate(["ann", "bob"]):
        cv2.imwrite(str(root / f"{name}.png"), cut_out(k * 40))
        face = [26, 11, 94, 79]
        rows.append({"file": f"{name}.png", "kind": "fg", "identity": name, "face": face})
    for name in ("hill", "wall"):
        picture = cv2.resize(rng.integers(0, 255, (9, 12, 3), np.uint8), (300, 200))
        cv2.imwrite(str(root / f"{name}.png"), picture)
        rows.append({"file": f"{name}.png", "kind": "bg"})
    (root / "manifest.json").write_text(json.dumps(rows))
    return root


@pytest.fixture(scope="module")
def pack(pack_folder):
    return cast.load_pack(pack_folder)


def test_a_picture_depends_on_seed_and_number_alone(pack):
    once, again = compose.compose(pack, 3, 7), compose.compose(pack, 3, 7)
    assert np.array_equal(once.image, again.image)
    assert np.array_equal(once.index, again.index)
    assert not np.array_equal(once.image, compose.compose(pack, 4, 7).image)


@pytest.mark.parametrize("number", range(12))
def test_masks_fit_the_picture_and_are_visible(pack, number):
    made = compose.compose(pack, 1, number)
    assert made.image.dtype == np.uint8
    assert made.image.shape == (*made.index.shape, 3)
    assert made.index.shape in [shape for shape, _ in compose.SHAPES]
    areas = np.bincount(made.index.ravel())[1:]
    assert np.all(areas >= 0.5 * cast.MIN_VISIBLE_AREA)


def test_some_pictures_are_empty_and_some_crowded(pack):
    counts = [len(np.unique(compose.compose(pack, 2, k).index)) - 1 for k in range(40)]
    assert min(counts) == 0
    assert max(counts) >= 3


def test_validation_shares_nothing_with_training(pack_folder):
    held = ["bob", "wall"]
    training = cast.load_pack(pack_folder, held)
    validation = cast.load_pack(pack_folder, held, only_held_out=True)
    assert [s.identity for s in training.characters] == ["ann"]
    assert [s.identity for s in validation.characters] == ["bob"]
    assert len(training.backgrounds) == len(validation.backgrounds) == 1


def test_the_command_writes_and_takes_up_again(pack_folder, tmp_path):
    arguments = ["--pack", str(pack_folder), "--out", str(tmp_path), "--workers", "1"]
    compose.main([*arguments, "--count", "2"])
    first = (tmp_path / "images" / "000001.jpg").stat().st_mtime_ns
    compose.main([*arguments, "--count", "3"])
    names = sorted(p.stem for p in (tmp_path / "masks").glob("*.png"))
    assert names == ["000000", "000001", "000002"]
    assert sorted(p.stem for p in (tmp_path / "faces").glob("*.txt")) == names
    assert (tmp_path / "images" / "000001.jpg").stat().st_mtime_ns == first


def test_symbols_beside_a_character_are_not_part_of_it():
    cleaned = sprites.drop_symbols(cut_out())
    assert cleaned[10, 112, 3] == 0
    assert cleaned[45, 60, 3] == 255


def test_premultiplying_is_undone_where_anything_is_seen():
    rgba = cut_out()
    back = sprites.unpremultiply(sprites.premultiply(rgba))
    seen = rgba[..., 3] > 0
    assert np.array_equal(back[seen], rgba[seen])


def test_recolouring_and_bending_keep_the_character_whole():
    rng = np.random.default_rng(5)
    sprite = sprites.Sprite.from_rgba(cut_out(), "ann")
    new = sprites.recolour(sprite.rgba, sprite.palette, sprite.skin, rng)
    assert np.array_equal(new[..., 3], sprite.rgba[..., 3])
    bent = sprites.warp(new, rng, chibi=0.0)
    before, after = (sprite.rgba[..., 3] > 127).sum(), (bent[..., 3] > 127).sum()
    assert after == pytest.approx(before, rel=0.25)


def test_a_hidden_character_is_left_out():
    solid = np.full((50, 50, 4), 255, np.uint8)
    layers = [cast.Layer(solid, 10, 10), cast.Layer(solid, 12, 12), cast.Layer(solid, 500, 0)]
    kept = cast.visible_only(layers, (100, 100))
    assert [layer.x for layer in kept] == [12]


FACE = np.array([[20, 20], [40, 20], [40, 40], [20, 40]], np.float32)


@pytest.mark.parametrize(
    ("x", "hidden", "expected"),
    [
        (0, None, [[20, 20, 41, 41]]),
        (-30, None, [[0, 20, 11, 41]]),  # the frame hides half of it
        (-35, None, []),
        (0, np.s_[:30], [[20, 30, 41, 41]]),
        (0, np.s_[:36], []),
    ],
)
def test_a_face_is_boxed_by_what_shows_of_it(x, hidden, expected):
    index = np.ones((100, 100), np.uint8)
    if hidden is not None:
        index[hidden] = 2
    layer = cast.Layer(np.zeros((60, 60, 4), np.uint8), x, 0, FACE)
    np.testing.assert_array_equal(compose.faces_of([layer], index), np.reshape(expected, (-1, 4)))


def test_faces_lie_on_characters_and_are_written_as_shares(pack, tmp_path):
    (tmp_path / "images").mkdir(), (tmp_path / "masks").mkdir(), (tmp_path / "faces").mkdir()
    made = next(c for c in (compose.compose(pack, 6, k) for k in range(20)) if len(c.faces))
    compose.write(made, tmp_path, 0)
    rows = np.loadtxt(tmp_path / "faces" / "000000.txt", ndmin=2)
    assert len(rows) == len(made.faces)
    height, width = made.index.shape
    for (_, x, y, w, h), (x0, y0, x1, y1) in zip(rows, made.faces, strict=True):
        assert ((x - w / 2) * width, (y - h / 2) * height) == pytest.approx((x0, y0), abs=0.01)
        assert ((x + w / 2) * width, (y + h / 2) * height) == pytest.approx((x1, y1), abs=0.01)
        assert made.index[int(y0) : int(y1), int(x0) : int(x1)].any()


def test_a_pose_has_a_face_box_of_its_own():
    shared, _ = cast.noted("taisei_iku_face_smile", {})
    own, _ = cast.noted("taisei_iku_face_defeated", {})
    assert shared[3] != own[3]
    assert cast.noted("taisei_iku_face_smile", {"face": [1, 2, 3, 4]})[0] == (1, 2, 3, 4)
    assert cast.noted("nobody", {}) == (sprites.NO_BOX, False)


def test_a_translucent_ghost_and_its_outline_are_not_part_of_the_character():
    rgba = np.zeros((300, 300, 4), np.uint8)
    cv2.circle(rgba, (210, 150), 60, (255, 255, 255, 160), -1)
    cv2.circle(rgba, (210, 150), 60, (200, 0, 0, 255), 4)
    cv2.ellipse(rgba, (100, 150), (60, 120), 0, 0, 360, (60, 90, 200, 255), -1)
    cleaned = sprites.drop_ghosts(rgba)
    body = np.zeros((300, 300), np.uint8)
    cv2.ellipse(body, (100, 150), (60, 120), 0, 0, 360, 1, -1)
    assert cleaned[body > 0, 3].mean() > 250
    assert cleaned[body == 0, 3].mean() < 3


@pytest.mark.parametrize("look", [look for look, _ in style.DRAWING + style.FINISH])
def test_every_look_keeps_size_and_type(look):
    rng = np.random.default_rng(1)
    picture = scenery.room((64, 96), rng)
    changed = look(picture, rng)
    assert changed.shape == picture.shape
    assert changed.dtype == np.uint8


@pytest.mark.parametrize("maker", [maker for maker, _ in scenery.GROUNDS])
def test_every_ground_fills_the_frame(maker):
    ground = maker((64, 96), np.random.default_rng(2))
    assert ground.shape == (64, 96, 3)
    assert ground.dtype == np.uint8


def test_pasting_touches_the_stencil_only():
    picture = np.zeros((20, 20, 3), np.uint8)
    stencil = np.zeros((20, 20), np.float32)
    stencil[5:9, 5:9] = 1
    pasted = objects.paste(picture, np.array([10, 20, 30]), stencil)
    assert (pasted[6, 6] == (10, 20, 30)).all()
    assert pasted.sum() == 16 * 60
    assert picture.sum() == 0
