from __future__ import annotations

import numpy as np
import pytest

from animeseg.errors import BadImageError
from animeseg.images import Picture
from animeseg.instances import Instances
from animeseg.webui.tab import session as module
from animeseg.webui.tab.session import Mark, Scene, Session, Sessions

SIZE = (100, 200)


def square(left, top, side):
    mask = np.zeros(SIZE, np.bool_)
    mask[top : top + side, left : left + side] = True
    return mask


@pytest.fixture
def scene():
    """A large character behind a small one, and a third far away."""
    masks = np.stack([square(10, 10, 60), square(20, 20, 10), square(150, 60, 20)])
    return Scene.of(Instances.from_masks(masks))


@pytest.mark.parametrize(
    ("point", "row"),
    [((12, 12), 0), ((25, 25), 1), ((160, 70), 2), ((199, 0), None)],
    ids=["alone", "in front", "far", "none"],
)
def test_a_click_means_the_character_in_front(scene, point, row):
    assert scene.at(*point) == row


@pytest.mark.parametrize(
    ("point", "row"),
    [((147, 65), 2), ((75, 30), 0), ((145, 58), 2), ((120, 5), None), ((0, 99), None)],
)
def test_a_click_beside_a_character_still_means_it(scene, point, row):
    assert scene.near(*point) == row


def test_a_new_character_is_chosen_and_one_removed_lets_numbers_move_up(scene):
    left_out = scene.toggled(1)
    assert left_out.chosen == {0, 2}
    more = left_out.added(square(180, 5, 5), (Mark(181, 6, True),))
    assert more.chosen == {0, 2, 3}
    assert len(more.found) == len(more.marks) == 4
    fewer = more.without(0)
    assert fewer.chosen == {1, 2}
    assert fewer.marks[2] == (Mark(181, 6, True),)
    np.testing.assert_array_equal(fewer.found.masks[0], scene.found.masks[1])


def test_a_correction_leaves_the_scene_before_it_as_it_was(scene):
    before = scene.found.masks.copy()
    after = scene.with_mask(1, square(0, 0, 3), (Mark(1, 1, True),))
    np.testing.assert_array_equal(scene.found.masks, before)
    assert after.found.masks[1].sum() == 9
    assert after.found.boxes[1].tolist() == [0, 0, 3, 3]


def test_every_change_can_be_undone_in_turn(scene):
    work = Session()
    work.picture = Picture(np.zeros((*SIZE, 3), np.uint8))
    work.scene = scene
    for row in (0, 1, 2):
        work.change(work.scene.toggled(row))
    assert work.scene.chosen == set()
    seen = []
    while work.undo():
        seen.append(set(work.scene.chosen))
    assert seen == [{2}, {1, 2}, {0, 1, 2}]


def test_the_history_forgets_the_oldest_beyond_its_bytes(scene, monkeypatch):
    monkeypatch.setattr(module, "HISTORY_BYTES", 4 * scene.found.masks.nbytes)
    work = Session()
    work.scene = scene
    for step in range(20):
        work.change(work.scene.with_mask(0, square(step, 0, 5), ()))
    undone = 0
    while work.undo():
        undone += 1
    assert undone == 4


def test_nothing_is_shown_before_a_picture_is_there():
    with pytest.raises(BadImageError, match="no picture yet"):
        Session().shown()


def test_sessions_are_apart_and_tokens_cannot_be_guessed():
    sessions = Sessions()
    one, other = sessions.start(None), sessions.start(None)
    assert one is not other
    assert len(one.token) >= 24
    assert sessions.get(one.token) is one
    assert sessions.start(other.token) is other
    with pytest.raises(BadImageError, match="no picture yet"):
        sessions.get(None)
    with pytest.raises(BadImageError, match="idle"):
        sessions.get("forged")


def test_the_session_idle_for_longest_makes_room():
    picture = Picture(np.zeros((*SIZE, 3), np.uint8))
    sessions = Sessions(most=10, budget=3 * picture.rgb.nbytes)
    kept = []
    for _ in range(6):
        work = sessions.start(None)
        work.open(picture)
        kept.append(work)
    sessions.get(kept[-1].token)
    assert len(sessions) == 3
    assert kept[0].stop.is_set()
    assert not kept[-1].stop.is_set()
    few = Sessions(most=2)
    for _ in range(5):
        few.start(None)
    assert len(few) == 2


def test_files_of_a_session_go_with_it():
    work = Session()
    folder = work.folder
    (folder / "a.png").write_bytes(b"x")
    del work
    assert not folder.exists()
