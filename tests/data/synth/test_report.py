"""The report's recipes, to the letter; and each of their defects, there and mended."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from animeseg.data.synth.material import Row
from animeseg.data.synth.recipe import DEFECTS, make_recipe
from animeseg.data.synth.report_enhanced import ReportEnhanced
from animeseg.data.synth.report_simple import ReportSimple
from animeseg.errors import OptionError


class Figures:
    """Characters from arrays."""

    def __init__(self, *cutouts):
        self.rows = [Row(f"c{k}", f"who{k}") for k in range(len(cutouts))]
        self._cutouts = dict(zip(self.rows, cutouts, strict=True))
        self._next = 0

    def choose(self, rng):
        self._next += 1
        return self.rows[(self._next - 1) % len(self.rows)]

    def pixels(self, row):
        return self._cutouts[row]


class Grounds(list):
    rows = (Row("bg", "bg"),)


def box(width, height, hole=0):
    rgba = np.full((height, width, 4), 255, np.uint8)
    rgba[..., :3] = 90
    if hole:
        cv2.circle(rgba, (width // 2, height // 2), hole, (0, 0, 0, 0), -1)
    return rgba


def ground(width, height):
    return Grounds([np.full((height, width, 3), 30, np.uint8)])


def simple(cutout, background, *fixes):
    recipe = make_recipe("report-simple", {"size": 0}, fixes)
    return ReportSimple(recipe, Figures(cutout), background)


STILL = {
    "size": 0, "crop": 0.0, "rotate": False, "scale": [1.0, 1.0], "flip": 0.0,
    "enhance": [1.0, 1.0], "noise": 1,
}  # fmt: skip


def enhanced(*cutouts, background, fixes=(), **changes):
    recipe = make_recipe("report-enhanced", STILL | changes, fixes)
    return ReportEnhanced(recipe, Figures(*cutouts), background)


def make(maker, seed=0):
    return maker.make(np.random.default_rng(seed), alpha=True)


@pytest.mark.parametrize(
    ("cutout", "frame", "expected"),
    [
        ((100, 50), (100, 100), (83, 41)),  # as wide as the frame: fitted, then divided by 1.2
        ((300, 600), (200, 200), (83, 166)),
        ((20, 30), (100, 100), (44, 66)),  # under half of both sides: fitted, divided by 1.5
        ((60, 30), (100, 100), (60, 30)),  # left as it is
        ((30, 60), (100, 100), (30, 60)),
    ],
)
def test_simple_scales_as_published(cutout, frame, expected):
    made = make(simple(box(*cutout), ground(*frame)))
    x0, y0, x1, y1 = made.annotations[0].box
    assert (x1 - x0, y1 - y0) == pytest.approx(expected, abs=1)


def test_simple_labels_the_contour_with_the_most_points():
    cutout = box(60, 60)
    cutout[:, 40:50] = 0  # a large and a small part
    faithful, mended = (
        simple(cutout, ground(100, 100)),
        simple(cutout, ground(100, 100), "longest-contour"),
    )
    assert make(faithful).annotations[0].mask((100, 100)).sum() == 40 * 60
    assert make(mended).annotations[0].mask((100, 100)).sum() == 50 * 60
    line = make(faithful).label
    assert line.endswith(" \n")  # the blank of the original
    assert len(line.split()) == 1 + 2 * (2 * 40 + 2 * 60 - 4)  # every pixel of the border
    assert len(make(simple(cutout, ground(100, 100), "dense")).label.split()) < 20


def test_simple_stays_inside_the_frame():
    for seed in range(30):
        made = make(simple(box(70, 60), ground(100, 90)), seed)
        x0, y0, x1, y1 = made.annotations[0].box
        assert x0 >= 0
        assert y0 >= 0
        assert (x1 - x0, y1 - y0) == (70, 60)


def test_enhanced_pastes_one_to_seven():
    fixes = ("merge", "empty", "small-pieces")
    maker = enhanced(box(9, 9), background=ground(60, 60), fixes=fixes)
    counts = {len(make(maker, seed).sources["characters"]) for seed in range(60)}
    assert counts == set(range(1, 8))


def test_enhanced_lets_characters_out_to_the_left_and_above_only():
    wide = ground(300, 200)
    for fixes, free in (((), (0, 0)), (("truncation",), (1, 1))):
        boxes = np.array(
            [
                annotation.box
                for seed in range(60)
                for annotation in make(
                    enhanced(box(60, 60), background=wide, fixes=fixes, most=2), seed
                ).annotations
            ]
        )
        assert boxes[:, 0].min() == boxes[:, 1].min() == 0
        cut = (boxes[:, 2].max() == 300, boxes[:, 3].max() == 200)
        assert cut == tuple(map(bool, free))
        if not fixes:  # a margin of half a character stays free
            assert boxes[:, 2].max() <= 270
            assert boxes[:, 3].max() <= 170


def test_enhanced_merges_what_overlaps():
    crowd, frame = [box(120, 120)] * 3, ground(260, 260)
    several = 0
    for seed in range(12):
        faithful = make(enhanced(*crowd, background=frame), seed)
        mended = make(enhanced(*crowd, background=frame, fixes=("merge",)), seed)
        joined = sum(a.mask((260, 260)).astype(int) for a in mended.annotations)
        assert joined.max() == 1  # whoever is in front hides the others
        if len(mended.annotations) > len(faithful.annotations) == 1:
            several += 1
    assert several > 2


def test_enhanced_fills_holes_unless_mended():
    cutout = box(80, 80, hole=20)
    area = int((cutout[..., 3] > 0).sum())
    for fixes, expected in (((), 6400), (("holes",), area)):
        maker = enhanced(cutout, background=ground(400, 400), most=2, fixes=fixes)
        made = next(m for m in (make(maker, seed) for seed in range(20)) if full(m))
        assert made.annotations[0].mask((400, 400)).sum() == expected


def full(made):
    x0, y0, x1, y1 = made.annotations[0].box
    return (x1 - x0, y1 - y0) == (80, 80)


def test_enhanced_leaves_small_pieces_unlabelled():
    cutout = box(60, 60)
    cutout[:, 56:58] = 0
    for fixes, expected in (((), 1), (("small-pieces",), 2)):
        maker = enhanced(cutout, background=ground(400, 400), most=2, fixes=fixes)
        counts = [len(make(maker, seed).annotations) for seed in range(12)]
        assert max(counts) == expected


def test_enhanced_loses_pictures_of_tiny_characters():
    tiny = {"background": ground(300, 300), "most": 2}
    assert make(enhanced(box(20, 20), **tiny)) is None
    kept = make(enhanced(box(20, 20), fixes=("empty",), **tiny))
    assert len(kept.annotations) == 1


def test_any_trace_of_alpha_counts_unless_mended():
    cutout = box(60, 60)
    cutout[20:40, :, 3] = 3
    for name, fixed in (("report-simple", simple), ("report-enhanced", None)):
        masks = []
        for fixes in ((), ("grey-mask",)):
            if fixed:
                made = make(simple(cutout, ground(100, 100), *fixes, "longest-contour"))
            else:
                made = make(enhanced(cutout, background=ground(400, 400), most=2, fixes=fixes))
            masks.append(sum(int(a.mask(made.rgb.shape[:2]).sum()) for a in made.annotations))
        assert masks[0] > masks[1], name


def test_noise_and_colours_change_as_published():
    maker = enhanced(box(60, 60), background=ground(200, 200), most=2, noise=32)
    spreads = [float(make(maker, seed).rgb[-20:, -20:].std()) for seed in range(40)]
    assert min(spreads) < 3
    assert 15 < max(spreads) < 33


@pytest.mark.parametrize("preset", list(DEFECTS))
def test_every_defect_can_be_mended_alone_and_all_together(preset):
    assert make_recipe(preset, {})["fix"] == []
    for name in DEFECTS[preset]:
        assert make_recipe(preset, {}, [name])["fix"] == [name]
    assert make_recipe(preset, {}, ["all"])["fix"] == sorted(DEFECTS[preset])


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("none", {}), "preset"),
        (("default", {"colour": 1}), "colour"),
        (("default", {"method": "x"}), "method"),
        (("default", {"size": "large"}), "size"),
        (("default", {"looks": 1}), "looks"),
        (("default", {}, ["holes"]), "fix"),
        (("report-simple", {}, ["merge"]), "fix"),
    ],
)
def test_wrong_recipes_are_refused(arguments, field):
    with pytest.raises(OptionError) as caught:
        make_recipe(*arguments)
    assert caught.value.field == field
