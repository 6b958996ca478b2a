"""Instances are valid from birth, and every field follows when rows are chosen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from animeseg.instances import Instances, ModelInfo, Note, Segmentation, tight_boxes
from animeseg.options import Options

FIELDS = ("boxes", "masks", "scores", "labels", "alphas", "ids")


def sample(count=4, height=6, width=9, full=True):
    """Instances of which every value tells the row it belongs to."""
    rows = np.arange(count)
    return Instances(
        boxes=np.repeat(rows[:, None], 4, axis=1).astype(np.float32),
        masks=(np.arange(height * width).reshape(1, height, width) % 5) == rows[:, None, None],
        scores=(rows / 10).astype(np.float32),
        labels=rows % 2,
        names=("person", "mascot"),
        alphas=np.full((count, height, width), rows[:, None, None], np.uint8) if full else None,
        ids=rows + 100 if full else None,
    )


class TestBirth:
    @pytest.mark.parametrize(("field", "value", "message"), [
        ("boxes", np.zeros((4, 4)), "boxes must be float32"),
        ("boxes", np.zeros((3, 4), np.float32), "boxes must be float32"),
        ("boxes", np.zeros((4, 5), np.float32), "boxes must be float32"),
        ("boxes", np.full((4, 4), np.nan, np.float32), "finite"),
        ("masks", np.zeros((4, 6), np.bool_), "masks must be"),
        ("masks", np.zeros((4, 6, 9), np.uint8), "masks must be bool"),
        ("masks", np.zeros((5, 6, 9), np.bool_), "masks must be bool"),
        ("scores", np.zeros(4), "scores must be float32"),
        ("scores", np.full(4, np.inf, np.float32), "finite"),
        ("labels", np.zeros(4, np.int32), "labels must be int64"),
        ("labels", np.full(4, 2), "labels must index"),
        ("labels", np.full(4, -1), "labels must index"),
        ("names", (), "labels must index"),
        ("alphas", np.zeros((4, 6, 8), np.uint8), "alphas must be uint8"),
        ("alphas", np.zeros((4, 6, 9), np.float32), "alphas must be uint8"),
        ("ids", np.zeros(3, np.int64), "ids must be int64"),
        ("ids", [1, 2, 3, 4], "ids must be int64"),
    ])  # fmt: skip
    def test_what_does_not_agree_is_refused(self, field, value, message):
        good = sample()
        values = {name: getattr(good, name) for name in (*FIELDS, "names")}
        with pytest.raises(ValueError, match=message):
            Instances(**{**values, field: value})

    def test_nothing_is_a_value_like_any_other(self):
        nobody = Instances.empty((5, 7), ("person",))
        assert len(nobody) == 0
        assert nobody.size == (5, 7)
        assert list(nobody) == nobody.label_names() == []
        assert nobody.union().shape == (5, 7)
        assert not nobody.union().any()
        assert len(nobody.with_masks(nobody.masks)) == len(nobody[:]) == len(nobody[[]]) == 0

    def test_values_cannot_be_replaced_afterwards(self):
        with pytest.raises(AttributeError):
            sample().scores = np.zeros(4, np.float32)


class TestChoosing:
    @given(st.data(), st.booleans())
    def test_every_field_is_filtered_alike(self, data, full):
        instances = sample(full=full)
        index = data.draw(
            st.slices(4)
            | st.lists(st.integers(-4, 3), max_size=6)
            | arrays(np.bool_, 4)
            | arrays(np.int64, st.integers(0, 6), elements=st.integers(-4, 3))
        )
        chosen = instances[index]
        assert len(chosen) == len(np.arange(4)[index])
        assert chosen.names == instances.names
        for name in FIELDS:
            original = getattr(instances, name)
            if original is None:
                assert getattr(chosen, name) is None
            else:
                np.testing.assert_array_equal(getattr(chosen, name), original[index])

    @pytest.mark.parametrize("index", [2, -2, np.int64(2)])
    def test_one_row_is_instances_too(self, index):
        one = sample()[index]
        assert len(one) == 1
        assert one.ids.tolist() == [102]

    @pytest.mark.parametrize("index", [4, -5, [0, 9]])
    def test_rows_that_do_not_exist_are_refused(self, index):
        with pytest.raises(IndexError):
            sample()[index]

    def test_iteration_gives_the_rows_in_order(self):
        assert [one.ids.tolist() for one in sample()] == [[100], [101], [102], [103]]
        assert sample().label_names() == ["person", "mascot", "person", "mascot"]


class TestMasks:
    @given(arrays(np.bool_, array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=9)))
    def test_boxes_are_tight(self, masks):
        for mask, box in zip(masks, tight_boxes(masks), strict=True):
            lines, columns = np.nonzero(mask)
            expected = [0, 0, 0, 0]
            if len(lines):
                expected = [columns.min(), lines.min(), columns.max() + 1, lines.max() + 1]
            assert box.tolist() == expected

    def test_instances_from_masks_have_their_boxes(self):
        masks = np.zeros((1, 8, 8), np.bool_)
        masks[0, 2:4, 5:8] = True
        made = Instances.from_masks(masks)
        assert made.boxes.tolist() == [[5, 2, 8, 4]]
        assert made.scores.tolist() == [1]
        assert made.label_names() == ["character"]

    def test_new_masks_move_the_boxes_and_drop_stale_alphas(self):
        instances = sample()
        masks = np.zeros_like(instances.masks)
        masks[0, 1, 2] = True
        moved = instances.with_masks(masks)
        assert moved.boxes[0].tolist() == [2, 1, 3, 2]
        assert moved.boxes[1:].tolist() == instances.boxes[1:].tolist()  # empty: keeps its place
        assert moved.alphas is None
        assert moved.ids.tolist() == instances.ids.tolist()
        assert instances.alphas is not None

    def test_union_is_any_of_the_masks(self):
        instances = sample()
        np.testing.assert_array_equal(instances.union(), instances.masks.sum(axis=0) > 0)


class TestSegmentation:
    def test_sizes_must_agree(self):
        with pytest.raises(ValueError, match="does not match"):
            Segmentation((9, 6), sample(), Options())

    def test_it_counts_its_characters(self):
        result = Segmentation((6, 9), sample(), Options())
        assert len(result) == 4
        assert (result.models, result.notes, result.alpha) == ((), (), None)

    def test_notes_read_as_sentences(self):
        assert str(Note("x", "it was so", "do this")) == "it was so (do this)"
        assert str(Note("x", "it was so")) == "it was so"
        assert ModelInfo("detector", "n", "0" * 64).licence == ""
