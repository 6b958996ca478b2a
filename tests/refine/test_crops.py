from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from animeseg.refine import crops
from animeseg.refine.crops import LARGEST, plan_views


def boxes(*rows):
    return np.asarray(rows, np.float32).reshape(-1, 4)


def test_a_large_character_is_seen_in_the_whole_picture():
    views = plan_views(boxes([100, 100, 900, 1400]), (1500, 1000), 0.25)
    assert [(view.box, view.rows) for view in views] == [((0, 0, 1000, 1500), (0,))]


def test_a_small_character_in_a_large_picture_gets_a_crop_with_room_around_it():
    (view,) = plan_views(boxes([1000, 1000, 1100, 1200]), (3000, 2000), 0.25)
    left, top, right, bottom = view.box
    assert view.rows == (0,)
    assert left <= 950
    assert top <= 950
    assert right >= 1150
    assert bottom >= 1250
    assert max(right - left, bottom - top) < 500


def test_neighbours_share_a_crop_and_distant_characters_do_not():
    near = boxes([100, 100, 200, 300], [250, 120, 340, 320], [2700, 1500, 2800, 1700])
    views = plan_views(near, (2000, 3000), 0.25)
    assert sorted(view.rows for view in views) == [(0, 1), (2,)]


@pytest.mark.parametrize(("size", "crop_below"), [((1000, 1000), 0.25), ((3000, 3000), 0.0)])
def test_pictures_that_hide_nothing_and_those_told_so_are_never_cropped(size, crop_below):
    views = plan_views(boxes([10, 10, 40, 60], [500, 500, 540, 560]), size, crop_below)
    assert [view.rows for view in views] == [(0, 1)]
    assert views[0].box == (0, 0, size[1], size[0])


def test_there_are_never_many_crops_and_the_most_crowded_come_first(monkeypatch):
    monkeypatch.setattr(crops, "MOST", 2)
    corners = [(0, 0), (300, 0), (9000, 0), (0, 9000), (300, 9000), (600, 9000), (9000, 9000)]
    rows = [[x, y, x + 50, y + 50] for x, y in corners]
    views = plan_views(boxes(*rows), (10000, 10000), 0.01)
    assert [view.rows for view in views] == [(3, 4, 5), (0, 1), (2, 6)]
    assert views[-1].box == (0, 0, 10000, 10000)


@given(
    st.lists(
        st.tuples(st.floats(0, 1900), st.floats(0, 2900), st.floats(0, 900), st.floats(0, 900)),
        max_size=12,
    ),
    st.floats(0, 1),
)
def test_every_instance_is_in_one_view_that_holds_its_box(rows, crop_below):
    size = (3000, 2000)
    found = boxes(*[[x, y, min(x + w, size[1]), min(y + h, size[0])] for x, y, w, h in rows])
    views = plan_views(found, size, crop_below)
    assert sorted(row for view in views for row in view.rows) == list(range(len(found)))
    whole = (0, 0, size[1], size[0])
    for view in views:
        left, top, right, bottom = view.box
        assert 0 <= left < right <= size[1]
        assert 0 <= top < bottom <= size[0]
        if view.box != whole and len(view.rows) > 1:
            assert max(right - left, bottom - top) <= LARGEST * max(size)
        for row in view.rows:
            assert found[row, 0] >= left
            assert found[row, 1] >= top
            assert found[row, 2] <= right
            assert found[row, 3] <= bottom
    assert whole not in [view.box for view in views[:-1]]


def test_no_instances_need_no_view():
    assert plan_views(boxes(), (3000, 2000), 0.25) == []
