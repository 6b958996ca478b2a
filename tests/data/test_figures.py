"""The drawn figures: reproducible, exact at the edges, labelled consistently."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from animeseg.data.figures import Figure, draw_figure, sample_style
from animeseg.data.figures import vocabulary as styles
from animeseg.data.figures.__main__ import main

SEEDS = range(12)


@pytest.fixture(scope="module")
def figures() -> list[Figure]:
    return [draw_figure(seed, height=256) for seed in SEEDS]


def test_equal_seeds_give_equal_bytes(figures: list[Figure]) -> None:
    for seed in (0, 5):
        again = draw_figure(seed, height=256)
        assert again.rgba.tobytes() == figures[seed].rgba.tobytes()
        assert again.parts.tobytes() == figures[seed].parts.tobytes()
        assert again.face_box == figures[seed].face_box


def test_different_seeds_differ(figures: list[Figure]) -> None:
    assert len({figure.rgba.tobytes() for figure in figures}) == len(figures)


def test_parts_cover_exactly_the_opaque_half(figures: list[Figure]) -> None:
    for figure in figures:
        assert np.array_equal(figure.parts != 0, figure.rgba[..., 3] >= 128)
        assert figure.parts.max() <= 7


def test_a_line_that_grazes_the_border_has_no_pixels_without_part() -> None:
    figure = draw_figure(10377, height=96)
    assert np.array_equal(figure.parts != 0, figure.rgba[..., 3] >= 128)


def test_alpha_has_empty_full_and_partial_pixels(figures: list[Figure]) -> None:
    for figure in figures:
        alpha = figure.rgba[..., 3]
        assert (alpha == 0).any()
        assert (alpha == 255).mean() > 0.1
        partial = ((alpha > 0) & (alpha < 255)).mean()
        assert 0.0 < partial < 0.12


def test_colour_is_zero_where_nothing_is_drawn(figures: list[Figure]) -> None:
    for figure in figures:
        assert not figure.rgba[figure.rgba[..., 3] == 0].any()


def test_edge_colour_continues_the_interior() -> None:
    """Premultiplied colour would show as edge pixels much darker than the nearest solid ones."""
    for seed in SEEDS:
        style = replace(
            sample_style(np.random.default_rng(seed)),
            line_width=0.0,
            shading="flat",
            finish="clean",
            pattern="none",
        )
        rgba = draw_figure(seed, height=256, style=style).rgba
        alpha = rgba[..., 3]
        solid = (alpha == 255).astype(np.uint8)
        edge = (alpha > 40) & (alpha < 200) & (cv2.dilate(solid, np.ones((3, 3))) > 0)
        weight = cv2.blur(solid.astype(np.float32), (3, 3))
        near = cv2.blur(rgba[..., :3].astype(np.float32) * solid[..., None], (3, 3))
        expected = near[edge] / weight[edge][:, None]
        assert abs(float(np.median(rgba[edge][:, :3] - expected))) < 3.0


def test_face_box_holds_the_face() -> None:
    for seed in SEEDS:
        style = replace(
            sample_style(np.random.default_rng(seed)), view="front", extras=(), held="nothing"
        )
        figure = draw_figure(seed, height=256, style=style)
        x0, y0, x1, y1 = figure.face_box
        height, width = figure.parts.shape
        assert 0 <= x0 < x1 <= width
        assert 0 <= y0 < y1 <= height
        ys, xs = np.nonzero(np.isin(figure.parts, (3, 4)))
        assert len(xs) > 0
        assert np.percentile(xs, 2) >= x0 - 2
        assert np.percentile(xs, 98) <= x1 + 2
        assert np.percentile(ys, 2) >= y0 - 2
        assert np.percentile(ys, 98) <= y1 + 2
        inside = figure.parts[int(y0) : int(y1) + 1, int(x0) : int(x1) + 1]
        assert np.isin(inside, (1, 2, 3, 4)).mean() > 0.35


def test_no_face_from_behind() -> None:
    style = replace(sample_style(np.random.default_rng(3)), view="back")
    figure = draw_figure(3, height=200, style=style)
    assert figure.face_box == (0.0, 0.0, 0.0, 0.0)
    assert not np.isin(figure.parts, (3, 4)).any()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31), height=st.integers(16, 420))
def test_any_seed_and_height_draws(seed: int, height: int) -> None:
    figure = draw_figure(seed, height=height)
    assert figure.rgba.shape[0] == height
    assert figure.rgba.shape[:2] == figure.parts.shape
    assert figure.rgba.dtype == figure.parts.dtype == np.uint8
    assert figure.rgba[..., 3].any()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("framing", key) for key in styles.FRAMINGS),
        *(("view", key) for key in styles.VIEWS),
        *(("arms", (key, key)) for key in styles.ARMS),
        *(("legs", key) for key in styles.LEGS),
        *(("back_hair", key) for key in styles.BACK_HAIR),
        *(("tails", key) for key in styles.TAILS),
        *(("fringe", key) for key in styles.FRINGES),
        *(("eyes", key) for key in styles.EYES),
        *(("expression", key) for key in styles.EXPRESSIONS),
        *(("outfit", key) for key in styles.OUTFITS),
        *(("extras", (key,)) for key in styles.EXTRAS),
        *(("held", key) for key in styles.HELD),
        *(("shading", key) for key in styles.SHADINGS),
        *(("finish", key) for key in styles.FINISHES),
        *(("iris", key) for key in styles.IRISES),
        *(("pattern", key) for key in styles.PATTERNS),
    ],
)
def test_every_attribute_draws(field: str, value: object) -> None:
    style = replace(sample_style(np.random.default_rng(7)), **{field: value})  # type: ignore[arg-type]
    assert draw_figure(7, height=96, style=style).rgba[..., 3].any()


@pytest.mark.parametrize(("seed", "height"), [(-1, 64), (0, 8)])
def test_impossible_arguments_are_refused(seed: int, height: int) -> None:
    with pytest.raises(ValueError, match="need seed"):
        draw_figure(seed, height=height)


def test_command_writes_figures_and_sheet(tmp_path: Path) -> None:
    out, sheet = tmp_path / "figures", tmp_path / "sheet.png"
    command = ["--out", str(out), "--count", "2", "--seed", "5", "--height", "64"]
    assert main([*command, "--sheet", str(sheet), "--boxes"]) == 0
    written = sorted(out.iterdir())
    assert [path.name for path in written] == ["figure_00000005.png", "figure_00000006.png"]
    with Image.open(written[0]) as image:
        assert image.mode == "RGBA"
        assert image.height == 64
    assert sheet.is_file()
