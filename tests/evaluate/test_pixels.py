import numpy as np
import pytest

from animeseg.evaluate.pixels import pixel_accuracy, pixel_scores
from tests.evaluate.conftest import SIZE, squares

NOTHING = np.zeros(SIZE, np.bool_)


def scores(predicted, true, ignore=NOTHING):
    return pixel_scores(
        predicted, predicted.astype(np.uint8) * 255, true, true.astype(np.uint8) * 255, ignore
    )


def test_a_perfect_answer_has_no_error():
    mask = squares((10, 10))[0]
    got = scores(mask, mask)
    assert (got.iou, got.boundary_iou, got.mae, got.sad, got.pixel_accuracy) == (1, 1, 0, 0, 1)


def test_errors_are_counted_in_pixels():
    true, shifted = squares((10, 10), (14, 10))
    got = scores(shifted, true)
    assert got.iou == pytest.approx(320 / 480)
    assert got.sad == pytest.approx(0.16)
    assert got.mae == pytest.approx(160 / (60 * 80))


def test_nothing_found_where_nothing_is_is_right():
    got = scores(NOTHING, NOTHING)
    assert (got.iou, got.boundary_iou, got.mae, got.pixel_accuracy) == (1, 1, 0, None)


def test_ignored_pixels_change_no_score():
    true = squares((10, 10))[0]
    wrong = true | squares((50, 30))[0]
    assert scores(wrong, true, ignore=squares((50, 30))[0]) == scores(true, true)


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (np.s_[10:14, 5:35], 1.0),  # thinner than the erosion's kernel: not seen
        (np.s_[20:30, 20:30], (1 - 36 / 400) ** 2),  # 10 x 10 is eroded to 6 x 6
    ],
)
def test_pixel_accuracy_erodes_squares_and_shares(wrong, expected):
    difference = np.zeros(SIZE, np.uint8)
    difference[wrong] = 255
    assert pixel_accuracy(difference, 400) == pytest.approx(expected)


def test_pixel_accuracy_tolerates_ten_steps_of_alpha():
    assert pixel_accuracy(np.full(SIZE, 10, np.uint8), 400) == 1
    assert pixel_accuracy(np.full(SIZE, 11, np.uint8), 400) == 0
