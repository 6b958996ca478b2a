"""Overlays show every character, by a colour of its own."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest

from animeseg.export.overlay import colour_of, overlay
from animeseg.instances import Instances


def found(count=3, height=200, width=300):
    masks = np.zeros((count, height, width), np.bool_)
    for row in range(count):
        left = 20 + row * width // (count + 1)
        masks[row, 30:170, left : left + width // (count + 2)] = True
    return Instances.from_masks(masks)


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_characters_are_visible_on_any_picture(grey):
    picture = np.full((200, 300, 3), grey, np.uint8)
    instances = found()
    drawn = overlay(picture, instances)
    assert (picture == grey).all()
    assert drawn.dtype == np.uint8
    for mask in instances.masks:
        inside = drawn[mask].astype(int)
        assert np.median(np.abs(inside - grey).max(axis=1)) > 40
        label = np.abs(inside - 255).max(axis=1) < 30
        ink = inside.max(axis=1) < 60
        assert label.sum() > 100  # a light plate ...
        assert ink.sum() > 10  # ... with dark digits
    outside = ~cv2.dilate(instances.union().astype(np.uint8), np.ones((9, 9))).astype(bool)
    np.testing.assert_array_equal(drawn[outside], picture[outside])


def test_colours_are_stable_and_apart():
    colours = [colour_of(row) for row in range(60)]
    assert colours == [colour_of(row) for row in range(60)]
    lab = cv2.cvtColor(np.float32([colours[:12]]) / 255, cv2.COLOR_RGB2LAB)[0]
    apart = [np.linalg.norm(a - b) for a, b in itertools.combinations(lab, 2)]
    assert min(apart) > 15
    assert len(set(colours)) == 60


def test_the_colour_of_a_character_depends_on_its_number_only():
    picture = np.zeros((200, 300, 3), np.uint8)
    all_three, first = found(3), found(3)[0]
    corner = np.argwhere(all_three.masks[0])[0] + 4
    np.testing.assert_array_equal(
        overlay(picture, all_three)[tuple(corner)], overlay(picture, first)[tuple(corner)]
    )


@pytest.mark.parametrize("size", [(8, 8), (8, 3000), (3000, 8)])
def test_labels_larger_than_the_picture_do_no_harm(size):
    full = Instances.from_masks(np.ones((2, *size), np.bool_))
    assert overlay(np.zeros((*size, 3), np.uint8), full).shape == (*size, 3)


def test_empty_masks_are_left_out():
    picture = np.full((50, 50, 3), 99, np.uint8)
    instances = Instances.from_masks(np.zeros((1, 50, 50), np.bool_))
    np.testing.assert_array_equal(overlay(picture, instances), picture)
    np.testing.assert_array_equal(overlay(picture, Instances.empty((50, 50))), picture)


def test_another_picture_is_refused():
    with pytest.raises(ValueError, match="picture of"):
        overlay(np.zeros((9, 9, 3), np.uint8), found())
