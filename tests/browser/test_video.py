"""The page for videos, in a real browser, on both gradios."""

from __future__ import annotations

import io

import numpy as np
import pytest
from pages import choose
from PIL import Image
from playwright.sync_api import expect
from stand_in import picture


@pytest.fixture
def page(visit):
    opened = visit("tab")
    opened.locator("#animeseg_pages button", has_text="Video").first.click()
    return opened


def animation(frames=4):
    """An animated WebP in which the discs move to the right."""
    pictures = [Image.fromarray(np.roll(picture(), 4 * n, axis=1)) for n in range(frames)]
    stream = io.BytesIO()
    pictures[0].save(
        stream, "WEBP", save_all=True, append_images=pictures[1:], duration=80, lossless=True
    )
    return stream.getvalue()


def says(page, text):
    shown = page.locator(".animeseg_message >> visible=true").first
    expect(shown).to_contain_text(text)


def press(page, name):
    page.locator(f"#animeseg_video_{name}").click()


def upload(page, data, name="loop.webp"):
    files = page.locator("#animeseg_video_upload input[type=file]").first
    files.set_input_files([{"name": name, "mimeType": "image/webp", "buffer": data}])
    expect(page.locator("#animeseg_video_upload")).to_contain_text(name.split(".")[0])


def test_an_animation_comes_back_cut_out(page):
    pytest.importorskip("av", reason="videos need PyAV")
    press(page, "start")
    says(page, "There is no video yet")
    press(page, "stop")
    says(page, "Nothing is running")
    upload(page, animation())
    choose(page, "animeseg_video_format", "webp")
    press(page, "start")
    says(page, "4 frames, 3 characters followed")
    with page.expect_download() as waiting:
        page.locator("#animeseg_video_result a").first.click()
    made = Image.open(waiting.value.path())
    assert (made.n_frames, made.size) == (4, (400, 300))
    made.seek(3)
    alpha = np.asarray(made.convert("RGBA"))[:, :, 3]
    assert alpha[90, 70 + 12] == 255
    assert alpha[280, 20] == 0


def test_what_is_no_video_is_told_and_costs_nothing(page):
    upload(page, b"no video at all", name="bad.mp4")
    press(page, "start")
    says(page, "cannot be read as a video")
    press(page, "stop")
    says(page, "Nothing is running")
