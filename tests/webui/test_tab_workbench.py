from __future__ import annotations

import numpy as np
import pytest

from animeseg.errors import BadImageError, MissingWeightsError, OptionError
from animeseg.instances import Instances, ModelInfo, Segmentation
from animeseg.options import Options
from animeseg.webui.tab.session import Mark, Session
from animeseg.webui.tab.workbench import Workbench

SIZE = (60, 90)


def square(left, top, side=20):
    mask = np.zeros(SIZE, np.bool_)
    mask[top : top + side, left : left + side] = True
    return mask


class Models:
    """Finds two squares, and answers every question with what `answer` says."""

    models = None

    def __init__(self):
        self.asked = []
        self.questions = 0
        self.answer = square(60, 30)

    def segment(self, image, options, *, watch=None):
        self.asked.append(options)
        if options.model == "face-n":
            raise MissingWeightsError("face-n is not here", "fetch it")
        found = Instances.from_masks(np.stack([square(0, 0), square(30, 0)]))
        if options.classes:
            found = Instances.from_masks(square(5, 5, 8)[None], names=tuple(options.classes))
        info = ModelInfo("detector", "fake", "0" * 64)
        return Segmentation(image.size, found, options, (info,))

    def ask(self, options, question):
        self.questions += 1
        return self.answer, ()


@pytest.fixture
def models():
    return Models()


@pytest.fixture
def bench(models):
    return Workbench(lambda: models)


@pytest.fixture
def work(bench):
    session = Session()
    bench.open(session, np.full((*SIZE, 3), 128, np.uint8), Options())
    return session


def shown(bench, session, **options):
    asked = Options(**options)
    return bench.result(session, bench.cleaned(session, asked), asked).instances


def test_networks_run_once_and_edges_move_without_them(bench, work, models):
    assert len(models.asked) == 1
    for grow in (0.0, 3.0, -2.0):
        shown(bench, work, cutout_grow=grow, fill_holes=5.0, drop_islands=5.0)
    assert len(models.asked) == 1
    # Masks come as the networks made them: cleaning is for the sliders.
    assert models.asked[0].fill_holes == models.asked[0].drop_islands == 0
    assert models.asked[0].target == "character"


def test_a_picture_that_is_opaque_everywhere_has_no_alpha(bench):
    session = Session()
    bench.open(session, np.full((*SIZE, 4), 255, np.uint8), Options())
    assert session.picture.alpha is None
    half = np.full((*SIZE, 4), 255, np.uint8)
    half[:, :9, 3] = 40
    bench.open(session, half, Options())
    assert session.picture.alpha.min() == 40


def test_a_bad_picture_leaves_the_session_as_it_was(bench, work):
    before = work.scene
    with pytest.raises(BadImageError):
        bench.open(work, np.zeros((3, 3, 3), np.uint8), Options())
    assert work.scene is before


def test_picking_changes_the_result_only(bench, work):
    assert bench.pick(work, 35, 5)
    assert len(shown(bench, work)) == 1
    assert len(work.scene.found) == 2
    assert not bench.pick(work, 80, 55)
    bench.choose(work, [1, 7, -3])
    assert work.scene.chosen == {1}


def test_a_click_makes_a_character_or_corrects_one(bench, work, models):
    bench.mark(work, Mark(65, 35, True), None, Options())
    assert len(work.scene.found) == 3
    np.testing.assert_array_equal(work.scene.found.masks[2], models.answer)
    models.answer = square(0, 0, 10)
    bench.mark(work, Mark(15, 15, False), 0, Options())
    assert len(work.scene.found) == 3
    np.testing.assert_array_equal(work.scene.found.masks[0], models.answer)
    assert work.scene.marks[0] == (Mark(15, 15, False),)


@pytest.mark.parametrize(
    ("action", "about"),
    [
        (lambda b, s: b.mark(s, Mark(80, 55, False), None, Options()), "no character to take"),
        (lambda b, s: b.box(s, (5, 5, 6, 40), None, Options()), "empty"),
        (lambda b, s: b.remove(s, None), "no character is chosen"),
        (lambda b, s: b.remove(s, 9), "no character is chosen"),
    ],
)
def test_what_means_nothing_is_refused_and_changes_nothing(bench, work, action, about):
    before = work.scene
    with pytest.raises(OptionError, match=about):
        action(bench, work)
    assert work.scene is before


def test_an_empty_answer_is_said(bench, work, models):
    models.answer = np.zeros(SIZE, np.bool_)
    with pytest.raises(OptionError, match="nothing was found"):
        bench.box(work, (50, 40, 20, 10), None, Options())
    assert len(work.scene.found) == 2


def test_numbers_in_a_target_are_those_on_the_stage(bench, work):
    bench.choose(work, [1])
    first, second = square(0, 0), square(30, 0)
    assert len(shown(bench, work, target="character[0]")) == 0
    np.testing.assert_array_equal(shown(bench, work, target="character[1]").masks[0], second)
    rest = shown(bench, work, target="background")
    np.testing.assert_array_equal(rest.masks[0], ~second)
    bench.choose(work, [0, 1])
    both = shown(bench, work, target="!character")
    np.testing.assert_array_equal(both.masks[0], ~(first | second))


def test_other_kinds_are_looked_for_once(bench, work, models):
    for _ in range(3):
        assert len(shown(bench, work, target="hat & character")) == 1
    assert len(models.asked) == 2
    bench.find(work, Options())
    shown(bench, work, target="hat")
    assert len(models.asked) == 4


def test_a_missing_model_of_a_target_is_said(bench, work):
    with pytest.raises(MissingWeightsError):
        shown(bench, work, target="character - face")


def test_finding_again_can_be_undone(bench, work):
    bench.mark(work, Mark(65, 35, True), None, Options())
    bench.find(work, Options())
    assert len(work.scene.found) == 2
    assert work.undo()
    assert len(work.scene.found) == 3
