import contextlib
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from animeseg.evaluate.matching import SIZES, average_precision, match, operating
from animeseg.masks import encode_rle
from tests.evaluate.conftest import SIZE, instances, truth_of

corner = st.tuples(st.integers(0, 59), st.integers(0, 39))
picture = st.tuples(
    st.lists(corner, max_size=3), st.lists(st.tuples(corner, st.integers(1, 99)), max_size=4)
)


def matches(truths, answers, shape="segm"):
    return [match(truth, found, shape)[0] for truth, found in zip(truths, answers, strict=True)]


@pytest.mark.parametrize("shape", ["segm", "bbox"])
def test_finding_everything_and_nothing_else_scores_one(shape):
    found = instances((0, 0), (30, 10))
    precision = average_precision(matches([truth_of(found)], [found], shape))
    assert (precision.ap, precision.ap50, precision.ap75) == pytest.approx((1, 1, 1))


def test_a_set_without_characters_has_no_precision():
    nothing = instances()
    assert np.isnan(average_precision(matches([truth_of(nothing)], [nothing])).ap)


@given(st.lists(picture, min_size=1, max_size=4))
def test_picture_by_picture_gives_what_coco_gives_for_the_whole_set(drawn):
    truths = [truth_of(instances(*true)) for true, _ in drawn]
    answers = [
        instances(*(at for at, _ in found), scores=[score / 100 for _, score in found])
        for _, found in drawn
    ]
    ours = average_precision(matches(truths, answers))
    expected = whole_set(truths, answers)
    assert (ours.ap, ours.ap50) == pytest.approx(expected, nan_ok=True)


def whole_set(truths, answers):
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    true, predicted = [], []
    for number, (truth, found) in enumerate(zip(truths, answers, strict=True), 1):
        for mask in truth.instances.masks:
            true.append({"id": len(true) + 1, "iscrowd": 0, **coco(number, mask)})
        predicted.extend(
            {"score": float(found.scores[row]), **coco(number, found.masks[row])}
            for row in np.argsort(-found.scores, kind="stable")
        )
    if not true:
        return np.nan, np.nan
    if not predicted:
        return 0.0, 0.0
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "images": [
                {"id": n + 1, "height": SIZE[0], "width": SIZE[1]} for n in range(len(truths))
            ],
            "categories": [{"id": 1}],
            "annotations": true,
        }
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(predicted), "segm")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation.stats[0], evaluation.stats[1]


def coco(image, mask):
    area = int(mask.sum())
    return {"image_id": image, "category_id": 1, "segmentation": encode_rle(mask), "area": area}


def test_detections_on_ignored_pixels_count_neither_way():
    ignore = np.zeros(SIZE, np.bool_)
    ignore[:, 40:] = True
    truth = truth_of(instances((0, 0), (55, 20)), ignore=ignore)
    answer = instances((0, 0), (50, 30), scores=[0.9, 0.8])
    assert average_precision(matches([truth], [answer])).ap == pytest.approx(1)
    assert operating(matches([truth], [answer])).at(0.5) == (1, 0, 0)


def test_a_box_found_where_boxes_are_ignored_counts_neither_way():
    truth = truth_of(instances((0, 0)), ignored_boxes=[(40, 20, 60, 40)], has_masks=False)
    answer = instances((0, 0), (40, 20), scores=[0.9, 0.8])
    assert operating(matches([truth], [answer], "bbox")).at(0.5) == (1, 0, 0)
    without = truth_of(instances((0, 0)), has_masks=False)
    assert operating(matches([without], [answer], "bbox")).at(0.5) == (1, 1, 0)


def test_characters_are_told_apart_by_their_share_of_the_picture():
    large = instances((0, 0), side=40)
    by_size = dict(zip(SIZES, match(truth_of(large), large, "segm"), strict=True))
    counted = {name: int((~row.outside).sum()) for name, row in by_size.items()}
    assert counted == {"all": 1, "small": 0, "medium": 0, "large": 1}


def test_counts_follow_the_threshold():
    truth = truth_of(instances((0, 0), (40, 0)))
    answer = instances((0, 0), (20, 40), (40, 0), scores=[0.9, 0.6, 0.3])
    counts = operating(matches([truth], [answer]))
    assert [counts.at(t) for t in (0.95, 0.9, 0.5, 0.3)] == [
        (0, 0, 2),
        (1, 0, 1),
        (1, 1, 1),
        (2, 1, 0),
    ]
    assert counts.best() == pytest.approx(0.3)
    np.testing.assert_allclose(counts.precision, [1, 1 / 2, 2 / 3])
    np.testing.assert_allclose(counts.recall, [1 / 2, 1 / 2, 1])


def test_equal_scores_are_one_threshold():
    truth = truth_of(instances((0, 0)))
    answer = instances((0, 0), (40, 30), scores=[0.5, 0.5])
    counts = operating(matches([truth], [answer]))
    assert counts.confidence.tolist() == [0.5]
    assert counts.at(0.5) == (1, 1, 0)


def test_nothing_detected_anywhere_has_no_best_threshold():
    assert np.isnan(operating(matches([truth_of(instances((0, 0)))], [instances()])).best())
