"""The pipeline: order of the stages, what a result carries, and what happens when stages fail."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from animeseg import Instances, ModelInfo, Note, Options, Segmenter
from animeseg.detect import Detection
from animeseg.errors import BadImageError, MissingWeightsError
from animeseg.refine import Refinement
from animeseg.watch import Watch

SIZE = (60, 80)


def _block(left, top, right, bottom):
    mask = np.zeros(SIZE, np.bool_)
    mask[top:bottom, left:right] = True
    return mask


class StubDetector:
    """Finds fixed rectangles and remembers what it was asked."""

    info = ModelInfo("detector", "stub", "0" * 64)
    names = ("character",)
    confidence = 0.35

    def __init__(self, masks, scores, *, broken=False):
        self.masks, self.scores, self.broken, self.calls = masks, scores, broken, []

    def detect(self, image, **asked):
        self.calls.append((image.shape, image.dtype, asked))
        if not self.masks:
            empty = Instances.empty(image.shape[:2])
            return Detection(empty, (Note("detector_not_finite", "a reason"),) * self.broken)
        return Detection(Instances.from_masks(np.stack(self.masks), np.float32(self.scores)))


class StubRefiner:
    """Moves every mask one pixel to the right and says so."""

    info = ModelInfo("refiner", "stub-sam", "1" * 64)

    def __init__(self):
        self.given = None

    def refine(self, image, instances):
        self.given = instances
        moved = np.roll(instances.masks, 1, axis=2)
        return Refinement(instances.with_masks(moved), (Note("moved", "by one pixel"),))


@pytest.fixture
def picture(rng):
    return rng.integers(0, 255, (*SIZE, 3), np.uint8)


def test_refiner_gets_what_selection_left_in_its_order(picture):
    detector = StubDetector(
        [_block(50, 10, 70, 50), _block(5, 10, 25, 50), _block(30, 5, 34, 9)], [0.9, 0.8, 0.7]
    )
    refiner = StubRefiner()
    options = Options(min_area=0.01, order="left-to-right")
    result = Segmenter(options, detector=detector, refiner=refiner)(picture)
    assert refiner.given.scores.tolist() == pytest.approx([0.8, 0.9])
    assert result.instances.boxes[:, 0].tolist() == [6, 51]
    assert [note.code for note in result.notes] == ["moved"]
    assert [model.name for model in result.models] == ["stub", "stub-sam"]


def test_options_reach_the_detector(picture):
    detector = StubDetector([], [])
    options = Options(confidence=0.4, nms_iou=0.6, image_size=320, max_instances=7)
    Segmenter(options, detector=detector, refiner=StubRefiner())(picture)
    shape, dtype, asked = detector.calls[0]
    assert (shape, dtype) == ((*SIZE, 3), np.uint8)
    assert asked == {
        "confidence": 0.4,
        "nms_iou": 0.6,
        "image_size": 320,
        "max_instances": 7,
        "classes": (),
    }


def test_without_a_threshold_the_detector_s_own_holds(picture):
    detector = StubDetector([], [])
    Segmenter(detector=detector, refiner=StubRefiner())(picture)
    assert detector.calls[0][2]["confidence"] == 0.35


def test_no_character_is_an_empty_result_and_the_refiner_is_left_alone(picture):
    refiner = StubRefiner()
    result = Segmenter(detector=StubDetector([], []), refiner=refiner)(picture)
    assert len(result) == 0
    assert result.size == SIZE
    assert refiner.given is None


def test_what_the_detector_has_to_say_is_in_the_result(picture):
    detector = StubDetector([], [], broken=True)
    result = Segmenter(detector=detector, refiner=StubRefiner())(picture)
    assert [note.code for note in result.notes] == ["detector_not_finite"]


def test_small_holes_are_filled_and_small_islands_dropped(picture):
    mask = _block(10, 10, 50, 50)
    mask[30, 30] = False
    mask[5, 70] = True
    segmenter = Segmenter(detector=StubDetector([mask], [0.9]), refiner=StubRefiner())
    cleaned = segmenter(picture, Options(fill_holes=0.1, drop_islands=0.1)).instances.masks[0]
    assert np.array_equal(cleaned, np.roll(_block(10, 10, 50, 50), 1, axis=1))
    kept = segmenter(picture, Options(fill_holes=0.0, drop_islands=0.0)).instances.masks[0]
    assert np.array_equal(kept, np.roll(mask, 1, axis=1))


def test_alpha_of_the_given_picture_is_kept_beside(picture):
    alpha = np.full(SIZE, 200, np.uint8)
    alpha[:10] = 0
    segmenter = Segmenter(detector=StubDetector([], []), refiner=StubRefiner())
    assert np.array_equal(segmenter(np.dstack([picture, alpha])).alpha, alpha)
    assert segmenter(picture).alpha is None


def test_a_damaged_file_is_a_bad_image(tmp_path):
    path = tmp_path / "broken.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n broken")
    with pytest.raises(BadImageError):
        Segmenter(detector=StubDetector([], []), refiner=StubRefiner())(path)


def test_without_sam_weights_auto_uses_the_edges_and_says_how_to_do_better(picture):
    detector = StubDetector([_block(10, 10, 50, 50)], [0.9])
    result = Segmenter(Options(refine="auto", device="cpu"), detector=detector)(picture)
    (note,) = [note for note in result.notes if note.code == "edge_fallback"]
    assert "mobile-sam" in note.message
    assert "animeseg weights fetch mobile-sam" in note.cure


@pytest.mark.parametrize("refine", ["prompt", "vote"])
def test_a_refinement_asked_for_by_name_is_never_replaced_by_a_weaker_one(picture, refine):
    detector = StubDetector([_block(10, 10, 50, 50)], [0.9])
    with pytest.raises(MissingWeightsError, match="mobile-sam"):
        Segmenter(Options(refine=refine, device="cpu"), detector=detector)(picture)


def test_calls_from_several_threads_give_the_answers_of_serial_calls(rng):
    pictures = [rng.integers(0, 255, (*SIZE, 3), np.uint8) for _ in range(8)]
    detector = StubDetector([_block(10, 10, 50, 50)], [0.9])
    segmenter = Segmenter(Options(refine="edge", device="cpu"), detector=detector)
    serial = [segmenter(picture).instances.masks for picture in pictures]
    answers = [None] * len(pictures)

    def work(index):
        answers[index] = segmenter(pictures[index]).instances.masks

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(pictures))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(a, b) for a, b in zip(serial, answers, strict=True))


def test_an_interrupted_call_keeps_what_was_detected_and_says_so(picture):
    refiner = StubRefiner()
    segmenter = Segmenter(detector=StubDetector([_block(10, 10, 50, 50)], [0.9]), refiner=refiner)
    result = segmenter(picture, watch=Watch(should_stop=lambda: True))
    assert refiner.given is None
    assert np.array_equal(result.instances.masks[0], _block(10, 10, 50, 50))
    assert [note.code for note in result.notes] == ["interrupted"]


def test_the_watch_of_a_call_is_the_refiner_s(picture):
    detector = StubDetector([_block(10, 10, 50, 50), _block(55, 5, 75, 50)], [0.9, 0.8])
    told = []
    Segmenter(Options(refine="edge"), detector=detector)(
        picture, watch=Watch(progress=lambda *at: told.append(at))
    )
    assert told == [(1, 2), (2, 2)]
